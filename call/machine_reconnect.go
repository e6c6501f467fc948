package call

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

const (
	// peerGrace is how long an SDK gives a broken connection to recover by
	// itself, before it closes its PeerConnection and offers a new one.
	peerGrace = 5 * time.Second
	// repairGrace is how long we do. An SDK that can reach the server offers
	// before; one that cannot keeps its PeerConnection until it can, and the
	// connection comes back with its network if ours is still there, too: ours
	// is kept beside the new one (machine_aside.go).
	repairGrace = 9 * time.Second
	// repairResend is how long an offer stays unanswered before it is sent
	// again, or made anew.
	repairResend = 4 * time.Second
	// spacingHigher and spacingLower are the least times between two offers to
	// a peer with a higher or a lower id. An SDK with the higher id begins its
	// negotiation anew on each.
	spacingHigher = 3 * time.Second
	spacingLower  = time.Second
	// crossedSpacing is the same for a peer with a lower id whose own offer came
	// meanwhile: ours was lost unless both were under way at the same time.
	crossedSpacing = 150 * time.Millisecond
	// repairRetry is how long an exchanged pair of descriptions has to connect
	// before another offer is made.
	repairRetry = 8 * time.Second
	// firstRetry is the same for the descriptions of call and accept.
	firstRetry = 10 * time.Second
	// unsureTime is for how long after a repair a new resource is believed.
	unsureTime = 8 * time.Second
	// answerSpacing is the least time between two answers to one peer, be it to
	// copies of the same offer.
	answerSpacing = 250 * time.Millisecond
	// repairBurst, repairRate and maxTries limit the PeerConnections that
	// repairing the connection to one peer may cost: so many at once, so many a
	// second, and so many that never connect.
	repairBurst = 5
	repairRate  = 0.5
	maxTries    = 32
)

// repairRole is our part in the exchange that replaces a PeerConnection.
type repairRole int

const (
	repairIdle      repairRole = iota
	repairOffering             // our offer is made or sent
	repairAnswering            // their offer is answered
)

// repair is the replacement of a broken PeerConnection by a new one. Both
// sides do the same: they wait a grace time, then offer. If both offer, the
// offer of the user with the higher id goes first.
//
//	        disconnected,      grace over, or  answer to our offer
//	        failed             path known dead
//	whole ───────▶ broken ────────────▶ offering ────┐
//	  ▲              │ their offer        │ their    │
//	  │              ▼                    ▼ offer    ▼
//	  │           answering ◀─────────────┘      connecting
//	  │ connected    │                               │
//	  └──────────────┴───────────────────────────────┘
//
// Anything but whole ends at giveUpBy with the peer closed. An offer is made
// only while the network and the link to the server are up.
type repair struct {
	told     bool // OnReconnect(Reconnecting) was told
	role     repairRole
	offerID  string
	sentAt   time.Time // when the description was last sent
	offerAt  time.Time // make an offer then, or as soon as it can reach the peer
	retryAt  time.Time // nothing came of the exchange by then: try again
	giveUpBy time.Time
	crossed  bool // an offer of the peer came while ours was under way
	tries    int  // PeerConnections since there was a connection

	// What outlives a repair:
	budget     bucket
	applied    [sha256.Size]byte // hash of the answer that was applied to offerID
	answered   string            // id of their last offer taken, and when
	answeredAt time.Time
	held       *heldOffer

	// An SDK that gets a new resource during a repair may offer once more, and
	// has forgotten, but not closed, the PeerConnection that was repaired.
	unsureUntil time.Time
}

// nextTimeout returns the next deadline; offers wait until they can reach the
// peer.
func (r *repair) nextTimeout(ready bool) time.Time {
	next := earliest(r.retryAt, r.giveUpBy)
	if ready {
		next = earliest(next, r.offerAt)
	}
	if r.held != nil {
		next = earliest(next, r.held.answerAt, r.held.probeAt)
	}
	return next
}

// sent says whether the description of the running exchange was sent.
func (r *repair) sent() bool { return !r.sentAt.IsZero() }

// broken starts the repair of a connection that was lost.
func (m *machine) broken(now time.Time, p *peer) {
	r := &p.repair
	if r.told {
		return
	}
	m.reconnecting(now, p)
	switch {
	case r.role != repairIdle || !r.offerAt.IsZero():
	case r.held.valid(now):
		m.follow(now, p)
	default:
		r.offerAt = now.Add(repairGrace)
	}
}

// reconnecting tells that the connection is being repaired, once, and from then
// on counts the time until it is given up.
func (m *machine) reconnecting(now time.Time, p *peer) {
	p.joinBy = time.Time{}
	if r := &p.repair; !r.told {
		r.told, r.giveUpBy = true, now.Add(m.cfg.DisconnectTimeInterval)
		m.tell(notice{kind: onReconnect, user: p.user, reconnection: Reconnecting})
	}
}

