package intercom

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

func withRelay(c *Config) {
	c.Relays = []Relay{
		{Name: "door", Callers: []call.UserID{anna, stranger}}, {Name: "gate"},
		{Name: longName, Callers: []call.UserID{anna}},
	}
}

// longName is as long as a configuration may have it.
var longName = strings.Repeat("door of the north wing ", 5)[:100]

func TestRelayByCommand(t *testing.T) {
	run(t, withRelay, func(r *rig) {
		r.online()
		ctx := r.t.Context()
		wantError(t, "unknown", r.dev.Relay(ctx, "window"), `no relay "window"; there is: door, gate, `+longName)
		r.wantTold("nothing opens")
		if err := r.dev.Relay(ctx, "gate"); err != nil {
			t.Error(err)
		}
		r.wantTold("open", "relay gate")
		if e := <-r.events; e.Event != "relay" || e.Relay != "gate" || e.Error != "" {
			t.Errorf("event %+v", e)
		}
		r.jammed = errors.New("line is lost")
		wantError(t, "broken", r.dev.Relay(ctx, "door"), `line is lost`)
		if e := <-r.events; e.Relay != "door" || !strings.Contains(e.Error, "line is lost") {
			t.Errorf("event %+v", e)
		}
	})
}

// update has a user in a session send data.
func (r *rig) update(user call.UserID, resource string, id call.SessionID, ext call.Extension) {
	r.client.Receive(call.Signal{
		Type: call.SignalUpdate, Peer: call.Address{User: user, Resource: resource}, Session: id,
		CallType: call.Video, Initiator: anna, Opponents: []call.UserID{self}, Extension: ext,
	})
	synctest.Wait()
}

// TestRelayByUpdate lists who may open what, and when.
func TestRelayByUpdate(t *testing.T) {
	open := call.Extension{"relay": "door"}
	for _, c := range []struct {
		name   string
		caller call.UserID
		accept bool
		state  call.ConnectionState // after connecting; 0 is as it comes
		sender call.UserID
		ext    call.Extension
		opens  bool
		refuse string // of the event, "" is no event
	}{
		{"listed caller in a call", anna, true, 0, anna, open, true, ""},
		{"completed", anna, true, call.ConnectionCompleted, anna, open, true, ""},
		{"not a relay", anna, true, 0, anna, call.Extension{"door": "open"}, false, ""},
		{"another relay", anna, true, 0, anna, call.Extension{"relay": "gate"}, false, "not among its callers"},
		{"unknown relay", anna, true, 0, anna, call.Extension{"relay": strings.Repeat("x", 1000)}, false, `no relay "` + strings.Repeat("x", 100) + `"`},
		{"nearly a relay", anna, true, 0, anna, call.Extension{"relay": "door\x00"}, false, `no relay "door\x00"`},
		{"relay with a long name", anna, true, 0, anna, call.Extension{"relay": longName}, true, ""},
		{"the beginning of it", anna, true, 0, anna, call.Extension{"relay": longName[:64]}, false, "no relay"},
		{"no relay", anna, true, 0, anna, call.Extension{"relay": ""}, false, "no relay"},
		{"still ringing", anna, false, 0, anna, open, false, ""},
		{"not connected", anna, true, call.ConnectionDisconnected, anna, open, false, "not connected"},
		{"caller not listed", ben, true, 0, ben, open, false, "not among its callers"},
		{"listed, but not in this call", ben, true, 0, anna, open, false, ""},
		{"stranger", anna, true, 0, stranger, open, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, withRelay, func(r *rig) {
				r.online()
				r.callIn(c.caller, "in-1")
				if c.accept {
					r.press("front")
				}
				if c.state != 0 {
					r.client.MediaEvent(call.PeerState{Peer: call.PeerKey{Session: "in-1", User: c.caller}, State: c.state})
					synctest.Wait()
				}
				r.mu.Lock()
				r.told = nil
				r.mu.Unlock()
				r.update(c.sender, "phone", "in-1", c.ext)
				if c.opens {
					r.wantTold("open", "relay "+c.ext["relay"])
				} else {
					r.wantTold("closed")
				}
				r.wantRelayEvent(c.opens, c.refuse)
			})
		})
	}
}

// wantRelayEvent checks the one event about the relay, if there is to be one.
func (r *rig) wantRelayEvent(opened bool, refusal string) {
	r.t.Helper()
	var got []Event
	for len(r.events) > 0 {
		if e := <-r.events; e.Event == "relay" {
			got = append(got, e)
		}
	}
	switch {
	case !opened && refusal == "":
		if len(got) > 0 {
			r.t.Errorf("events %+v, want none", got)
		}
	case len(got) != 1 || (got[0].Error == "") != opened || !strings.Contains(got[0].Error, refusal):
		r.t.Errorf("events %+v, want one with %q", got, refusal)
	}
}

func TestDeviceWithoutRelays(t *testing.T) {
	d := New(Config{Relays: []Relay{{Name: "door"}}}, Ports{}, slog.New(slog.DiscardHandler))
	wantError(t, "no port", d.Relay(t.Context(), "door"), `trigger relay "door": the device has no relays`)
}

