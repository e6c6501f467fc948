package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// TestLateSignals lists what comes too late, or in another order than it was
// sent, and what becomes of it.
func TestLateSignals(t *testing.T) {
	phone := call.Address{User: 101, Resource: "r"}
	ringing := incomingCall("s", 101, 102)
	hangUp := call.Signal{Type: call.SignalHangUp, Session: "s", Peer: phone}
	accept := call.Signal{
		Type: call.SignalAccept, Session: "s", Peer: phone, SDP: "v=0", Initiator: 101, Opponents: []call.UserID{102},
	}
	offer := accept
	offer.Type, offer.SDP = call.SignalUpdate, ""
	offer.Reconnect = &call.ReconnectDescription{OfferID: "theirs", Type: call.Offer, SDP: "v=0"}
	stop := func(s *call.Session) error { return s.Stop(nil) }
	reject := func(s *call.Session) error { return s.Reject(nil) }
	for _, c := range []struct {
		name   string
		before []call.Signal
		end    func(*call.Session) error // of the session that rings then
		after  []call.Signal
		want   []call.SignalType // sent after that, within 8 s
		to     string            // the resource it goes to
	}{
		{"call after its hangUp", []call.Signal{hangUp}, nil, []call.Signal{ringing}, nil, ""},
		{"call after a stop here", []call.Signal{ringing}, stop, []call.Signal{ringing}, nil, ""},
		{"call after a reject here", []call.Signal{ringing}, reject, []call.Signal{ringing}, []call.SignalType{call.SignalReject}, ""},
		{"hangUp twice", []call.Signal{ringing, hangUp}, nil, []call.Signal{hangUp}, nil, ""},
		{"accept after a stop here", []call.Signal{ringing}, stop, []call.Signal{accept}, []call.SignalType{call.SignalHangUp}, "r"},
		{"offer after a stop here", []call.Signal{ringing}, stop, []call.Signal{offer}, []call.SignalType{call.SignalHangUp}, "r"},
		{"two offers after a stop", []call.Signal{ringing}, stop, []call.Signal{offer, offer}, []call.SignalType{call.SignalHangUp}, "r"},
		{"offer for nothing", nil, nil, []call.Signal{offer}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door := w.join(102, "door")
				receive(door, c.before)
				if c.end != nil {
					w.ok(c.end(w.only(door)))
				}
				n := len(w.network.Sent(102))
				receive(door, c.after)
				pass(8 * time.Second)
				var got []call.SignalType
				for _, s := range w.network.Sent(102)[n:] {
					got = append(got, s.Signal.Type)
					if s.Signal.Peer.Resource != c.to {
						t.Errorf("%s went to %q, want %q", s.Signal.Type, s.Signal.Peer.Resource, c.to)
					}
				}
				if !slices.Equal(got, c.want) || len(door.Sessions()) != 0 {
					t.Errorf("sent %q, want %q; %d sessions", got, c.want, len(door.Sessions()))
				}
			})
		})
	}
}

func receive(p *party, signals []call.Signal) {
	for _, s := range signals {
		p.Receive(s)
	}
	synctest.Wait()
}

// TestOfferInsteadOfAccept has the callee repair a connection while we ring: its
// accept was lost, and the call goes on.
func TestOfferInsteadOfAccept(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		s := w.ring(door, 101)
		door.Receive(reconnect(s, 101, "theirs", call.Offer))
		pass(20 * time.Second)
		w.wantSent(door, call.SignalCall, call.SignalUpdate, call.SignalCandidates)
		if p := s.Peers()[0]; p.State != call.ConnectionConnected || p.Resource != "phone" || door.recorder.Count("onAcceptCall") != 1 {
			t.Errorf("peer %+v, told %q", p, door.recorder.Lines())
		}
	})
}

