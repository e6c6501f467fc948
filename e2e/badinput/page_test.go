//go:build e2e

package badinput

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

const pageAddress = "127.0.0.1:8080"

// page attacks the handset page and the XMPP server behind it. A handset that
// is logged in rings all the time.
func (l *lab) page(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "intercomd.yaml"), l.goodConfig(dir))
	write(t, filepath.Join(dir, "password"), password(door))
	d := l.startIn(t, dir, "lan.enabled=true", "lan.listen="+pageAddress, "camera.source=none")
	d.online(t)
	secret := handsetPassword(t)
	handset, err := loginHandset(t, "101-7", secret)
	if err != nil {
		t.Fatalf("log the handset in: %v", err)
	}
	before := d.usage(t)
	for _, group := range []func(*testing.T, string){paths, hosts, sockets, guesses} {
		group(t, secret)
	}
	d.press(t)
	if err := handset.until("<signalType>call</signalType>"); err != nil {
		t.Errorf("the handset does not ring: %v", err)
	}
	d.press(t)
	if err := handset.until("<signalType>hangUp</signalType>"); err != nil {
		t.Errorf("the handset goes on ringing: %v", err)
	}
	if after := d.usage(t); after.memory > before.memory+(16<<20) {
		t.Errorf("the device grew: %s before, %s after", before, after)
	}
}

// request sends a request as it is and returns the answer.
func request(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", pageAddress)
	if err != nil {
		t.Fatal(err)
	}
	return exchange(t, conn, text)
}

// handsetPassword is what the page of this machine gets for the contact.
func handsetPassword(t *testing.T) string {
	t.Helper()
	answer := request(t, "GET /config.json HTTP/1.1\r\nHost: "+pageAddress+"\r\nConnection: close\r\n\r\n")
	_, rest, _ := strings.Cut(answer, `"accounts":{"101":"`)
	secret, _, found := strings.Cut(rest, `"`)
	if !found || secret == "" {
		t.Fatalf("no password in %s", answer)
	}
	return secret
}

func paths(t *testing.T, _ string) {
	for _, path := range []string{
		"/../../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "//etc/passwd", "/static/../../etc/passwd", "/%00", "/.git/config", "/handset.go",
	} {
		t.Run("path "+strings.ReplaceAll(path, "/", "|"), func(t *testing.T) {
			answer := request(t, "GET "+path+" HTTP/1.1\r\nHost: "+pageAddress+"\r\nConnection: close\r\n\r\n")
			first, _, _ := strings.Cut(answer, "\r\n")
			if strings.Contains(answer, "root:") || strings.Contains(first, "200") {
				t.Errorf("answer %q", answer)
			}
			says(t, "%s", first)
		})
	}
	t.Run("huge headers", func(t *testing.T) {
		answer := request(t, "GET / HTTP/1.1\r\nHost: "+pageAddress+"\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
		first, _, _ := strings.Cut(answer, "\r\n")
		if !strings.Contains(first, "431") {
			t.Errorf("answer %q", answer)
		}
		says(t, "%s", first)
	})
}

// hosts asks for the settings as a page of another site would after it has
// given its name this machine's address, or through a proxy.
func hosts(t *testing.T, secret string) {
	for name, headers := range map[string]string{
		"Host of another site":   "Host: evil.example:8080\r\n",
		"Host with another port": "Host: localhost:80\r\n",
		"Origin of another site": "Host: " + pageAddress + "\r\nOrigin: http://evil.example\r\n",
		"asked by another site":  "Host: " + pageAddress + "\r\nSec-Fetch-Site: cross-site\r\n",
		"through a proxy":        "Host: " + pageAddress + "\r\nX-Forwarded-For: 203.0.113.7\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			answer := request(t, "GET /config.json HTTP/1.1\r\n"+headers+"Connection: close\r\n\r\n")
			if strings.Contains(answer, secret) || strings.Contains(answer, "accounts") {
				t.Error("the answer holds passwords")
			}
			first, _, _ := strings.Cut(answer, "\r\n")
			says(t, "%s, without passwords", first)
		})
	}
}