// TestRelayBeforeAnswer has one who is rung open nothing before there is a
// connection, also while another in the same session has one.
func TestRelayBeforeAnswer(t *testing.T) {
	run(t, withRelay, func(r *rig) {
		r.online()
		r.press("all")
		ring := r.lastSent(call.SignalCall, anna)
		r.wantTold("ring", "lamp ringing")
		r.update(anna, "phone", ring.Session, call.Extension{"relay": "door"})
		r.wantTold("nobody has answered")
		r.wantRelayEvent(false, "")
		r.answer(r.lastSent(call.SignalCall, ben), call.SignalAccept)
		r.wantTold("another answers", "lamp in_call")
		time.Sleep(relayPause)
		r.update(anna, "phone", ring.Session, call.Extension{"relay": "door"})
		r.wantTold("only another has answered")
		r.wantRelayEvent(false, "")
		r.answer(ring, call.SignalAccept)
		time.Sleep(relayPause)
		r.update(anna, "phone", ring.Session, call.Extension{"relay": "door"})
		r.wantTold("answered", "relay door")
	})
}

// TestRelayFlood has one who may not open anything get in nobody's way, and one
// who may open no relay twice with one update that comes twice.
func TestRelayFlood(t *testing.T) {
	run(t, func(c *Config) {
		withRelay(c)
		c.Buttons[1].Contacts = []call.UserID{anna, ben}
	}, func(r *rig) {
		r.online()
		r.press("all")
		for _, user := range []call.UserID{anna, ben} {
			r.answer(r.lastSent(call.SignalCall, user), call.SignalAccept)
		}
		id := r.lastSent(call.SignalCall, anna).Session
		r.wantTold("call", "lamp ringing", "lamp in_call")
		r.happened()
		open := call.Extension{"relay": "door"}
		for range 1000 {
			r.update(ben, "phone", id, open)
			r.happened()
		}
		r.update(anna, "phone", id, open)
		r.update(anna, "phone", id, open)
		r.wantTold("both at once", "relay door")
		r.wantRelayEvent(true, "")
		time.Sleep(relayPause)
		r.update(anna, "phone", id, open)
		r.wantTold("once more, later", "relay door")
	})
}

// TestRelayOfAnotherDevice has the devices of a user that are not in the call
// open nothing: one that another was quicker than, and one that has hung up.
func TestRelayOfAnotherDevice(t *testing.T) {
	run(t, withRelay, func(r *rig) {
		r.online()
		r.press("front")
		ring := r.lastSent(call.SignalCall, anna)
		r.answer(ring, call.SignalAccept)
		late := ring
		late.Type, late.Peer, late.SDP = call.SignalAccept, call.Address{User: anna, Resource: "tablet"}, "answer"
		r.client.Receive(late)
		r.wantTold("call", "lamp ringing", "lamp in_call")
		r.update(anna, "tablet", ring.Session, call.Extension{"relay": "door"})
		r.wantTold("the tablet")
		r.press("front")
		r.wantTold("end", "lamp idle")
		r.update(anna, "phone", ring.Session, call.Extension{"relay": "door"})
		r.wantTold("after the end")
	})
}

// TestRelayBudget has a caller ask without end: the door opens a few times, and
// then now and then.
func TestRelayBudget(t *testing.T) {
	run(t, withRelay, func(r *rig) {
		r.online()
		r.callIn(anna, "in-1")
		r.press("front")
		r.wantTold("call", "lamp ringing", "lamp in_call")
		opened := 0
		for range 60 {
			r.update(anna, "phone", "in-1", call.Extension{"relay": "door"})
			r.mu.Lock()
			opened += len(r.told)
			r.told = nil
			r.mu.Unlock()
			time.Sleep(relayPause)
		}
		if want := relayBurst + int(60*relayPause/relayEvery); opened < relayBurst || opened > want {
			t.Errorf("opened %d times in a minute, want at most %d", opened, want)
		}
		refused := false
		for len(r.events) > 0 {
			e := <-r.events
			refused = refused || e.Event == "relay" && strings.Contains(e.Error, "too often")
		}
		if !refused {
			t.Error("no event says that it was too often")
		}
	})
}

func TestBudget(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var b budget
	for _, c := range []struct {
		after time.Duration // since the start
		want  bool
	}{
		{0, true}, {0, true}, {0, true}, {0, true}, {0, true}, {0, false},
		{relayEvery - 1, false}, {relayEvery, true}, {relayEvery, false},
		{3*relayEvery - 1, true}, {3*relayEvery - 1, false}, {3 * relayEvery, true}, {3 * relayEvery, false},
		{time.Hour, true}, {time.Hour, true}, {time.Hour, true}, {time.Hour, true}, {time.Hour, true}, {time.Hour, false},
	} {
		var got bool
		if b, got = b.spend(start.Add(c.after)); got != c.want {
			t.Errorf("after %v: %t, want %t", c.after, got, c.want)
		}
	}
}
