package lan

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mellium.im/sasl"
	"mellium.im/xmlstream"
	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/ping"
	"mellium.im/xmpp/stanza"
)

// melliumClient logs a mellium session in over conn.
func melliumClient(t *testing.T, conn net.Conn, user string, features ...xmpp.StreamFeature) *xmpp.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	self := jid.MustParse(user + "@" + testDomain)
	session, err := xmpp.NewSession(ctx, self.Domain(), self, conn, 0,
		xmpp.NewNegotiator(func(*xmpp.Session, *xmpp.StreamConfig) xmpp.StreamConfig {
			return xmpp.StreamConfig{Features: append(features, xmpp.BindResource())}
		}))
	if err != nil {
		t.Fatalf("log in: %v", err)
	}
	return session
}

// received is what a mellium session got, a stanza a line.
func serveMellium(t *testing.T, s *xmpp.Session) <-chan string {
	t.Helper()
	got := make(chan string, 64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(xmpp.HandlerFunc(func(r xmlstream.TokenReadEncoder, start *xml.StartElement) error {
			var b strings.Builder
			e := xml.NewEncoder(&b)
			if _, err := xmlstream.Copy(e, xmlstream.MultiReader(xmlstream.Token(*start), r)); err != nil {
				return nil
			}
			_ = e.Flush()
			got <- b.String()
			return nil
		}))
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = s.Conn().Close()
		<-done
	})
	return got
}

func TestMelliumClients(t *testing.T) {
	cert, pool := selfSigned(t)
	overTLS := func(t *testing.T, s *Server, m sasl.Mechanism) *xmpp.Session {
		conn, err := net.Dial("tcp", serveTCP(t, s))
		if err != nil {
			t.Fatal(err)
		}
		return melliumClient(t, conn, "101-7",
			xmpp.StartTLS(&tls.Config{ServerName: testDomain, RootCAs: pool, NextProtos: []string{"xmpp-client"}}),
			xmpp.SASL("", "pw-101-7", m))
	}
	overPipe := func(t *testing.T, s *Server, m sasl.Mechanism) *xmpp.Session {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f := xmpp.SASL("", "pw-101-7", m)
		f.Necessary = 0 // the pipe is as good as TLS
		return melliumClient(t, conn, "101-7", f)
	}
	for name, dial := range map[string]func(*testing.T, *Server, sasl.Mechanism) *xmpp.Session{"StartTLS": overTLS, "pipe": overPipe} {
		for _, m := range []sasl.Mechanism{sasl.ScramSha256, sasl.ScramSha1, sasl.Plain} {
			t.Run(name+" "+m.Name, func(t *testing.T) {
				s := newTestServer(t, func(c *Config) { c.Certificate = cert })
				exchangeWithMellium(t, s, dial(t, s, m))
			})
		}
	}
}

// exchangeWithMellium pings the server and gets a message with an SDP.
func exchangeWithMellium(t *testing.T, s *Server, session *xmpp.Session) {
	got := serveMellium(t, session)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := ping.Send(ctx, session, jid.MustParse(testDomain)); err != nil {
		t.Fatalf("ping: %v", err)
	}
	if err := session.Send(ctx, stanza.Presence{}.Wrap(nil)); err != nil {
		t.Fatal(err)
	}
	if p := <-got; !strings.Contains(p, "<presence") {
		t.Fatalf("got %s, want the own presence", p)
	}
	if n := s.Online("101-7"); n != 1 {
		t.Fatalf("Online = %d", n)
	}
	p := login(t, s, "102-7", "r")
	p.send(`<message type="headline" to="101-7@` + testDomain + `"><sdp>v=0` + "\no=&lt;&amp;\n" + `</sdp></message>`)
	if m := <-got; !strings.Contains(m, "v=0\no=&lt;&amp;\n") || !strings.Contains(m, "102-7@"+testDomain+"/r") {
		t.Fatalf("got %s", m)
	}
}

