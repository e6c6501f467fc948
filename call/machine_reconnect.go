package call

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

const (
	// repairGrace is how long a broken connection has to recover by itself
	// (SDK: fixed 5 s).
	repairGrace = 5 * time.Second
	// repairResend spaces the copies of an unanswered offer. An SDK with the
	// higher id restarts its negotiation on each, so it is more than 3 s.
	repairResend = 5 * time.Second
	// repairRetry is how long an exchanged pair of descriptions has to connect
	// before another offer is made.
	repairRetry = 8 * time.Second
	// repairSpacing is the least time between two answers to one peer: each
	// costs a PeerConnection.
	repairSpacing = 250 * time.Millisecond
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
//	        disconnected,      grace over       answer to our offer
//	        failed
//	whole ───────▶ broken ────────────▶ offering ────┐
//	  ▲              │ their offer        │ their    │
//	  │              ▼                    ▼ offer    ▼
//	  │           answering ◀─────────────┘      connecting
//	  │ connected    │                               │
//	  └──────────────┴───────────────────────────────┘
//
// Anything but whole ends at giveUpBy with the peer closed.
type repair struct {
	told       bool // OnReconnect(Reconnecting) was told
	role       repairRole
	offerID    string
	sent       bool      // the description was sent
	graceUntil time.Time // make an offer then
	retryAt    time.Time // try again then
	giveUpBy   time.Time
	answered   string // id of their last offer taken, and when
	answeredAt time.Time
}

func (r *repair) nextTimeout() time.Time { return earliest(r.graceUntil, r.retryAt, r.giveUpBy) }

// broken starts the repair.
func (m *machine) broken(now time.Time, p *peer) {
	r := &p.repair
	if r.told {
		return
	}
	r.told, p.joinBy = true, time.Time{}
	m.armGiveUp(now, r)
	if r.role == repairIdle {
		r.graceUntil = now.Add(repairGrace)
	}
	m.tell(notice{kind: onReconnect, user: p.user, reconnection: Reconnecting})
}

func (m *machine) armGiveUp(now time.Time, r *repair) {
	if r.giveUpBy.IsZero() {
		r.giveUpBy = now.Add(m.cfg.DisconnectTimeInterval)
	}
}

// repaired ends the repair: the connection is up.
func (m *machine) repaired(p *peer) {
	told := p.repair.told
	p.repair = repair{answeredAt: p.repair.answeredAt, answered: p.repair.answered}
	p.suspectUntil, p.suspectExt = time.Time{}, nil
	if told {
		m.tell(notice{kind: onReconnect, user: p.user, reconnection: Reconnected})
	}
}

// giveUp closes a peer whose connection could not be repaired. Nothing is
// sent, as in the SDK, which does the same at the same time.
func (m *machine) giveUp(p *peer) {
	m.tell(notice{kind: onReconnect, user: p.user, reconnection: ReconnectionFailed})
	p.state = ConnectionClosed
	m.tell(notice{kind: onSessionConnectionStateChanged, user: p.user, connection: ConnectionClosed})
	m.closePeer(p)
}

// advanceRepair makes an offer after the grace time, and tries again when
// nothing came of the last exchange.
func (m *machine) advanceRepair(now time.Time, p *peer) {
	r := &p.repair
	switch {
	case due(r.graceUntil, now):
		m.offerRepair(now, p)
	case due(r.retryAt, now) && r.role == repairOffering && r.sent && p.link.open && !p.link.settled:
		m.sendRepair(now, p, Offer)
	case due(r.retryAt, now):
		m.offerRepair(now, p)
	}
}

// offerRepair makes a new PeerConnection and asks it for an offer.
func (m *machine) offerRepair(now time.Time, p *peer) {
	m.reopen(p)
	r := &p.repair
	r.role, r.sent, r.graceUntil = repairOffering, false, time.Time{}
	r.offerID = offerID(m.seed, m.key(p))
	r.retryAt = now.Add(repairRetry)
	m.armGiveUp(now, r)
	m.do(CreateOffer{Peer: m.key(p)})
}

// answerRepair makes a new PeerConnection and asks it for the answer to the
// peer's offer.
func (m *machine) answerRepair(now time.Time, p *peer, d ReconnectDescription) {
	m.reopen(p)
	r := &p.repair
	r.role, r.sent, r.graceUntil = repairAnswering, false, time.Time{}
	r.offerID, r.answered, r.answeredAt = d.OfferID, d.OfferID, now
	r.retryAt = now.Add(repairRetry)
	m.armGiveUp(now, r)
	p.joinBy = time.Time{}
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
		r.retryAt = now.Add(repairRetry)
		p.link.settled, p.repeatAt = true, now.Add(candidatesDelay)
	default:
		return
	}
	s := m.newSignal(p, SignalUpdate)
	s.Reconnect = &ReconnectDescription{OfferID: r.offerID, Type: t, SDP: p.link.sdp}
	m.send(s)
	r.sent = true
}

// reconnectReceived takes the peer's offer or its answer to ours.
func (m *machine) reconnectReceived(now time.Time, p *peer, d ReconnectDescription) {
	r := &p.repair
	switch {
	case d.Type == Answer:
		if r.role == repairOffering && r.sent && !p.link.settled && d.OfferID == r.offerID && p.link.open {
			r.retryAt = now.Add(repairRetry)
			m.do(ApplyAnswer{Peer: m.key(p), Answer: d.SDP})
			m.settle(p)
		}
	case d.Type != Offer || r.role == repairIdle && d.OfferID == r.answered:
	case r.role == repairAnswering && d.OfferID == r.offerID && p.link.open:
		if r.sent {
			m.sendRepair(now, p, Answer)
		}
	case r.role == repairOffering && !p.link.settled && p.link.open && p.user < m.cfg.Self:
		if r.sent {
			m.sendRepair(now, p, Offer)
		}
	case now.Sub(r.answeredAt) >= repairSpacing:
		m.answerRepair(now, p, d)
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
