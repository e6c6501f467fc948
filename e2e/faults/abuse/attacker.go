package abuse

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// writeBound bounds what the server may take to read.
const writeBound = 15 * time.Second

// message is what is looked at of a received stanza.
type message struct {
	XMLName xml.Name
	ID      string `xml:"id,attr"`
	Params  struct {
		Signal  call.SignalType `xml:"signalType"`
		Session call.SessionID  `xml:"sessionID"`
		SDP     string          `xml:"sdp"`
	} `xml:"extraParams"`
	at time.Time
}

// attacker is a logged-in client that sends bytes as they are.
type attacker struct {
	user  call.UserID
	conn  net.Conn
	ended chan struct{}     // closed when the stream has ended
	kept  *rig.Log[message] // calls, and answers to pings
	write sync.Mutex

	mu     sync.Mutex
	counts map[call.SignalType]int // of received signals
}

const streamHeader = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='` + site.Domain + `' version='1.0'>`

// login logs a user in, without TLS.
func login(address string, user call.UserID, resource string) (*attacker, error) {
	conn, err := net.DialTimeout("tcp", address, writeBound)
	if err != nil {
		return nil, fmt.Errorf("log attacker in: %w", err)
	}
	a := &attacker{
		user: user, conn: conn, ended: make(chan struct{}), kept: rig.NewLog[message](), counts: map[call.SignalType]int{},
	}
	secret := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "\x00%s\x00%s", site.Username(user), site.Password(user)))
	for _, step := range [][2]string{
		{streamHeader + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>` + secret + `</auth>`, "<success"},
		{streamHeader + `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>` + resource + `</resource></bind></iq>`, "</jid>"},
	} {
		if err := a.ask(step[0], step[1]); err != nil {
			return nil, errors.Join(fmt.Errorf("log attacker in: %w", err), conn.Close())
		}
	}
	go a.read()
	return a, a.send("<presence/>")
}

// ask writes and reads until the answer holds a text.
func (a *attacker) ask(text, until string) error {
	if err := a.send(text); err != nil {
		return err
	}
	if err := a.conn.SetReadDeadline(time.Now().Add(writeBound)); err != nil {
		return err
	}
	seen, buf := "", make([]byte, 4096)
	for !strings.Contains(seen, until) {
		n, err := a.conn.Read(buf)
		seen += string(buf[:n])
		if err != nil || strings.Contains(seen, "<failure") || strings.Contains(seen, "stream:error") {
			return fmt.Errorf("instead of %s: %w: %s", until, errors.Join(err, errors.New("refused")), seen)
		}
	}
	return a.conn.SetReadDeadline(time.Time{})
}

// read counts what comes, until the stream ends. Its header was read before.
func (a *attacker) read() {
	defer close(a.ended)
	d := xml.NewDecoder(bufio.NewReader(io.MultiReader(strings.NewReader(streamHeader), a.conn)))
	_, err := d.Token()
	for err == nil {
		var token xml.Token
		token, err = d.Token()
		start, ok := token.(xml.StartElement)
		if err != nil || !ok {
			continue
		}
		var m message
		if err = d.DecodeElement(&m, &start); err == nil {
			a.note(m)
		}
	}
	a.kept.Close(err)
}

func (a *attacker) note(m message) {
	m.at = time.Now()
	if m.Params.Signal != "" {
		a.mu.Lock()
		a.counts[m.Params.Signal]++
		a.mu.Unlock()
	}
	if m.Params.Signal == call.SignalCall || m.XMLName.Local == "iq" {
		a.kept.Add(m)
	}
}

// count says how many signals of a type have come.
func (a *attacker) count(t call.SignalType) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counts[t]
}

// send writes bytes as they are.
func (a *attacker) send(text string) error {
	a.write.Lock()
	defer a.write.Unlock()
	if err := a.conn.SetWriteDeadline(time.Now().Add(writeBound)); err != nil {
		return err
	}
	_, err := io.WriteString(a.conn, text)
	return err
}

// rung takes the next call that comes after a moment.
func (a *attacker) rung(ctx context.Context, after time.Time) (message, error) {
	return a.kept.Take(ctx, "a call", func(m message) bool { return m.Params.Signal == call.SignalCall && m.at.After(after) })
}

// close ends the stream.
func (a *attacker) close() {
	a.conn.Close()
	<-a.ended
}

func doorJID() string { return site.Username(site.Door) + "@" + site.Domain }
