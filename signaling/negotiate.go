package signaling

import (
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
)

const (
	nsTLS     = "urn:ietf:params:xml:ns:xmpp-tls"
	nsBind    = "urn:ietf:params:xml:ns:xmpp-bind"
	nsSession = "urn:ietf:params:xml:ns:xmpp-session"
)

// negotiation is one login, from the open socket to the bound stream.
type negotiation struct {
	cfg    Config
	self   jid.JID
	tls    *tls.Config
	socket net.Conn
	framer *framer

	session  *session // the last one, when it may be resumed; else nil
	resource string   // to bind

	phase   string  // what is under way, for errors
	bound   jid.JID // what the server made of self
	resumed bool    // session goes on
	managed bool    // the server offers stream management
}

// negotiate logs in on conn and returns the stream, which goes on with old if
// that is not nil and the server still has it. It takes conn over: on an error
// it is closed. No peer can hold it longer than Timing.Negotiate, since
// then the socket is closed under whatever waits for it.
func (r *runner) negotiate(ctx context.Context, conn net.Conn, old *session) (*stream, error) {
	l := r.link
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timing.Negotiate)
	defer cancel()
	l.pulse.waits(l.cfg.Timing.Negotiate)
	defer l.pulse.waits(0)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	n := &negotiation{
		cfg: l.cfg, self: l.self, tls: l.tls.current(l.log), socket: conn, framer: &framer{max: maxStanza},
		session: old, resource: r.resource,
	}
	plain, err := n.run()
	if err == nil && stop() {
		n.framer.steady = true
		return n.stream(l, plain), nil
	}
	conn.Close()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, fmt.Errorf("negotiate %s: no answer within %s", n.phase, l.cfg.Timing.Negotiate)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, err
}

// stream returns what was negotiated.
func (n *negotiation) stream(l *Link, plain net.Conn) *stream {
	s := &stream{
		conn: plain, raw: n.socket, framer: n.framer, session: n.session, resumed: n.resumed,
		timing: l.cfg.Timing, domain: l.self.Domainpart(), queue: l.queue, codec: l.codec, log: l.log,
		pulse: l.pulse, network: l.network, calls: l.calls, addresses: l.addresses,
		unacked: &l.unacked,
	}
	expects := "resumed"
	if !n.resumed {
		s.session, expects = &session{jid: n.bound}, ""
		if n.managed {
			s.session.ask()
			expects = "enabled"
		}
	}
	s.acks = newAcks(&s.session.received, expects)
	return s
}

// run returns the connection that carries the plain text. A panic of the
// library on something the server sent is an error like any other.
func (n *negotiation) run() (plain net.Conn, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("negotiate %s: the server's answer broke the parser: %v", n.phase, p)
		}
	}()
	conn := n.socket
	if n.cfg.TLS == DirectTLS {
		if conn, err = n.handshake(conn); err != nil {
			return nil, err
		}
	}
	n.phase = "stream"
	// The library's own use of a context resets deadlines at a bad moment; the
	// caller closes the socket instead.
	s, err := xmpp.NewSession(context.Background(), n.self.Domain(), n.self, conn, 0,
		xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
			return xmpp.StreamConfig{Features: n.features(), TeeIn: n.framer}
		}))
	switch {
	case err != nil:
		return nil, n.explain(s, err)
	case n.bound.Equal(jid.JID{}):
		return nil, n.explain(s, errors.New("the server lets nobody log in"))
	}
	return s.Conn(), nil
}

func (n *negotiation) features() []xmpp.StreamFeature {
	out := []xmpp.StreamFeature{
		login{
			account:  n.self.Bare().String(),
			username: n.cfg.Username,
			password: n.cfg.Password,
			secure:   n.cfg.TLS != NoTLS,
			phase:    n.setPhase,
		}.feature(),
		sessionFeature(),
		managementFeature(),
		n.bindFeature(),
	}
	if n.cfg.TLS == StartTLS {
		out = append(out, n.tlsFeature())
	}
	return out
}

