package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// foreign are signals of a second device of the peer, which is not in the call.
var foreign = map[string]call.Signal{
	"app update": {Type: call.SignalUpdate, Extension: call.Extension{"relay": "open"}},
	"offer": {Type: call.SignalUpdate, Reconnect: &call.ReconnectDescription{
		OfferID: "theirs", Type: call.Offer, SDP: "v=0"}},
	"answer": {Type: call.SignalUpdate, Reconnect: &call.ReconnectDescription{
		OfferID: "theirs", Type: call.Answer, SDP: "v=0"}},
	"hangUp":     {Type: call.SignalHangUp},
	"reject":     {Type: call.SignalReject},
	"busy":       {Type: call.SignalReject, SDP: "v=0"},
	"accept":     {Type: call.SignalAccept, SDP: "v=0"},
	"call":       {Type: call.SignalCall, SDP: "v=0", Initiator: 102, Opponents: []call.UserID{101}},
	"candidates": {Type: call.SignalCandidates, Candidates: []call.Candidate{{Candidate: "candidate:1"}}},
}

// TestSecondDeviceChangesNothing has a second device of the peer send anything
// while media flow: the call stays as it is, and the app hears of nothing.
func TestSecondDeviceChangesNothing(t *testing.T) {
	for name, signal := range foreign {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door, s := connected(w, 101)
				told := len(door.recorder.Lines())
				signal.Session, signal.Peer = s.ID(), call.Address{User: 101, Resource: "tablet"}
				for range 3 {
					door.Receive(signal)
					pass(2 * time.Second)
				}
				if got := door.recorder.Lines()[told:]; len(got) > 0 {
					t.Errorf("told %q", got)
				}
				for _, c := range door.media.Commands()[3:] {
					if _, probe := c.(call.Probe); !probe {
						t.Errorf("media were told %#v", c)
					}
				}
				if p := s.Peers()[0]; s.State() != call.StateActive || p.Resource != "phone" {
					t.Errorf("state %v, peer %+v", s.State(), p)
				}
				for _, sent := range w.network.Sent(102)[1:] {
					if sent.Signal.Type != call.SignalHangUp || sent.Signal.Peer.Resource != "tablet" {
						t.Errorf("sent %+v", sent.Signal)
					}
				}
			})
		})
	}
}

// TestFollowNewResource has the peer come back with another resource, as an SDK
// does when its link to the server was made anew.
func TestFollowNewResource(t *testing.T) {
	for _, c := range []struct {
		name     string
		dead     bool          // the path is, when the offer comes
		breaksAt time.Duration // after the offer; 0 is never
		answered time.Duration // 0 is never
	}{
		{"path works", false, 0, 0},
		{"path is dead", true, 0, cutTick},
		{"breaks soon", false, 500 * time.Millisecond, 500*time.Millisecond + cutTick},
		{"was found working, and breaks", false, 3 * time.Second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door, s := connected(w, 101)
				door.media.SetDead(c.dead)
				door.Receive(from("phone-2", reconnect(s, 101, "theirs", call.Offer)))
				var at time.Duration
				for now := time.Duration(0); now < 4*time.Second; now += cutTick {
					if c.breaksAt == now && now > 0 {
						iceState(door, s, 101, 0, call.ConnectionDisconnected)
					}
					pass(cutTick)
					if at == 0 && len(repairs(w, door)) > 0 {
						at = now + cutTick
					}
				}
				if at != c.answered {
					t.Errorf("answered after %v, want %v", at, c.answered)
				}
				want := "phone"
				if c.answered > 0 {
					want = "phone-2"
				}
				if got := s.Peers()[0].Resource; got != want {
					t.Errorf("the device in the call is %q, want %q", got, want)
				}
			})
		})
	}
}

// TestForeignHangUpProbes checks that a hangUp of a new resource counts at once
// when the path turns out to be dead.
func TestForeignHangUpProbes(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		door.media.SetDead(true)
		door.Receive(call.Signal{Type: call.SignalHangUp, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone-2"}})
		synctest.Wait()
		if n := door.recorder.Count("onStopCall"); n != 1 || s.State() != call.StateClosed {
			t.Errorf("onStopCall %d times, state %v", n, s.State())
		}
	})
}

// TestUpdateFlood checks what reaches the app of one peer's updates.
func TestUpdateFlood(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		for range 40 {
			for range 5 {
				door.Receive(call.Signal{Type: call.SignalUpdate, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone"}})
			}
			pass(100 * time.Millisecond)
		}
		if n := door.recorder.Count("onUpdateCall"); n < 50 || n > 62 {
			t.Errorf("%d of 200 updates in 4 s reached the app, want about 20 + 4×10", n)
		}
	})
}

// TestRepairBudget has a peer offer again and again, each answered with a
// PeerConnection that never connects: their number is bounded, and it ends.
func TestRepairBudget(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 103)
		door.media.SetManual(true)
		ended := 0
		for i := range 600 {
			door.Receive(reconnect(s, 103, time.Duration(i).String(), call.Offer))
			pass(500 * time.Millisecond)
			if s.State() == call.StateClosed && ended == 0 {
				ended = i
			}
		}
		if n := commands[call.OpenPeer](door); n > 1+32 {
			t.Errorf("%d PeerConnections in 300 s", n)
		}
		if ended == 0 || ended > 240 {
			t.Errorf("the call ended after offer %d, want within 120 s", ended)
		}
	})
}

// TestCandidateFlood checks that a PeerConnection is given so many candidates
// and no more.
func TestCandidateFlood(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		huge := make([]byte, 1000)
		for range 20 {
			door.Receive(call.Signal{
				Type: call.SignalCandidates, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone"},
				Candidates: append(slices.Repeat([]call.Candidate{{Candidate: "candidate:1"}}, 60), call.Candidate{Candidate: string(huge)}),
			})
		}
		synctest.Wait()
		n := 0
		for _, c := range door.media.Commands() {
			if add, ok := c.(call.AddCandidates); ok {
				n += len(add.Candidates)
			}
		}
		if n != 256 {
			t.Errorf("%d candidates, want 256", n)
		}
	})
}

// TestFollowAfterRepair checks that a new resource is believed for some time
// after a repair, although the path works: an SDK may have forgotten the
// PeerConnection that was repaired.
func TestFollowAfterRepair(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{7 * time.Second, "phone-2"}, {9 * time.Second, "phone"}} {
		bubble(t, func(t *testing.T, w *world) {
			door, s := connected(w, 101)
			door.Receive(reconnect(s, 101, "first", call.Offer))
			pass(c.after)
			door.Receive(from("phone-2", reconnect(s, 101, "second", call.Offer)))
			pass(3 * time.Second)
			if got := s.Peers()[0]; got.Resource != c.want || got.State != call.ConnectionConnected {
				t.Errorf("%v after a repair: peer %+v, want %s", c.after, got, c.want)
			}
		})
	}
}
