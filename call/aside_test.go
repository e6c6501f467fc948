package call_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// beside returns a call whose peer went silent: our first offer is sent, and
// both PeerConnections are open.
func beside(w *world, peer call.UserID) (*party, *call.Session) {
	w.t.Helper()
	door, s := connected(w, peer)
	iceState(door, s, peer, 0, call.ConnectionDisconnected)
	pass(9 * time.Second)
	wantOpen(w, door, 0, 1)
	return door, s
}

// wantOpen compares the generations that are open.
func wantOpen(w *world, p *party, want ...int) {
	w.t.Helper()
	var got []int
	for _, k := range p.media.Open() {
		got = append(got, k.Generation)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.t.Errorf("generations %v are open, want %v", got, want)
	}
}

// TestBesideEnds checks which PeerConnections are left, whatever ends the time
// of two.
func TestBesideEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		peer call.UserID
		do   func(*world, *party, *call.Session)
		want []int
	}{
		{"answer", 101, func(w *world, p *party, s *call.Session) { p.Receive(reconnect(s, 101, offered(w, p), call.Answer)) }, []int{1}},
		{"offer of the higher id", 103, func(_ *world, p *party, s *call.Session) { p.Receive(reconnect(s, 103, "theirs", call.Offer)) }, []int{2}},
		{"offer of the lower id", 101, func(_ *world, p *party, s *call.Session) { p.Receive(reconnect(s, 101, "theirs", call.Offer)) }, []int{1}},
		{"old one connected", 101, func(_ *world, p *party, s *call.Session) { iceState(p, s, 101, 0, call.ConnectionConnected) }, []int{0}},
		{"old one completed", 101, func(_ *world, p *party, s *call.Session) { iceState(p, s, 101, 0, call.ConnectionCompleted) }, []int{0}},
		{"old one failed", 101, func(_ *world, p *party, s *call.Session) { iceState(p, s, 101, 0, call.ConnectionFailed) }, []int{1}},
		{"old one closed", 101, func(_ *world, p *party, s *call.Session) { iceState(p, s, 101, 0, call.ConnectionClosed) }, []int{1}},
		{"old one is of no use", 101, func(_ *world, p *party, s *call.Session) { mediaError(p, s, 0) }, []int{1}},
		{"new one is of no use", 101, func(_ *world, p *party, s *call.Session) { mediaError(p, s, 1) }, []int{0}},
		{"offer made anew", 101, func(*world, *party, *call.Session) { pass(4 * time.Second) }, []int{0, 2}},
		{"our addresses are others", 101, func(_ *world, p *party, _ *call.Session) {
			p.NetworkChanged(call.NetworkDown)
			p.NetworkChanged(call.NetworkMoved)
			pass(time.Second)
		}, []int{0, 2}},
		{"given up", 101, func(*world, *party, *call.Session) { pass(30 * time.Second) }, nil},
		{"stopped", 101, func(_ *world, _ *party, s *call.Session) { _ = s.Stop(nil) }, nil},
		{"hung up", 101, func(_ *world, p *party, s *call.Session) {
			p.Receive(call.Signal{Type: call.SignalHangUp, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone"}})
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				door, s := beside(w, c.peer)
				c.do(w, door, s)
				synctest.Wait()
				wantOpen(w, door, c.want...)
			})
		})
	}
}

// offered is the id of the last offer of a party to repair.
func offered(w *world, p *party) string {
	list := repairs(w, p)
	return list[len(list)-1].OfferID
}

func mediaError(p *party, s *call.Session, generation int) {
	p.media.Emit(call.PeerError{Peer: call.PeerKey{Session: s.ID(), User: 101, Generation: generation}, Err: errNoDevice})
}

// TestBesideGoesOn checks what the peer and the app have of the old connection
// while it may come back, and that nothing is left of the other after it did.
func TestBesideGoesOn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		door, s := beside(w, 101)
		if got := s.Peers()[0].State; got != call.ConnectionDisconnected {
			t.Errorf("state %v", got)
		}
		old := call.PeerKey{Session: s.ID(), User: 101}
		found := []call.Candidate{{Candidate: "candidate:2"}}
		door.media.Emit(call.PeerStats{Peer: old})
		door.media.Emit(call.LocalCandidates{Peer: old, Candidates: found})
		door.Receive(call.Signal{
			Type: call.SignalCandidates, Session: s.ID(), Peer: call.Address{User: 101, Resource: "phone"}, Candidates: found,
		})
		synctest.Wait()
		if n, added := door.recorder.Count("onCallStatsReport"), commands[call.AddCandidates](door); n != 1 || added != 2 {
			t.Errorf("%d reports told, candidates given to %d PeerConnections; want 1 and 2", n, added)
		}
		iceState(door, s, 101, 0, call.ConnectionConnected)
		iceState(door, s, 101, 1, call.ConnectionFailed)
		pass(time.Minute)
		w.wantSent(door, call.SignalCall, call.SignalUpdate, call.SignalCandidates)
		if got := s.Peers()[0].State; got != call.ConnectionConnected || s.State() != call.StateActive {
			t.Errorf("state %v, peer %v", s.State(), got)
		}
	})
}

// TestNotBeside checks which connections are not kept: they cannot come back.
func TestNotBeside(t *testing.T) {
	for _, state := range []call.ConnectionState{call.ConnectionFailed, call.ConnectionClosed} {
		bubble(t, func(t *testing.T, w *world) {
			door, s := connected(w, 101)
			iceState(door, s, 101, 0, state)
			pass(9 * time.Second)
			wantOpen(w, door, 1)
		})
	}
	bubble(t, func(t *testing.T, w *world) {
		door, _ := connected(w, 101)
		door.media.SetDead(true)
		door.NetworkChanged(call.NetworkDown)
		door.NetworkChanged(call.NetworkUp)
		synctest.Wait()
		wantOpen(w, door, 1)
	})
}