// repaired ends the repair: the connection is up.
func (m *machine) repaired(now time.Time, p *peer) {
	r := &p.repair
	told, unsure := r.told, r.unsureUntil
	if r.role != repairIdle {
		unsure = now.Add(unsureTime)
	}
	p.repair = repair{
		offerID: r.offerID, applied: r.applied, answeredAt: r.answeredAt, answered: r.answered,
		budget: r.budget, unsureUntil: unsure, held: r.held,
	}
	p.suspectUntil, p.suspectExt = time.Time{}, nil
	if told {
		m.tell(notice{kind: onReconnect, user: p.user, reconnection: Reconnected})
	}
}

// giveUp closes a peer whose connection could not be repaired. The SDK does
// the same at the same time. One that did not notice that anything is wrong
// would stay in the call alone, so it is told a little later.
func (m *machine) giveUp(p *peer) {
	m.fail(p, errors.New("connection lost, and not repaired in time"))
	m.out = append(m.out, sendLater{m.newSignal(p, SignalHangUp)})
	m.tell(notice{kind: onReconnect, user: p.user, reconnection: ReconnectionFailed})
	p.state = ConnectionClosed
	m.tell(notice{kind: onSessionConnectionStateChanged, user: p.user, connection: ConnectionClosed})
	m.closePeer(p)
}

// advanceRepair does what the repair waited for.
func (m *machine) advanceRepair(now time.Time, p *peer) {
	r := &p.repair
	m.advanceHeld(now, p)
	if due(r.retryAt, now) {
		m.retry(now, p)
	}
	if due(r.offerAt, now) && m.around.ready() {
		m.offerRepair(now, p)
	}
}

// retry tries again when nothing came of an exchange. A peer with a lower id
// makes a new PeerConnection for every copy of an offer, so only its answer to
// the last one is of use, and each copy has to be an offer of its own.
func (m *machine) retry(now time.Time, p *peer) {
	r := &p.repair
	r.retryAt = time.Time{}
	m.reconnecting(now, p)
	if m.around.ready() && m.offering(p) && r.sent() && p.user > m.cfg.Self {
		m.sendRepair(now, p, Offer)
		return
	}
	r.offerAt = now
}

// offering says whether an offer of ours is made or sent, and not answered.
func (m *machine) offering(p *peer) bool {
	return p.repair.role == repairOffering && p.link.open && !p.link.settled
}

// brokenLong says whether a connection is broken for so long that the peer, if it
// can reach the server, has closed its PeerConnection.
func (m *machine) brokenLong(now time.Time, p *peer) bool {
	r := &p.repair
	return r.told && !now.Before(r.giveUpBy.Add(peerGrace-m.cfg.DisconnectTimeInterval))
}

// offerSoon has an offer made as early as it is allowed.
func (m *machine) offerSoon(now time.Time, p *peer) {
	r := &p.repair
	r.offerAt, r.retryAt = m.nextOffer(now, p), time.Time{}
}

// nextOffer returns when the next offer may be sent.
func (m *machine) nextOffer(now time.Time, p *peer) time.Time {
	spacing := spacingLower
	if p.user > m.cfg.Self {
		spacing = spacingHigher
	}
	if at := p.repair.sentAt.Add(spacing); p.repair.role == repairOffering && p.repair.sent() && at.After(now) {
		return at
	}
	return now
}

// afford returns now if another PeerConnection may be made for a peer, or when
// it may. It is zero if there were too many already.
func (m *machine) afford(now time.Time, p *peer) time.Time {
	r := &p.repair
	switch {
	case r.tries >= maxTries:
		return time.Time{}
	case r.budget.take(now, repairBurst, repairRate):
		r.tries++
		return now
	}
	return r.budget.next(repairBurst, repairRate)
}

// offerRepair makes a new PeerConnection and asks it for an offer. The old one
// stays beside it while it may come back.
func (m *machine) offerRepair(now time.Time, p *peer) {
	r := &p.repair
	m.reconnecting(now, p)
	if r.offerAt = m.afford(now, p); !r.offerAt.Equal(now) {
		return
	}
	m.setAside(p)
	m.reopen(p)
	r.role, r.sentAt, r.offerAt, r.crossed = repairOffering, time.Time{}, time.Time{}, false
	r.offerID = offerID(m.seed, m.key(p))
	r.retryAt = now.Add(repairRetry)
	m.do(CreateOffer{Peer: m.key(p)})
}

