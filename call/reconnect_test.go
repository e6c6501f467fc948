package call_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// connected returns a world with an accepted call of 102 to its peer, which the
// test plays: what it receives is in the network's list.
func connected(w *world, peer call.UserID) (*party, *call.Session) {
	door := w.join(102, "door")
	s := w.ring(door, peer)
	door.Receive(call.Signal{
		Type: call.SignalAccept, Session: s.ID(), Peer: call.Address{User: peer, Resource: "phone"}, SDP: "v=0",
	})
	synctest.Wait()
	return door, s
}

// iceState reports a connection state of a PeerConnection.
func iceState(p *party, s *call.Session, peer call.UserID, generation int, state call.ConnectionState) {
	key := call.PeerKey{Session: s.ID(), User: peer, Generation: generation}
	p.media.Emit(call.PeerState{Peer: key, State: state})
	synctest.Wait()
}

// reconnect is an update of the peer with a description.
func reconnect(s *call.Session, peer call.UserID, id string, t call.DescriptionType) call.Signal {
	return call.Signal{
		Type: call.SignalUpdate, Session: s.ID(), Peer: call.Address{User: peer, Resource: "phone"},
		Reconnect: &call.ReconnectDescription{OfferID: id, Type: t, SDP: "v=0"},
	}
}

// from is a signal of another device of the same user.
func from(resource string, s call.Signal) call.Signal {
	s.Peer.Resource = resource
	return s
}

// repairs returns the reconnect descriptions a party sent.
func repairs(w *world, p *party) []call.ReconnectDescription {
	synctest.Wait()
	var list []call.ReconnectDescription
	for _, s := range w.network.Sent(p.address.User) {
		if s.Signal.Reconnect != nil {
			list = append(list, *s.Signal.Reconnect)
		}
	}
	return list
}

// reconnects returns the states told by onReconnect.
func reconnects(p *party) []string {
	var list []string
	for _, l := range p.recorder.Lines() {
		if f := strings.Fields(l); f[0] == "onReconnect" {
			list = append(list, f[3])
		}
	}
	return list
}

// TestRecoversByItself is [T drop4]: no signalling within the grace time.
func TestRecoversByItself(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		iceState(door, s, 101, 0, call.ConnectionDisconnected)
		pass(4 * time.Second)
		iceState(door, s, 101, 0, call.ConnectionConnected)
		pass(time.Minute)
		if got := reconnects(door); !slices.Equal(got, []string{"reconnecting", "reconnected"}) {
			t.Errorf("told %q", got)
		}
		if got := repairs(w, door); len(got) != 0 {
			t.Errorf("sent %+v", got)
		}
		if s.State() != call.StateActive {
			t.Errorf("state %v", s.State())
		}
	})
}

// TestReconnectOffer has us offer after the grace time, to a peer that answers.
func TestReconnectOffer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		iceState(door, s, 101, 0, call.ConnectionFailed)
		pass(9 * time.Second)
		offers := repairs(w, door)
		if len(offers) != 1 || offers[0].Type != call.Offer || len(offers[0].OfferID) != 36 {
			t.Fatalf("offers %+v", offers)
		}
		last := w.network.Sent(102)
		if to := last[len(last)-1].Signal.Peer; to != (call.Address{User: 101}) {
			t.Errorf("offer sent to %+v, want every device", to)
		}
		door.Receive(reconnect(s, 101, "another", call.Answer))
		synctest.Wait()
		if n := commands[call.ApplyAnswer](door); n != 1 {
			t.Errorf("the answer to another offer was applied")
		}
		door.Receive(from("phone-2", reconnect(s, 101, offers[0].OfferID, call.Answer)))
		door.Receive(reconnect(s, 101, offers[0].OfferID, call.Answer)) // a copy
		synctest.Wait()
		if n := commands[call.ApplyAnswer](door); n != 2 { // that of the call, and this
			t.Errorf("%d answers applied, want 2", n)
		}
		if got := reconnects(door); !slices.Equal(got, []string{"reconnecting", "reconnected"}) {
			t.Errorf("told %q", got)
		}
		if got := s.Peers()[0]; got.State != call.ConnectionConnected || got.Resource != "phone-2" {
			t.Errorf("peer %+v", got)
		}
		if n := door.recorder.Count("onRemoteStream"); n != 2 {
			t.Errorf("onRemoteStream %d times, want 2", n)
		}
	})
}

// TestReconnectUnanswered checks that an unanswered offer is followed by copies
// or, to a peer that makes a PeerConnection for each, by new ones, and that it
// all ends after the disconnect interval.
func TestReconnectUnanswered(t *testing.T) {
	for _, c := range []struct {
		peer call.UserID
		pcs  int
	}{{101, 1 + 6}, {103, 1 + 1}} {
		t.Run(c.peer.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door, s := connected(w, c.peer)
				iceState(door, s, c.peer, 0, call.ConnectionDisconnected)
				pass(30*time.Second - time.Millisecond)
				if n, pcs := len(repairs(w, door)), commands[call.OpenPeer](door); n != 6 || pcs != c.pcs {
					t.Errorf("%d offers of %d PeerConnections, want 6 and %d", n, pcs, c.pcs)
				}
				if s.State() != call.StateActive {
					t.Errorf("given up too early")
				}
				pass(time.Millisecond)
				checkGivenUp(w, door, c.peer)
			})
		})
	}
}

