package call

import (
	"slices"
	"time"
)

// A user may have several devices, and any of them may send. Only the one in
// the call may steer it. An SDK gets a new resource whenever its link to the
// server is made anew, though, so a device that was not heard of before may be
// the one in the call. The connection tells: while it works the old device is
// there, and nobody else is believed; once it is broken another device of the
// user is followed, unless it was turned away.

const (
	// heldTime is for how long what an unknown device wants is kept for the
	// case that the connection breaks.
	heldTime = 10 * time.Second
	// heldProbe is when the path is looked at a second time: the first time
	// packets may have been found that were under way.
	heldProbe = time.Second
	// warnSpacing is the least time between two hangUps to devices that were
	// turned away before.
	warnSpacing = time.Second
)

// heldOffer is an offer of a peer that is not answered yet: because it came
// too soon after others, or because it is of a device that is not in the call.
type heldOffer struct {
	description ReconnectDescription
	resource    string
	answerAt    time.Time // zero: once the connection turns out to be broken
	probeAt     time.Time // look at the path once more
	probed      bool      // it was found alive
	until       time.Time
}

func (h *heldOffer) valid(now time.Time) bool { return h != nil && now.Before(h.until) }

// bound says whether a signal from resource is of the device in the call. An
// unknown resource on either side fits.
func (p *peer) bound(resource string) bool {
	return p.resource == "" || resource == "" || p.resource == resource
}

// bind takes a device for the one in the call.
func (p *peer) bind(resource string) {
	if resource != "" {
		p.resource = resource
	}
}

// steers says whether a device of a joined peer may change the call now.
func (p *peer) steers(now time.Time, resource string) bool {
	broken := p.repair.told || p.repair.role != repairIdle || now.Before(p.repair.unsureUntil)
	return !slices.Contains(p.away, resource) && (p.bound(resource) || broken)
}

// turnAway remembers a device that is not the one in the call, and says whether
// it is a new one.
func (p *peer) turnAway(resource string) bool {
	if len(p.away) >= maxTurnedAway || slices.Contains(p.away, resource) {
		return false
	}
	p.away = append(p.away, resource)
	return true
}

// doubt takes a signal of a device that is not in the call. Its offer is kept.
func (m *machine) doubt(now time.Time, p *peer, s Signal) {
	m.out = append(m.out, ignored{s, ignoreNotInCall})
	resource := s.Peer.Resource
	switch {
	case !isOffer(s.Reconnect):
	case !slices.Contains(p.away, resource):
		m.hold(now, p, resource, *s.Reconnect)
	default: // it did not hear so
		m.turnAway(now, p, resource)
	}
}

// hold keeps an offer, and has the path looked at: if the offer is what it
// seems, the peer has closed its old PeerConnection, and the path is dead.
func (m *machine) hold(now time.Time, p *peer, resource string, d ReconnectDescription) {
	switch h := p.repair.held; {
	case h.valid(now) && h.resource == resource:
		h.description = d
	case h.valid(now) && !h.answerAt.IsZero(): // of the device in the call: goes first
	default:
		p.repair.held = &heldOffer{description: d, resource: resource, until: now.Add(heldTime)}
		p.repair.held.probeAt = m.probe(now, p)
	}
}

// advanceHeld does what an offer that is kept waited for.
func (m *machine) advanceHeld(now time.Time, p *peer) {
	h := p.repair.held
	switch {
	case h == nil:
	case due(h.answerAt, now):
		m.follow(now, p)
	case due(h.probeAt, now):
		h.probeAt = m.probe(now, p)
	}
}

// refute gives up an offer that is kept, as the path to the device in the call
// works: at the second time that is certain.
func (m *machine) refute(now time.Time, p *peer) {
	h := p.repair.held
	switch {
	case h == nil || !h.answerAt.IsZero():
	case !h.probed:
		h.probed, h.probeAt = true, now.Add(heldProbe)
	default:
		p.repair.held = nil
	}
}

// turnAway tells a device that it is not the one in the call, and remembers it.
// One that knows is told again now and then.
func (m *machine) turnAway(now time.Time, p *peer, resource string) {
	if !p.turnAway(resource) && now.Sub(p.warnedAt) < warnSpacing {
		return
	}
	p.warnedAt = now
	s := m.newSignal(p, SignalHangUp)
	s.Peer.Resource = resource
	m.send(s)
}

// follow answers the offer that was kept, and with it takes its device for the
// one in the call.
func (m *machine) follow(now time.Time, p *peer) {
	h := p.repair.held
	p.repair.held = nil
	p.bind(h.resource)
	m.answerRepair(now, p, h.description)
}

func isOffer(d *ReconnectDescription) bool {
	return d != nil && d.Type == Offer && d.SDP != "" && d.OfferID != ""
}
