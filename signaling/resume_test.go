package signaling

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

const (
	smEnabled = `<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true' max='600'/>`
	smR       = `<r xmlns='urn:xmpp:sm:3'/>`
)

func smA(h uint32) string { return fmt.Sprintf(`<a xmlns='urn:xmpp:sm:3' h='%d'/>`, h) }

func smResume(h uint32) string {
	return fmt.Sprintf(`<resume xmlns='urn:xmpp:sm:3' h='%d' previd='s1'/>`, h)
}

func smResumed(h uint32) string {
	return fmt.Sprintf(`<resumed xmlns='urn:xmpp:sm:3' h='%d' previd='s1'/>`, h)
}

func smFailed(attrs string) string {
	return `<failed xmlns='urn:xmpp:sm:3'` + attrs + `><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`
}

// managedServer returns a server that manages streams. It answers a resumption
// with answer and wants it to be asked for with h.
func managedServer(t *testing.T, h uint32, answer string) *server {
	s := newServer(t, NoTLS)
	s.enabled = smEnabled
	s.onResume = func(e element) (string, bool) {
		if e.raw != smResume(h) {
			t.Errorf("asked with %s, want %s", e.raw, smResume(h))
		}
		return answer, strings.HasPrefix(answer, "<resumed")
	}
	return s
}

func accept(session string) call.Signal {
	return call.Signal{Type: call.SignalAccept, Session: call.SessionID(session), Peer: call.Address{User: 101}}
}

func TestAcknowledgements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 0, "")
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		c.Send(hangUp("one"))
		p.expect(wire(hangUp("one")))
		p.expect(smR)
		c.Send(hangUp("two"))
		p.expectStanza(wire(hangUp("two")))
		p.send(message("in") + `<iq type='get' id='q' from='a@b/c'><ping xmlns='urn:xmpp:ping'/></iq>` +
			`<presence/><message from='x@y'><a></b></message><stream:what/> `)
		p.expectStanza(`<iq type='result' id='q' to='a@b/c'></iq>`)
		p.send(smR)
		p.expect(smA(5)) // with the answer to hello
		synctest.Wait()
		if n := c.Status().Unacked; n != 5 {
			t.Errorf("%d unacknowledged, want presence, ping, two signals and an answer", n)
		}
		p.send(smA(4))
		p.expect(smR) // for the second signal
		synctest.Wait()
		if n := c.Status().Unacked; n != 1 {
			t.Errorf("%d unacknowledged, want the answer", n)
		}
		p.send(smA(5))
		synctest.Wait()
		if n := c.Status().Unacked; n != 0 {
			t.Errorf("%d unacknowledged, want none", n)
		}
	})
}

// TestEnabledComesWithTheGreeting wants the server to be asked about a signal
// that waited for the login, though the answers to <enable/> and hello come at
// once. Which of them a select takes first is chance, hence the repetition.
func TestEnabledComesWithTheGreeting(t *testing.T) {
	for range 30 {
		synctest.Test(t, func(t *testing.T) {
			s := managedServer(t, 0, "")
			c := newClient(t, testConfig(s))
			c.Send(hangUp("one"))
			c.run()
			p := s.login()
			begin := time.Now()
			p.expect(wire(hangUp("one")))
			p.expect(smR)
			if took := time.Since(begin); took != 0 {
				t.Errorf("asked after %s", took)
			}
		})
	}
}

// TestResumption loses a connection with stanzas on their way both ways.
func TestResumption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedServer(t, 2, smResumed(3)+message("held"))
		c := start(t, testConfig(s))
		p := s.login()
		c.wantState(true)
		for _, session := range []string{"a", "b", "c"} {
			c.Send(accept(session))
		}
		p.send(message("in"))
		c.wantSignal("in")
		p.expectStanza(wire(accept("a")))
		p.conn.Close() // b and c are lost
		c.wantState(false)
		c.Send(accept("d"))
		p = s.login()
		st := c.wantState(true)
		if !st.Resumed || st.JID != testFull {
			t.Errorf("state %+v, want the session to go on", st)
		}
		c.wantSignal("held")
		for _, session := range []string{"b", "c", "d"} {
			p.expectStanza(wire(accept(session)))
		}
		p.expect(smR)
		p.send(smA(6) + smR)
		p.expect(smA(3)) // presence's answer, in, held
		synctest.Wait()
		if st := c.Status(); st.Unacked != 0 || st.Reconnects != 1 || st.Resumptions != 1 {
			t.Errorf("status %+v", st)
		}
	})
}

// TestRefusedResumption wants messages, and nothing else, to be sent again with
// the same id once a new session was bound.
func TestRefusedResumption(t *testing.T) {
	for _, tt := range []struct {
		name, answer string
		want         []string
	}{
		{"with the count", smFailed(` h='3'`), []string{"b", "c"}},
		{"without it", smFailed(""), []string{"a", "b", "c"}},
		{"with a wrong one", smFailed(` h='77'`), []string{"a", "b", "c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := managedServer(t, 1, tt.answer)
				c := start(t, testConfig(s))
				p := s.login()
				c.wantState(true)
				for _, session := range []string{"a", "b", "c"} {
					c.Send(accept(session))
					p.expectStanza(wire(accept(session)))
				}
				p.conn.Close()
				c.wantState(false)
				p = s.login()
				if st := c.wantState(true); st.Resumed {
					t.Errorf("state %+v, want a new session", st)
				}
				for _, session := range tt.want {
					p.expectStanza(wire(accept(session)))
				}
				p.expect(smR)
			})
		})
	}
}
