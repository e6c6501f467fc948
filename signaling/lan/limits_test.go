package lan

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

func TestConfigErrors(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"no domain", Config{Users: testUsers}, "domain is empty"},
		{"bad domain", Config{Domain: "a b@", Users: testUsers}, "parse domain"},
		{"no users", Config{Domain: "d"}, "users is nil"},
		{"TLS without certificate", Config{Domain: "d", Users: testUsers, RequireTLS: true}, "no certificate"},
		{"negative limit", Config{Domain: "d", Users: testUsers, Limits: Limits{Resources: -1}}, "Resources: -1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.cfg, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestHostileStreams sends what must end the stream, once online. Over
// WebSocket the end of a message is known, so some errors differ.
func TestHostileStreams(t *testing.T) {
	const malformed, restricted = "not-well-formed", "restricted-xml"
	const policy, unsupported = "policy-violation", "unsupported-stanza-type"
	long := strings.Repeat("x", 300<<10)
	tests := []struct{ name, in, overPipe, overWebSocket string }{
		{"oversize", `<message ` + stanzaTo + `"><body>` + long + `</body></message>`, policy, policy},
		{"endless start tag", `<message ` + long, policy, policy},
		{"junk", "\x00\x16\x03\x01binary<", malformed, malformed},
		{"text", "hello <presence/>", malformed, malformed},
		{"comment", "<!-- x --><presence/>", restricted, restricted},
		{"unknown entity", `<message><body>&lol;</body></message>`, malformed, malformed},
		{"another stream", pipeOpening, unsupported, malformed},
		{"unknown element", `<a/>`, unsupported, unsupported},
		{"wrong end", `<message></iq>`, malformed, malformed},
	}
	for _, tt := range tests {
		t.Run("pipe "+tt.name, func(t *testing.T) {
			p := login(t, newTestServer(t, nil), "101-7", "a")
			var sending sync.WaitGroup
			sending.Go(func() { p.send(tt.in) }) // the server may stop reading half way
			want(t, p, tt.name, tt.overPipe)
			want(t, p, "end")
			sending.Wait()
		})
		t.Run("WebSocket "+tt.name, func(t *testing.T) {
			p := dialWebSocket(t, newTestServer(t, nil))
			loginWebSocket(t, p, "101-7")
			p.send(tt.in)
			want(t, p, tt.name, "<stream:error", tt.overWebSocket)
			want(t, p, "close", "<close")
		})
	}
}

func TestWebSocketAnswersInXMPP(t *testing.T) {
	p := dialWebSocket(t, newTestServer(t, nil))
	p.send(`<open to="other.example" version="1.0" xmlns="` + nsFraming + `"/>`)
	want(t, p, "open", "<open")
	want(t, p, "error", "<stream:error", "host-unknown")
	want(t, p, "close", "<close")
}

func TestOpeningErrors(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"wrong host", `<stream:stream xmlns:stream="` + nsStream + `" to="example.org" version="1.0">`, "host-unknown"},
		{"no host", `<stream:stream xmlns:stream="` + nsStream + `" version="1.0">`, "host-unknown"},
		{"old version", `<stream:stream xmlns:stream="` + nsStream + `" to="` + testDomain + `">`, "unsupported-version"},
		{"no stream", `<presence xmlns="jabber:client"/>`, "invalid-namespace"},
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", "not-well-formed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := dialPipe(t, newTestServer(t, nil))
			var sending sync.WaitGroup
			sending.Go(func() { p.send(tt.in + "<x>") }) // the server may stop reading half way
			defer sending.Wait()
			for got := p.next(); !strings.Contains(got, tt.want); got = p.next() {
				if got == "" {
					t.Fatalf("ended without %s", tt.want)
				}
			}
		})
	}
}

