package call

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// candidatesDelay is when the candidates are sent again after an answer.
	// The SDK may keep those that come while it still applies the answer until
	// yet another message comes; 300 ms later none were lost.
	candidatesDelay = 400 * time.Millisecond
	// acceptRetry is how long an accept is given to stop the caller's dialing
	// before a further `call` means that it was lost.
	acceptRetry = 2 * time.Second
	// maxEarly bounds the candidates kept of a peer before its description is
	// applied, maxRemote those of one PeerConnection, maxListed those in one
	// signal of ours, and maxTurnedAway the devices of a user remembered.
	maxEarly      = 64
	maxRemote     = 256
	maxListed     = 64
	maxTurnedAway = 8
	// updateBurst and updateRate, per second, limit what the app is told of one
	// peer's updates and accepts that are not the first, or too early.
	updateBurst = 20
	updateRate  = 10
)

// peerPhase is how far a peer has come.
//
//	           dial            accept received
//	┌──────┐───────▶ dialing ─────────────────▶┌────────┐
//	│ idle │ answer            accept sent     │ joined │
//	└──────┘───────▶ answering ───────────────▶└────────┘
//
// Every phase ends in closed, for good.
type peerPhase int

const (
	peerIdle      peerPhase = iota // nothing exchanged; there may be an offer
	peerDialing                    // our offer is made, then sent again and again
	peerAnswering                  // the answer to its offer is made
	peerJoined                     // both descriptions are exchanged
	peerClosed
)

// peer is one other member of the session.
type peer struct {
	user     UserID
	phase    peerPhase
	resource string          // the device that called, or that accepted
	away     []string        // devices turned away: they answered too late
	state    ConnectionState // last told

	offer     string      // of the peer's `call`, newest; until it is answered
	early     []Candidate // of the peer, before its description is applied
	earlyFrom string      // the device they are of

	link       link
	aside      link // what it had before, while that may come back
	generation int  // of the newest PeerConnection there was
	repair     repair

	rung       bool      // a `call` or `accept` was sent: the peer knows our side
	dialAt     time.Time // next repeat of `call`
	joinBy     time.Time // give up unless connected
	repeatAt   time.Time // send the candidates again
	acceptedAt time.Time // when our accept was sent

	suspectUntil time.Time // a hangUp of another device counts until then
	suspectExt   Extension
	probedAt     time.Time // when a signal of the peer last had the path probed
	warnedAt     time.Time // when a device was last told that it is not in the call
	updates      bucket    // what the app is told of its updates, and accepts that change nothing
}

// link is a PeerConnection with a peer and its local description.
type link struct {
	generation int
	made, open bool
	sdp        string      // local description with all candidates so far
	candidates []Candidate // all local ones
	late       []Candidate // those that were not in the first description
	settled    bool        // both descriptions are exchanged
	remote     int         // candidates of the peer
}

// nextTimeout returns the peer's next deadline; ready says whether offers can
// reach it.
func (p *peer) nextTimeout(ready bool) time.Time {
	return earliest(p.dialAt, p.joinBy, p.repeatAt, p.repair.nextTimeout(ready))
}

func (p *peer) connected() bool {
	return p.state == ConnectionConnected || p.state == ConnectionCompleted
}

func (m *machine) key(p *peer) PeerKey { return m.keyOf(p, p.link) }

func (m *machine) keyOf(p *peer, l link) PeerKey {
	return PeerKey{Session: m.id, User: p.user, Generation: l.generation}
}

// join notes that both descriptions are exchanged. The connection has to be up
// at joinBy.
func (p *peer) join(joinBy time.Time) {
	p.phase, p.dialAt, p.joinBy = peerJoined, time.Time{}, joinBy
	if p.connected() {
		p.joinBy = time.Time{}
	}
}

// reopen makes a PeerConnection for a peer, in place of the current one.
func (m *machine) reopen(p *peer) {
	if p.link.made {
		m.closeLink(p)
		p.generation++
		p.link = link{generation: p.generation}
		p.repeatAt, p.early = time.Time{}, nil
		if !p.aside.open {
			p.state = ConnectionUndefined
		}
	}
	p.link.made, p.link.open = true, true
	m.do(OpenPeer{
		Peer: m.key(p), CallType: m.callType, Stream: m.stream,
		Bandwidth: m.bandwidth, StatsInterval: m.cfg.StatsReportTimeInterval,
	})
}

func (m *machine) closeLink(p *peer) {
	if p.link.open {
		p.link.open = false
		m.do(ClosePeer{Peer: m.key(p)})
	}
}

// shut closes a peer and disarms it; the session goes on.
func (m *machine) shut(p *peer) {
	m.closeLink(p)
	m.closeAside(p)
	p.phase = peerClosed
	p.dialAt, p.joinBy, p.repeatAt = time.Time{}, time.Time{}, time.Time{}
	p.repair = repair{}
	p.offer, p.early, p.suspectExt = "", nil, nil
}

