package call

import (
	"math"
	"slices"
	"time"
)

// What is checked, in every schedule:
//   - At the end a call is up at both ends or closed at both; in between one side
//     lives at most modelApart without the other.
//   - A call that was up before, and that neither side is about to give up when
//     the last cut is over, is up again within modelHeal, and at the end.
//   - FAILED is told exactly DisconnectTimeInterval after RECONNECTING, never
//     without it, and not while a repair could have succeeded.
//   - A hangUp in the middle of a repair ends it.
//   - Nothing rings or dials for more than modelRing.
//   - Of the sessions of one press one at most goes on after the first accept.
//   - No PeerConnection and no stream outlives its session; users who are not
//     contacts never get one.
//   - Nothing is sent that would deafen an SDK.

// The windows within which both sides have to agree.
const (
	// modelTail is how long nothing happens at the end of a schedule.
	modelTail = 120 * time.Second
	// modelRing is how long anything may ring.
	modelRing = 60 * time.Second
	// modelHeal is what a repair may need once both are online and nothing is
	// lost any more: until a client of the SDK is back at the server (3 s), one
	// exchange that was spoilt by what came before (8 s), and another.
	modelHeal = 16 * time.Second
	// modelApart is how long one side may be in a session alone when every word
	// of the other's end was lost: it rings, somebody accepts in the end, the
	// checks fail, and the repair does.
	modelApart = modelRing + iceFailMax + sdkDisconnectTime + 2*time.Second
	modelLook  = 500 * time.Millisecond
)

// checkSafe finds signals that would deafen the SDK.
func (w *modelWorld) checkSafe(c *sdkClient, s Signal) {
	switch {
	case s.Type == SignalCandidates && len(s.Candidates) == 0,
		s.Type == SignalCall && len(s.Opponents) == 0,
		s.Reconnect != nil && s.Reconnect.Type != Offer && s.Reconnect.Type != Answer:
		w.broken("%d is deafened by %s", c.user, describe(s))
	}
}

// checkOpen lets only contacts see and hear, and by two PeerConnections at most.
func (d *modelDevice) checkOpen(k PeerKey) {
	n := 0
	for o := range d.pcs {
		if o.Session == k.Session && o.User == k.User {
			n++
		}
	}
	switch {
	case d.pcs[k] != nil:
		d.world.broken("%d: opened twice: %v", d.user, k)
	case n > 1:
		d.world.broken("%d: %d PeerConnections were open before %v", d.user, n, k)
	case !slices.Contains(d.contacts, k.User):
		d.world.broken("%d: a stranger gets media: %v", d.user, k)
	}
}

// checkRing is asked when a session that rang or dialled does no more.
func (d *modelDevice) checkRing(s *modelSeen) {
	if took := d.world.clock.now - s.beganAt; took > modelRing {
		d.world.broken("%d: %s rang for %v", d.user, s.id, took)
	}
}

// checkClosed looks for what a closed session holds.
func (d *modelDevice) checkClosed(id SessionID) {
	s := d.seen[id]
	if s.closed {
		d.world.broken("%d: %s closed twice", d.user, id)
	}
	s.closed, s.closedAt = true, d.world.clock.now
	if !s.accepted {
		d.checkRing(s)
	}
	for k, p := range d.pcs {
		if k.Session == id {
			d.world.broken("%d: %s is open after its session closed", d.user, p.name)
		}
	}
	d.world.clock.after(time.Millisecond, func() { // a Client closes streams aside
		for _, of := range d.streams {
			if of == id {
				d.world.broken("%d: %s closed, its stream is open", d.user, id)
			}
		}
	})
}

// checkFailed is asked when a repair failed: with signals that all arrive soon
// it succeeds unless a cut goes on into the end of the window, or the SDK has
// left.
func (d *modelDevice) checkFailed(s *modelSeen) {
	w := d.world
	if w.noise.loss > 0 || w.noise.delay > time.Second || w.clock.now-w.disturbed <= modelHeal {
		return
	}
	for _, k := range w.sdks {
		if theirs := k.find(s.id); theirs != nil && theirs.state == StateActive {
			w.broken("%d: %s FAILED %v after the last cut", d.user, s.id, w.clock.now-w.disturbed)
		}
	}
}

