package lan

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const testDomain = "chat.qb.test"

// TestMain fails the run if a goroutine of this package outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if leaked := leakedGoroutines(); leaked != "" {
			_, _ = io.WriteString(os.Stderr, "goroutines left behind:\n"+leaked+"\n")
			code = 1
		}
	}
	os.Exit(code)
}

// leakedGoroutines returns the stacks that mention this package's Server or
// client, after giving them a moment to unwind.
func leakedGoroutines() string {
	var left string
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		buf := make([]byte, 1<<20)
		left = ""
		for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "lan.(*Server)") || strings.Contains(g, "lan.(*client)") {
				left += g + "\n\n"
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}

// testUsers knows 101-7 to 104-7; the password is "pw-" and the name.
func testUsers(name string) (string, bool) {
	switch name {
	case "101-7", "102-7", "103-7", "104-7":
		return "pw-" + name, true
	case "nobody-7":
		return "", true
	}
	return "", false
}

// newTestServer returns a server that is closed at the end of the test.
func newTestServer(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	cfg := Config{Domain: testDomain, Users: testUsers}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// serveTCP starts the TCP side and returns its address.
func serveTCP(t *testing.T, s *Server) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// selfSigned returns a certificate for the test domain and the pool that
// trusts it.
func selfSigned(t *testing.T) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: testDomain},
		DNSNames:     []string{testDomain},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// peer is a scripted client that sees the wire: whole elements as text.
type peer interface {
	send(s string)
	// next returns the next element, "" at the end of the connection.
	next() string
	close()
}

// webSocketPeer talks in WebSocket messages, as Strophe does.
type webSocketPeer struct {
	t    *testing.T
	conn *websocket.Conn
}

func dialWebSocket(t *testing.T, s *Server) *webSocketPeer {
	t.Helper()
	web := httptest.NewServer(s.WebSocket())
	t.Cleanup(web.Close)
	t.Cleanup(s.Close) // before web.Close, which waits for the handlers
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(web.URL, "http"),
		&websocket.DialOptions{Subprotocols: []string{"xmpp"}})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(2 << 20)
	p := &webSocketPeer{t, conn}
	t.Cleanup(p.close)
	return p
}

func (p *webSocketPeer) send(s string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	_ = p.conn.Write(ctx, websocket.MessageText, []byte(s)) // next tells of a lost connection
}

func (p *webSocketPeer) next() string {
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	_, b, err := p.conn.Read(ctx)
	if err != nil {
		return ""
	}
	return string(b)
}

func (p *webSocketPeer) close() { _ = p.conn.CloseNow() }

// pipePeer talks XML over Server.Dial, reading with the package's own frames.
type pipePeer struct {
	t      testing.TB
	conn   net.Conn
	frames *tcpFrames
}

func dialPipe(t testing.TB, s *Server) *pipePeer {
	t.Helper()
	conn, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return newPipePeer(t, conn)
}

func newPipePeer(t testing.TB, conn net.Conn) *pipePeer {
	limits := Limits{StanzaBytes: 2 << 20}.withDefaults()
	p := &pipePeer{t, conn, newTCPFrames(conn, limits, func() {})}
	t.Cleanup(p.close)
	return p
}

func (p *pipePeer) send(s string) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(p.conn, s) // next tells of a lost connection
}

func (p *pipePeer) next() string {
	_ = p.conn.SetReadDeadline(time.Now().Add(5 * time.Minute))
	e, err := p.frames.read()
	if err != nil {
		return ""
	}
	return string(e.marshal())
}

func (p *pipePeer) close() {
	_ = p.conn.SetDeadline(time.Time{}) // a pipe's timers outlive it otherwise
	_ = p.conn.Close()
}

// want reads the next element and checks that it has all the parts.
func want(t testing.TB, p peer, why string, parts ...string) string {
	t.Helper()
	got := p.next()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Fatalf("%s: got %q, want it to contain %q", why, got, part)
		}
	}
	if len(parts) == 0 && got != "" {
		t.Fatalf("%s: got %q, want the end", why, got)
	}
	return got
}

// plain returns the SASL PLAIN message of a user.
func plain(user, password string) string {
	return base64String("\x00" + user + "\x00" + password)
}

// login brings a pipe peer online under a resource.
func login(t testing.TB, s *Server, user, resource string) *pipePeer {
	t.Helper()
	p := dialPipe(t, s)
	bindPipe(t, p, user, resource)
	p.send(`<presence/>`)
	for got := ""; !strings.Contains(got, "/"+resource+`"`); {
		got = want(t, p, "own presence", "<presence", `from="`+user+"@")
	}
	return p
}

const pipeOpening = `<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="` + testDomain + `" version="1.0">`

// bindPipe logs in with PLAIN and binds.
func bindPipe(t testing.TB, p *pipePeer, user, resource string) {
	t.Helper()
	p.send(`<?xml version="1.0"?>` + pipeOpening)
	want(t, p, "stream", "stream", `id="`, `from="`+testDomain)
	want(t, p, "features", "SCRAM-SHA-256", "PLAIN")
	p.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain(user, "pw-"+user) + `</auth>`)
	want(t, p, "login", "<success")
	p.send(pipeOpening)
	want(t, p, "second stream", "stream")
	want(t, p, "features", "<bind", "<session")
	p.send(`<iq type="set" id="b"><bind xmlns="` + nsBind + `"><resource>` + resource + `</resource></bind></iq>`)
	want(t, p, "bound", "<jid>"+user+"@"+testDomain+"/"+resource+"</jid>")
}