// TestBusyRejectInCall checks that the busy answer to a repeat of our call that
// was under way does not end the call that was accepted meanwhile.
func TestBusyRejectInCall(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		reject := call.Signal{Type: call.SignalReject, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone"}, SDP: "v=0"}
		door.Receive(reject)
		synctest.Wait()
		if s.State() != call.StateActive {
			t.Fatalf("state %v", s.State())
		}
		reject.SDP = ""
		door.Receive(reject)
		synctest.Wait()
		if s.State() != call.StateClosed {
			t.Errorf("state %v after a reject proper", s.State())
		}
	})
}

// TestRingsNoLonger checks that nothing that arrives makes a call ring on.
func TestRingsNoLonger(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		ringing := incomingCall("s", 101, 102)
		for i := range 100 {
			ringing.Peer.Resource = time.Duration(i % 3).String()
			door.Receive(ringing)
			door.NetworkChanged(call.NetworkMoved)
			door.SignalingChanged(true, i%2 == 0)
			door.Receive(call.Signal{Type: call.SignalUpdate, Session: "s", Peer: ringing.Peer})
			pass(time.Second)
		}
		w.wantEvents(door, "onCall NEW 101 k=v", "onSessionClose CLOSED")
	})
}

// TestCallerSilent checks that a caller whose repeats stop goes on ringing:
// there are clients that call once.
func TestCallerSilent(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		door.Receive(incomingCall("s", 101, 102))
		pass(59 * time.Second)
		w.ok(w.only(door).Accept(nil))
		w.wantSent(door, call.SignalAccept)
	})
}

// TestCallCancelLoop has a contact call and cancel: it rings some times, then
// rarely. Calls that are accepted do not count.
func TestCallCancelLoop(t *testing.T) {
	for _, c := range []struct {
		accept   bool
		min, max int // rings within 60 s
	}{{false, 10, 12}, {true, 29, 30}} {
		bubble(t, func(t *testing.T, w *world) {
			door := w.join(102, "door")
			for i := range 30 {
				ringing := incomingCall(call.SessionID(time.Duration(i).String()), 101, 102)
				door.Receive(ringing)
				synctest.Wait()
				if c.accept {
					for _, s := range door.Sessions() {
						w.ok(s.Accept(nil))
					}
				}
				pass(time.Second)
				door.Receive(call.Signal{Type: call.SignalHangUp, Session: ringing.Session, Peer: ringing.Peer})
				pass(time.Second)
			}
			if n := door.recorder.Count("onCall"); n < c.min || n > c.max {
				t.Errorf("accepted %v: rang %d times in a minute, want %d to %d", c.accept, n, c.min, c.max)
			}
			door.Receive(incomingCall("other", 103, 102))
			synctest.Wait()
			w.only(door)
		})
	}
}

// TestTakenID checks that a member of a group who uses the group's id for a
// session of its own cannot keep the group's call from us for longer.
func TestTakenID(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		group := incomingCall("s", 101, 102, 103)
		door.Receive(incomingCall("s", 103, 102))
		door.Receive(group)
		w.wantSent(door, call.SignalReject) // as busy
		door.Receive(call.Signal{Type: call.SignalHangUp, Session: "s", Peer: call.Address{User: 103, Resource: "r"}})
		synctest.Wait()
		group.Peer.Resource = "r"
		door.Receive(group)
		w.wantSent(door, call.SignalReject, call.SignalReject) // a repeat of what was refused
		w.wantEvents(door, "onCall NEW 103 k=v", "onInvalidEvents onCall 101 k=v", "onStopCall NEW 103", "onSessionClose CLOSED")
	})
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		door.Receive(incomingCall("s", 103, 102))
		door.Receive(call.Signal{Type: call.SignalHangUp, Session: "s", Peer: call.Address{User: 103, Resource: "r"}})
		door.Receive(incomingCall("s", 101, 102, 103))
		synctest.Wait()
		if s := w.only(door); s.Initiator() != 101 {
			t.Errorf("session of %d", s.Initiator())
		}
	})
}