// TestSlowReader fills the queue of a client that does not read: the sender
// is not delayed, headlines are dropped, a chat message is refused, and the
// client is gone after the write timeout.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, nil)
		defer s.Close()
		login(t, s, "102-7", "slow")
		a := login(t, s, "101-7", "a")
		start := time.Now()
		for range 100 {
			a.send(`<message type="headline" ` + stanzaTo + `"><body>x</body></message>`)
		}
		a.send(`<message type="chat" id="c" ` + stanzaTo + `"/>`)
		want(t, a, "refused", "resource-constraint", `id="c"`)
		if d := time.Since(start); d != 0 {
			t.Errorf("the sender waited %v for the slow client", d)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if n := s.Online("102-7"); n != 0 {
			t.Errorf("still online: %d", n)
		}
	})
}

// TestAsksWithoutReading ends a client that makes the server queue answers.
func TestAsksWithoutReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, nil)
		defer s.Close()
		a := login(t, s, "101-7", "a")
		for range 100 {
			a.send(`<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`)
		}
		time.Sleep(2 * endGrace)
		synctest.Wait()
		if n := s.Online("101-7"); n != 0 {
			t.Error("still online")
		}
	})
}

// TestQueueBytes bounds the queue by size, too.
func TestQueueBytes(t *testing.T) {
	s := newTestServer(t, nil)
	c := s.newClient(netip.Addr{}, overTCP, true)
	big := make([]byte, 200<<10)
	for i, want := range []bool{true, true, false} {
		if got := c.offer(big); got != want {
			t.Errorf("offer %d = %v", i, got)
		}
	}
	if !c.offer(make([]byte, 100<<10)) {
		t.Error("a refused stanza keeps its bytes reserved")
	}
}

// TestRate sends faster than allowed: the rest takes its time, nothing is lost.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, nil)
		defer s.Close()
		a := login(t, s, "101-7", "a")
		start := time.Now()
		for range 500 {
			a.send(`<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`)
			want(t, a, "pong", "result")
		}
		if d := time.Since(start).Round(100 * time.Millisecond); d != 3*time.Second {
			t.Errorf("500 stanzas took %v, want 3 s", d)
		}
	})
}

func TestBucket(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBucket(now, 10, 2)
	for i, want := range []time.Duration{0, 0, 100 * time.Millisecond, 200 * time.Millisecond} {
		if got := b.take(now); got != want {
			t.Errorf("take %d = %v, want %v", i, got, want)
		}
	}
	if got := b.take(now.Add(time.Hour)); got != 0 {
		t.Errorf("after an hour = %v", got)
	}
}

func TestIdle(t *testing.T) {
	const s = time.Second
	type step struct {
		now, heard time.Duration
		act        idleAction
		next       time.Duration
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"busy", []step{{60 * s, 50 * s, idleWait, 50 * s}, {110 * s, 109 * s, idleWait, 59 * s}}},
		{"answers", []step{{60 * s, 0, idlePing, 15 * s}, {75 * s, 61 * s, idleWait, 46 * s}, {121 * s, 61 * s, idlePing, 15 * s}}},
		{"gone", []step{{60 * s, 0, idlePing, 15 * s}, {75 * s, 0, idleGiveUp, 15 * s}}},
		{"early timer", []step{{60 * s, 0, idlePing, 15 * s}, {70 * s, 0, idleWait, 5 * s}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timer := newIdleTimer(Limits{}.withDefaults())
			for i, st := range tt.steps {
				if act, next := timer.check(st.now, st.heard); act != st.act || next != st.next {
					t.Errorf("step %d: %v, %v; want %v, %v", i, act, next, st.act, st.next)
				}
			}
		})
	}
}

// TestSilence pings a silent client and gives it up; whitespace is life.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, nil)
		defer s.Close()
		a := login(t, s, "101-7", "a")
		for range 5 {
			time.Sleep(50 * time.Second)
			a.send(" ")
		}
		start := time.Now()
		want(t, a, "ping", "<ping", `type="get"`, `to="101-7@`+testDomain+`/a"`)
		if d := time.Since(start); d != 60*time.Second {
			t.Errorf("ping after %v", d)
		}
		want(t, a, "end", "connection-timeout")
	})
}

func TestNegotiationTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t, nil)
		defer s.Close()
		p := startLogin(t, s)
		start := time.Now()
		want(t, p, "end")
		if d := time.Since(start); d != 15*time.Second {
			t.Errorf("ended after %v", d)
		}
	})
}

