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

// heldTime is for how long what an unknown device wants is kept for the case
// that the connection breaks.
const heldTime = 10 * time.Second

// heldOffer is an offer of a peer that is not answered yet: because it came
// too soon after others, or because it is of a device that is not in the call.
type heldOffer struct {
	description ReconnectDescription
	resource    string
	answerAt    time.Time // zero: once the connection turns out to be broken
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
func (p *peer) steers(resource string) bool {
	broken := p.repair.told || p.repair.role != repairIdle
	return !slices.Contains(p.away, resource) && (p.bound(resource) || broken)
}

// turnAway remembers a device that is not the one in the call.
func (p *peer) turnAway(resource string) {
	if len(p.away) < maxTurnedAway && !slices.Contains(p.away, resource) {
		p.away = append(p.away, resource)
	}
}

// doubt keeps the offer of a device that is not in the call, and has the path
// to the one that is looked at: if the offer is true, that path is dead.
func (m *machine) doubt(now time.Time, p *peer, s Signal) {
	m.out = append(m.out, ignored{s, ignoreNotInCall})
	if slices.Contains(p.away, s.Peer.Resource) || !isOffer(s.Reconnect) {
		return
	}
	r := &p.repair
	if !r.held.valid(now) || r.held.answerAt.IsZero() {
		r.held = &heldOffer{description: *s.Reconnect, resource: s.Peer.Resource, until: now.Add(heldTime)}
		m.probe(now, p)
	}
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
