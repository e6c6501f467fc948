package signaling

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWrongCounts wants an end with a clear reason and a new session, in which
// everything unacknowledged is sent again.
func TestWrongCounts(t *testing.T) {
	const possible = "possible is 2 to 3"
	for _, tt := range []struct{ name, sent, want string }{
		{"more than was sent", smA(4), possible},
		{"huge", smA(1<<32 - 1), possible},
		{"backwards", smA(1), possible},
		{"beyond 32 bits", `<a xmlns='urn:xmpp:sm:3' h='4294967296'/>`, "no number below 2^32"},
		{"negative", `<a xmlns='urn:xmpp:sm:3' h='-1'/>`, "no number below 2^32"},
		{"no number", `<a xmlns='urn:xmpp:sm:3' h='many'/>`, "no number below 2^32"},
		{"missing", `<a xmlns='urn:xmpp:sm:3'/>`, "no number below 2^32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := managedServer(t, 1, smFailed(""))
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				p.send(smA(2))
				synctest.Wait()
				c.Send(accept("kept"))
				p.expectStanza(wire(accept("kept")))
				p.expect(smR)
				p.send(tt.sent)
				if st := c.wantState(false); !strings.Contains(st.Err.Error(), tt.want) {
					t.Errorf("error %q, want %q", st.Err, tt.want)
				}
				p = s.login()
				c.wantState(true)
				p.expectStanza(wire(accept("kept")))
			})
		})
	}
}

// TestBadResumptions wants a new session instead.
func TestBadResumptions(t *testing.T) {
	for _, tt := range []struct{ name, answer, want string }{
		{"too high a count", smResumed(99), "possible is 0 to 2"},
		{"no count", `<resumed xmlns='urn:xmpp:sm:3' previd='s1'/>`, "no number"},
		{"another session", `<resumed xmlns='urn:xmpp:sm:3' previd='s2' h='2'/>`, "resumed another one"},
		{"another answer", `<proceed xmlns='urn:xmpp:sm:3'/>`, "unexpected <proceed>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := managedServer(t, 1, "")
				asked := 0
				s.onResume = func(element) (string, bool) {
					if asked++; asked > 1 {
						return smFailed(""), false
					}
					return tt.answer, false
				}
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				p.conn.Close()
				c.wantState(false)
				if st := c.wantState(false); !strings.Contains(st.Err.Error(), tt.want) {
					t.Errorf("error %q, want %q", st.Err, tt.want)
				}
				s.login()
				if st := c.wantState(true); st.Resumed {
					t.Error("the session goes on")
				}
			})
		})
	}
}

// TestManagementOutOfPlace wants elements of stream management that may not come
// to be dropped like any other that is unknown.
func TestManagementOutOfPlace(t *testing.T) {
	for _, tt := range []struct{ name, enabled, sent string }{
		{"without stream management", "", smR + smA(7) + smEnabled + smResumed(3) + smFailed("")},
		{"refused", smFailed(""), smR + smA(7) + smEnabled + smResumed(3) + smFailed("")},
		{"twice", smEnabled, smEnabled + smResumed(0) + smFailed("") + `<what xmlns='urn:xmpp:sm:3'/>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t, NoTLS)
				s.enabled = tt.enabled
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				p.send(tt.sent + message("next"))
				c.wantSignal("next")
				if n, want := c.Status().Invalid, uint64(strings.Count(tt.sent, "urn:xmpp:sm:3")); n != want {
					t.Errorf("%d elements dropped, want %d", n, want)
				}
				c.Send(hangUp("out"))
				p.expect(wire(hangUp("out")))
			})
		})
	}
}

// TestManagementWithoutResumption wants a server that manages but does not
// resume to be used for what it does.
func TestManagementWithoutResumption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, NoTLS)
		s.enabled = `<enabled xmlns='urn:xmpp:sm:3' id='s1'/>`
		s.onResume = func(element) (string, bool) {
			t.Error("asked to resume")
			return smFailed(""), false
		}
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		c.Send(accept("a"))
		c.Send(accept("b"))
		p.expectStanza(wire(accept("a")))
		p.send(smA(3))
		p.expectStanza(wire(accept("b")))
		p.conn.Close()
		c.wantState(false)
		p = s.login()
		c.wantState(true)
		p.expectStanza(wire(accept("b")))
	})
}

// TestSessionThatIsTooOld wants no resumption once the server's time is over.
func TestSessionThatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 1, smResumed(2))
		s.enabled = `<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true' max='20'/>`
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		s.setStreamError("system-shutdown")
		p.conn.Close()
		c.wantState(false)
		time.Sleep(20 * time.Second)
		s.setStreamError("")
		s.login()
		for st := range c.states {
			if st.Online {
				if st.Resumed {
					t.Error("a session of 20 s was resumed later")
				}
				return
			}
		}
	})
}

