package signaling

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"hash"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"mellium.im/sasl"
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
	other      string   // the host that see-other-host names
	injected   string   // plain text after <proceed/>, as somebody on the way may add

	enabled  string                       // answer to <enable/>; "" offers no stream management
	onResume func(element) (string, bool) // answers <resume/>, and tells whether the session goes on

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
	s.accept(newBuffered(pipe))
	return client, nil
}

// listen serves a TCP port of its own.
func (s *server) listen() *net.TCPAddr {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { l.Close() })
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.accept(conn)
		}
	})
	return l.Addr().(*net.TCPAddr)
}

// accept negotiates on conn.
func (s *server) accept(conn net.Conn) {
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

// certificate is what the server shows.
func (s *server) certificate() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tls
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
		p.secure(s.certificate())
	}
	if err := p.openStream(); err != nil {
		return err
	}
	if e := s.streamError(); e != "" {
		p.send("<stream:error><" + e + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'>" + s.other + "</" + e + "></stream:error></stream:stream>")
		return errSilent
	}
	s.hang(p, "features")
	if s.mode == StartTLS {
		p.send(`<stream:features><starttls xmlns='` + nsTLS + `'><required/></starttls></stream:features>`)
		if _, err := p.element(); err != nil {
			return err
		}
		s.hang(p, "proceed")
		p.send(`<proceed xmlns='` + nsTLS + `'/>` + s.injected)
		s.hang(p, "handshake")
		p.secure(s.certificate())
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
	offer := ""
	if s.enabled != "" {
		offer = `<sm xmlns='urn:xmpp:sm:2'/><sm xmlns='` + nsManagement + `'/>`
	}
	p.send(`<stream:features><bind xmlns='` + nsBind + `'/>` + offer + s.session + `</stream:features>`)
	iq, err := p.element()
	if err != nil {
		return err
	}
	if iq.start.Name.Local == "resume" && s.onResume != nil {
		answer, resumed := s.onResume(iq)
		p.send(answer)
		if resumed {
			s.logins <- p
			return nil
		}
		if iq, err = p.element(); err != nil {
			return err
		}
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
	return s.greet(p)
}

// greet takes what a client says once it is bound.
func (s *server) greet(p *peer) error {
	if s.enabled != "" {
		p.expect(`<enable xmlns='` + nsManagement + `' resume='true'/>`)
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
	p.send(s.enabled + `<iq type='result' id='ready'/>`)
	s.logins <- p
	return nil
}
