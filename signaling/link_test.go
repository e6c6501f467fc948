package signaling

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// client is a running link with what it reported.
type client struct {
	*Link
	t       *testing.T
	log     *logbook
	signals chan call.Signal
	states  chan State
	cancel  context.CancelFunc
	done    chan error
}

func testConfig(s *server) Config {
	return Config{
		Domain: testDomain, Username: testUser, Password: testPassword, Resource: "intercom-1",
		TLS: s.mode, AllowInsecure: s.mode == NoTLS, Dial: s.dial,
	}
}

func start(t *testing.T, cfg Config) *client {
	t.Helper()
	c := newClient(t, cfg)
	c.run()
	return c
}

// newClient returns a link that does not run yet.
func newClient(t *testing.T, cfg Config) *client {
	t.Helper()
	c := &client{t: t, log: &logbook{}, signals: make(chan call.Signal, 1000), states: make(chan State, 1000), done: make(chan error, 1)}
	var err error
	if c.Link, err = New(cfg, testCodec{}, c.log.logger()); err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time { return time.Now().AddDate(30, 0, 0) } // a bubble's clock begins in 2000
	return c
}

// run starts Run.
func (c *client) run() {
	ctx, cancel := context.WithCancel(c.t.Context())
	c.cancel = cancel
	go func() {
		c.done <- c.Run(ctx, func(s call.Signal) { c.signals <- s }, func(s State) { c.states <- s })
	}()
	c.t.Cleanup(c.stop)
}

// stop ends Run and waits for it.
func (c *client) stop() {
	c.cancel()
	if c.done == nil {
		return
	}
	if err := <-c.done; err != nil {
		c.t.Errorf("Run: %v", err)
	}
	c.done = nil
}

func (c *client) wantState(online bool) State {
	c.t.Helper()
	select {
	case s := <-c.states:
		if s.Online != online {
			c.t.Fatalf("state %+v, want online %v", s, online)
		}
		return s
	case <-time.After(2 * time.Hour):
		c.t.Fatal("no state")
		return State{}
	}
}

func (c *client) wantSignal(session call.SessionID) call.Signal {
	c.t.Helper()
	select {
	case s := <-c.signals:
		if s.Session != session {
			c.t.Fatalf("signal %+v, want session %s", s, session)
		}
		return s
	case <-time.After(2 * time.Hour):
		c.t.Fatal("no signal")
		return call.Signal{}
	}
}

func hangUp(session string) call.Signal {
	return call.Signal{Type: call.SignalHangUp, Session: call.SessionID(session), Peer: call.Address{User: 101}}
}

func message(session string) string {
	return `<message from='101-7@` + testDomain + `/web' to='` + testFull + `' type='headline'><s t='call' id='` + session + `'/></message>`
}

func TestSignalsTravelBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		p := s.login()
		if got := c.wantState(true).JID; got != testFull {
			t.Errorf("JID %s, want %s", got, testFull)
		}
		c.Send(hangUp("one"))
		p.expect(wire(hangUp("one")))
		p.send(message("two") + " \n" + message("three"))
		c.wantSignal("two")
		c.wantSignal("three")
		st := c.Status()
		if st.State != StatusOnline || st.JID != testFull || st.Err != "" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestStanzasInTheSameReadAsBindAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		s.boundJID = testFull + `</jid></bind></iq>` + message("early") + `<iq type='result' id='x'><bind xmlns='` + nsBind + `'><jid>x`
		c := start(t, testConfig(s))
		s.login()
		c.wantSignal("early")
	})
}

func TestSignalsWaitForTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		s.streamErr = "system-shutdown"
		cfg := testConfig(s)
		cfg.Timing.BackoffMax = 5 * time.Second
		c := start(t, cfg)
		c.wantState(false)
		c.Send(hangUp("kept"))
		c.Send(call.Signal{Type: call.SignalAccept, Session: "expires", Peer: call.Address{User: 101}})
		time.Sleep(40 * time.Second)
		c.Send(hangUp("kept too"))
		s.setStreamError("")
		p := s.login()
		p.expect(wire(hangUp("kept")))
		p.expect(wire(hangUp("kept too")))
		if c.log.count("dropped signal", "session=expires", "reason=expired") != 1 {
			t.Errorf("the expired accept was not logged:\n%s", c.log)
		}
	})
}