func (n *negotiation) setPhase(phase string) { n.phase = phase }

// explain says in the words of the configuration why the stream was not
// negotiated.
func (n *negotiation) explain(s *xmpp.Session, err error) error {
	_, offersTLS := s.Feature(nsTLS)
	_, offersLogin := s.Feature(nsSASL)
	secure := s.State()&xmpp.Secure != 0
	switch {
	case n.cfg.TLS == NoTLS && offersTLS && !offersLogin:
		return errors.New("the server wants STARTTLS before login: check xmpp.tls")
	case n.cfg.TLS == StartTLS && !secure && offersLogin && !offersTLS:
		return errors.New("the server offers no STARTTLS: check xmpp.tls")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("negotiate %s: the server closed the connection", n.phase)
	}
	return explainStream(n.cfg.Domain, n.cfg.Resource, err)
}

// handshake does the TLS handshake and checks the certificate. What was read
// before is forgotten (RFC 6120 section 5.4.3.3): anybody on the way may have
// written it.
func (n *negotiation) handshake(conn net.Conn) (*tls.Conn, error) {
	n.phase = "TLS"
	*n.framer = framer{max: maxStanza}
	secured := tls.Client(conn, n.tls)
	if err := secured.Handshake(); err != nil {
		return nil, explainTLS(n.cfg.Domain, err)
	}
	return secured, nil
}

// tlsFeature is STARTTLS (RFC 6120 section 5). Unlike the library's it does the
// handshake at once, and below the framer, which is not to see the ciphertext.
func (n *negotiation) tlsFeature() xmpp.StreamFeature {
	return xmpp.StreamFeature{
		Name:       xml.Name{Space: nsTLS, Local: "starttls"},
		Prohibited: xmpp.Secure,
		Parse: func(_ context.Context, d *xml.Decoder, _ *xml.StartElement) (bool, any, error) {
			return true, nil, d.Skip()
		},
		Negotiate: func(_ context.Context, s *xmpp.Session, _ any) (xmpp.SessionState, io.ReadWriter, error) {
			r := s.TokenReader()
			defer r.Close()
			if err := n.startTLS(s.Conn(), xml.NewTokenDecoder(r)); err != nil {
				return 0, nil, err
			}
			secured, err := n.handshake(n.socket)
			if err != nil {
				return 0, nil, err
			}
			n.phase = "stream"
			return xmpp.Secure, secured, nil
		},
	}
}

func (n *negotiation) startTLS(w io.Writer, d *xml.Decoder) error {
	n.phase = "STARTTLS"
	if err := send(w, `<starttls xmlns='%s'/>`, nsTLS); err != nil {
		return err
	}
	answer, err := nextStart(d)
	if err != nil {
		return err
	}
	if answer.Name != (xml.Name{Space: nsTLS, Local: "proceed"}) {
		return fmt.Errorf("negotiate STARTTLS: the server refused: <%s>", clip(answer.Name.Local))
	}
	return d.Skip()
}

// sessionFeature only notes whether the session request of RFC 3921 is needed;
// bindFeature does it, as the order of features is otherwise random.
func sessionFeature() xmpp.StreamFeature {
	return xmpp.StreamFeature{
		Name:      xml.Name{Space: nsSession, Local: "session"},
		Necessary: xmpp.Authn,
		Parse: func(_ context.Context, d *xml.Decoder, start *xml.StartElement) (bool, any, error) {
			var f struct {
				Optional *struct{} `xml:"optional"`
			}
			err := d.DecodeElement(&f, start)
			return false, f.Optional == nil, err
		},
	}
}

