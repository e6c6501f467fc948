package call

import (
	"slices"
	"time"
)

// Times of our media engine: how long it gathers candidates, and how long a
// probe waits for a sign of life.
const (
	describeMin = 5 * time.Millisecond
	describeMax = 350 * time.Millisecond
	probeBound  = 400 * time.Millisecond
)

// modelCore is the machine under test: the pure switchboard, or a Client with
// its goroutines. What it does comes back to the device's sent, did, told and
// released.
type modelCore interface {
	invite(SessionID, UserID) SessionID // makes a session with a stream; "" if refused
	request(SessionID, event) bool      // accept, reject, stop or call
	receive(Signal)
	mediaEvent(MediaEvent)
	around(event) // networkChanged, signalingChanged
	live() []*machine
	next() time.Time // zero is never
	advance(time.Time)
}

// modelDevice is one of our devices: a core, its network, its media and its
// application, which rings several users with a session each and ends the
// others when one accepts.
type modelDevice struct {
	world    *modelWorld
	user     UserID
	cfg      Config
	host     *modelHost
	chat     *modelChat
	core     modelCore
	habit    modelHabit
	contacts []UserID

	pcs     map[PeerKey]*modelPC
	streams map[LocalStream]SessionID
	seen    map[SessionID]*modelSeen
}

// modelSeen is what was seen of a session of a device.
type modelSeen struct {
	id             SessionID
	plan           *modelPlan // of the press that made it, or nil
	beganAt        modelTime
	acceptedAt     modelTime
	accepted       bool
	connected      bool
	closed         bool
	closedAt       modelTime
	reconnecting   bool
	reconnectingAt modelTime
}

// modelPlan is what a press rings: the sessions, and the one that was answered
// first.
type modelPlan struct {
	sessions []*modelSeen
	winner   *modelSeen
}

// networkChanged is what the kernel tells, if anything listens to it.
func (d *modelDevice) networkChanged(moved bool) {
	change := NetworkUp
	switch {
	case !d.host.up:
		change = NetworkDown
	case moved:
		change = NetworkMoved
	}
	d.world.logf("%d network %v", d.user, change)
	d.core.around(networkChanged{change})
}

// signalingChanged is what the link tells, if it is connected with the calls.
func (d *modelDevice) signalingChanged(online, resumed bool) {
	d.world.logf("%d online %v, resumed %v", d.user, online, resumed)
	d.core.around(signalingChanged{online, resumed})
}

// press is the button: it rings users with one session each.
func (d *modelDevice) press(users []UserID) {
	plan := &modelPlan{}
	for _, u := range users {
		if id := d.core.invite(d.world.newID(d.user), u); id != "" {
			s := d.see(id)
			s.plan = plan
			plan.sessions = append(plan.sessions, s)
		}
	}
	for _, s := range plan.sessions {
		d.core.request(s.id, callRequest{})
	}
	d.world.talk(d.habit, func() { d.stopAll() })
}

func (d *modelDevice) stopAll() {
	for _, m := range slices.Clone(d.core.live()) {
		d.core.request(m.id, stopRequest{})
	}
}

func (d *modelDevice) see(id SessionID) *modelSeen {
	s := &modelSeen{id: id, beganAt: d.world.clock.now}
	d.seen[id] = s
	d.world.counts.sessions++
	return s
}

// sent takes a signal of the core.
func (d *modelDevice) sent(s Signal) {
	d.world.logf("%d sends %s to %v", d.user, describe(s), s.Peer)
	if s.Type == SignalHangUp {
		d.world.hangUps[s.Session]++
	}
	d.chat.send(s)
}

// did takes a command of the core to its media.
func (d *modelDevice) did(c MediaCommand) {
	w := d.world
	switch c := c.(type) {
	case OpenPeer:
		d.open(c)
	case CreateOffer:
		d.describe(c.Peer, Offer)
	case CreateAnswer:
		if p := d.pc(c.Peer); p != nil {
			p.apply(c.Offer)
		}
		d.describe(c.Peer, Answer)
	case ApplyAnswer:
		if p := d.pc(c.Peer); p != nil {
			p.apply(c.Answer)
		}
	case AddCandidates:
		d.pc(c.Peer)
	case Probe:
		if p := d.pc(c.Peer); p != nil {
			d.probe(c.Peer, p)
		}
	case ClosePeer:
		if p := d.pc(c.Peer); p != nil {
			w.logf("%d closes %s", d.user, p.name)
			p.close()
			delete(d.pcs, c.Peer)
		}
	}
}

// pc finds an open PeerConnection; a command for another is a fault.
func (d *modelDevice) pc(k PeerKey) *modelPC {
	p := d.pcs[k]
	if p == nil {
		d.world.broken("%d: command for a PeerConnection that is not open: %v", d.user, k)
	}
	return p
}

