package signaling

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"mellium.im/sasl"

	"github.com/intercomd/intercomd/call"
)

const (
	testDomain   = "chat.test"
	testUser     = "104-7"
	testPassword = "secret, with a comma"
	testFull     = testUser + "@" + testDomain + "/intercom-1"
)

// server is a scripted XMPP server: it negotiates as told, then hands the
// connection to the test.
type server struct {
	t          *testing.T
	mode       TLSMode
	tls        *tls.Config
	mechanisms []string // default SCRAM-SHA-1 and PLAIN
	session    string   // the session feature, as XML
	bindError  string   // answer to bind, as XML
	boundJID   string   // default: as asked for
	silent     string   // phase in which the server stops answering
	streamErr  string   // condition sent instead of features

	logins chan *peer // clients that are bound
	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn
	dials  []time.Time
	mech   string // last mechanism used
}

func newServer(t *testing.T, mode TLSMode) *server {
	s := &server{t: t, mode: mode, mechanisms: []string{"SCRAM-SHA-1", "PLAIN"}, logins: make(chan *peer, 100)}
	t.Cleanup(s.stop)
	return s
}

func (s *server) stop() {
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// dial is a Config.Dial.
func (s *server) dial(context.Context) (net.Conn, error) {
	client, pipe := net.Pipe()
	conn := newBuffered(pipe)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials = append(s.dials, time.Now())
	s.conns = append(s.conns, conn)
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		p := newPeer(s.t, conn)
		if err := s.negotiate(p); err != nil {
			conn.Close()
		}
	}()
	return client, nil
}

func (s *server) dialTimes() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.dials...)
}

func (s *server) usedMechanism() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mech
}

func (s *server) setStreamError(condition string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streamErr = condition
}

func (s *server) streamError() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streamErr
}

// login waits for the next bound client.
func (s *server) login() *peer {
	s.t.Helper()
	select {
	case p := <-s.logins:
		return p
	case <-time.After(2 * time.Minute):
		s.t.Fatal("no login")
		return nil
	}
}

var errSilent = errors.New("silent")

// hang answers nothing more if this is the phase for it.
func (s *server) hang(p *peer, phase string) {
	if s.silent == phase {
		_, _ = io.Copy(io.Discard, p.conn)
	}
}

func (s *server) negotiate(p *peer) error {
	s.hang(p, "connect")
	if s.mode == DirectTLS {
		p.secure(s.tls)
	}
	if err := p.openStream(); err != nil {
		return err
	}
	if e := s.streamError(); e != "" {
		p.send("<stream:error><" + e + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
		return errSilent
	}
	s.hang(p, "features")
	if s.mode == StartTLS {
		p.send(`<stream:features><starttls xmlns='` + nsTLS + `'><required/></starttls></stream:features>`)
		if _, err := p.element(); err != nil {
			return err
		}
		s.hang(p, "proceed")
		p.send(`<proceed xmlns='` + nsTLS + `'/>`)
		s.hang(p, "handshake")
		p.secure(s.tls)
		if err := p.openStream(); err != nil {
			return err
		}
	}
	if err := s.authenticate(p); err != nil {
		return err
	}
	if err := p.openStream(); err != nil {
		return err
	}
	return s.bind(p)
}

func (s *server) authenticate(p *peer) error {
	var offer strings.Builder
	for _, m := range s.mechanisms {
		offer.WriteString("<mechanism>" + m + "</mechanism>")
	}
	p.send(`<stream:features><mechanisms xmlns='` + nsSASL + `'>` + offer.String() + `</mechanisms></stream:features>`)
	auth, err := p.element()
	if err != nil {
		return err
	}
	s.hang(p, "challenge")
	s.mu.Lock()
	s.mech = auth.attr("mechanism")
	s.mu.Unlock()
	negotiator := newSASLServer(auth.attr("mechanism"))
	for {
		data, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(auth.text()))
		more, answer, err := negotiator.Step(data)
		encoded := base64.StdEncoding.EncodeToString(answer)
		switch {
		case err != nil:
			p.send(`<failure xmlns='` + nsSASL + `'><not-authorized/><text xml:lang='en'>No.</text></failure></stream:stream>`)
			return err
		case !more:
			s.hang(p, "success")
			p.send(`<success xmlns='` + nsSASL + `'>` + encoded + `</success>`)
			return nil
		}
		p.send(`<challenge xmlns='` + nsSASL + `'>` + encoded + `</challenge>`)
		if auth, err = p.element(); err != nil {
			return err
		}
	}
}

