package signaling

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	xmppstream "mellium.im/xmpp/stream"
)

// These tests go through TCP on loopback, as addresses are their subject.

// tcpServer serves the test domain on a port of its own.
func tcpServer(t *testing.T) (*server, Config, *net.TCPAddr) {
	t.Helper()
	s, cfg, _ := secureServer(t, StartTLS, testDomain)
	cfg.Dial = nil
	return s, cfg, s.listen()
}

// records makes the SRV records of a link.
func (c *client) records(addresses ...*net.TCPAddr) {
	c.dialer.lookupSRV = func(context.Context, string, string, string) (string, []*net.SRV, error) {
		var out []*net.SRV
		for _, a := range addresses {
			out = append(out, &net.SRV{Target: a.IP.String() + ".", Port: uint16(a.Port)})
		}
		return "", out, nil
	}
}

// mute accepts connections, reads the stream header and closes each.
func mute(t *testing.T) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = nextStart(newPeer(t, conn).d)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().(*net.TCPAddr)
}

func tcpAddress(t *testing.T, address string) *net.TCPAddr {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestFailOver wants the next address to be tried in the same attempt, whether
// the one before it is closed, ends the negotiation or is nobody's.
func TestFailOver(t *testing.T) {
	_, cfg, good := tcpServer(t)
	c := newClient(t, cfg)
	c.records(tcpAddress(t, closedPort(t)), mute(t), good)
	c.run()
	c.wantState(true)
	if n := c.log.count("xmpp offline"); n != 0 {
		t.Errorf("%d attempts failed first:\n%s", n, c.log)
	}
}

func TestFailureNamesEveryAddress(t *testing.T) {
	_, cfg, _ := tcpServer(t)
	closed, silent := tcpAddress(t, closedPort(t)), mute(t)
	c := newClient(t, cfg)
	c.records(closed, silent)
	c.run()
	st := c.wantState(false)
	for _, want := range []string{closed.String() + ": connect: connection refused", "; ", "the server closed the connection"} {
		if !strings.Contains(st.Err.Error(), want) {
			t.Errorf("error %q, want %q in it", st.Err, want)
		}
	}
}

// TestRefusalIsNotCarriedOn wants a wrong password to be shown to one server.
func TestRefusalIsNotCarriedOn(t *testing.T) {
	first, cfg, a := tcpServer(t)
	second := newServer(t, StartTLS)
	cfg.Password = "wrong"
	c := newClient(t, cfg)
	c.records(a, second.listen())
	c.run()
	c.wantState(false)
	if one, two := first.usedMechanism(), second.usedMechanism(); one == "" || two != "" {
		t.Errorf("logins with %q and %q, want one at the first", one, two)
	}
}

// TestNoAnswerFromTheDNS wants a device that knows its server to find it again.
func TestNoAnswerFromTheDNS(t *testing.T) {
	s, cfg, good := tcpServer(t)
	cfg.Timing.BackoffMax = time.Millisecond
	c := newClient(t, cfg)
	c.records(good)
	c.run()
	p := s.login()
	c.wantState(true)
	c.cancel()
	p.conn.Close()
	c.stop()
	c.wantState(false)

	c.dialer.lookupSRV = func(context.Context, string, string, string) (string, []*net.SRV, error) {
		return "", nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	}
	again := *c
	again.done = make(chan error, 1)
	again.run()
	s.login()
	again.wantState(true)
}

func TestRouteAfterAnUnknownName(t *testing.T) {
	d := &dialer{domain: "chat.test", address: "xmpp.chat.test:5222", good: "192.0.2.1:5222"}
	r := &route{dialer: d}
	first, err := r.next(t.Context())
	if err != nil || first != d.address {
		t.Fatalf("first %q, %v", first, err)
	}
	r.failed(first, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no answer", IsTimeout: true}})
	if second, _ := r.next(t.Context()); second != d.good {
		t.Errorf("then %q, want the address that worked", second)
	}
	r.failed(d.good, errors.New("connection refused"))
	if third, _ := r.next(t.Context()); third != "" {
		t.Errorf("then %q, want the end", third)
	}
}

// TestRoutes checks where an attempt goes first.
func TestRoutes(t *testing.T) {
	resumable := func(location string) *session { return &session{id: "s1", location: location} }
	for _, tt := range []struct {
		name   string
		dialer dialer
		to     string // redirection
		old    *session
		want   string
	}{
		{"fresh", dialer{secure: true, good: "192.0.2.1:5222"}, "", nil, "chat.test:5222"},
		{"resumption where it was", dialer{secure: true, good: "192.0.2.1:5222"}, "", resumable(""), "192.0.2.1:5222 chat.test:5222"},
		{"where the server wants it", dialer{secure: true, good: "192.0.2.1:5222"}, "", resumable("b.chat.test"), "b.chat.test:5222 192.0.2.1:5222 chat.test:5222"},
		{"with a port", dialer{secure: true, direct: true}, "", resumable("[2001:db8::1]:443"), "[2001:db8::1]:443 chat.test:5222"},
		{"nonsense", dialer{secure: true}, "", resumable("//x"), "chat.test:5222"},
		{"unproven without TLS", dialer{good: "192.0.2.1:5222"}, "", resumable("b.chat.test"), "192.0.2.1:5222 chat.test:5222"},
		{"no address twice", dialer{secure: true, good: "chat.test:5222"}, "", resumable("chat.test"), "chat.test:5222"},
		{"redirected", dialer{secure: true, good: "192.0.2.1:5222"}, "c.test:1", resumable("b.chat.test"), "c.test:1"},
	} {
		d := tt.dialer
		d.domain, d.address = "chat.test", "chat.test:5222"
		r := &runner{link: &Link{dialer: &d}, redirect: redirect{address: tt.to}}
		route := r.route(tt.old)
		var got []string
		for {
			address, err := route.next(t.Context())
			if err != nil || address == "" {
				break
			}
			got = append(got, address)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %s", tt.name, got, tt.want)
		}
	}
}

// TestRedirection follows a server to another, which must show a certificate of
// the configured domain.
func TestRedirection(t *testing.T) {
	target, cfg, address := tcpServer(t)
	from := newServer(t, StartTLS)
	from.tls = target.tls
	from.setStreamError("see-other-host")
	from.other = address.String()
	c := newClient(t, cfg)
	c.records(from.listen())
	c.run()
	if st := c.wantState(false); !strings.Contains(st.Err.Error(), "sends us to "+address.String()) {
		t.Errorf("down because of %v", st.Err)
	}
	target.login()
	c.wantState(true)
}

func TestRedirectionKeepsTheDomain(t *testing.T) {
	target, cfg, _ := tcpServer(t)
	other := newServer(t, StartTLS)
	other.tls = newAuthority(t).issue(t, testDomain, time.Now().Add(time.Hour))
	from := newServer(t, StartTLS)
	from.tls = target.tls
	from.setStreamError("see-other-host")
	from.other = other.listen().String()
	c := newClient(t, cfg)
	c.records(from.listen())
	c.run()
	c.wantState(false)
	if st := c.wantState(false); !strings.Contains(st.Err.Error(), "verify certificate of chat.test") {
		t.Errorf("down because of %v", st.Err)
	}
	if got := other.usedMechanism(); got != "" {
		t.Errorf("logged in with %s at a server without a certificate", got)
	}
}

func TestRedirectionsAreBounded(t *testing.T) {
	d := &dialer{secure: true}
	see := explainStream("d", "r", xmppstream.Error{Err: "see-other-host", Content: "b.test"})
	var r redirect
	for i := range maxRedirects {
		if !r.follow(d, see, false) || r.address != "b.test:5222" {
			t.Fatalf("redirection %d was not followed: %+v", i, r)
		}
	}
	if r.follow(d, see, false) || r.address != "" {
		t.Errorf("one more was followed: %+v", r)
	}
	if r.follow(d, io.EOF, false) || !r.follow(d, see, false) {
		t.Errorf("after another error none is followed: %+v", r)
	}
	r.count = maxRedirects
	if !r.follow(d, see, true) {
		t.Error("after a stable stream none is followed")
	}
	if (&redirect{}).follow(&dialer{}, see, false) {
		t.Error("followed without TLS")
	}
}

func TestHostPort(t *testing.T) {
	for text, want := range map[string]string{
		"a.test": "a.test:5222", "a.test:99": "a.test:99", "192.0.2.1": "192.0.2.1:5222",
		"[2001:db8::1]": "[2001:db8::1]:5222", "[2001:db8::1]:99": "[2001:db8::1]:99", "2001:db8::1": "[2001:db8::1]:5222",
		" a.test\n": "a.test:5222", "": "", ":99": "", "a.test:0": "", "a.test:x": "", "a.test:65536": "",
		"a b": "", "user@a.test": "", "a.test/x": "", strings.Repeat("a", 254): "", "<x>": "",
	} {
		if got := hostPort(text, "5222"); got != want {
			t.Errorf("hostPort(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestRival has another client that keeps taking the resource.
func TestRival(t *testing.T) {
	const conflict = "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 1, "")
		s.onResume = func(element) (string, bool) {
			t.Error("asked to resume a session that was taken over")
			return smFailed(""), false
		}
		c := start(t, testConfig(s))
		for i, want := range []string{testFull, testFull} {
			p := s.login()
			if st := c.wantState(true); st.JID != want {
				t.Errorf("login %d as %s, want %s", i, st.JID, want)
			}
			begin := time.Now()
			p.send(conflict)
			c.wantState(false)
			time.Sleep(59 * time.Second)
			if len(s.logins) != 0 {
				t.Errorf("back %s after a conflict", time.Since(begin))
			}
		}
		s.login()
		st := c.wantState(true)
		if !strings.HasPrefix(st.JID, testFull+"-") {
			t.Errorf("as %s, want a resource beside intercom-1", st.JID)
		}
		if c.log.count("level=WARN", "taking another resource") != 1 {
			t.Errorf("not told:\n%s", c.log)
		}
	})
}

func TestRivalsAreRecent(t *testing.T) {
	start := time.Unix(0, 0)
	var r rival
	for _, step := range []struct {
		after time.Duration
		aside bool
	}{{0, false}, {11 * time.Minute, false}, {20 * time.Minute, true}} {
		if got := r.conflict(start.Add(step.after)); got != step.aside {
			t.Errorf("after %s: %v", step.after, got)
		}
	}
}