func (d *modelDevice) open(c OpenPeer) {
	w := d.world
	d.checkOpen(c.Peer)
	heard := false
	p := w.newPC(d.host, nil)
	p.changed = func(s ConnectionState) {
		w.logf("%d %s ICE %v", d.user, p.name, s)
		d.emit(c.Peer, PeerState{c.Peer, s})
		if s == ConnectionConnected && !heard {
			heard = true
			d.emit(c.Peer, RemoteStreamReady{Peer: c.Peer})
		}
	}
	w.logf("%d opens %s as %v", d.user, p.name, c.Peer)
	d.pcs[c.Peer] = p
}

// emit hands an event to the core, after what is being done now.
func (d *modelDevice) emit(k PeerKey, e MediaEvent) {
	d.world.clock.after(0, func() { d.core.mediaEvent(e) })
}

// probe looks whether packets pass: soon if they do, else after the time a
// media engine waits for one.
func (d *modelDevice) probe(k PeerKey, p *modelPC) {
	rand := d.world.rand
	tell := func(alive bool) func() {
		return func() {
			d.world.logf("%d %s alive %v", d.user, p.name, alive)
			d.core.mediaEvent(PathProbed{k, alive})
		}
	}
	if p.open && p.passes() && p.state != ConnectionFailed {
		d.world.clock.after(rand.between(10*time.Millisecond, 100*time.Millisecond), tell(true))
		return
	}
	d.world.clock.after(probeBound, tell(false))
}

// describe tells of the local description once candidates were gathered.
func (d *modelDevice) describe(k PeerKey, t DescriptionType) {
	p := d.pc(k)
	if p == nil {
		return
	}
	d.world.clock.after(d.world.rand.between(describeMin, describeMax), func() {
		if !p.open {
			return
		}
		d.core.mediaEvent(LocalDescription{
			Peer: k, Type: t, SDP: p.name, Candidates: []Candidate{{Candidate: "candidate:1"}},
		})
	})
}

// told takes an event of the listener, as the application does.
func (d *modelDevice) told(n notice) {
	w := d.world
	s := d.seen[n.session]
	switch n.kind {
	case onCall:
		if s == nil || s.closed { // a call of it that was under way for more than a minute
			s = d.see(n.session)
		}
		d.ring(s)
	case onAcceptCall:
		d.answered(s)
	case onReconnect:
		d.reconnect(s, n)
	case onSessionConnectionStateChanged:
		if n.connection == ConnectionConnected {
			w.counts.connections++
			s.connected = true
		}
	case onSessionClose:
		w.logf("%d closes %s", d.user, n.session)
		d.checkClosed(n.session)
	}
}

// ring has the person at the device answer, or not.
func (d *modelDevice) ring(s *modelSeen) {
	w := d.world
	w.logf("%d rings for %s", d.user, s.id)
	answer, after := d.habit.answer(w.rand)
	w.person(after, func() {
		switch {
		case s.closed || answer == modelNobody:
		case answer == modelRejects:
			d.core.request(s.id, rejectRequest{})
		case d.core.request(s.id, acceptRequest{}):
			s.accepted, s.acceptedAt = true, w.clock.now
			w.counts.accepts++
			d.checkRing(s)
			w.talk(d.habit, func() { d.core.request(s.id, stopRequest{}) })
		}
	})
}

// answered gives the call to the first who accepts.
func (d *modelDevice) answered(s *modelSeen) {
	if s == nil || s.accepted {
		return
	}
	s.accepted, s.acceptedAt = true, d.world.clock.now
	d.world.counts.accepts++
	d.checkRing(s)
	if s.plan.winner != nil { // accepted at the same moment; it is being stopped
		return
	}
	s.plan.winner = s
	for _, other := range s.plan.sessions {
		if other != s && !other.closed {
			d.core.request(other.id, stopRequest{})
		}
	}
}

// reconnect notes how a repair goes.
func (d *modelDevice) reconnect(s *modelSeen, n notice) {
	w := d.world
	w.logf("%d %s %s", d.user, n.session, n.reconnection)
	switch n.reconnection {
	case Reconnecting:
		w.counts.repairs++
		s.reconnecting, s.reconnectingAt = true, w.clock.now
		return
	case Reconnected:
		w.counts.repaired++
	case ReconnectionFailed:
		w.counts.failed++
		if took := w.clock.now - s.reconnectingAt; took != d.cfg.DisconnectTimeInterval {
			w.broken("%d: FAILED %v after RECONNECTING, want %v", d.user, took, d.cfg.DisconnectTimeInterval)
		}
		d.checkFailed(s)
	}
	if !s.reconnecting {
		w.broken("%d: %s without RECONNECTING", d.user, n.reconnection)
	}
	s.reconnecting = false
}

// modelStream is a local stream.
type modelStream struct {
	device *modelDevice
	closed func(func()) // has the world follow
}

func (s *modelStream) ID() string    { return "stream" }
func (s *modelStream) Kinds() []Kind { return []Kind{KindAudio, KindVideo} }

// Close is called by a Client; the pure core only asks for it.
func (s *modelStream) Close() error {
	s.closed(func() { s.device.released(s) })
	return nil
}

// released notes that a stream was closed.
func (d *modelDevice) released(s LocalStream) {
	if _, open := d.streams[s]; !open {
		d.world.broken("%d: stream released twice", d.user)
	}
	delete(d.streams, s)
}