// checkGivenUp asserts that the last thing told is that the repair failed, and
// that no hangUp was sent, as the SDK does it.
func checkGivenUp(w *world, p *party, peer call.UserID) {
	w.t.Helper()
	lines := p.recorder.Lines()
	want := []string{
		"onReconnect ACTIVE " + peer.String() + " failed",
		"onSessionConnectionStateChanged ACTIVE " + peer.String() + " CLOSED", "onSessionClose CLOSED",
	}
	if got := lines[len(lines)-3:]; !slices.Equal(got, want) {
		w.t.Errorf("told %q, want %q", got, want)
	}
	for _, sent := range w.network.Sent(p.address.User) {
		if sent.Signal.Type == call.SignalHangUp {
			w.t.Error("a hangUp was sent")
		}
	}
}

// TestReconnectAnswer has the peer offer while the connection looks fine, as
// in devreconA: it is answered with a new PeerConnection.
func TestReconnectAnswer(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		door.Receive(reconnect(s, 101, "theirs", call.Offer))
		synctest.Wait()
		got := repairs(w, door)
		if len(got) != 1 || got[0].Type != call.Answer || got[0].OfferID != "theirs" {
			t.Fatalf("answers %+v", got)
		}
		want := []string{
			"onUpdateCall ACTIVE 101",
			"onSessionConnectionStateChanged ACTIVE 101 CONNECTING",
			"onSessionConnectionStateChanged ACTIVE 101 CONNECTED",
			"onRemoteStream ACTIVE 101",
		}
		lines := door.recorder.Lines()
		if got := lines[len(lines)-4:]; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		pass(time.Second)
		door.Receive(reconnect(s, 101, "theirs", call.Offer)) // a late copy
		synctest.Wait()
		if n := commands[call.OpenPeer](door); n != 2 {
			t.Errorf("%d PeerConnections, want 2", n)
		}
		pass(time.Minute)
		if s.State() != call.StateActive {
			t.Errorf("state %v a minute later", s.State())
		}
	})
}

// TestReconnectAnswerLost checks that a copy of an offer brings the same answer
// again while the connection is not up.
func TestReconnectAnswerLost(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		door.media.SetManual(true)
		door.Receive(reconnect(s, 101, "theirs", call.Offer))
		door.Receive(reconnect(s, 101, "theirs", call.Offer)) // before the answer is made
		synctest.Wait()
		door.media.Emit(call.LocalDescription{
			Peer: call.PeerKey{Session: s.ID(), User: 101, Generation: 1}, Type: call.Answer, SDP: "v=0 answer",
		})
		pass(250 * time.Millisecond)
		door.Receive(reconnect(s, 101, "theirs", call.Offer))
		if got := repairs(w, door); len(got) != 2 || got[0] != got[1] {
			t.Errorf("answers %+v, want the same twice", got)
		}
	})
}

// TestReconnectCopies has a peer repeat an offer for ever and never connect: it
// gets few answers, and no more time than another.
func TestReconnectCopies(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		door.media.SetManual(true)
		door.Receive(reconnect(s, 101, "theirs", call.Offer))
		synctest.Wait()
		door.media.Emit(call.LocalDescription{
			Peer: call.PeerKey{Session: s.ID(), User: 101, Generation: 1}, Type: call.Answer, SDP: "v=0 answer",
		})
		for range 39 * 50 {
			door.Receive(reconnect(s, 101, "theirs", call.Offer))
			pass(20 * time.Millisecond)
		}
		if n := len(repairs(w, door)); n > 8*4+1 {
			t.Errorf("%d answers to one offer in 8 s", n)
		}
		if s.State() != call.StateClosed {
			t.Errorf("state %v after 39 s without a connection", s.State())
		}
	})
}

// TestReconnectBothOffer is rule (b): of two offers that of the user with the
// higher id counts.
func TestReconnectBothOffer(t *testing.T) {
	for _, c := range []struct {
		peer call.UserID
		want []call.DescriptionType
	}{
		{101, []call.DescriptionType{call.Offer, call.Offer}},  // ours counts, and is made anew unless answered
		{103, []call.DescriptionType{call.Offer, call.Answer}}, // theirs is answered
	} {
		t.Run(c.peer.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door, s := connected(w, c.peer)
				iceState(door, s, c.peer, 0, call.ConnectionFailed)
				pass(9 * time.Second)
				door.Receive(reconnect(s, c.peer, "theirs", call.Offer))
				pass(time.Second)
				var got []call.DescriptionType
				for _, d := range repairs(w, door) {
					got = append(got, d.Type)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("sent %q, want %q", got, c.want)
				}
			})
		})
	}
}