// TestPlainNeedsPrivacy checks which mechanisms a TCP client sees before TLS.
func TestPlainNeedsPrivacy(t *testing.T) {
	cert, _ := selfSigned(t)
	tests := []struct {
		name      string
		cert      *tls.Certificate
		require   bool
		want, not []string
	}{
		{"no TLS", nil, false, []string{"SCRAM-SHA-256", "SCRAM-SHA-1"}, []string{"PLAIN", "starttls"}},
		{"TLS offered", cert, false, []string{"SCRAM-SHA-256", "<starttls"}, []string{"PLAIN", "required"}},
		{"TLS required", cert, true, []string{"<starttls", "<required"}, []string{"PLAIN", "SCRAM"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newTestServer(t, func(c *Config) { c.Certificate, c.RequireTLS = tt.cert, tt.require })
			p := dialTCP(t, serveTCP(t, s))
			p.send(pipeOpening)
			want(t, p, "stream", "stream")
			got := want(t, p, "features", tt.want...)
			for _, n := range tt.not {
				if strings.Contains(got, n) {
					t.Errorf("features %s contain %s", got, n)
				}
			}
			p.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain("101-7", "pw-101-7") + `</auth>`)
			if got := p.next(); strings.Contains(got, "success") {
				t.Errorf("PLAIN in the clear: %s", got)
			}
		})
	}
}

func dialTCP(t *testing.T, addr string) *pipePeer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newPipePeer(t, conn)
}

// TestStartTLSInjection sends a stanza in the clear behind <starttls/>.
func TestStartTLSInjection(t *testing.T) {
	cert, _ := selfSigned(t)
	s := newTestServer(t, func(c *Config) { c.Certificate = cert })
	p := dialTCP(t, serveTCP(t, s))
	p.send(pipeOpening)
	want(t, p, "stream", "stream")
	want(t, p, "features", "<starttls")
	p.send(`<starttls xmlns="` + nsTLS + `"/><iq type="get" id="1"/>`)
	want(t, p, "refusal", "policy-violation")
}

// startLogin brings a pipe to the point where it can log in.
func startLogin(t *testing.T, s *Server) *pipePeer {
	t.Helper()
	p := dialPipe(t, s)
	p.send(pipeOpening)
	want(t, p, "stream", "stream")
	want(t, p, "features", "mechanisms")
	return p
}

func TestRefusedLogins(t *testing.T) {
	auth := func(mech, payload string) string {
		return `<auth xmlns="` + nsSASL + `" mechanism="` + mech + `">` + payload + `</auth>`
	}
	scramFirst := base64String("n,,n=101-7,r=abc")
	tests := []struct {
		name  string
		send  []string // each answered by one element
		wants string   // the last answer
	}{
		{"wrong password", []string{auth("PLAIN", plain("101-7", "pw-102-7"))}, "not-authorized"},
		{"unknown user", []string{auth("PLAIN", plain("999-7", "pw-999-7"))}, "not-authorized"},
		{"empty password", []string{auth("PLAIN", plain("nobody-7", ""))}, "not-authorized"},
		{"no user", []string{auth("PLAIN", plain("", ""))}, "malformed-request"},
		{"not three parts", []string{auth("PLAIN", base64String("abc"))}, "malformed-request"},
		{"as somebody else", []string{auth("PLAIN", base64String("102-7@"+testDomain+"\x00101-7\x00pw-101-7"))}, "not-authorized"},
		{"other spelling", []string{auth("PLAIN", plain("１01-7", "pw-101-7"))}, "not-authorized"},
		{"junk", []string{auth("PLAIN", "%%%")}, "incorrect-encoding"},
		{"nothing", []string{auth("PLAIN", "")}, "malformed-request"},
		{"unknown mechanism", []string{auth("EXTERNAL", "YQ==")}, "invalid-mechanism"},
		{"channel binding", []string{auth("SCRAM-SHA-256-PLUS", scramFirst)}, "invalid-mechanism"},
		{"binding in SCRAM", []string{auth("SCRAM-SHA-256", base64String("p=tls-exporter,,n=101-7,r=abc"))}, "malformed-request"},
		{"SCRAM junk", []string{auth("SCRAM-SHA-256", base64String("abc"))}, "malformed-request"},
		{"SCRAM aborted", []string{auth("SCRAM-SHA-1", scramFirst), `<abort xmlns="` + nsSASL + `"/>`}, "aborted"},
		{"SCRAM wrong nonce", []string{auth("SCRAM-SHA-1", scramFirst),
			`<response xmlns="` + nsSASL + `">` + base64String("c=biws,r=abc,p=AAAA") + `</response>`}, "not-authorized"},
		{"stanza instead", []string{`<iq type="set" id="1"><bind xmlns="` + nsBind + `"/></iq>`}, "not-authorized"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := startLogin(t, newTestServer(t, nil))
			for _, step := range tt.send[:len(tt.send)-1] {
				p.send(step)
				want(t, p, "challenge", "<challenge")
			}
			p.send(tt.send[len(tt.send)-1])
			want(t, p, "refusal", tt.wants)
		})
	}
}

