package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// TestGroup is transcripts/group.xml: 101 calls 102 and 103, who accept in
// either order; everybody gets connected with everybody, at once.
func TestGroup(t *testing.T) {
	for _, order := range [][]call.UserID{{102, 103}, {103, 102}} {
		t.Run("first "+order[0].String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				all := map[call.UserID]*party{101: w.join(101, "a"), 102: w.join(102, "b"), 103: w.join(103, "c")}
				w.ring(all[101], 102, 103)
				for _, u := range order {
					w.ok(w.only(all[u]).Accept(call.Extension{"for": "initiator"}))
				}
				w.wantExtensions()
				for u, p := range all {
					if n := p.recorder.Count("onRemoteStream"); n != 2 {
						t.Errorf("user %d sees %d others, want 2: %q", u, n, p.recorder.Lines())
					}
				}
				w.wantCalls(all[103], 102)
				w.wantCalls(all[102])
				w.wantCalls(all[101], 102, 103)
				w.checkLeaving(all)
			})
		})
	}
}

// wantExtensions checks that the app's data goes with the initiator's calls
// and the accepts it gets, not with what the mesh does by itself.
func (w *world) wantExtensions() {
	w.t.Helper()
	for _, s := range w.network.Sent(0) {
		switch s.Signal.Type {
		case call.SignalCall, call.SignalAccept:
			if got, want := len(s.Signal.Extension) > 0, s.From.User == 101 || s.Signal.Peer.User == 101; got != want {
				w.t.Errorf("%s from %d to %d carries %v", s.Signal.Type, s.From.User, s.Signal.Peer.User, s.Signal.Extension)
			}
		}
	}
}

// wantCalls compares whom a party sent `call`.
func (w *world) wantCalls(p *party, want ...call.UserID) {
	w.t.Helper()
	var got []call.UserID
	for _, s := range w.network.Sent(p.address.User) {
		if s.Signal.Type != call.SignalCall {
			continue
		}
		got = append(got, s.Signal.Peer.User)
		if s.Signal.Initiator != 101 || !slices.Equal(s.Signal.Opponents, []call.UserID{102, 103}) {
			w.t.Errorf("call to %d announces %d %d", s.Signal.Peer.User, s.Signal.Initiator, s.Signal.Opponents)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("user %d called %d, want %d", p.address.User, got, want)
	}
}

// checkLeaving has the initiator leave: the others go on until one leaves.
func (w *world) checkLeaving(all map[call.UserID]*party) {
	w.t.Helper()
	w.ok(w.only(all[101]).Stop(nil))
	w.only(all[102])
	w.ok(w.only(all[103]).Stop(nil))
	for u, p := range all {
		if n := len(p.Sessions()); n != 0 {
			w.t.Errorf("user %d still has %d sessions", u, n)
		}
		if n := p.recorder.Count("onSessionClose"); n != 1 {
			w.t.Errorf("user %d: onSessionClose %d times", u, n)
		}
	}
}

// TestGroupOfFour has everybody allowed call everybody, in a full mesh.
func TestGroupOfFour(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		parties := []*party{w.join(103, "a"), w.join(101, "b"), w.join(104, "c"), w.join(102, "d")}
		w.ring(parties[0], 101, 104, 102)
		for _, p := range parties[1:] {
			w.ok(w.only(p).Accept(nil))
		}
		for _, p := range parties {
			if n := p.recorder.Count("onRemoteStream"); n != 3 {
				t.Errorf("user %d sees %d others, want 3", p.address.User, n)
			}
		}
	})
}