// answerRepair makes a new PeerConnection and asks it for the answer to the
// peer's offer. An offer that comes too soon after others waits; the newest
// counts.
func (m *machine) answerRepair(now time.Time, p *peer, d ReconnectDescription) {
	r := &p.repair
	at := r.answeredAt.Add(answerSpacing)
	if r.answeredAt.IsZero() || !at.After(now) {
		at = m.afford(now, p)
	}
	if !at.Equal(now) {
		r.held = nil
		if !at.IsZero() {
			r.held = &heldOffer{description: d, resource: p.resource, answerAt: at, until: now.Add(heldTime)}
		}
		return
	}
	p.joinBy = time.Time{}
	m.closeAside(p)
	m.reopen(p)
	r.role, r.sentAt, r.offerAt, r.held = repairAnswering, time.Time{}, time.Time{}, nil
	r.offerID, r.answered, r.answeredAt = d.OfferID, d.OfferID, now
	r.retryAt = now.Add(repairRetry)
	m.do(CreateAnswer{Peer: m.key(p), Offer: d.SDP})
}

// sendRepair sends the description of the running repair, to every device: the
// peer's resource changes when its link to the server was replaced too.
func (m *machine) sendRepair(now time.Time, p *peer, t DescriptionType) {
	r := &p.repair
	switch {
	case r.role == repairOffering && t == Offer:
		r.retryAt = now.Add(repairResend)
	case r.role == repairAnswering && t == Answer:
		if !r.sent() { // who asks again does not have more time to connect
			r.retryAt = now.Add(repairRetry)
		}
		p.link.settled, p.repeatAt = true, now.Add(candidatesDelay)
	default:
		return
	}
	s := m.newSignal(p, SignalUpdate)
	s.Reconnect = &ReconnectDescription{OfferID: r.offerID, Type: t, SDP: p.link.sdp}
	m.send(s)
	r.sentAt = now
}

// reconnectReceived takes the peer's offer or its answer to ours. The device
// whose description is taken is the one in the call from then on.
func (m *machine) reconnectReceived(now time.Time, p *peer, resource string, d ReconnectDescription) {
	r := &p.repair
	switch {
	case d.Type == Answer:
		m.answerReceived(now, p, resource, d)
	case d.Type != Offer || r.role == repairIdle && d.OfferID == r.answered:
	case r.role == repairAnswering && d.OfferID == r.offerID && p.link.open:
		if r.sent() && now.Sub(r.sentAt) >= answerSpacing {
			m.sendRepair(now, p, Answer)
		}
	case m.offering(p) && r.sent() && p.user < m.cfg.Self:
		// Ours goes first. If theirs crossed it on the way its answer may
		// follow; if ours was lost, another one has to be made.
		m.closeAside(p)
		r.crossed, r.retryAt = true, earliest(r.retryAt, r.sentAt.Add(crossedSpacing))
	default:
		p.bind(resource)
		m.answerRepair(now, p, d)
	}
}

// answerReceived applies the answer to our last offer, and no other. A second,
// different answer means that two copies of the offer arrived, and that the
// PeerConnection of the first answer is gone. Where two offers crossed the
// answer is of no use either: an SDK whose grace time ends while it answers
// goes on with its own offer. Another offer of ours is clear, also where ours was
// withdrawn meanwhile: who answers it has closed what we are connected to.
func (m *machine) answerReceived(now time.Time, p *peer, resource string, d ReconnectDescription) {
	r := &p.repair
	hash := sha256.Sum256([]byte(d.SDP))
	switch {
	case r.role == repairIdle && m.withdrawn(p, d.OfferID):
		m.offerSoon(now, p)
	case d.OfferID != r.offerID || r.role == repairAnswering:
	case m.offering(p) && r.sent() && r.crossed:
		r.offerAt, r.retryAt = now, time.Time{}
	case m.offering(p) && r.sent():
		p.bind(resource)
		r.applied, r.retryAt = hash, now.Add(repairRetry)
		if r.held != nil && r.held.answerAt.IsZero() {
			r.held = nil // it was about what is repaired now
		}
		m.do(ApplyAnswer{Peer: m.key(p), Answer: d.SDP})
		m.settle(p)
	case !p.bound(resource) || !p.link.settled || hash == r.applied:
	case r.role == repairOffering:
		m.offerSoon(now, p)
	default:
		m.probe(now, p)
	}
}

// offerID names the offer of a PeerConnection: a UUID of version 8 (RFC 9562
// section 5.8) derived from the session's secret, so that nobody else can
// guess it and the machine needs no source of randomness.
func offerID(seed string, key PeerKey) string {
	h := sha256.New()
	h.Write([]byte(seed))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(key.User)))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(key.Generation)))
	var b [16]byte
	copy(b[:], h.Sum(nil))
	return formatUUID(b, 8)
}
