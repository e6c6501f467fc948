//go:build e2e

package badinput

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// message is what the tests look at of a received stanza.
type message struct {
	XMLName xml.Name
	ID      string `xml:"id,attr"`
	Params  struct {
		Signal  string `xml:"signalType"`
		Session string `xml:"sessionID"`
	} `xml:"extraParams"`
	at time.Time
}

// attacker is a logged-in client that sends bytes as they are.
type attacker struct {
	user     call.UserID
	conn     net.Conn
	received *rig.Log[message]
	ended    chan struct{} // closed when the server has ended the stream
}

// attacker logs a user in until the test ends.
func (l *lab) attacker(t *testing.T, user call.UserID, resource string) *attacker {
	t.Helper()
	a := &attacker{user: user, received: rig.NewLog[message](), ended: make(chan struct{})}
	if err := a.login(l, resource); err != nil {
		t.Fatalf("log the attacker in: %v", err)
	}
	t.Cleanup(func() {
		a.conn.Close()
		<-a.ended
	})
	return a
}

const streamHeader = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='` + domain + `' version='1.0'>`

// login writes each step of RFC 6120 without looking much at the answers.
func (a *attacker) login(l *lab, resource string) error {
	plain, err := net.DialTimeout("tcp", prosodyAddress, limit)
	if err != nil {
		return err
	}
	a.conn = plain
	if err := a.ask(streamHeader+`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`, "<proceed"); err != nil {
		return errors.Join(err, plain.Close())
	}
	authority, err := os.ReadFile(l.path("ca.pem"))
	if err != nil {
		return errors.Join(err, plain.Close())
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	a.conn = tls.Client(plain, &tls.Config{RootCAs: roots, ServerName: domain})
	secret := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "\x00%d-%d\x00%s", a.user, appID, password(a.user)))
	for _, step := range [][2]string{
		{streamHeader + `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>` + secret + `</auth>`, "<success"},
		{streamHeader + `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>` + resource + `</resource></bind></iq>`, "</jid>"},
	} {
		if err := a.ask(step[0], step[1]); err != nil {
			return errors.Join(err, plain.Close())
		}
	}
	go a.read()
	return a.send("<presence/>")
}

// ask writes and reads until the answer holds a text.
func (a *attacker) ask(text, until string) error {
	if err := a.send(text); err != nil {
		return err
	}
	if err := a.conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
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

func (a *attacker) read() {
	defer close(a.ended)
	// The stream's header was read during login.
	d := xml.NewDecoder(&prefixed{prefix: streamHeader, conn: bufio.NewReader(a.conn)})
	_, err := d.Token()
	for err == nil {
		var m message
		var token xml.Token
		token, err = d.Token()
		start, ok := token.(xml.StartElement)
		if err != nil || !ok {
			continue
		}
		if err = d.DecodeElement(&m, &start); err == nil {
			m.at = time.Now()
			a.received.Add(m)
		}
	}
	a.received.Close(err)
}

// prefixed reads a text, then a connection.
type prefixed struct {
	prefix string
	conn   *bufio.Reader
}

// Read implements io.Reader.
func (p *prefixed) Read(b []byte) (int, error) {
	if p.prefix != "" {
		n := copy(b, p.prefix)
		p.prefix = p.prefix[n:]
		return n, nil
	}
	return p.conn.Read(b)
}

// send writes bytes as they are.
func (a *attacker) send(text string) error {
	if err := a.conn.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	_, err := a.conn.Write([]byte(text))
	return err
}

func (a *attacker) mustSend(t *testing.T, text string) {
	t.Helper()
	if err := a.send(text); err != nil {
		t.Fatalf("attacker: %v", err)
	}
}

// stanza is a signal to the door with the elements given inside extraParams.
func (a *attacker) stanza(typ call.SignalType, session call.SessionID, more string) string {
	return fmt.Sprintf(`<message to="%s" type="headline" id="x"><extraParams xmlns="jabber:client">`+
		`<moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>%s</signalType><sessionID>%s</sessionID>%s`+
		`</extraParams></message>`, jidOf(door), typ, session, more)
}

// call is a `call` of the attacker's own to the door.
func (a *attacker) call(session call.SessionID, sdp string) string {
	return a.stanza(call.SignalCall, session, fmt.Sprintf(
		`<callType>1</callType><callerID>%d</callerID><opponentsIDs><opponentID>%d</opponentID></opponentsIDs>%s`, a.user, door, sdpElement(sdp)))
}

func sdpElement(sdp string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(sdp)) // a Builder takes everything
	return "<sdp>" + b.String() + "</sdp>"
}

// await takes the next signal of a session that came back.
func (a *attacker) await(t *testing.T, typ call.SignalType, session call.SessionID) message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	m, err := a.received.Take(ctx, string(typ)+" at the attacker", func(m message) bool {
		return m.Params.Signal == string(typ) && m.Params.Session == string(session)
	})
	if err != nil {
		t.Fatalf("%s", tail(err.Error(), 4000))
	}
	return m
}

// count says how many signals of a type came back.
func (a *attacker) count(typ call.SignalType) int {
	return a.received.Count(func(m message) bool { return m.Params.Signal == string(typ) })
}

// handled waits until the device has dealt with all that a contact sent: it
// tells of a hangUp of a session that never was, of one a second after a few in
// a row, so it is asked again.
func (a *attacker) handled(t *testing.T, d *device, mark call.SessionID) {
	t.Helper()
	var err error
	for range int(limit / time.Second) {
		a.mustSend(t, a.stanza(call.SignalHangUp, mark, ""))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err = d.events.Take(ctx, "onInvalidEvents", func(e rig.DeviceEvent) bool {
			return e.Event == "onInvalidEvents" && e.Session == string(mark)
		})
		cancel()
		if err == nil {
			return
		}
	}
	t.Fatalf("%s", tail(err.Error(), 4000))
}

// refused waits until the device has dealt with all that a stranger sent: it
// rejects a call.
func (a *attacker) refused(t *testing.T, d *device, mark call.SessionID) {
	t.Helper()
	a.mustSend(t, a.call(mark, "v=0\r\n"))
	d.eventOf(t, "onInvalidEvents", mark)
	a.await(t, call.SignalReject, mark)
}

// pinged waits until the device has read all that was sent: it answers pings of
// anybody, in turn.
func (a *attacker) pinged(t *testing.T) {
	t.Helper()
	a.mustSend(t, `<iq type='get' id='ping' to='`+jidOf(door)+`/intercom-1'><ping xmlns='urn:xmpp:ping'/></iq>`)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if _, err := a.received.Take(ctx, "the answer to a ping", func(m message) bool { return m.XMLName.Local == "iq" && m.ID == "ping" }); err != nil {
		t.Fatal(err)
	}
}

// cut waits until the server has ended the attacker's stream.
func (a *attacker) cut(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	select {
	case <-a.ended:
	case <-ctx.Done():
		t.Fatal("the server still listens to the attacker")
	}
}