// checkHangUp is asked after the peer's hangUp: a repair ends with it.
func (d *modelDevice) checkHangUp(s Signal) {
	seen := d.seen[s.Session]
	if s.Type != SignalHangUp || seen == nil || seen.closed || !seen.reconnecting || d.world.clients(s.Peer.User) > 1 {
		return
	}
	d.world.clock.after(time.Millisecond, func() {
		if !seen.closed {
			d.world.broken("%d: %s goes on after a hangUp", d.user, s.Session)
		}
	})
}

// clients counts the SDK clients of a user.
func (w *modelWorld) clients(u UserID) int {
	n := 0
	for _, k := range w.sdks {
		if k.user == u {
			n++
		}
	}
	return n
}

// modelCall is a session that lives on a device and at its peer.
type modelCall struct {
	device *modelDevice
	m      *machine
	p      *peer
}

// calls are the sessions of all devices, by peer.
func (w *modelWorld) calls() []modelCall {
	var list []modelCall
	for _, d := range w.devices {
		for _, m := range d.core.live() {
			for _, p := range m.livePeers() {
				list = append(list, modelCall{d, m, p})
			}
		}
	}
	return list
}

// toHeal returns the calls that have to be up soon and at the end: they were up
// once, both sides are in them, neither is about to give up, and from now on
// nothing disturbs. A first exchange that was spoilt is not promised to be made
// good: either side notices only when the checks of ICE fail, and the SDK may
// give up before the device does.
func (w *modelWorld) toHeal() []modelCall {
	return slices.DeleteFunc(w.calls(), func(c modelCall) bool {
		if c.p.phase != peerJoined || !c.device.seen[c.m.id].connected || c.soon(c.p.repair.giveUpBy) || c.soon(c.p.joinBy) {
			return true
		}
		s := w.sdkOf(c)
		return s == nil || s.state != StateActive || s.pc == nil || s.endsBy() < w.clock.now+modelHeal
	})
}

// endsBy is when the SDK gives up, at the earliest.
func (s *sdkSession) endsBy() modelTime {
	switch {
	case s.giveUp.armed():
		return s.giveUp.at
	case s.pc.dialing.armed():
		return s.pc.dialing.at + sdkAnswerTime - s.pc.dialed - sdkDialing
	}
	return 1 << 62
}

// soon says whether a deadline comes before a repair is sure to be done.
func (c modelCall) soon(deadline time.Time) bool {
	return !deadline.IsZero() && deadline.Sub(c.device.world.now()) < modelHeal
}

// sdkOf finds the SDK's side of a call: that of the only client of its user.
func (w *modelWorld) sdkOf(c modelCall) *sdkSession {
	for _, k := range w.sdks {
		if k.user == c.p.user && w.clients(k.user) == 1 {
			return k.find(c.m.id)
		}
	}
	return nil
}

// up says whether the two ends of a call have a connection with one another.
func (c modelCall) up() bool {
	mine := c.device.pcs[c.m.key(c.p)]
	if c.m.state != StateActive || c.p.phase != peerJoined || mine == nil || mine.state != ConnectionConnected || !c.p.connected() {
		return false
	}
	theirs := mine.remote
	return theirs.open && theirs.remote == mine && theirs.state == ConnectionConnected
}

// watchHealing looks now and then whether the calls are up again. They need not stay so: a PeerConnection that the SDK forgot to close may
// have it begin another repair.
func (w *modelWorld) watchHealing(until modelTime, missing []modelCall) {
	missing = slices.DeleteFunc(slices.Clone(missing), modelCall.up)
	switch {
	case len(missing) == 0:
	case w.clock.now >= until:
		w.broken("%d: %s was not repaired within %v", missing[0].device.user, missing[0].m.id, modelHeal)
	default:
		w.clock.after(modelLook, func() { w.watchHealing(until, missing) })
	}
}

// checkHealed is asked at the end.
func (w *modelWorld) checkHealed() {
	for _, c := range w.healing {
		if !c.up() {
			w.broken("%d: %s was not repaired", c.device.user, c.m.id)
		}
	}
}