// TestFloodOfAcknowledgements sends far more than makes sense, both kinds.
func TestFloodOfAcknowledgements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 1, "")
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		answers := make(chan int)
		go func() {
			n := 0
			for {
				e, err := p.element()
				if err != nil {
					answers <- n
					return
				}
				if e.start.Name.Local == "a" {
					n++
				}
			}
		}()
		for range 1000 {
			p.send(smR + smA(2))
			time.Sleep(time.Millisecond)
		}
		p.send(message("after"))
		c.wantSignal("after")
		p.conn.Close()
		c.wantState(false)
		if n := <-answers; n > 25 {
			t.Errorf("%d answers in a second to requests for the same count", n)
		}
	})
}

// TestWindow wants a server that acknowledges nothing to cost a bounded amount,
// to be asked, and to be left at last.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 1, smResumed(2))
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		stanzas := make(chan int, 1)
		go func() {
			n := 2 // the hello
			for {
				e, err := p.element()
				if err != nil {
					stanzas <- n
					return
				}
				if e.start.Name.Space == nsClient || e.start.Name.Space == "" {
					n++
				}
			}
		}()
		for i := range windowStanzas + 30 {
			c.Send(hangUp(fmt.Sprint(i)))
			synctest.Wait()
		}
		if st := c.Status(); st.Unacked != windowStanzas || st.Queued != 32 {
			t.Errorf("status %+v, want %d unacknowledged and 32 queued", st, windowStanzas)
		}
		left := make(chan struct{})
		s.wg.Go(func() {
			for { // signs of life are not enough
				select {
				case <-left:
					return
				case <-time.After(time.Second):
					p.send(" ")
				}
			}
		})
		begin := time.Now()
		if st := c.wantState(false); !strings.Contains(st.Err.Error(), "acknowledges nothing") {
			t.Errorf("down because of %v", st.Err)
		}
		close(left)
		if took := time.Since(begin); took > 35*time.Second {
			t.Errorf("left after %s", took)
		}
		if n := <-stanzas; n != windowStanzas {
			t.Errorf("%d stanzas were sent, want %d", n, windowStanzas)
		}
		s.login()
		if st := c.wantState(true); !st.Resumed {
			t.Error("the session does not go on")
		}
		if c.Status().Queued == 0 {
			t.Error("what waited is gone")
		}
	})
}

func TestCountsWrap(t *testing.T) {
	s := &session{state: smOn, acked: 1<<32 - 2}
	for range 4 {
		s.record([]byte("<iq/>"), nil)
	}
	if err := s.handled(1); err != nil || len(s.unacked) != 1 || s.bytes != 5 {
		t.Errorf("%v, %d unacknowledged of %d bytes; want one", err, len(s.unacked), s.bytes)
	}
	if err := s.handled(1<<32 - 1); err == nil {
		t.Error("a count went backwards")
	}
	if err := s.handled(2); err != nil || len(s.unacked) != 0 || s.bytes != 0 {
		t.Errorf("%v, %d unacknowledged of %d bytes; want none", err, len(s.unacked), s.bytes)
	}
}

// TestGoodbyeEndsTheSession wants the server to know what arrived, and no ghost.
func TestGoodbyeEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 0, "")
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		p.send(message("last"))
		c.wantSignal("last")
		synctest.Wait() // it is counted after that
		c.cancel()
		p.expect(smA(2))
		if _, err := p.element(); err == nil || err.Error() != "EOF" {
			t.Errorf("read %v, want the end of the stream", err)
		}
		p.send("</stream:stream>")
		c.stop()
		if n := c.Status().Unacked; n != 0 {
			t.Errorf("%d unacknowledged after the end", n)
		}
	})
}