// scramChallenge returns the salt the server tells for a user.
func scramChallenge(t *testing.T, s *Server, mech, user string) string {
	t.Helper()
	p := startLogin(t, s)
	p.send(`<auth xmlns="` + nsSASL + `" mechanism="` + mech + `">` + base64String("n,,n="+user+",r=abc") + `</auth>`)
	got := want(t, p, "challenge", "<challenge")
	text := strings.TrimSuffix(got[strings.Index(got, ">")+1:], "</challenge>")
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	_, salt, _ := strings.Cut(string(b), ",s=")
	return salt
}

// TestSaltTellsNothing checks that a name that doesn't exist has a salt like
// any other: stable, and different from others and on other servers.
func TestSaltTellsNothing(t *testing.T) {
	s := newTestServer(t, nil)
	seen := map[string]string{}
	for _, user := range []string{"101-7", "102-7", "999-7"} {
		salt := scramChallenge(t, s, "SCRAM-SHA-256", user)
		if again := scramChallenge(t, s, "SCRAM-SHA-256", user); again != salt {
			t.Errorf("%s: salt %q, then %q", user, salt, again)
		}
		if other := seen[salt]; other != "" {
			t.Errorf("%s and %s share a salt", user, other)
		}
		seen[salt] = user
	}
	if salt := scramChallenge(t, newTestServer(t, nil), "SCRAM-SHA-256", "101-7"); seen[salt] != "" {
		t.Error("salts outlive the server")
	}
}

func TestTriesPerConnection(t *testing.T) {
	p := startLogin(t, newTestServer(t, nil))
	for range maxLogins {
		p.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain("101-7", "guess") + `</auth>`)
		want(t, p, "refusal", "not-authorized")
	}
	p.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain("101-7", "pw-101-7") + `</auth>`)
	want(t, p, "end", "policy-violation")
}

// TestBruteForce guesses over TCP until the address has to wait, then finds
// even the right password refused, while the pipe still lets in.
func TestBruteForce(t *testing.T) {
	cert, pool := selfSigned(t)
	s := newTestServer(t, func(c *Config) { c.Certificate = cert })
	addr := serveTCP(t, s)
	try := func(password string) string {
		p := dialTCP(t, addr)
		p.send(pipeOpening)
		want(t, p, "stream", "stream")
		want(t, p, "features", "<starttls")
		p.send(`<starttls xmlns="` + nsTLS + `"/>`)
		want(t, p, "go ahead", "<proceed")
		conn := tls.Client(p.conn, &tls.Config{ServerName: testDomain, RootCAs: pool})
		q := newPipePeer(t, conn)
		q.send(pipeOpening)
		want(t, q, "stream", "stream")
		want(t, q, "features", "PLAIN")
		q.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain("101-7", password) + `</auth>`)
		return q.next()
	}
	for range freeStrikes {
		if got := try("guess"); !strings.Contains(got, "not-authorized") {
			t.Fatalf("guess: %s", got)
		}
	}
	if got := try("pw-101-7"); !strings.Contains(got, "temporary-auth-failure") {
		t.Errorf("after %d guesses: %s", freeStrikes, got)
	}
	login(t, s, "101-7", "pipe")
}

