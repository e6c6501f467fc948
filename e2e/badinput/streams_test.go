//go:build e2e

package badinput

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// streams has the server itself send what no server may. The device either
// reads on or drops the connection, logs in again, and rings.
func (l *lab) streams(t *testing.T) {
	deep := strings.Repeat("<a>", 20000)
	for _, c := range []struct {
		name, junk string
		survives   bool // the same connection goes on
	}{
		{"binary junk", "\x00\x01\xff\xfe\xde\xad\xbe\xef", false},
		{"half a stanza, then the end", `<message from="103-7@chat.test/x" type="head`, false},
		{"headline of 1 MB", headline("<body>" + strings.Repeat("x", 1<<20) + "</body>"), true},
		{"endless start tag", `<message type="` + strings.Repeat("x", 1<<20), false},
		{"deep nesting", headline(deep + strings.ReplaceAll(deep, "<", "</")), true},
		{"100000 elements", headline("<extraParams>" + strings.Repeat("<a/>", 50000) + "</extraParams>"), true},
		{"invalid UTF-8", headline("<extraParams><sessionID>\xff\xfe\x80</sessionID></extraParams>"), true},
		{"tags that do not match", headline("<extraParams><a></b></extraParams>"), true},
		{"XML declaration in the middle", `<?xml version="1.0"?>`, false},
		{"document type with entities", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>` + headline("<body>&b;</body>"), false},
		{"unknown entity", headline("<extraParams><sessionID>&b;</sessionID></extraParams>"), true},
		{"comment", "<!-- hello -->", false},
		{"second stream header", streamHeader, false},
		{"end of the stream", "</stream:stream>", false},
		{"stream error", `<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most of the time is the goodbye that this server does not answer
			l.hostile(t, c.name, c.junk, c.survives)
		})
	}
}

func headline(content string) string {
	return `<message from="103-7@chat.test/x" to="104-7@chat.test/intercom-1" type="headline">` + content + `</message>`
}

func (l *lab) hostile(t *testing.T, name, junk string, survives bool) {
	server := newServer(t)
	d := l.start(t, "xmpp.address="+server.address(), "xmpp.tls=none", "xmpp.allow_insecure=true", "camera.source=none", "log.level=debug")
	conn := server.login(t)
	before := d.usage(t)
	if err := conn.write(junk); err != nil && survives {
		t.Fatal(err)
	}
	if strings.HasPrefix(name, "half") {
		conn.Close()
	}
	said := ""
	if survives {
		conn.ping(t)
		said = field(d.warning("msg=\"dropped"), "error=")
	} else {
		said = d.offlineEvent(t)
		conn = server.login(t)
	}
	d.press(t)
	conn.await(t, "<signalType>call</signalType>")
	d.press(t)
	conn.await(t, "<signalType>hangUp</signalType>")
	if after := d.usage(t); after.memory > before.memory+(16<<20) {
		t.Errorf("the device grew: %s before, %s after", before, after)
	}
	documented(t, said)
	if survives {
		says(t, "the stanza is dropped: %s", said)
	} else {
		says(t, "logs in again: %s", said)
	}
}

// offlineEvent takes the event that tells why the link went down.
func (d *device) offlineEvent(t *testing.T) string {
	t.Helper()
	e := d.event(t, "xmpp", func(e rig.DeviceEvent) bool { return e.Error != "" })
	return e.Error
}

// field cuts what follows a key out of a log line, up to the next key.
func field(line, key string) string {
	_, value, _ := strings.Cut(line, key)
	value, _, _ = strings.Cut(value, " dropped_in_all=")
	return strings.ReplaceAll(strings.Trim(value, `"`), `\"`, `"`)
}

// server is a server that accepts everybody and has no manners.
type server struct {
	listener net.Listener
	logins   chan *serverConn
	done     chan struct{}
}

// serverConn is a logged-in client. Its reader keeps all that was received.
type serverConn struct {
	net.Conn
	reader *bufio.Reader
}

func newServer(t *testing.T) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{listener: listener, logins: make(chan *serverConn), done: make(chan struct{})}
	stop := make(chan struct{})
	go s.accept(stop)
	t.Cleanup(func() {
		close(stop)
		listener.Close()
		<-s.done
	})
	return s
}

func (s *server) address() string { return s.listener.Addr().String() }

// accept serves one connection after the other, as the device makes them.
func (s *server) accept(stop chan struct{}) {
	defer close(s.done)
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		c := &serverConn{Conn: conn, reader: bufio.NewReader(conn)}
		if c.negotiate() != nil {
			continue
		}
		select {
		case s.logins <- c:
		case <-stop:
			return
		}
	}
}

// login waits for the device.
func (s *server) login(t *testing.T) *serverConn {
	t.Helper()
	select {
	case c := <-s.logins:
		return c
	case <-time.After(limit):
		t.Fatal("the device does not log in")
		return nil
	}
}

// negotiate speaks just enough of RFC 6120: PLAIN without looking, bind as
// asked for.
func (c *serverConn) negotiate() error {
	open := `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='` + domain + `' id='s' version='1.0'>`
	for _, step := range []struct{ until, answer string }{
		{"version='1.0'", open + `<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`},
		{"</auth>", `<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`},
		{"version='1.0'", open + `<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>`},
	} {
		if _, err := c.until(step.until); err != nil {
			return err
		}
		if err := c.write(step.answer); err != nil {
			return err
		}
	}
	request, err := c.until("</iq>")
	if err != nil {
		return err
	}
	if err := c.write(`<iq type='result' id='` + idOf(request) + `'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>104-7@chat.test/intercom-1</jid></bind></iq>`); err != nil {
		return err
	}
	if request, err = c.until("</iq>"); err != nil { // presence, then a ping
		return err
	}
	return c.write(`<iq type='result' id='` + idOf(request) + `'/>`)
}

// idOf finds the id of the last stanza in a text.
func idOf(text string) string {
	d := xml.NewDecoder(strings.NewReader(text[strings.LastIndex(text, "<iq"):]))
	token, _ := d.Token() // the text was found
	start, _ := token.(xml.StartElement)
	for _, a := range start.Attr {
		if a.Name.Local == "id" {
			return a.Value
		}
	}
	return ""
}

func (c *serverConn) write(text string) error {
	if err := c.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	_, err := io.WriteString(c.Conn, text)
	return err
}

// until reads up to a text, and a tag's end after it.
func (c *serverConn) until(text string) (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	var seen strings.Builder
	for !strings.Contains(seen.String(), text) {
		part, err := c.reader.ReadString('>')
		seen.WriteString(part)
		if err != nil {
			return "", fmt.Errorf("read up to %s: %w after %s", text, err, seen.String())
		}
		if seen.Len() > 1<<20 {
			return "", errors.New("read too much")
		}
	}
	return seen.String(), nil
}

func (c *serverConn) await(t *testing.T, text string) {
	t.Helper()
	if _, err := c.until(text); err != nil {
		t.Fatal(err)
	}
}

// ping waits until the device has read all that was sent.
func (c *serverConn) ping(t *testing.T) {
	t.Helper()
	if err := c.write(`<iq type='get' id='still-there' from='` + domain + `'><ping xmlns='urn:xmpp:ping'/></iq>`); err != nil {
		t.Fatal(err)
	}
	c.await(t, "still-there")
}
