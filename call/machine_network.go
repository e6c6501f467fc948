package call

import "time"

const (
	// resumeMoment is how long an offer of ours waits once signalling goes on
	// where it broke off: an offer of the peer may be among what the server
	// kept, and answering it takes one exchange less. An SDK with the higher id
	// would answer ours with yet another offer, so it is given longer.
	resumeMoment       = 50 * time.Millisecond
	resumeMomentHigher = 150 * time.Millisecond
	// returnMoment is the same for a peer with the higher id when the network
	// is back but signalling was not heard to have broken: it may be, and then
	// takes this long to notice.
	returnMoment = 300 * time.Millisecond
	// probeSpacing is the least time between two probes that signals of a peer
	// cause.
	probeSpacing = time.Second
)

// networkChanged looks after every peer once the device's network is usable.
// While it is not, no PeerConnection is opened: it would have no address. A
// network that came back elsewhere has broken every connection; one that changed
// without being away may only have got another address.
func (m *machine) networkChanged(now time.Time, e NetworkEvent, elsewhere bool) {
	if m.around.down {
		return
	}
	for _, p := range m.livePeers() {
		anew := e == NetworkMoved || !p.link.open
		switch {
		case p.phase == peerJoined:
			m.lookAfter(now, p, elsewhere)
		case p.phase == peerDialing && anew:
			m.offer(p)
		case p.phase == peerAnswering && anew:
			m.makeAnswer(p)
		}
	}
}

// lookAfter finds out whether the connection to a peer survived, or replaces
// it at once where that is known already.
func (m *machine) lookAfter(now time.Time, p *peer, elsewhere bool) {
	r := &p.repair
	switch {
	case elsewhere, r.role != repairIdle && p.link.settled:
		m.offerSoon(now, p)
	case r.role != repairIdle:
	case m.brokenLong(now, p) && p.user > m.cfg.Self && !m.around.offline:
		r.offerAt = now.Add(returnMoment)
	default:
		m.lookNow(now, p)
	}
}

// lookNow has a connection that may be broken looked at, unless it is known to
// be: then an offer is due.
func (m *machine) lookNow(now time.Time, p *peer) {
	switch {
	case m.brokenLong(now, p):
		p.repair.offerAt = now
	case p.link.open && (p.repair.offerAt.IsZero() || p.repair.told):
		m.do(Probe{Peer: m.key(p)})
	}
}

// signalingChanged sends again what a peer needs to know and may not have
// heard.
func (m *machine) signalingChanged(now time.Time, e signalingChanged) {
	if !e.online {
		return
	}
	for _, p := range m.livePeers() {
		if p.phase != peerJoined {
			continue
		}
		if p.repair.told && p.repair.role == repairIdle {
			m.lookNow(now, p)
		}
		if e.resumed {
			m.giveMoment(now, p)
		} else {
			m.sendLost(now, p)
		}
	}
}

// giveMoment lets an offer of the peer that waited at the server come first. It
// makes one once the connection was broken for its grace time.
func (m *machine) giveMoment(now time.Time, p *peer) {
	if !m.brokenLong(now, p) {
		return
	}
	moment := resumeMoment
	if p.user > m.cfg.Self {
		moment = resumeMomentHigher
	}
	if r := &p.repair; !r.offerAt.IsZero() && r.offerAt.Before(now.Add(moment)) {
		r.offerAt = now.Add(moment)
	}
}

// sendLost sends the running exchange again. What else may have been lost the
// Signaler queues again by itself, or it is repeated anyway.
func (m *machine) sendLost(now time.Time, p *peer) {
	r := &p.repair
	switch {
	case p.connected() || !p.link.open:
	case r.role == repairOffering && !p.link.settled && m.around.lost(r.sentAt):
		r.retryAt = earliest(r.retryAt, m.nextOffer(now, p))
	case r.role == repairAnswering && m.around.lost(r.sentAt):
		m.sendRepair(now, p, Answer)
	case r.role == repairIdle && !r.told && m.around.lost(p.acceptedAt):
		m.sendAccept(now, p)
	}
}

// probe has the path to a peer looked at because of something a peer said. If
// that is too soon after the last time it returns when it may be done.
func (m *machine) probe(now time.Time, p *peer) (later time.Time) {
	if at := p.probedAt.Add(probeSpacing); !p.probedAt.IsZero() && at.After(now) {
		return at
	}
	if p.link.open {
		p.probedAt = now
		m.do(Probe{Peer: m.key(p)})
	}
	return time.Time{}
}

// pathProbed takes the outcome of a probe. A path that works is left alone: if
// the connection was lost, the PeerConnection tells that it is back.
func (m *machine) pathProbed(now time.Time, p *peer, alive bool) {
	switch r := &p.repair; {
	case p.phase != peerJoined || r.role != repairIdle:
	case alive:
		m.refute(now, p)
	case now.Before(p.suspectUntil):
		m.stopped(p, p.suspectExt)
	case r.held.valid(now):
		m.follow(now, p)
	default:
		m.offerSoon(now, p)
	}
}