func newSASLServer(name string) *sasl.Negotiator {
	allow := func(n *sasl.Negotiator) bool {
		user, password, _ := n.Credentials()
		return string(user) == testUser && string(password) == testPassword
	}
	salted := func(h func() hash.Hash) sasl.Option {
		return sasl.SaltedCredentials(func(user, _ []byte, _ string) ([]byte, []byte, int64, error) {
			if string(user) != testUser {
				return nil, nil, 0, sasl.ErrAuthn
			}
			salt := []byte("a pinch of salt")
			key, err := pbkdf2.Key(h, testPassword, salt, 4096, h().Size())
			return salt, key, 4096, err
		})
	}
	switch name {
	case sasl.ScramSha256.Name:
		return sasl.NewServer(sasl.ScramSha256, allow, salted(sha256.New))
	case sasl.ScramSha1.Name:
		return sasl.NewServer(sasl.ScramSha1, allow, salted(sha1.New))
	}
	return sasl.NewServer(sasl.Plain, allow)
}

func (s *server) bind(p *peer) error {
	p.send(`<stream:features><bind xmlns='` + nsBind + `'/>` + s.session + `</stream:features>`)
	iq, err := p.element()
	if err != nil {
		return err
	}
	s.hang(p, "bind")
	if s.bindError != "" {
		p.send(`<iq type='error' id='` + iq.attr("id") + `'>` + s.bindError + `</iq>`)
		return errSilent
	}
	var request struct {
		Resource string `xml:"bind>resource"`
	}
	if err := xml.Unmarshal([]byte(iq.raw), &request); err != nil {
		return err
	}
	bound := s.boundJID
	if bound == "" {
		bound = testUser + "@" + testDomain + "/" + request.Resource
	}
	p.send(`<iq type='result' id='` + iq.attr("id") + `'><bind xmlns='` + nsBind + `'><jid>` + bound + `</jid></bind></iq>`)
	if s.session != "" && !strings.Contains(s.session, "optional") {
		if iq, err = p.element(); err != nil {
			return err
		}
		s.hang(p, "session")
		p.send(`<iq type='result' id='` + iq.attr("id") + `'/>`)
	}
	presence, err := p.element()
	if err != nil {
		return err
	}
	if presence.raw != "<presence/>" {
		s.t.Errorf("after bind: %s, want <presence/>", presence.raw)
	}
	ping, err := p.element()
	if err != nil {
		return err
	}
	if want := `<iq type='get' id='ready' to='chat.test'><ping xmlns='urn:xmpp:ping'/></iq>`; ping.raw != want {
		s.t.Errorf("after the presence: %s, want %s", ping.raw, want)
	}
	s.hang(p, "presence")
	p.send(`<iq type='result' id='ready'/>`)
	s.logins <- p
	return nil
}

// buffered is a pipe whose writes do not wait for the reader, like a socket's.
type buffered struct {
	net.Conn
	mu     sync.Mutex
	out    chan []byte
	closed bool
}

func newBuffered(conn net.Conn) *buffered {
	b := &buffered{Conn: conn, out: make(chan []byte, 10_000)}
	go func() {
		defer conn.Close()
		for p := range b.out {
			if _, err := conn.Write(p); err != nil {
				return
			}
		}
	}()
	return b
}

func (b *buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, net.ErrClosed
	}
	select {
	case b.out <- bytes.Clone(p):
		return len(p), nil
	default:
		return 0, errors.New("buffer is full")
	}
}

// Close closes the pipe once everything was read from it.
func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		close(b.out)
	}
	return nil
}

// peer is the server's end of a connection.
type peer struct {
	t    *testing.T
	conn net.Conn
	d    *xml.Decoder
	seen *bytes.Buffer // everything read since the last stream header
}

func newPeer(t *testing.T, conn net.Conn) *peer {
	p := &peer{t: t, conn: conn}
	p.restart()
	return p
}