// TestConnectionLimits fills the places of one address, then all; the pipe has
// its own.
func TestConnectionLimits(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.Limits = Limits{Connections: 3, ConnectionsPerAddress: 2} })
	addr := serveTCP(t, s)
	tests := []struct {
		why, from string
		ok        bool
	}{
		{"first of an address", "127.0.0.1", true},
		{"second of an address", "127.0.0.1", true},
		{"third of an address", "127.0.0.1", false},
		{"first of another address", "127.0.0.2", true},
		{"fourth of all", "127.0.0.3", false},
	}
	for _, tt := range tests {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(tt.from)}}
		conn, err := d.DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		p := newPipePeer(t, conn)
		p.send(pipeOpening)
		if got := p.next(); (got != "") != tt.ok {
			t.Errorf("%s: got %q", tt.why, got)
		}
	}
	login(t, s, "101-7", "a")
}

// TestPlacesComeBack connects again and again where two have room.
func TestPlacesComeBack(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.Limits = Limits{Connections: 2} })
	remote := netip.MustParseAddr("192.0.2.1")
	for range 5 {
		a, errA := s.admit(remote)
		b, errB := s.admit(remote)
		if _, err := s.admit(remote); errA != nil || errB != nil || err == nil {
			t.Fatalf("errors %v, %v, then %v", errA, errB, err)
		}
		a.release()
		b.release()
	}
	if len(s.slots) != 0 {
		t.Errorf("remembers %v", s.slots)
	}
}