func TestAnswersToRequests(t *testing.T) {
	const unavailable = `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`
	tests := []struct{ name, request, answer string }{
		{"ping", `<iq type='get' id='p1' from='chat.test'><ping xmlns='urn:xmpp:ping'/></iq>`,
			`<iq type='result' id='p1' to='chat.test'></iq>`},
		{"ping without from", `<iq type='get' id='p2'><ping xmlns='urn:xmpp:ping'/></iq>`, `<iq type='result' id='p2'></iq>`},
		{"ping as set", `<iq type='set' id='p3'><ping xmlns='urn:xmpp:ping'/></iq>`, `<iq type='error' id='p3'>` + unavailable + `</iq>`},
		{"quotes in id", `<iq type='get' id="a'b&lt;"><ping xmlns='urn:xmpp:ping'/></iq>`, `<iq type='result' id='a&#39;b&lt;'></iq>`},
		{"disco", `<iq type='get' id='d' from='a@b/c'><query xmlns='` + nsDisco + `'/></iq>`,
			`<iq type='result' id='d' to='a@b/c'><query xmlns='` + nsDisco + `'><identity category='client' type='phone' name='intercomd'/>` +
				`<feature var='` + nsDisco + `'/><feature var='urn:xmpp:ping'/></query></iq>`},
		{"disco of a node", `<iq type='get' id='d' from='a@b/c'><query node='x' xmlns='` + nsDisco + `'/></iq>`,
			`<iq type='error' id='d' to='a@b/c'>` + unavailable + `</iq>`},
		{"roster push", `<iq type='set' id='r'><query xmlns='jabber:iq:roster'/></iq>`, `<iq type='error' id='r'>` + unavailable + `</iq>`},
		{"empty", `<iq type='get' id='e'/>`, `<iq type='error' id='e'>` + unavailable + `</iq>`},
	}
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		start(t, testConfig(s))
		p := s.login()
		for _, tt := range tests {
			p.send(tt.request)
			p.expect(tt.answer)
		}
		p.send(`<iq type='result' id='ping'/><iq type='error' id='ping'/><presence from='a@b'/>` + tests[0].request)
		p.expect(tests[0].answer)
	})
}

func TestBadStanzasAreDroppedAndTheLinkStaysUp(t *testing.T) {
	tests := []struct{ name, stanza, log string }{
		{"no signal", `<message from='x@y'><body>hello</body></message>`, "no call signal"},
		{"codec panics", `<message from='x@y'><s t='panic'/></message>`, "panic: codec"},
		{"not well-formed", `<message from='x@y'><a></b></message>`, "element <a> closed by </b>"},
		{"unknown entity", `<message from='x@y'>&foo;</message>`, "invalid character entity"},
		{"bad UTF-8", "<message from='x@y'>\xff\xfe</message>", "invalid UTF-8"},
		{"control bytes", "<message from='x@y'>\x00\x01</message>", "illegal character code"},
		{"bad attribute", `<message from=x@y></message>`, "dropped malformed stanza"},
		{"1 MB", `<message from='x@y/z'><body>` + strings.Repeat("0123456789abcdef", 1<<16) + `</body></message>`, "1048621 bytes, 262144 are allowed"},
		{"1 MB in elements", `<message from='x@y/z'>` + strings.Repeat("<a>b</a>", 1<<17) + `</message>`, "from=x@y/z"},
		{"other namespace", `<message xmlns='urn:x' from='x@y'/>`, "dropped unknown element"},
		{"other stream element", `<stream:what/>`, "dropped unknown element"},
		{"bad iq", `<iq type='get' id='1'><a b=c/></iq>`, "dropped malformed stanza"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				p.send(tt.stanza)
				p.send(message("next"))
				c.wantSignal("next")
				if c.log.count("level=WARN", tt.log) != 1 {
					t.Errorf("no warning with %q in\n%s", tt.log, c.log)
				}
				if st := c.Status(); st.State != StatusOnline || st.Invalid != 1 {
					t.Errorf("status %+v", st)
				}
			})
		})
	}
}

func TestWarningsAboutBadStanzasAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		p := s.login()
		for range 200 {
			p.send(`<message from='x@y'><body/></message>`)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if n := c.log.count("level=WARN", "dropped message"); n != 4 {
			t.Errorf("%d warnings in 200 s, want 4", n)
		}
		if n := c.Status().Invalid; n != 200 {
			t.Errorf("%d invalid stanzas counted, want 200", n)
		}
	})
}

func TestBrokenStreamsAreReplaced(t *testing.T) {
	tests := []struct{ name, bytes, err string }{
		{"binary junk", "\x00\xffPNG\x1a", errNotXML.Error()},
		{"comment", "<!-- x -->", "forbidden markup"},
		{"document type in a stanza", "<message><!DOCTYPE x></message>", "a comment or a document type"},
		{"second header", "<stream:stream>", "unexpected stream header"},
		{"endless start tag", "<message a='" + strings.Repeat("x", maxStartTag), "start tag of more than"},
		{"end of stream", "</stream:stream>", errStreamEnded.Error()},
		{"stream error", "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "system-shutdown"},
		{"stream error with text", "<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>" +
			"<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>new keys</text></stream:error>", "reset (new keys)"},
		{"empty stream error", "<stream:error/>", errStreamEnded.Error()},
		{"conflict", "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "check xmpp.resource"},
		{"reset inside a stanza", "<message from='x@y'><s t='call", "connection lost: closed by the server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				p.send(tt.bytes)
				if tt.name == "reset inside a stanza" {
					p.conn.Close()
				}
				if st := c.wantState(false); !strings.Contains(st.Err.Error(), tt.err) {
					t.Errorf("error %q, want %q", st.Err, tt.err)
				}
				p = s.login()
				c.wantState(true)
				p.send(message("again"))
				c.wantSignal("again")
			})
		})
	}
}

func TestSilentServerIsPingedThenLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		begin := time.Now()
		const ping = `<iq type='get' id='ping' to='chat.test'><ping xmlns='urn:xmpp:ping'/></iq>`
		p.expect(ping)
		if d := time.Since(begin); d != 25*time.Second {
			t.Errorf("first ping after %s, want 25 s", d)
		}
		time.Sleep(9 * time.Second)
		p.send(" ") // any byte counts
		p.expect(ping)
		if d := time.Since(begin); d != 59*time.Second {
			t.Errorf("second ping after %s, want 59 s", d)
		}
		st := c.wantState(false)
		if d := time.Since(begin); d != 69*time.Second || st.Err.Error() != "the server is silent for 35s" {
			t.Errorf("after %s: %v", d, st.Err)
		}
	})
}

func TestServerThatDoesNotReadIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		s.login() // and read no more
		c.wantState(true)
		begin := time.Now()
		c.Send(hangUp("stuck"))
		st := c.wantState(false)
		if d := time.Since(begin); d != 10*time.Second || !strings.Contains(st.Err.Error(), "does not read") {
			t.Errorf("after %s: %v", d, st.Err)
		}
		p := s.login()
		p.expect(wire(hangUp("stuck")))
	})
}

func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		p := s.login()
		if err := c.Flush(t.Context()); err != nil {
			t.Errorf("flush of nothing: %v", err)
		}
		c.Send(hangUp("one"))
		c.Send(hangUp("two"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := c.Flush(ctx) // nobody reads
		if err == nil || !strings.Contains(err.Error(), "2 not sent") {
			t.Errorf("flush to a peer that does not read: %v", err)
		}
		flushed := make(chan error, 1)
		go func() { flushed <- c.Flush(t.Context()) }()
		p.expect(wire(hangUp("one")))
		p.expect(wire(hangUp("two")))
		if err := <-flushed; err != nil {
			t.Errorf("flush: %v", err)
		}
	})
}

func TestStopSaysGoodbyeAndWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		c.cancel()
		if _, err := p.element(); err == nil || err.Error() != "EOF" {
			t.Errorf("read %v, want the end of the stream", err)
		}
		p.send("</stream:stream>")
		c.stop()
		if st := c.wantState(false); st.Err != nil {
			t.Errorf("stopped with %v", st.Err)
		}
		if st := c.Status(); st.State != StatusOffline || st.Err != "" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestStopIsBoundedWhenTheServerHangs(t *testing.T) {
	for _, phase := range []string{"connect", "features", "challenge", "success", "bind", "presence", "online", "online, not reading"} {
		t.Run(phase, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				s.silent = phase
				c := start(t, testConfig(s))
				if strings.HasPrefix(phase, "online") {
					p := s.login()
					c.wantState(true)
					if phase == "online" {
						s.wg.Go(func() { _, _ = p.element() })
					}
				}
				synctest.Wait()
				begin := time.Now()
				c.stop()
				if d := time.Since(begin); d > time.Second {
					t.Errorf("stopped after %s, want at most 1 s", d)
				}
			})
		})
	}
}

func TestReconnectBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		s.streamErr = "system-shutdown"
		start(t, testConfig(s))
		time.Sleep(10 * time.Minute)
		times := s.dialTimes()
		bound := 500 * time.Millisecond
		for i := 1; i < len(times); i++ {
			if wait := times[i].Sub(times[i-1]); wait > bound {
				t.Errorf("wait %d was %s, want at most %s", i, wait, bound)
			}
			bound = min(2*bound, 30*time.Second)
		}
		// With waits of 15 s on average some 40 attempts fit.
		if n := len(times); n < 20 || n > 100 {
			t.Errorf("%d attempts in 10 minutes", n)
		}
	})
}

func TestWaitsStartAnewAfterAStableTime(t *testing.T) {
	for _, tt := range []struct {
		up    time.Duration
		limit time.Duration // longest wait over 20 reconnections
		least time.Duration
	}{
		{5 * time.Second, 500 * time.Millisecond, 0},
		{time.Second, 30 * time.Second, time.Second},
	} {
		t.Run(tt.up.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				c := start(t, testConfig(s))
				var longest time.Duration
				for i := range 20 {
					p := s.login()
					c.wantState(true)
					s.wg.Go(func() { _, _ = p.element(); p.send(" ") }) // the ping
					time.Sleep(tt.up)
					p.conn.Close()
					c.wantState(false)
					down := time.Now()
					for len(s.dialTimes()) < i+2 {
						time.Sleep(50 * time.Millisecond)
					}
					longest = max(longest, time.Since(down))
				}
				if longest > tt.limit+50*time.Millisecond || longest < tt.least {
					t.Errorf("longest wait %s, want from %s to %s", longest, tt.least, tt.limit)
				}
			})
		})
	}
}

func TestRefusedLoginsAreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		cfg := testConfig(s)
		cfg.Password = "wrong"
		start(t, cfg)
		time.Sleep(119 * time.Minute)
		times := s.dialTimes()
		want := time.Minute
		for i := 1; i < len(times); i++ {
			if wait := times[i].Sub(times[i-1]); wait != want {
				t.Errorf("wait %d was %s, want %s", i, wait, want)
			}
			want = min(2*want, 15*time.Minute)
		}
		if n := len(times); n != 11 {
			t.Errorf("%d attempts in 119 minutes, want 11", n)
		}
	})
}

func TestSignalThatCannotBeEncodedIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		p := s.login()
		c.Send(hangUp("cannot be encoded"))
		c.Send(hangUp("next"))
		p.expect(wire(hangUp("next")))
		if c.log.count("level=ERROR", "dropped signal", "cannot be encoded") != 1 {
			t.Errorf("not logged:\n%s", c.log)
		}
	})
}

func TestFloodOfRequestsDoesNotStopTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		for range 1000 {
			p.send(`<iq type='get' id='x' from='a@b/c'><ping xmlns='urn:xmpp:ping'/></iq>`)
		}
		p.send(message("after"))
		c.wantSignal("after") // though nobody reads the answers
		if got := c.Status().State; got != StatusOnline {
			t.Errorf("state %s", got)
		}
	})
}
