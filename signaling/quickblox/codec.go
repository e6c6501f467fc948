package quickblox

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/intercomd/intercomd/call"
)

const (
	moduleIdentifier = "WebRTCVideoChat" // SDK: SignalingConstants.MODULE_ID
	namespaceClient  = "jabber:client"
	reasonReconnect  = "reconnect"
)

// Codec translates the signals of the users of one QuickBlox application on
// one XMPP domain.
type Codec struct {
	appID  int64
	domain string
	newID  func() string
}

// NewCodec returns a codec for the users <id>-<appID>@<domain>. newID makes
// the id of an outgoing stanza; nil takes [NewID].
func NewCodec(appID int64, domain string, newID func() string) (*Codec, error) {
	if appID <= 0 {
		return nil, fmt.Errorf("create codec: app id %d is not positive", appID)
	}
	if domain == "" || strings.ContainsAny(domain, "@/<>&'\" \t\r\n") {
		return nil, fmt.Errorf("create codec: %q is not a domain", domain)
	}
	if newID == nil {
		newID = NewID
	}
	return &Codec{appID: appID, domain: strings.ToLower(domain), newID: newID}, nil
}

// NewID returns a stanza id of the SDK's form: 24 hexadecimal digits, the
// first 8 of them the Unix time in seconds (SDK: Utils.getBsonObjectId).
func NewID() string {
	var random [8]byte
	rand.Read(random[:]) // never fails, see crypto/rand
	return fmt.Sprintf("%08x%s", uint32(time.Now().Unix()), hex.EncodeToString(random[:]))
}

// JID returns the bare JID of a user: <user>-<app>@<domain>, the address that
// reaches every device of that user (SDK: helpers.getUserJid).
func (c *Codec) JID(user call.UserID) string {
	return fmt.Sprintf("%d-%d@%s", int64(user), c.appID, c.domain)
}

// Address returns whose JID it is, and the resource. Only a user of the
// codec's own application and domain has one: the number of a user of another
// server or application says nothing about who that is here.
func (c *Codec) Address(jid string) (call.Address, error) {
	bare, resource, _ := strings.Cut(jid, "/")
	if !isResource(resource) {
		return call.Address{}, fmt.Errorf("read address: resource of %.100q is not a text of at most %d bytes", jid, maxResource)
	}
	user, err := UserID(bare)
	if err != nil {
		return call.Address{}, err
	}
	if !strings.EqualFold(bare, c.JID(user)) {
		return call.Address{}, fmt.Errorf("read address: %.100q is not a user of application %d on %s", jid, c.appID, c.domain)
	}
	return call.Address{User: user, Resource: resource}, nil
}

// UserID returns the user id in a JID as the SDK reads it: the integer before
// the first '-' of the local part (SDK: helpers.getIdFromNode). It does not
// say that the user is one of ours; see [Codec.Address].
func UserID(jid string) (call.UserID, error) {
	local, _, found := strings.Cut(jid, "@")
	if !found {
		return 0, fmt.Errorf("read user id: %.100q has no local part", jid)
	}
	digits, _, _ := strings.Cut(local, "-")
	id, err := parseUserID(digits)
	if err != nil {
		return 0, fmt.Errorf("read user id of %.100q: %w", jid, err)
	}
	return id, nil
}

var errNoUserID = errors.New("not a positive integer")

// parseUserID reads an integer like JavaScript's parseInt: leading white space
// and whatever follows the digits are ignored. JavaScript counts exactly up to
// 2^53, so larger numbers name nobody.
func parseUserID(s string) (call.UserID, error) {
	s = strings.TrimLeft(s, " \t\r\n")
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	id, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil || id <= 0 || id >= 1<<53 {
		return 0, errNoUserID
	}
	return call.UserID(id), nil
}

// parseBandwidth reads userInfo.bandwidth in kbit/s; the SDK takes what is not
// a number for no limit, and so do negative and absurd numbers here.
func parseBandwidth(s string) int {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(n > 0) || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}