func TestResourceLimit(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.Limits.Resources = 2 })
	login(t, s, "101-7", "a")
	login(t, s, "101-7", "b")
	p := dialPipe(t, s)
	p.send(pipeOpening)
	want(t, p, "stream", "stream")
	want(t, p, "features", "PLAIN")
	p.send(`<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain("101-7", "pw-101-7") + `</auth>`)
	want(t, p, "login", "<success")
	p.send(pipeOpening)
	want(t, p, "stream", "stream")
	want(t, p, "features", "<bind")
	p.send(`<iq type="set" id="b"><bind xmlns="` + nsBind + `"><resource>c</resource></bind></iq>`)
	want(t, p, "refused", "policy-violation")
}

func TestGuard(t *testing.T) {
	g := guard{entries: map[netip.Prefix]strikes{}}
	now := time.Unix(1000, 0)
	addr := netip.MustParseAddr("2001:db8::1")
	neighbour, stranger := netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8:1::1")
	for range freeStrikes {
		if g.blocked(now, addr) {
			t.Fatal("blocked too early")
		}
		g.strike(now, addr)
	}
	for _, tt := range []struct {
		name string
		at   time.Time
		addr netip.Addr
		want bool
	}{
		{"at once", now, addr, true},
		{"neighbour in the network", now, neighbour, true},
		{"another network", now, stranger, false},
		{"the process itself", now, netip.Addr{}, false},
		{"a second later", now.Add(time.Second), addr, false},
	} {
		if got := g.blocked(tt.at, tt.addr); got != tt.want {
			t.Errorf("%s: blocked = %v", tt.name, got)
		}
	}
	for range 100 {
		g.strike(now, addr)
	}
	if !g.blocked(now.Add(maxPenalty-time.Second), addr) || g.blocked(now.Add(maxPenalty), addr) {
		t.Error("the penalty is not a minute")
	}
	g.strike(now.Add(time.Hour), addr)
	if g.blocked(now.Add(time.Hour), addr) {
		t.Error("nothing is forgotten")
	}
}

func TestGuardMemory(t *testing.T) {
	g := guard{entries: map[netip.Prefix]strikes{}}
	addr := netip.MustParseAddr("10.0.0.0")
	for i := range maxGuarded + 100 {
		g.strike(time.Unix(int64(i)/100, 0), addr)
		addr = addr.Next()
	}
	if n := len(g.entries); n > maxGuarded {
		t.Errorf("%d addresses remembered", n)
	}
}

func TestWebSocketHandshake(t *testing.T) {
	s := newTestServer(t, func(c *Config) { c.Origins = []string{"listed.example"} })
	web := httptest.NewServer(s.WebSocket())
	t.Cleanup(web.Close)
	t.Cleanup(s.Close)
	host := strings.TrimPrefix(web.URL, "http://")
	tests := []struct {
		name, origin string
		protocols    []string
		ok           bool
	}{
		{"same host", "http://" + host, []string{"xmpp"}, true},
		{"no browser", "", []string{"xmpp"}, true},
		{"listed", "https://listed.example", []string{"xmpp"}, true},
		{"foreign page", "https://evil.example", []string{"xmpp"}, false},
		{"other port", "http://127.0.0.1:1", []string{"xmpp"}, false},
		{"other protocol", "", []string{"chat"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			h := http.Header{}
			if tt.origin != "" {
				h.Set("Origin", tt.origin)
			}
			conn, _, err := websocket.Dial(ctx, "ws://"+host, &websocket.DialOptions{Subprotocols: tt.protocols, HTTPHeader: h})
			if err == nil {
				p := &webSocketPeer{t, conn}
				p.send("<open to='" + testDomain + "' version='1.0' xmlns='" + nsFraming + "'/>")
				if p.next() == "" {
					err = errors.New("closed at once")
				}
				p.close()
			}
			if (err == nil) != tt.ok {
				t.Errorf("error %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestRequireTLSKeepsWebSocketsOut(t *testing.T) {
	cert, _ := selfSigned(t)
	s := newTestServer(t, func(c *Config) { c.Certificate, c.RequireTLS = cert, true })
	r := httptest.NewRequest("GET", "/xmpp", nil)
	r.RemoteAddr = "192.0.2.1:5000"
	w := httptest.NewRecorder()
	s.WebSocket().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("code %d", w.Code)
	}
}

func TestClose(t *testing.T) {
	s := newTestServer(t, nil)
	a := login(t, s, "101-7", "a")
	half := startLogin(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	cancel()
	want(t, a, "farewell", "system-shutdown")
	want(t, half, "end of a half login")
	a.close()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := s.Dial(t.Context()); err == nil {
		t.Error("a closed server takes connections")
	}
	w := httptest.NewRecorder()
	s.WebSocket().ServeHTTP(w, httptest.NewRequest("GET", "/xmpp", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("code %d from a closed server", w.Code)
	}
}

// FuzzStream feeds a client's bytes, from the first one on, to a server: it
// must end every connection, whatever comes, and serve others after it.
func FuzzStream(f *testing.F) {
	online := pipeOpening + `<auth xmlns="` + nsSASL + `" mechanism="PLAIN">` + plain("101-7", "pw-101-7") + `</auth>` +
		pipeOpening + `<iq type="set" id="b"><bind xmlns="` + nsBind + `"/></iq><presence/>`
	for _, s := range []string{"", "<presence/>", `<message ` + stanzaTo + `"><sdp>v=0</sdp></message>`, "</stream:stream>",
		`<iq id="1" type="get"><ping xmlns="urn:xmpp:ping"/></iq>`, "\x16\x03\x01", "<!DOCTYPE a>", `<message to="101-7@` + testDomain + `"/>`} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Add(`<auth xmlns="`+nsSASL+`" mechanism="SCRAM-SHA-1">biwsbj0xMDItNyxyPWE=</auth><response xmlns="`+nsSASL+`">Yz1iaXdzLHI9YSxwPQ==</response>`, false)
	f.Fuzz(func(t *testing.T, in string, loggedIn bool) {
		s := newTestServer(t, nil)
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p := newPipePeer(t, conn)
		read := make(chan struct{})
		go func() {
			defer close(read)
			for p.next() != "" {
			}
		}()
		if loggedIn {
			in = online + in
		} else {
			in = pipeOpening + in
		}
		p.send(in)
		p.close()
		<-read
		s.Close()
		if n := s.Online("101-7"); n != 0 {
			t.Errorf("%d still online", n)
		}
	})
}