// sockets opens WebSockets and sends what is no XMPP.
func sockets(t *testing.T, _ string) {
	for name, junk := range map[string]string{
		"text that is no XML":  "hello",
		"document type":        `<!DOCTYPE x [<!ENTITY a "aaaa">]><open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="&a;"/>`,
		"message of 1 MB":      "<message>" + strings.Repeat("x", 1<<20) + "</message>",
		"message before login": `<message xmlns="jabber:client" to="104-7@chat.test"/>`,
		"two elements":         `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="chat.test" version="1.0"/><a/>`,
	} {
		t.Run("WebSocket, "+name, func(t *testing.T) {
			h := dialHandset(t)
			_ = h.write(junk) // the server may close meanwhile
			seen, err := h.rest()
			if err == nil || strings.Contains(err.Error(), "deadline") {
				t.Errorf("the server still listens: %v", err)
			}
			says(t, "closed: %s", firstTag(seen))
		})
	}
	t.Run("WebSocket, bytes that are no frames", func(t *testing.T) {
		answer := request(t, "GET /xmpp HTTP/1.1\r\nHost: "+pageAddress+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"+strings.Repeat("\xff", 10000))
		first, _, _ := strings.Cut(answer, "\r\n")
		says(t, "%s, then closed", first)
	})
}

// guesses tries passwords. After five wrong ones the address has to wait.
func guesses(t *testing.T, secret string) {
	t.Run("guessed passwords", func(t *testing.T) {
		var refusals []string
		for i := range 8 {
			_, err := loginHandset(t, "101-7", fmt.Sprintf("guess-%d", i))
			if err == nil {
				t.Fatal("let in")
			}
			refusals = append(refusals, err.Error())
		}
		if _, err := loginHandset(t, "101-7", secret); err == nil {
			t.Error("the sixth guess need not wait")
		} else {
			refusals = append(refusals, err.Error())
		}
		says(t, "%s; from the sixth on even the right one: %s", refusals[0], refusals[8])
	})
}

// handset is a browser's side of the WebSocket.
type handset struct {
	conn *websocket.Conn
	t    *testing.T
}

func dialHandset(t *testing.T) *handset {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws://"+pageAddress+"/xmpp", &websocket.DialOptions{
		Subprotocols: []string{"xmpp"}, HTTPHeader: http.Header{"Origin": {"http://" + pageAddress}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return &handset{conn: conn, t: t}
}

// loginHandset logs in; the error holds the server's refusal.
func loginHandset(t *testing.T, user, password string) (*handset, error) {
	t.Helper()
	h := dialHandset(t)
	open := `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="` + domain + `" version="1.0"/>`
	secret := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
	for _, step := range [][2]string{
		{open, "mechanisms"},
		{`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">` + secret + `</auth>`, "success"},
		{open, "bind"},
		{`<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`, "<jid>"},
	} {
		if err := h.write(step[0]); err != nil {
			return nil, err
		}
		if err := h.until(step[1]); err != nil {
			return nil, err
		}
	}
	return h, h.write(`<presence xmlns="jabber:client"/>`)
}

func (h *handset) write(text string) error {
	ctx, cancel := context.WithTimeout(h.t.Context(), limit)
	defer cancel()
	return h.conn.Write(ctx, websocket.MessageText, []byte(text))
}

// read returns the next message.
func (h *handset) read() (string, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), limit)
	defer cancel()
	_, b, err := h.conn.Read(ctx)
	return string(b), err
}

// until reads up to a message with a text in it.
func (h *handset) until(text string) error {
	for {
		got, err := h.read()
		switch {
		case err != nil:
			return err
		case strings.Contains(got, text):
			return nil
		case strings.Contains(got, "<failure"), strings.Contains(got, "stream:error"):
			return errors.New(firstTag(strings.TrimPrefix(got, got[:strings.Index(got, ">")+1])))
		}
	}
}

// rest reads until the server closes.
func (h *handset) rest() (string, error) {
	seen := ""
	for {
		got, err := h.read()
		seen += got
		if err != nil {
			return seen, err
		}
	}
}

// firstTag is the first tag in a text that names a condition.
func firstTag(text string) string {
	for _, condition := range []string{
		"not-well-formed", "restricted-xml", "policy-violation", "not-authorized", "temporary-auth-failure", "invalid-xml", "bad-format",
	} {
		if strings.Contains(text, "<"+condition) {
			return condition
		}
	}
	return "without a word"
}
