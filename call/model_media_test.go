package call

import (
	"strconv"
	"time"
)

// Times of ICE. Chromium notices a loss after 5.5 s (measured), Pion after the
// 5 s it is configured with; checks without any answer fail after 15 to 30 s.
const (
	iceNoticeMin = 5 * time.Second
	iceNoticeMax = 6 * time.Second
	iceFailMin   = 15 * time.Second
	iceFailMax   = 30 * time.Second
	iceUpMin     = 20 * time.Millisecond
	iceUpMax     = 900 * time.Millisecond
)

// modelPC is a PeerConnection of either side, seen from outside: it makes one
// description, is given one, and its ICE state follows from both ends and from
// the networks between them. Its description names it.
type modelPC struct {
	world   *modelWorld
	host    *modelHost
	name    string
	changed func(ConnectionState) // tells the owner
	remote  *modelPC              // whose description was applied
	open    bool
	state   ConnectionState
	network int  // the addresses its candidates have; 0 is none
	good    bool // packets can pass both ways
	timer   *modelTimer
}

// newPC opens a PeerConnection on a host. One that is made while the host has
// no network finds no candidates.
func (w *modelWorld) newPC(h *modelHost, changed func(ConnectionState)) *modelPC {
	p := &modelPC{world: w, host: h, changed: changed, open: true, name: "v=0 " + strconv.Itoa(len(w.pcs))}
	if h.up {
		p.network = h.network
	}
	w.pcs = append(w.pcs, p)
	return p
}

// pc finds a PeerConnection by its description.
func (w *modelWorld) pc(sdp string) *modelPC {
	n, err := strconv.Atoi(sdp[len("v=0 "):])
	if err != nil {
		panic("model: not a description of this world: " + sdp)
	}
	return w.pcs[n]
}

// apply gives the PeerConnection the other side's description; with both
// descriptions it begins its checks.
func (p *modelPC) apply(sdp string) {
	p.remote = p.world.pc(sdp)
	p.set(ConnectionConnecting)
	p.failLater()
	p.world.review(p)
}

func (p *modelPC) close() {
	p.open = false
	p.timer.stop()
	p.world.review(p)
}

func (p *modelPC) set(s ConnectionState) {
	p.state = s
	p.changed(s)
}

// review lets p and those that talk to it notice whether packets pass.
func (w *modelWorld) review(p *modelPC) {
	for _, q := range w.pcs {
		if q.open && (q == p || q.remote == p) {
			q.look()
		}
	}
}

// reviewHost does it for all PeerConnections of a host whose network changed.
func (w *modelWorld) reviewHost(h *modelHost) {
	for _, q := range w.pcs {
		if q.open && q.remote != nil && (q.host == h || q.remote.host == h) {
			q.look()
		}
	}
}

func (p *modelPC) usable() bool { return p.open && p.host.up && p.network == p.host.network }

func (p *modelPC) passes() bool {
	return p.remote != nil && p.remote.remote == p && p.usable() && p.remote.usable()
}

// look follows a change of the path.
func (p *modelPC) look() {
	good := p.passes()
	if good == p.good || p.state == ConnectionFailed {
		return
	}
	p.good = good
	rand := p.world.rand
	switch {
	case good && p.state == ConnectionConnected: // back before anybody noticed
		p.timer.stop()
	case good:
		p.later(rand.between(iceUpMin, iceUpMax), func() { p.set(ConnectionConnected) })
	case p.state == ConnectionConnected:
		p.later(rand.between(iceNoticeMin, iceNoticeMax), func() {
			p.failLater()
			p.set(ConnectionDisconnected)
		})
	default:
		p.failLater()
	}
}

func (p *modelPC) failLater() {
	p.later(p.world.rand.between(iceFailMin, iceFailMax), func() { p.set(ConnectionFailed) })
}

// later arms the PeerConnection's one timer.
func (p *modelPC) later(d time.Duration, f func()) {
	p.timer.stop()
	p.timer = p.world.clock.after(d, f)
}
