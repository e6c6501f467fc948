package call

import (
	"fmt"
	"slices"
)

// check applies actions to the model, and says what guarantee they break.
func (w *walk) check(acts []action) error {
	for _, a := range acts {
		w.logf("    %T %+v", a, a)
		if err := w.apply(a); err != nil {
			return err
		}
	}
	for _, m := range w.board.live {
		if !m.live() {
			return fmt.Errorf("session %s lives in state %v", m.id, m.state)
		}
	}
	if n := len(w.board.limiter.users); n > maxLimited {
		return fmt.Errorf("limiter holds %d users", n)
	}
	if n := len(w.board.over.entries); n > maxOver {
		return fmt.Errorf("memory holds %d sessions", n)
	}
	return nil
}

func (w *walk) apply(a action) error {
	switch a := a.(type) {
	case doMedia:
		return w.applyMedia(a.command)
	case sendSignal:
		return w.applySignal(a.signal)
	case tell:
		return w.applyNotice(a.notice)
	case release:
		s, _ := a.stream.(*walkStream)
		if _, ok := w.streams[s]; !ok {
			return fmt.Errorf("stream released twice")
		}
		delete(w.streams, s)
	case opened:
		delete(w.closed, a.machine.id)
	case ended:
		return w.applyEnded(a.session)
	}
	return nil
}

func (w *walk) applyMedia(c MediaCommand) error {
	var k PeerKey
	switch c := c.(type) {
	case OpenPeer:
		if w.open[c.Peer] {
			return fmt.Errorf("opened twice: %v", c.Peer)
		}
		if !w.permitted(c.Peer.Session, c.Peer.User) {
			return fmt.Errorf("stranger %v gets media", c.Peer)
		}
		w.open[c.Peer] = true
		if n := w.openOf(c.Peer); n > 2 {
			return fmt.Errorf("%d PeerConnections open at once: %v", n, c.Peer)
		}
		return nil
	case SetMuted:
		return nil
	case ClosePeer:
		if !w.open[c.Peer] {
			return fmt.Errorf("closed but not open: %v", c.Peer)
		}
		delete(w.open, c.Peer)
		return nil
	case CreateOffer:
		k = c.Peer
		w.asked = append(w.asked, LocalDescription{Peer: k, Type: Offer, SDP: "v=0"})
	case CreateAnswer:
		k = c.Peer
		w.asked = append(w.asked, LocalDescription{Peer: k, Type: Answer, SDP: "v=0", Candidates: []Candidate{{Candidate: "candidate:3"}}})
	case ApplyAnswer:
		k = c.Peer
	case Probe:
		k = c.Peer
	case AddCandidates:
		k = c.Peer
		if len(c.Candidates) == 0 {
			return fmt.Errorf("no candidates for %v", k)
		}
	}
	if !w.open[k] {
		return fmt.Errorf("%T for a PeerConnection that is not open: %v", c, k)
	}
	return nil
}

// openOf counts the PeerConnections that are open with a peer.
func (w *walk) openOf(k PeerKey) int {
	n := 0
	for o := range w.open {
		if o.Session == k.Session && o.User == k.User {
			n++
		}
	}
	return n
}

// permitted says whether u may see and hear in a session.
func (w *walk) permitted(id SessionID, u UserID) bool {
	return u < walkStranger || slices.Contains(w.own[id], u)
}

func (w *walk) applySignal(s Signal) error {
	if s.Type == SignalAccept {
		w.joined++
	}
	switch {
	case s.Peer.User == w.cfg.Self || s.Peer.User == 0:
		return fmt.Errorf("signal to %v", s.Peer)
	case s.Type == SignalCandidates && len(s.Candidates) == 0:
		return fmt.Errorf("iceCandidates without candidates: deafens the SDK")
	case (s.Type == SignalCall || s.Type == SignalAccept) && s.SDP == "":
		return fmt.Errorf("%s without description", s.Type)
	case s.Type != SignalReject && len(s.Opponents) == 0:
		return fmt.Errorf("%s without opponents: deafens the SDK", s.Type)
	case s.Type != SignalReject && !w.permitted(s.Session, s.Peer.User):
		return fmt.Errorf("%s to a stranger", s.Type)
	}
	return nil
}

func (w *walk) applyNotice(n notice) error {
	switch {
	case n.kind == 0:
		return fmt.Errorf("a refused request had actions")
	case n.kind == onInvalidEvents:
	case w.closed[n.session]:
		return fmt.Errorf("event %d after onSessionClose of %s", n.kind, n.session)
	case n.kind == onCall && w.called[n.session]:
		return fmt.Errorf("onCall twice for %s", n.session)
	case n.kind == onAcceptCall:
		w.joined++
	case n.kind == onCall:
		w.called[n.session] = true
	case n.kind == onSessionClose:
		w.closed[n.session] = true
		delete(w.called, n.session)
	case w.own[n.session] == nil && !w.called[n.session]:
		return fmt.Errorf("event %d before onCall of %s", n.kind, n.session)
	}
	return nil
}

func (w *walk) applyEnded(id SessionID) error {
	if !w.closed[id] {
		return fmt.Errorf("session %s ended without onSessionClose", id)
	}
	for k := range w.open {
		if k.Session == id {
			return fmt.Errorf("media left on after CLOSED: %v", k)
		}
	}
	for _, of := range w.streams {
		if of == id {
			return fmt.Errorf("stream left open after CLOSED: %s", id)
		}
	}
	return nil
}