// TestStrophe replays, frame by frame, the login of the SDK as recorded from a
// real one (Strophe over WebSocket), with its own SCRAM computed here.
func TestStrophe(t *testing.T) {
	s := newTestServer(t, nil)
	p := dialWebSocket(t, s)
	const opening = `<open to="chat.qb.test" version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`
	p.send(opening)
	want(t, p, "open", `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"`, `from="chat.qb.test"`, ` id="`, `version="1.0"`)
	want(t, p, "features", `<stream:features xmlns:stream="http://etherx.jabber.org/streams">`,
		`<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>`)
	scram(t, p, "101-7", "pw-101-7")
	p.send(opening)
	want(t, p, "second open", "<open")
	want(t, p, "features", `<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind">`, `<session`)
	p.send(`<iq id="_bind_auth_2" type="set" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`)
	bound := want(t, p, "bound", `<iq xmlns="jabber:client"`, `id="_bind_auth_2"`, `type="result"`, `<jid>101-7@chat.qb.test/`)
	full := bound[strings.Index(bound, "<jid>")+5 : strings.Index(bound, "</jid>")]
	for _, step := range []struct {
		send string
		want []string
	}{
		{`<iq id="_session_auth_2" type="set" xmlns="jabber:client"><session xmlns="urn:ietf:params:xml:ns:xmpp-session"/></iq>`,
			[]string{`<iq xmlns="jabber:client" type="result" id="_session_auth_2"/>`}},
		{`<iq from="` + full + `" id="0e92:enableCarbons" type="set" xmlns="jabber:client"><enable xmlns="urn:xmpp:carbons:2"/></iq>`,
			[]string{`type="result"`, `id="0e92:enableCarbons"`}},
		{`<iq from="` + full + `" id="fa85:getRoster" type="get" xmlns="jabber:client"><query xmlns="jabber:iq:roster"/></iq>`,
			[]string{`type="result"`, `id="fa85:getRoster"`, `<query xmlns="jabber:iq:roster"/>`}},
		{`<presence xmlns="jabber:client"/>`, []string{`<presence xmlns="jabber:client" from="` + full + `"/>`}},
		{`<iq from="` + full + `" id="0651:ping" to="chat.qb.test" type="get" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>`,
			[]string{`<iq xmlns="jabber:client" type="result" id="0651:ping" from="chat.qb.test"/>`}},
	} {
		p.send(step.send)
		want(t, p, step.send, step.want...)
	}
	p.send(`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)
	want(t, p, "close", `<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)
	want(t, p, "end of the WebSocket")
}

// scram logs in by SCRAM-SHA-256, checking the server's signature.
func scram(t *testing.T, p peer, user, password string) {
	t.Helper()
	n := sasl.NewClient(sasl.ScramSha256, sasl.Credentials(func() ([]byte, []byte, []byte) {
		return []byte(user), []byte(password), nil
	}))
	_, out, err := n.Step(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.send(`<auth mechanism="SCRAM-SHA-256" xmlns="` + nsSASL + `">` + base64.StdEncoding.EncodeToString(out) + `</auth>`)
	_, out, err = n.Step(saslPayload(t, want(t, p, "challenge", "<challenge")))
	if err != nil {
		t.Fatal(err)
	}
	p.send(`<response xmlns="` + nsSASL + `">` + base64.StdEncoding.EncodeToString(out) + `</response>`)
	if _, _, err = n.Step(saslPayload(t, want(t, p, "success", "<success"))); err != nil && err != io.EOF {
		t.Fatalf("server's signature: %v", err)
	}
}

func saslPayload(t *testing.T, s string) []byte {
	t.Helper()
	e, err := parseMessage([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(e.text())
	if err != nil {
		t.Fatal(err)
	}
	return b
}