// bindFeature binds the configured resource (RFC 6120 section 7), which the
// library's own does not ask for, or resumes the last session.
func (n *negotiation) bindFeature() xmpp.StreamFeature {
	return xmpp.StreamFeature{
		Name:       xml.Name{Space: nsBind, Local: "bind"},
		Necessary:  xmpp.Authn,
		Prohibited: xmpp.Ready,
		Parse: func(_ context.Context, d *xml.Decoder, start *xml.StartElement) (bool, any, error) {
			return true, nil, d.Skip()
		},
		Negotiate: func(_ context.Context, s *xmpp.Session, _ any) (xmpp.SessionState, io.ReadWriter, error) {
			r := s.TokenReader()
			defer r.Close()
			if err := n.resumeOrBind(s, xml.NewTokenDecoder(r)); err != nil {
				return 0, nil, err
			}
			return xmpp.Ready, nil, nil
		},
	}
}

func (n *negotiation) resumeOrBind(s *xmpp.Session, d *xml.Decoder) (err error) {
	_, n.managed = s.Feature(nsManagement)
	if n.session != nil && n.managed {
		if n.resumed, err = n.resume(s.Conn(), d); err != nil {
			return err
		}
	}
	if n.resumed {
		n.bound = n.session.jid
		s.UpdateAddr(n.bound)
		return nil
	}
	return n.bind(s, d)
}

func (n *negotiation) bind(s *xmpp.Session, d *xml.Decoder) error {
	n.phase = "bind"
	request := fmt.Sprintf(`<bind xmlns='%s'><resource>%s</resource></bind>`, nsBind, escape(n.resource))
	result, err := n.request(s.Conn(), d, "bind-1", request)
	if err != nil {
		return err
	}
	if n.bound, err = n.checkBound(result.Bind.JID); err != nil {
		return err
	}
	s.UpdateAddr(n.bound)
	if needed, _ := s.Feature(nsSession); needed == true {
		n.phase = "session"
		_, err = n.request(s.Conn(), d, "session-1", fmt.Sprintf(`<session xmlns='%s'/>`, nsSession))
	}
	return err
}

// checkBound parses the JID the server bound. It may give another resource,
// but not another account: signals would go out under a wrong name.
func (n *negotiation) checkBound(text string) (jid.JID, error) {
	bound, err := jid.Parse(strings.TrimSpace(text))
	if err != nil {
		return jid.JID{}, fmt.Errorf("bind resource: the server gave a bad JID: %w", err)
	}
	if !bound.Bare().Equal(n.self.Bare()) {
		return jid.JID{}, fmt.Errorf("bind resource: the server bound %s, not %s", clip(bound.String()), n.self.Bare())
	}
	return bound, nil
}

// iqResult is the answer to a request during negotiation.
type iqResult struct {
	ID   string `xml:"id,attr"`
	Type string `xml:"type,attr"`
	Bind struct {
		JID string `xml:"jid"`
	} `xml:"urn:ietf:params:xml:ns:xmpp-bind bind"`
	Error struct {
		Conditions []struct{ XMLName xml.Name } `xml:",any"`
	} `xml:"error"`
}

// request sends an IQ with payload and waits for its result.
func (n *negotiation) request(w io.Writer, d *xml.Decoder, id, payload string) (iqResult, error) {
	var result iqResult
	if err := send(w, `<iq type='set' id='%s'>%s</iq>`, id, payload); err != nil {
		return result, err
	}
	start, err := nextStart(d)
	if err != nil {
		return result, err
	}
	if start.Name.Local != "iq" {
		return result, fmt.Errorf("negotiate %s: unexpected <%s>", n.phase, clip(start.Name.Local))
	}
	if err := d.DecodeElement(&result, &start); err != nil {
		return result, err
	}
	switch {
	case result.ID != id:
		return result, fmt.Errorf("negotiate %s: the answer is for another request", n.phase)
	case result.Type == "result":
		return result, nil
	}
	condition := "no reason given"
	if len(result.Error.Conditions) > 0 {
		condition = clip(result.Error.Conditions[0].XMLName.Local)
	}
	if condition == "conflict" {
		return result, &conflictError{resource: n.cfg.Resource}
	}
	return result, fmt.Errorf("negotiate %s: the server refused: %s", n.phase, condition)
}

// escape makes s fit for XML text and attribute values.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}
