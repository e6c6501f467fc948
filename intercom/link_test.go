package intercom

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// closes lists, as "session reason", the ends of sessions since the last look
// at the events.
func (r *rig) closes() []string {
	synctest.Wait()
	var out []string
	for len(r.events) > 0 {
		if e := <-r.events; e.Event == "onSessionClose" {
			out = append(out, strings.TrimSpace("closed "+e.Reason))
		}
	}
	return out
}

// unsent counts the sessions that the status says wait for the link.
func (r *rig) unsent() int {
	n := 0
	for _, s := range r.dev.Status().Sessions {
		if s.Unsent {
			n++
		}
	}
	return n
}

func TestPressOffline(t *testing.T) {
	link := func(r *rig, state string) { r.dev.SetXMPP(XMPPStatus{State: state}) }
	for _, c := range []struct {
		name   string
		steps  func(r *rig)
		told   []string
		closes []string
	}{
		{"nobody comes back", func(*rig) { time.Sleep(61 * time.Second) },
			[]string{"tone offline", "tone offline"}, []string{"closed offline", "closed offline"}},
		{"pressed again", func(r *rig) { r.press("front") },
			[]string{"tone offline", "tone end"}, []string{"closed offline", "closed offline"}},
		{"the link comes back and nobody answers", func(r *rig) {
			time.Sleep(20 * time.Second)
			link(r, xmppOnline)
			time.Sleep(41 * time.Second)
		}, []string{"tone offline", "lamp ringing", "tone ring_back", "lamp idle", "tone ", "tone end"}, []string{"closed", "closed"}},
		{"the link comes back and goes", func(r *rig) {
			link(r, xmppOnline)
			synctest.Wait()
			link(r, "offline")
			time.Sleep(61 * time.Second)
		}, []string{"tone offline", "lamp ringing", "tone ring_back", "lamp offline", "tone ", "tone end"}, []string{"closed", "closed"}},
		{"one more attempt", func(r *rig) {
			link(r, "connecting")
			link(r, "offline")
			r.press("front")
		}, []string{"tone offline", "tone end"}, []string{"closed offline", "closed offline"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, withTones, func(r *rig) {
				r.wantTold("at first", "lamp offline")
				r.press("front")
				if e := <-r.events; e.Event != "press" || e.Reason != reasonOffline {
					t.Errorf("event %+v", e)
				}
				if n := r.unsent(); n != 2 {
					t.Errorf("%d sessions wait for the link, want 2", n)
				}
				c.steps(r)
				r.wantTold("all in all", c.told...)
				if got := r.closes(); !slices.Equal(got, c.closes) {
					t.Errorf("ends %q, want %q", got, c.closes)
				}
				if n := len(r.dev.unsent); n != 0 {
					t.Errorf("%d sessions are remembered", n)
				}
			})
		})
	}
}

func TestPressOnlineIsNotUnsent(t *testing.T) {
	run(t, withTones, func(r *rig) {
		r.online()
		r.press("front")
		r.dev.SetXMPP(XMPPStatus{State: "offline"})
		if n := r.unsent(); n != 0 {
			t.Errorf("%d sessions wait for the link", n)
		}
		time.Sleep(61 * time.Second)
		if got := r.closes(); !slices.Equal(got, []string{"closed", "closed"}) {
			t.Errorf("ends %q", got)
		}
	})
}

// TestCallOutlivesLink has the link go in a call: lamps and people go on.
func TestCallOutlivesLink(t *testing.T) {
	run(t, withTones, func(r *rig) {
		r.online()
		r.press("front")
		r.answer(r.lastSent(call.SignalCall, ben), call.SignalAccept)
		r.dev.SetXMPP(XMPPStatus{State: "offline"})
		time.Sleep(10 * time.Minute)
		r.wantTold("no more than the call", "lamp ringing", "tone ring_back", "lamp in_call", "tone ", "tone connect")
		if n := len(r.client.Sessions()); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
	})
}

func TestBusy(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.online()
		r.callIn(anna, "in-1")
		r.press("front")
		r.press("front")
		r.press("front")
		r.callIn(stranger, "in-2")
		r.press("front")
		synctest.Wait()
		r.mu.Lock()
		defer r.mu.Unlock()
		if want := []bool{true, false, true, false}; !slices.Equal(r.busy, want) {
			t.Errorf("told %v, want %v", r.busy, want)
		}
	})
}

// TestLaterIsBounded stops the loop and has more wait for it than it keeps.
func TestLaterIsBounded(t *testing.T) {
	run(t, nil, func(r *rig) {
		var said strings.Builder
		r.dev.log = slog.New(slog.NewTextHandler(&said, nil))
		stopped, goOn := make(chan struct{}), make(chan struct{})
		go r.dev.post(func() { close(stopped); <-goOn })
		<-stopped
		done := 0
		for range maxWaiting + 7 {
			r.dev.later(func() { done++ })
		}
		r.dev.SetXMPP(XMPPStatus{State: xmppOnline}) // needs no room
		close(goOn)
		synctest.Wait()
		if done != maxWaiting {
			t.Errorf("%d turns of %d were taken", done, maxWaiting)
		}
		if !strings.Contains(said.String(), "dropped=7") {
			t.Errorf("log: %s", said.String())
		}
		if r.dev.Status().XMPP.State != xmppOnline {
			t.Error("the link's state is lost")
		}
	})
}
