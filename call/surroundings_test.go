package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// TestDialWithoutNetwork presses while there is no network: the call goes out
// as soon as there is one, with its addresses.
func TestDialWithoutNetwork(t *testing.T) {
	for _, back := range []call.NetworkEvent{call.NetworkUp, call.NetworkMoved} {
		t.Run(back.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door := w.join(102, "door")
				door.NetworkChanged(call.NetworkDown)
				s := w.ring(door, 101)
				pass(7 * time.Second)
				if n := commands[call.OpenPeer](door); n != 0 {
					t.Errorf("%d PeerConnections without a network", n)
				}
				w.wantSent(door)
				door.NetworkChanged(back)
				w.wantSent(door, call.SignalCall)
				pass(60 * time.Second)
				if s.State() != call.StateClosed {
					t.Errorf("it rings past the answer time: %v", s.State())
				}
			})
		})
	}
}

// TestNeverAnyNetwork checks that nobody is told of a call they never got.
func TestNeverAnyNetwork(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		door.NetworkChanged(call.NetworkDown)
		w.ring(door, 101)
		pass(time.Minute)
		w.wantSent(door)
		w.wantEvents(door, "onUserNotAnswer ACTIVE 101", "onSessionClose CLOSED")
	})
}

// TestMoveWhileRinging checks that a call that rings goes on from the new
// address.
func TestMoveWhileRinging(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		w.ring(door, 101)
		door.NetworkChanged(call.NetworkMoved)
		synctest.Wait()
		sent := w.network.Sent(102)
		if len(sent) != 2 || sent[0].Signal.SDP == sent[1].Signal.SDP || sent[1].Signal.Type != call.SignalCall {
			t.Errorf("sent %+v, want the call again with another description", sent)
		}
		if n := len(door.media.Open()); n != 1 {
			t.Errorf("%d PeerConnections open, want 1", n)
		}
	})
}

// TestAcceptWithoutNetwork checks that an accept waits for the network, and is
// made anew when that moves before it was sent.
func TestAcceptWithoutNetwork(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		s := incomingNew(w, door)
		door.NetworkChanged(call.NetworkDown)
		w.ok(s.Accept(nil))
		w.wantSent(door)
		door.media.SetManual(true)
		door.NetworkChanged(call.NetworkUp)
		synctest.Wait()
		door.media.SetManual(false)
		door.NetworkChanged(call.NetworkMoved)
		w.wantSent(door, call.SignalAccept)
		if answers, open := commands[call.CreateAnswer](door), len(door.media.Open()); answers != 2 || open != 1 {
			t.Errorf("%d answers made, %d PeerConnections open", answers, open)
		}
	})
}

// TestLinkBack checks what is sent again when signalling is back.
func TestLinkBack(t *testing.T) {
	for _, c := range []struct {
		name            string
		resumed, queued bool // queued: the accept was made while there was no link
		want            []call.SignalType
	}{
		{"new session", false, false, []call.SignalType{call.SignalAccept, call.SignalAccept}},
		{"resumed", true, false, []call.SignalType{call.SignalAccept}},
		{"new session, accept waited at the Signaler", false, true, []call.SignalType{call.SignalAccept}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door := w.join(102, "door")
				door.media.SetManual(true)
				s := incomingNew(w, door)
				if c.queued {
					door.SignalingChanged(false, false)
					pass(time.Second)
				}
				w.ok(s.Accept(nil))
				door.media.Emit(call.LocalDescription{Peer: call.PeerKey{Session: s.ID(), User: 101}, Type: call.Answer, SDP: "v=0"})
				pass(time.Second)
				door.SignalingChanged(false, false)
				pass(time.Second)
				door.SignalingChanged(true, c.resumed)
				w.wantSent(door, c.want...)
			})
		})
	}
}

// TestAnswerSentAgain checks that the answer to a repair offer is sent again
// after a link whose session was lost.
func TestAnswerSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 103)
		door.media.SetManual(true)
		door.Receive(reconnect(s, 103, "theirs", call.Offer))
		synctest.Wait()
		door.media.Emit(call.LocalDescription{
			Peer: call.PeerKey{Session: s.ID(), User: 103, Generation: 1}, Type: call.Answer, SDP: "v=0",
		})
		pass(time.Second)
		door.SignalingChanged(true, false) // a new session, without a break in between
		if got := repairs(w, door); len(got) != 2 || got[0] != got[1] {
			t.Errorf("answers %+v, want the same twice", got)
		}
	})
}

// TestOnePeerOfMany checks that in a conference the repair of one connection
// leaves the others alone.
func TestOnePeerOfMany(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door := w.join(102, "door")
		s := w.ring(door, 101, 103)
		for _, u := range []call.UserID{101, 103} {
			door.Receive(call.Signal{Type: call.SignalAccept, Session: s.ID(), Peer: call.Address{User: u, Resource: "phone"}, SDP: "v=0"})
		}
		synctest.Wait()
		iceState(door, s, 103, 0, call.ConnectionDisconnected)
		pass(36 * time.Second)
		if got := reconnects(door); !slices.Equal(got, []string{"reconnecting", "failed"}) {
			t.Errorf("told %q", got)
		}
		peers := s.Peers()
		if s.State() != call.StateActive || peers[0].State != call.ConnectionConnected || peers[1].State != call.ConnectionClosed {
			t.Errorf("state %v, peers %+v", s.State(), peers)
		}
		if !slices.Contains(door.media.Open(), call.PeerKey{Session: s.ID(), User: 101}) || len(door.media.Open()) != 1 {
			t.Errorf("PeerConnections open: %v", door.media.Open())
		}
	})
}