// TestReconnectTogether breaks the connection of two of our clients at both
// ends: it comes back.
func TestReconnectTogether(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, phone := w.join(102, "door"), w.join(101, "phone")
		s := w.ring(door, 101)
		w.ok(w.only(phone).Accept(nil))
		iceState(door, s, 101, 0, call.ConnectionDisconnected)
		iceState(phone, s, 102, 0, call.ConnectionDisconnected)
		pass(10 * time.Second)
		for _, p := range []*party{door, phone} {
			if got := reconnects(p); !slices.Equal(got, []string{"reconnecting", "reconnected"}) {
				t.Errorf("user %d was told %q", p.address.User, got)
			}
		}
		pass(time.Minute)
		if s.State() != call.StateActive {
			t.Errorf("state %v", s.State())
		}
	})
}

// TestReconnectFails checks that a failing PeerConnection costs one try, not
// the call.
func TestReconnectFails(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		door.media.SetManual(true)
		iceState(door, s, 101, 0, call.ConnectionFailed)
		pass(9 * time.Second)
		door.media.Emit(call.PeerError{Peer: call.PeerKey{Session: s.ID(), User: 101, Generation: 1}, Err: errNoDevice})
		door.media.SetManual(false)
		pass(4 * time.Second)
		got := repairs(w, door)
		if len(got) != 1 || s.State() != call.StateActive || s.LastError() == nil {
			t.Errorf("state %v, sent %+v, error %v", s.State(), got, s.LastError())
		}
		door.Receive(reconnect(s, 101, got[0].OfferID, call.Answer))
		synctest.Wait()
		if got := reconnects(door); !slices.Equal(got, []string{"reconnecting", "reconnected"}) {
			t.Errorf("told %q", got)
		}
	})
}

// TestReconnectRetry checks that descriptions that were exchanged but brought
// no connection are followed by a new offer.
func TestReconnectRetry(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		iceState(door, s, 101, 0, call.ConnectionFailed)
		pass(9 * time.Second)
		door.media.SetManual(true)
		door.Receive(reconnect(s, 101, repairs(w, door)[0].OfferID, call.Answer))
		synctest.Wait()
		door.media.SetManual(false)
		pass(8 * time.Second)
		if got := repairs(w, door); len(got) != 2 || got[0].OfferID == got[1].OfferID {
			t.Errorf("offers %+v, want two different ones", got)
		}
	})
}

// TestReconnectFlood checks that offers in quick succession do not each cost a
// PeerConnection.
func TestReconnectFlood(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		for i := range 100 {
			door.Receive(reconnect(s, 101, time.Duration(i).String(), call.Offer))
		}
		synctest.Wait()
		if n := commands[call.OpenPeer](door); n != 2 {
			t.Errorf("%d PeerConnections for 100 offers at once, want 2", n)
		}
	})
}

// TestReconnectBurst checks that of offers that come too fast the newest is
// answered in the end: an SDK that offers again has given up its earlier one.
func TestReconnectBurst(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 103)
		door.media.SetDead(true) // a peer that offers has closed its old PeerConnection
		for i := range 20 {
			door.Receive(reconnect(s, 103, "theirs-"+string(rune('a'+i)), call.Offer))
			pass(10 * time.Millisecond)
		}
		pass(time.Minute)
		got := repairs(w, door)
		if n := len(got); n < 2 || n > 3 || got[n-1].OfferID != "theirs-t" {
			t.Errorf("answers %+v, want two or three, the last to the last offer", got)
		}
	})
}

// TestHangUpDuringReconnect is rule (e), also from a new resource.
func TestHangUpDuringReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		iceState(door, s, 101, 0, call.ConnectionFailed)
		door.Receive(call.Signal{Type: call.SignalHangUp, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone-2"}})
		synctest.Wait()
		if n := door.recorder.Count("onStopCall"); n != 1 || s.State() != call.StateClosed {
			t.Errorf("onStopCall %d times, state %v", n, s.State())
		}
	})
}

// TestReconnectSkipsConnecting checks that a new PeerConnection that is up at
// once ends the repair, although no state seems to have changed, and that the
// candidates of an answer are sent again as after an accept.
func TestReconnectSkipsConnecting(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := connected(w, 101)
		door.media.SetManual(true)
		door.Receive(reconnect(s, 101, "theirs", call.Offer))
		synctest.Wait()
		door.media.Emit(call.LocalDescription{
			Peer: call.PeerKey{Session: s.ID(), User: 101, Generation: 1}, Type: call.Answer, SDP: "v=0",
			Candidates: []call.Candidate{{Candidate: "candidate:1"}},
		})
		iceState(door, s, 101, 1, call.ConnectionConnected)
		iceState(door, s, 101, 1, call.ConnectionConnected)
		iceState(door, s, 101, 0, call.ConnectionFailed) // of the old one
		pass(time.Minute)
		w.wantSent(door, call.SignalCall, call.SignalUpdate, call.SignalCandidates)
		if n := door.recorder.Count("onSessionConnectionStateChanged"); n != 3 || s.State() != call.StateActive {
			t.Errorf("state %v, told %q", s.State(), door.recorder.Lines())
		}
	})
}