// TestGroupStranger checks that a member who is not allowed neither hears nor
// sees us, and is told so when it calls.
func TestGroupStranger(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(103, "phone")
		phone.Receive(incomingCall("s", 101, 102, 103, 201))
		synctest.Wait()
		s := w.only(phone)
		if got := s.Opponents(); !slices.Equal(got, []call.UserID{102, 103, 201}) {
			t.Errorf("opponents %v", got)
		}
		mesh := incomingCall("s", 201, 102, 103, 201)
		mesh.Initiator = 101
		phone.Receive(mesh)
		w.ok(s.Accept(nil))
		phone.Receive(mesh)
		phone.Receive(call.Signal{Type: call.SignalHangUp, Session: "s", Peer: call.Address{User: 201}})
		synctest.Wait()
		for _, c := range phone.media.Commands() {
			if open, ok := c.(call.OpenPeer); ok && open.Peer.User == 201 {
				t.Errorf("the stranger gets media")
			}
		}
		for _, sent := range w.network.Sent(103) {
			if sent.Signal.Peer.User == 201 && sent.Signal.Type != call.SignalReject {
				t.Errorf("the stranger is sent %s", sent.Signal.Type)
			}
		}
		if n := phone.recorder.Count("onStopCall"); n != 0 {
			t.Errorf("the stranger stopped something")
		}
	})
}

// TestGroupWait checks that members who never come are told of at the end of
// the ringing time, and that accepting late leaves them one dialing interval.
func TestGroupWait(t *testing.T) {
	for _, c := range []struct{ acceptAt, tellAt time.Duration }{
		{10 * time.Second, 60 * time.Second},
		{58 * time.Second, 63 * time.Second},
	} {
		t.Run(c.acceptAt.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				phone := w.join(102, "phone")
				phone.Receive(incomingCall("s", 101, 102, 103))
				pass(c.acceptAt)
				s := w.only(phone)
				w.ok(s.Accept(nil))
				pass(c.tellAt - c.acceptAt - time.Millisecond)
				if n := phone.recorder.Count("onUserNotAnswer"); n != 0 {
					t.Errorf("told too early")
				}
				pass(time.Millisecond)
				if n := phone.recorder.Count("onUserNotAnswer"); n != 1 {
					t.Errorf("onUserNotAnswer %d times, want once: %q", n, phone.recorder.Lines())
				}
				if s.State() != call.StateActive {
					t.Errorf("state %v, want ACTIVE with the initiator", s.State())
				}
			})
		})
	}
}

// TestGroupReject checks that a member who declines leaves the others.
func TestGroupReject(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b, c := w.join(101, "a"), w.join(102, "b"), w.join(103, "c")
		s := w.ring(a, 102, 103)
		w.ok(w.only(b).Reject(nil))
		if s.State() != call.StateActive || c.recorder.Count("onRejectCall") != 1 {
			t.Errorf("state %v, c heard %q", s.State(), c.recorder.Lines())
		}
		w.ok(w.only(c).Accept(nil))
		if n := a.recorder.Count("onRemoteStream"); n != 1 {
			t.Errorf("the initiator sees %d, want 1", n)
		}
	})
}

// TestGroupCancelled checks that a group call the initiator gives up does not
// leave us ringing, as it does an SDK (quirk 7).
func TestGroupCancelled(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		a, b := w.join(101, "a"), w.join(102, "b")
		s := w.ring(a, 102, 103)
		w.ok(s.Stop(nil))
		w.wantEvents(b, "onCall NEW 101 door=front", "onStopCall NEW 101", "onSessionClose CLOSED")
	})
}

// TestGroupMemberFirst checks that the call of another callee does not ring
// before the initiator's has come: who calls is only known from that. The
// callee repeats its call, and is answered then.
func TestGroupMemberFirst(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		phone := w.join(102, "phone")
		mesh := incomingCall("s", 103, 102, 103)
		mesh.Initiator = 101
		phone.Receive(mesh)
		w.wantEvents(phone)
		w.wantSent(phone)
		phone.Receive(incomingCall("s", 101, 102, 103))
		synctest.Wait()
		w.ok(w.only(phone).Accept(nil))
		phone.Receive(mesh)
		synctest.Wait()
		if n := phone.recorder.Count("onRemoteStream"); n != 2 {
			t.Errorf("sees %d others, want 2: %q", n, phone.recorder.Lines())
		}
		w.wantSent(phone, call.SignalAccept, call.SignalAccept)
	})
}
