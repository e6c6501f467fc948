package call_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// TestAddressing checks which signals go to the device in the call and which
// to every device of the user.
func TestAddressing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		w.ok(s.Update(nil))
		w.ok(s.Stop(nil))
		want := map[call.SignalType]string{call.SignalCall: "", call.SignalUpdate: "phone", call.SignalHangUp: ""}
		for _, sent := range w.network.Sent(door.address.User) {
			if got := sent.Signal.Peer.Resource; got != want[sent.Signal.Type] {
				t.Errorf("%s sent to resource %q, want %q", sent.Signal.Type, got, want[sent.Signal.Type])
			}
		}
	})
}

// TestEarlyCandidatesOfAnotherDevice checks that candidates that came before
// the accept are applied only if they are of the device that accepted.
func TestEarlyCandidatesOfAnotherDevice(t *testing.T) {
	for _, c := range []struct {
		from string
		want int
	}{{"phone", 1}, {"tablet", 0}} {
		bubble(t, func(t *testing.T, w *world) {
			door := w.join(102, "door")
			s := w.ring(door, 101)
			candidates := call.Signal{
				Type: call.SignalCandidates, Session: s.ID(), Candidates: []call.Candidate{{Candidate: "candidate:1"}},
			}
			candidates.Peer = call.Address{User: 101, Resource: c.from}
			door.Receive(candidates)
			door.Receive(call.Signal{
				Type: call.SignalAccept, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone"}, SDP: "v=0",
			})
			synctest.Wait()
			if n := commands[call.AddCandidates](door); n != c.want {
				t.Errorf("candidates of %s added %d times, want %d", c.from, n, c.want)
			}
			door.Receive(candidates)
			synctest.Wait()
			if n := commands[call.AddCandidates](door); n != 2*c.want {
				t.Errorf("later candidates of %s: %d commands, want %d", c.from, n, 2*c.want)
			}
		})
	}
}

// TestTurnedAwayDevice checks that a device that answered too late cannot end
// the call, even when the connection breaks, nor take it over.
func TestTurnedAwayDevice(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		tablet := call.Address{User: 101, Resource: "tablet"}
		door.Receive(call.Signal{Type: call.SignalAccept, Session: s.ID(), Peer: tablet, SDP: "v=0"})
		iceState(door, s, 101, 0, call.ConnectionDisconnected)
		door.Receive(call.Signal{Type: call.SignalHangUp, Session: s.ID(), Peer: tablet})
		offer := reconnect(s, 101, "theirs", call.Offer)
		offer.Peer = tablet
		door.Receive(offer)
		synctest.Wait()
		if s.State() != call.StateActive || s.Peers()[0].Resource != "phone" {
			t.Errorf("state %v, peers %+v", s.State(), s.Peers())
		}
		if n := door.recorder.Count("onUpdateCall"); n != 0 {
			t.Errorf("the device turned away sent an update")
		}
	})
}

// TestBeforeCall checks that nobody can do anything to a session that was not
// announced yet.
func TestBeforeCall(t *testing.T) {
	for _, typ := range []call.SignalType{
		call.SignalCall, call.SignalReject, call.SignalHangUp, call.SignalCandidates, call.SignalUpdate,
	} {
		bubble(t, func(t *testing.T, w *world) {
			door := w.join(102, "door")
			s := outgoingNew(w, door)
			door.Receive(call.Signal{
				Type: typ, Session: s.ID(), Peer: call.Address{User: 101}, SDP: "v=0",
				Candidates: []call.Candidate{{Candidate: "candidate:1"}},
			})
			w.wantEvents(door)
			w.ok(s.Call(nil))
			if n := commands[call.AddCandidates](door); n != 0 || s.State() != call.StateActive {
				t.Errorf("%s: state %v, %d candidates", typ, s.State(), n)
			}
		})
	}
}

// TestSecondCallOfPeer checks that somebody in a call with us who calls again
// is busy, which is not glare.
func TestSecondCallOfPeer(t *testing.T) {
	for _, peer := range []call.UserID{101, 103} {
		bubble(t, func(t *testing.T, w *world) {
			door, s := connected(w, peer)
			door.Receive(incomingCall("again", peer, 102))
			w.wantSent(door, call.SignalCall, call.SignalReject)
			if s.State() != call.StateActive {
				t.Errorf("peer %d: state %v", peer, s.State())
			}
		})
	}
}

// TestLateRepeat checks what a repeat of `call` gets after we rejected it, and
// after we hung up.
func TestLateRepeat(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*call.Session) error
		want []call.SignalType
	}{
		{"rejected", func(s *call.Session) error { return s.Reject(nil) }, []call.SignalType{call.SignalReject, call.SignalReject}},
		{"hung up", func(s *call.Session) error { return s.Stop(nil) }, []call.SignalType{call.SignalHangUp}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				phone := w.join(102, "phone")
				w.ok(c.end(incomingNew(w, phone)))
				pass(5 * time.Second)
				phone.Receive(incomingCall("s", 101, 102))
				w.wantSent(phone, c.want...)
				w.wantEvents(phone, "onCall NEW 101 k=v", "onSessionClose CLOSED")
				pass(5 * time.Minute)
				phone.Receive(incomingCall("s", 101, 102))
				synctest.Wait()
				w.only(phone)
			})
		})
	}
}