// dial rings a peer: `call` is sent once the offer is there.
func (m *machine) dial(p *peer, joinBy time.Time) {
	p.phase, p.joinBy = peerDialing, joinBy
	m.offer(p)
}

// offer opens a PeerConnection and asks for an offer, as soon as there is a
// network.
func (m *machine) offer(p *peer) {
	if !m.around.down {
		m.reopen(p)
		p.dialAt = time.Time{}
		m.do(CreateOffer{Peer: m.key(p)})
	}
}

// answer answers the stored offer: `accept` is sent once the answer is there.
func (m *machine) answer(p *peer) {
	p.phase = peerAnswering
	m.makeAnswer(p)
}

// makeAnswer opens a PeerConnection and asks for the answer, as soon as there
// is a network.
func (m *machine) makeAnswer(p *peer) {
	if m.around.down {
		return
	}
	m.reopen(p)
	m.do(CreateAnswer{Peer: m.key(p), Offer: p.offer})
	m.addEarly(p)
}

// addEarly applies the candidates that came before their description.
func (m *machine) addEarly(p *peer) {
	if len(p.early) > 0 && (p.resource == "" || p.earlyFrom == "" || p.earlyFrom == p.resource) {
		m.addCandidates(p, p.early)
	}
	p.early = nil
}

// addCandidates hands candidates of the peer on, up to a bound. They do not say
// which PeerConnection they are of, so of two each is given them.
func (m *machine) addCandidates(p *peer, list []Candidate) {
	for _, l := range []*link{&p.aside, &p.link} {
		if !l.open {
			continue
		}
		part := list[:min(len(list), maxRemote-l.remote)]
		if l.remote += len(part); len(part) > 0 {
			m.do(AddCandidates{Peer: m.keyOf(p, *l), Candidates: part})
		}
	}
}

// sendCall sends the offer with all candidates known by now. The app's data
// goes with the initiator's own calls only, as in the SDK.
func (m *machine) sendCall(now time.Time, p *peer) {
	s := m.newSignal(p, SignalCall)
	s.SDP, s.Bandwidth = p.link.sdp, m.bandwidth
	if !m.incoming() {
		s.Extension = maps.Clone(m.ext)
	}
	m.send(s)
	p.rung, p.dialAt = true, now.Add(m.cfg.DialingTimeInterval)
}

// sendAccept sends the answer; the candidates follow once more.
func (m *machine) sendAccept(now time.Time, p *peer) {
	s := m.newSignal(p, SignalAccept)
	s.SDP = p.link.sdp
	if p.user == m.initiator {
		s.Extension = maps.Clone(m.ext)
	}
	m.send(s)
	p.join(p.joinBy)
	p.offer = ""
	p.rung, p.link.settled = true, true
	p.acceptedAt, p.repeatAt = now, now.Add(candidatesDelay)
	if !p.connected() {
		p.repair.retryAt = now.Add(firstRetry)
	}
}

// sendCandidates never sends an empty list, which would deafen an SDK, nor one
// that is too long for a receiver.
func (m *machine) sendCandidates(p *peer, list []Candidate) {
	for part := range slices.Chunk(list, maxListed) {
		s := m.newSignal(p, SignalCandidates)
		s.Peer.Resource, s.Candidates = p.resource, slices.Clone(part)
		m.send(s)
	}
}

// advancePeer fires the due deadlines of a peer.
func (m *machine) advancePeer(now time.Time, p *peer) {
	if due(p.joinBy, now) {
		m.notJoined(p)
	}
	if due(p.repair.giveUpBy, now) {
		m.giveUp(p)
	}
	if due(p.dialAt, now) {
		m.sendCall(now, p)
	}
	if due(p.repeatAt, now) {
		p.repeatAt = time.Time{}
		m.sendCandidates(p, p.link.candidates)
	}
	m.advanceRepair(now, p)
}

// notJoined closes a peer that did not get connected in time. Unlike the SDK,
// which leaves the phones ringing, it says so to those who know of us.
func (m *machine) notJoined(p *peer) {
	if p.phase == peerJoined || p.phase != peerIdle && !p.rung {
		m.fail(p, errors.New("not connected in time"))
	}
	m.tell(notice{kind: onUserNotAnswer, user: p.user})
	if p.rung && (p.phase == peerJoined || !m.incoming()) {
		m.sendExt(p, SignalHangUp, nil)
	}
	m.closePeer(p)
}

// fail notes what went wrong with a peer.
func (m *machine) fail(p *peer, err error) {
	m.err = fmt.Errorf("connect user %d: %w", p.user, err)
	m.out = append(m.out, report{m.id, p.user, m.err})
}
