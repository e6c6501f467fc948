package call

import (
	"slices"
	"time"
)

// signal takes a signal of a peer. Who sent it was checked; what it says was
// not.
func (m *machine) signal(now time.Time, s Signal) {
	p := m.peer(s.Peer.User)
	if p == nil || !m.live() {
		return
	}
	switch s.Type {
	case SignalCall:
		m.callReceived(now, p, s)
	case SignalAccept:
		m.acceptReceived(now, p, s)
	case SignalReject:
		m.rejectReceived(p, s)
	case SignalHangUp:
		m.hangUpReceived(now, p, s)
	case SignalCandidates:
		m.candidatesReceived(p, s)
	case SignalUpdate:
		m.updateReceived(now, p, s)
	}
}

// callReceived takes an offer: the initiator's, which is repeated until it is
// answered, or in a group that of a callee with a higher id. In NEW it is kept
// for accept; in ACTIVE it is answered at once.
func (m *machine) callReceived(now time.Time, p *peer, s Signal) {
	switch {
	case s.SDP == "" || !m.incoming() && m.state == StateNew:
	case p.phase == peerIdle:
		p.offer, p.resource = s.SDP, s.Peer.Resource
		if m.state == StateActive {
			m.answer(p)
		}
	case p.phase == peerJoined && !p.acceptedAt.IsZero() && !p.connected() &&
		now.Sub(p.acceptedAt) >= acceptRetry && p.repair.role == repairIdle && !p.repair.told:
		p.resource = s.Peer.Resource
		m.sendAccept(now, p)
	}
}

// acceptReceived joins the device that accepted first. Another one of the same
// user is told to stop; it would wait for media in vain.
func (m *machine) acceptReceived(now time.Time, p *peer, s Signal) {
	switch {
	case m.state != StateActive:
		if p.updates.take(now, updateBurst, updateRate) {
			m.tell(notice{kind: onInvalidEvents, event: "onAccept", user: p.user, ext: s.Extension})
		}
	case s.SDP == "":
	case p.phase == peerDialing && p.rung:
		p.resource = s.Peer.Resource
		p.join(now.Add(m.cfg.AnswerTimeInterval))
		m.tell(notice{kind: onAcceptCall, user: p.user, ext: s.Extension})
		m.do(ApplyAnswer{Peer: m.key(p), Answer: s.SDP})
		m.addEarly(p)
		m.settle(p)
		p.repair.retryAt = now.Add(firstRetry)
	case p.phase != peerJoined || !p.acceptedAt.IsZero():
	case p.bound(s.Peer.Resource):
		if p.updates.take(now, updateBurst, updateRate) {
			m.tell(notice{kind: onAcceptCall, user: p.user, ext: s.Extension})
		}
	default:
		m.turnAway(now, p, s.Peer.Resource)
	}
}

// joinByOffer takes an offer to repair the connection from a peer that we still
// ring: it has accepted, and the accept was lost.
func (m *machine) joinByOffer(now time.Time, p *peer, s Signal) {
	p.bind(s.Peer.Resource)
	p.join(now.Add(m.cfg.AnswerTimeInterval))
	m.tell(notice{kind: onAcceptCall, user: p.user, ext: s.Extension})
	m.answerRepair(now, p, *s.Reconnect)
}

// settle ends an offer/answer exchange from the offerer's side: candidates
// found since the offer was made may go now.
func (m *machine) settle(p *peer) {
	p.link.settled = true
	m.closeAside(p)
	m.sendCandidates(p, p.link.late)
}

// rejectReceived closes a peer that declines or is busy. After an accept only
// the accepting device counts: others of the user may decline in vain. A
// description in it says that it is the answer of a busy device to a late
// repeat of our `call`: one that is in the call leaves it with hangUp.
func (m *machine) rejectReceived(p *peer, s Signal) {
	switch {
	case p.phase == peerClosed || m.unheardOf(p):
	case p.phase == peerJoined && s.SDP != "":
	case p.phase == peerJoined && !p.bound(s.Peer.Resource):
		p.turnAway(s.Peer.Resource)
	default:
		m.tell(notice{kind: onRejectCall, user: p.user, ext: s.Extension})
		m.closePeer(p)
	}
}

// hangUpReceived closes a peer that leaves. A hangUp of a device that is not
// in the call is most likely of one that still rings, but may be of the one in
// the call whose link to the server was replaced: it counts if the connection
// is broken, or breaks soon.
func (m *machine) hangUpReceived(now time.Time, p *peer, s Signal) {
	switch {
	case p.phase == peerClosed || m.unheardOf(p):
	case p.phase == peerJoined && slices.Contains(p.away, s.Peer.Resource):
	case p.phase == peerJoined && !p.steers(now, s.Peer.Resource):
		p.suspectUntil, p.suspectExt = now.Add(heldTime), s.Extension
		m.probe(now, p)
	default:
		m.stopped(p, s.Extension)
	}
}

// unheardOf says whether the peer cannot know of the session yet.
func (m *machine) unheardOf(p *peer) bool { return !m.incoming() && !p.rung }

func (m *machine) stopped(p *peer, ext Extension) {
	m.tell(notice{kind: onStopCall, user: p.user, ext: ext})
	m.closePeer(p)
}

// candidatesReceived hands candidates on, or keeps some until there is a
// PeerConnection that has the peer's description.
func (m *machine) candidatesReceived(p *peer, s Signal) {
	list := slices.DeleteFunc(slices.Clone(s.Candidates), func(c Candidate) bool {
		return c.Candidate == "" || len(c.Candidate)+len(c.SDPMid) > maxCandidate
	})
	list = list[:min(len(list), maxEarly)]
	switch {
	case len(list) == 0 || p.phase == peerClosed || m.unheardOf(p):
	case p.phase == peerIdle || p.phase == peerDialing:
		if p.earlyFrom != s.Peer.Resource {
			p.early, p.earlyFrom = nil, s.Peer.Resource
		}
		p.early = append(p.early, list[:min(len(list), maxEarly-len(p.early))]...)
	case p.bound(s.Peer.Resource):
		m.addCandidates(p, list)
	}
}

// updateReceived hands the app's data on; a reconnection is an update to the
// app too, without data, as in the SDK.
func (m *machine) updateReceived(now time.Time, p *peer, s Signal) {
	d := s.Reconnect
	repairing := d != nil && d.SDP != "" && d.OfferID != ""
	switch resource := s.Peer.Resource; {
	case p.phase == peerDialing && p.rung && isOffer(d):
		m.joinByOffer(now, p, s)
		return
	case p.phase != peerJoined:
		return
	case !p.bound(resource) && !(repairing && p.steers(now, resource)):
		m.doubt(now, p, s)
		return
	}
	if p.updates.take(now, updateBurst, updateRate) {
		m.tell(notice{kind: onUpdateCall, user: p.user, ext: s.Extension})
	}
	if repairing {
		m.reconnectReceived(now, p, s.Peer.Resource, *d)
	}
}