func (p *peer) restart() {
	p.seen = &bytes.Buffer{}
	p.d = xml.NewDecoder(io.TeeReader(p.conn, p.seen))
}

func (p *peer) secure(cfg *tls.Config) {
	p.conn = tls.Server(p.conn, cfg)
	p.restart()
}

// openStream reads a stream header and answers it.
func (p *peer) openStream() error {
	p.restart()
	if _, err := nextStart(p.d); err != nil {
		return err
	}
	p.send(`<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0' from='` + testDomain + `'>`)
	return nil
}

// send writes raw bytes; that the client is gone shows when reading.
func (p *peer) send(raw string) { _, _ = io.WriteString(p.conn, raw) }

// element is an element that the client sent.
type element struct {
	start xml.StartElement
	raw   string
}

func (e element) attr(name string) string { return attr(e.start, name) }

func (e element) text() string {
	var t struct {
		Text string `xml:",chardata"`
	}
	_ = xml.Unmarshal([]byte(e.raw), &t)
	return t.Text
}

// element reads one whole top-level element.
func (p *peer) element() (element, error) {
	for {
		from := p.d.InputOffset()
		t, err := p.d.Token()
		if err != nil {
			return element{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			start := t.Copy()
			if err := p.d.Skip(); err != nil {
				return element{}, err
			}
			return element{start: start, raw: string(p.seen.Bytes()[from:p.d.InputOffset()])}, nil
		case xml.EndElement:
			return element{}, io.EOF
		}
	}
}

// expect reads one element and checks it.
func (p *peer) expect(want string) {
	p.t.Helper()
	if err := p.conn.SetReadDeadline(time.Now().Add(2 * time.Hour)); err != nil {
		p.t.Fatalf("set deadline: %v", err)
	}
	e, err := p.element()
	if err != nil {
		p.t.Fatalf("read: %v, want %s", err, want)
	}
	if e.raw != want {
		p.t.Fatalf("got %s\nwant %s", e.raw, want)
	}
}

// authority is a certificate authority made for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
	pem  []byte
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return authority{cert: cert, key: key, pool: pool, pem: encodePEM(der)}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encodePEM(der []byte) []byte {
	return fmt.Appendf(nil, "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", base64.StdEncoding.EncodeToString(der))
}

// issue returns a server configuration with a certificate for name.
func (a authority) issue(t *testing.T, name string, notAfter time.Time) *tls.Config {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{"xmpp-client"},
	}
}

// testCodec carries the type and the session of a signal.
type testCodec struct{}

func (testCodec) Encode(s call.Signal) ([]byte, error) {
	if s.Session == "cannot be encoded" {
		return nil, errors.New("no")
	}
	return []byte(wire(s)), nil
}

// wire is the stanza testCodec makes of s.
func wire(s call.Signal) string {
	return fmt.Sprintf(`<message to="%d-7@%s" type="headline"><s t="%s" id="%s">%s</s></message>`,
		s.Peer.User, testDomain, s.Type, escape(string(s.Session)), escape(s.SDP))
}

func (testCodec) Decode(stanza []byte) (call.Signal, error) {
	var m struct {
		XMLName xml.Name `xml:"jabber:client message"`
		From    string   `xml:"from,attr"`
		S       *struct {
			Type string `xml:"t,attr"`
			ID   string `xml:"id,attr"`
			SDP  string `xml:",chardata"`
		} `xml:"s"`
	}
	if err := xml.Unmarshal(stanza, &m); err != nil {
		return call.Signal{}, err
	}
	switch {
	case m.S == nil:
		return call.Signal{}, errors.New("no call signal")
	case m.S.Type == "panic":
		panic("codec")
	}
	return call.Signal{Type: call.SignalType(m.S.Type), Session: call.SessionID(m.S.ID), SDP: m.S.SDP}, nil
}

// logbook is a slog handler that remembers the lines at or above a level.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

func (b *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, string(p))
	return len(p), nil
}

// count returns how many lines hold every part.
func (b *logbook) count(parts ...string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
lines:
	for _, line := range b.lines {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue lines
			}
		}
		n++
	}
	return n
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "")
}
