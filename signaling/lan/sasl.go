package lan

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // SCRAM-SHA-1 (RFC 5802) is what the SDK and older peers agree on
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"time"

	"mellium.im/sasl"
	"mellium.im/xmpp/jid"
)

const (
	scramIterations = 4096 // the least that RFC 7677 4 allows; a board's CPU pays for it
	maxLogins       = 3    // begun on one connection; RFC 6120 6.4.5 wants 2 to 5
)

// mechanisms returns what the client may log in with, best first. No -PLUS:
// the library has none for servers.
func (c *client) mechanisms() []sasl.Mechanism {
	ms := []sasl.Mechanism{sasl.ScramSha256, sasl.ScramSha1}
	if c.private {
		ms = append(ms, sasl.Plain)
	}
	return ms
}

// authenticate runs the SASL exchange that auth began (RFC 6120 6.4). ok is
// true when the client is now c.user; false without an error means that it was
// refused and may try again.
func (c *client) authenticate(auth *element) (ok bool, err error) {
	if c.tries++; c.tries > maxLogins {
		return false, streamError("policy-violation")
	}
	mech, found := c.mechanism(auth.attr("mechanism"))
	if !found {
		return false, c.refuse("invalid-mechanism")
	}
	x := &exchange{c: c}
	neg := sasl.NewServer(mech, x.checkPlain, sasl.SaltedCredentials(x.salted))
	for e := auth; ; {
		in, condition := c.payload(e)
		if condition != "" {
			return false, c.refuse(condition)
		}
		if c.srv.guard.blocked(time.Now(), c.remote) {
			return false, c.refuse("temporary-auth-failure")
		}
		more, out, err := neg.Step(in)
		if err != nil { // its text may hold keys: it goes nowhere
			return false, c.reject(x)
		}
		if !more {
			c.user = x.user
			return true, c.frames.write(saslElement("success", out))
		}
		if err := c.frames.write(saslElement("challenge", out)); err != nil {
			return false, err
		}
		if e, err = c.frames.read(); err != nil {
			return false, fmt.Errorf("read SASL response: %w", err)
		}
		if !e.is(nsSASL, "response") {
			return false, c.refuse("aborted")
		}
	}
}

func (c *client) mechanism(name string) (sasl.Mechanism, bool) {
	for _, m := range c.mechanisms() {
		if m.Name == name {
			return m, true
		}
	}
	return sasl.Mechanism{}, false
}

// payload decodes what an element of the exchange carries.
func (c *client) payload(e *element) (data []byte, condition string) {
	text := e.text()
	if text == "" { // all our mechanisms begin with the client's words
		return nil, "malformed-request"
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, "incorrect-encoding"
	}
	return data, ""
}

// refuse tells the client why it is not logged in.
func (c *client) refuse(condition string) error {
	return c.frames.write(newElement(nsSASL, "failure", newElement(nsSASL, condition)).marshal())
}

// reject refuses a failed exchange. Only one that got as far as naming a user
// was a guess.
func (c *client) reject(x *exchange) error {
	if x.user == "" {
		return c.refuse("malformed-request")
	}
	c.srv.guard.strike(time.Now(), c.remote)
	c.log.Warn("login failed", "user", x.user[:min(len(x.user), 64)])
	return c.refuse("not-authorized")
}

func saslElement(local string, data []byte) []byte {
	e := newElement(nsSASL, local)
	if len(data) > 0 {
		e.withText(base64.StdEncoding.EncodeToString(data))
	}
	return e.marshal()
}

// exchange is one attempt to log in.
type exchange struct {
	c    *client
	user string // as claimed; proven only when the exchange succeeds
}

// password returns the password of a user for comparison: one that nobody
// knows if there is no such user, so that both look the same from outside.
func (x *exchange) password(user, identity []byte) string {
	x.user = string(user)
	j, err := jid.New(x.user, x.c.srv.cfg.Domain, "")
	if err != nil || j.Localpart() != x.user { // another spelling of a name is no name
		return rand.Text()
	}
	if id := string(identity); id != "" && id != j.String() {
		return rand.Text()
	}
	if p, ok := x.c.srv.cfg.Users(x.user); ok && p != "" {
		return p
	}
	return rand.Text()
}

// checkPlain compares a password sent in the clear (RFC 4616).
func (x *exchange) checkPlain(n *sasl.Negotiator) bool {
	user, given, identity := n.Credentials()
	if len(user) == 0 {
		return false
	}
	want := sha256.Sum256([]byte(x.password(user, identity)))
	got := sha256.Sum256(given)
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// salted returns what SCRAM needs (RFC 5802 5.1). The salt differs between
// users and runs of the server, and is stable in between, also for names that
// don't exist.
func (x *exchange) salted(user, identity []byte, mechanism string) (salt, salted []byte, iterations int64, err error) {
	var h func() hash.Hash = sha256.New
	if mechanism == sasl.ScramSha1.Name {
		h = sha1.New
	}
	mac := hmac.New(sha256.New, x.c.srv.salt)
	_, _ = mac.Write([]byte(mechanism + "\x00" + string(user))) // a hash never fails
	salt = mac.Sum(nil)[:16]
	password := x.password(user, identity)
	return salt, sasl.SCRAMSaltPassword(h, []byte(password), salt, scramIterations), scramIterations, nil
}