// checkEnd compares the sides at the end of a schedule: a call is up at both
// ends or closed at both.
func (w *modelWorld) checkEnd() {
	calls := w.calls()
	w.counts.up += len(calls)
	for _, c := range calls {
		if !c.up() {
			w.broken("%d: %s is neither up nor closed: %v, %v", c.device.user, c.m.id, c.m.state, c.p.state)
		}
		if s := c.device.seen[c.m.id]; s.reconnecting {
			w.broken("%d: %s is up and RECONNECTING", c.device.user, c.m.id)
		}
	}
	for _, k := range w.sdks {
		for _, s := range k.sessions {
			w.checkSDK(calls, s)
		}
	}
	for _, d := range w.devices {
		w.checkLeft(d)
		w.checkWinners(d)
		w.checkApart(d)
	}
}

// checkWinners looks at the sessions of each press: one of them at most goes
// on after the first accept.
func (w *modelWorld) checkWinners(d *modelDevice) {
	for _, s := range d.seen {
		if p := s.plan; p != nil && p.winner != nil && p.winner != s && (!s.closed || s.closedAt > p.winner.acceptedAt) {
			w.broken("%d: %s goes on beside %s, which was accepted first", d.user, s.id, p.winner.id)
		}
	}
}

// checkSDK looks at a session of the SDK at the end. The PeerConnection that
// has the call may be one that the SDK has replaced without closing it: when its
// grace time ends while it answers, it makes an offer of its own beside, and
// that offer may be lost. It sees, hears and can be hung up all the same.
func (w *modelWorld) checkSDK(calls []modelCall, s *sdkSession) {
	if !s.live() {
		return
	}
	with := s.joined(calls)
	switch {
	case with != nil && with != s.pc:
		w.counts.beside++
	case with != nil && with.reconnecting:
		w.broken("%d/%s: %s is up and RECONNECTING", s.client.user, s.client.chat.resource, s.id)
	case with != nil:
	case s.stranded():
		w.counts.stranded++
	default:
		w.broken("%d/%s: %s is %v alone", s.client.user, s.client.chat.resource, s.id, s.state)
	}
}

// joined returns the PeerConnection by which a session takes part in one of
// the calls, or nil.
func (s *sdkSession) joined(calls []modelCall) *sdkPC {
	for _, c := range calls {
		mine := c.device.pcs[c.m.key(c.p)]
		for _, pc := range s.made {
			if c.m.id == s.id && mine != nil && mine.remote == pc.ice && !pc.released {
				return pc
			}
		}
	}
	return nil
}

// stranded says whether nobody but the person can end a session of the SDK: it
// made a PeerConnection for an exchange that never came to an end, for which it
// has no timer, and the device could not tell it so. Either every hangUp was
// lost with the client's stream, or two clients of one user are in the call: an
// offer of the device reaches both, and once a connection is broken the second
// cannot be told from the first with a new stream, so a hangUp to either might
// end the call.
func (s *sdkSession) stranded() bool {
	w := s.client.world
	waits := s.answer.armed() || s.grace.armed() || s.giveUp.armed() || s.pc == nil || s.pc.ice.remote != nil
	lost := w.hangUps[s.id] > 0 && !s.toldToStop
	return !waits && (lost || w.clients(s.client.user) > 1)
}

// checkApart looks how long the sides of a session that is over lived without
// one another. A user's side is over with the last of the clients that were in
// it: one that answered too late is told so while the call goes on.
func (w *modelWorld) checkApart(d *modelDevice) {
	last := map[modelSide]modelTime{}
	for _, k := range w.sdks {
		for _, s := range k.sessions {
			if seen := d.seen[s.id]; seen == nil || !seen.closed {
				continue
			}
			side := modelSide{s.id, k.user}
			last[side] = max(last[side], s.closedAt)
			if s.live() {
				last[side] = modelNever
			}
		}
	}
	for side, closed := range last {
		if closed == modelNever {
			continue
		}
		apart := (d.seen[side.session].closedAt - closed).Abs()
		w.counts.apart = max(w.counts.apart, apart)
		if apart > modelApart {
			w.broken("%s ended %v apart", side.session, apart)
		}
	}
}

// modelSide is a user in a session.
type modelSide struct {
	session SessionID
	user    UserID
}

// modelNever is when what lives closes.
const modelNever = modelTime(math.MaxInt64)

// checkLeft counts what a device holds at the end.
func (w *modelWorld) checkLeft(d *modelDevice) {
	if live := len(d.core.live()); len(d.pcs) > live || len(d.streams) > live {
		w.broken("%d: %d PeerConnections and %d streams for %d sessions", d.user, len(d.pcs), len(d.streams), live)
	}
}
