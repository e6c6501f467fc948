package call

import (
	"slices"
	"strconv"
	"time"
)

// Settings of the SDK (CONFIG.webrtc), and how long its browser takes to make
// a description.
const (
	sdkAnswerTime     = 60 * time.Second
	sdkDialing        = 5 * time.Second
	sdkGrace          = 5 * time.Second
	sdkDisconnectTime = 30 * time.Second
	sdkStopDelay      = 10 * time.Millisecond
	sdkDescribeMin    = 2 * time.Millisecond
	sdkDescribeMax    = 120 * time.Millisecond
)

// sdkClient is one browser tab with the SDK 2.23.0: the behaviour of its
// WebRTC client for sessions of two, quirks included, and the person using it.
type sdkClient struct {
	world    *modelWorld
	user     UserID
	chat     *modelChat
	host     *modelHost
	sessions []*sdkSession // never forgotten, as in the SDK
	habit    modelHabit
}

// sdkSession is a session of the SDK. It has one peer.
//
// Where it surprises: a description of the peer is answered by the lower id
// only; the higher makes an offer of its own at each one. An offer is sent
// once. After the answer timer, and when a repair fails, nothing is sent. The
// PeerConnection that the repair replaces is the one that was current when the
// break was noticed, so one made meanwhile stays open beside the session.
type sdkSession struct {
	client    *sdkClient
	id        SessionID
	peer      UserID
	initiator UserID
	opponents []UserID
	state     SessionState
	pc        *sdkPC   // nil once the peer was given up
	made      []*sdkPC // all there were

	answer, grace, giveUp *modelTimer

	toldToStop bool // a hangUp came
	closedAt   modelTime
}

// sdkPC is the SDK's wrapper of a PeerConnection.
type sdkPC struct {
	session      *sdkSession
	ice          *modelPC
	reconnecting bool
	released     bool
	offering     bool // its offer waits for an answer
	offerID      string
	offer        string // the peer's, of its latest call
	dialing      *modelTimer
	dialed       time.Duration
}

func (c *sdkClient) find(id SessionID) *sdkSession {
	for _, s := range c.sessions {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (c *sdkClient) add(id SessionID, peer, initiator UserID, opponents []UserID) *sdkSession {
	s := &sdkSession{
		client: c, id: id, peer: peer, initiator: initiator, opponents: opponents,
		state: StateNew,
	}
	c.sessions = append(c.sessions, s)
	return s
}

// busyBeside says whether another session than id is NEW or ACTIVE.
func (c *sdkClient) busyBeside(id SessionID) bool {
	return slices.ContainsFunc(c.sessions, func(s *sdkSession) bool { return s.live() && s.id != id })
}

// call makes a session and calls: after a ping, then each 5 s.
func (c *sdkClient) call(peer UserID) *sdkSession {
	for _, s := range c.sessions {
		if s.live() && s.initiator == c.user && s.peer == peer {
			return nil // createNewSession throws
		}
	}
	s := c.add(c.world.newID(c.user), peer, c.user, []UserID{peer})
	s.state = StateActive
	c.chat.ping(func() {
		if s.state != StateActive {
			return
		}
		s.pc = s.newPC()
		pc := s.pc
		pc.describe(func() {
			pc.offering = true
			pc.dial(true)
		})
	})
	return s
}

// receive dispatches a signal as the SDK's signalling processor does.
func (c *sdkClient) receive(sig Signal) {
	c.world.checkSafe(c, sig)
	s := c.find(sig.Session)
	from := sig.Peer.User
	if sig.Type == SignalCall {
		c.called(s, sig)
		return
	}
	if s == nil || s.peer != from {
		return
	}
	switch sig.Type {
	case SignalAccept:
		s.accepted(sig)
	case SignalReject:
		s.release()
		s.closeIfReleased()
	case SignalHangUp:
		s.hungUp()
	case SignalUpdate:
		if sig.Reconnect != nil && s.state == StateActive && s.pc != nil {
			s.reconnectReceived(*sig.Reconnect)
		}
	}
}

// called takes a call: it rings, renews the offer of a session that rings, or
// is rejected as busy.
func (c *sdkClient) called(s *sdkSession, sig Signal) {
	if c.busyBeside(sig.Session) { // autoReject is on
		echo := sig
		echo.Type, echo.Peer = SignalReject, Address{User: sig.Peer.User}
		c.chat.send(echo)
		return
	}
	if s == nil {
		s = c.add(sig.Session, sig.Peer.User, sig.Initiator, sig.Opponents)
		c.world.rang(c, s)
	}
	if s.pc == nil {
		s.pc = s.newPC()
		s.answer = c.world.clock.after(sdkAnswerTime, s.close)
	}
	s.pc.offer = sig.SDP
}

func (s *sdkSession) live() bool { return s.state == StateNew || s.state == StateActive }

func (s *sdkSession) accept() {
	s.state = StateActive
	s.answer.stop()
	pc := s.pc
	pc.ice.apply(pc.offer)
	pc.describe(func() { s.send(SignalAccept, func(out *Signal) { out.SDP = pc.ice.name }) })
}

func (s *sdkSession) reject() {
	s.state = StateRejected
	s.answer.stop()
	s.send(SignalReject, nil)
	s.close()
}

func (s *sdkSession) stop() {
	s.state = StateHungUp
	s.answer.stop()
	if s.pc != nil {
		s.send(SignalHangUp, nil)
	}
	s.close()
}

// close is the SDK's _close: nothing is sent.
func (s *sdkSession) close() {
	s.stopReconnect()
	s.release()
	s.closed()
}

func (s *sdkSession) release() {
	if s.pc != nil {
		s.pc.release()
	}
}

func (s *sdkSession) closeIfReleased() {
	if s.pc == nil || s.pc.released {
		s.closed()
	}
}

func (s *sdkSession) closed() {
	if s.state != StateClosed {
		s.closedAt = s.client.world.clock.now
		s.client.world.logf("%d/%s closes %s", s.client.user, s.client.chat.resource, s.id)
	}
	s.state = StateClosed
}

func (s *sdkSession) accepted(sig Signal) {
	if s.state != StateActive || s.pc == nil {
		return
	}
	s.pc.dialing.stop()
	s.pc.applyAnswer(sig.SDP)
}

func (s *sdkSession) hungUp() {
	s.toldToStop = true
	if !s.live() {
		return
	}
	s.client.world.clock.after(sdkStopDelay, func() {
		s.answer.stop()
		if s.pc != nil {
			s.pc.release()
			s.pc.reconnecting = false
		}
		s.stopReconnect()
		s.closeIfReleased()
	})
}

// send sends a signal of the session to every device of the peer.
func (s *sdkSession) send(t SignalType, fill func(*Signal)) {
	out := Signal{
		Type: t, Peer: Address{User: s.peer}, Session: s.id, CallType: Video,
		Initiator: s.initiator, Opponents: s.opponents, Platform: "web",
	}
	if fill != nil {
		fill(&out)
	}
	s.client.world.logf("%d/%s sends %s", s.client.user, s.client.chat.resource, describe(out))
	s.client.chat.send(out)
}

func (s *sdkSession) newPC() *sdkPC {
	pc := &sdkPC{session: s}
	pc.ice = s.client.world.newPC(s.client.host, pc.iceChanged)
	s.made = append(s.made, pc)
	return pc
}

func (pc *sdkPC) release() {
	pc.dialing.stop()
	pc.released = true
	pc.ice.close()
}

// describe makes a local description; then is called if the PeerConnection is
// still open.
func (pc *sdkPC) describe(then func()) {
	w := pc.session.client.world
	w.clock.after(w.rand.between(sdkDescribeMin, sdkDescribeMax), func() {
		if pc.ice.open {
			then()
			pc.trickle()
		}
	})
}

// trickle sends a candidate once both descriptions are there.
func (pc *sdkPC) trickle() {
	if pc.ice.remote == nil {
		return
	}
	pc.session.send(SignalCandidates, func(out *Signal) {
		out.Candidates = []Candidate{{Candidate: "candidate:" + strconv.Itoa(pc.ice.network)}}
	})
}

// dial sends the call and counts the steps until nobody has answered.
func (pc *sdkPC) dial(first bool) {
	s := pc.session
	if !first {
		pc.dialed += sdkDialing
	}
	if pc.dialed >= sdkAnswerTime {
		pc.release()
		s.closeIfReleased()
		return
	}
	s.send(SignalCall, func(out *Signal) { out.SDP = pc.ice.name })
	pc.dialing = s.client.world.clock.after(sdkDialing, func() { pc.dial(false) })
}

// applyAnswer applies an answer; in any other signalling state the browser
// refuses it.
func (pc *sdkPC) applyAnswer(sdp string) {
	if !pc.offering || !pc.ice.open {
		return
	}
	pc.offering = false
	pc.ice.apply(sdp)
	pc.trickle()
}

// iceChanged is the handler of the ICE state; a released PeerConnection has
// none.
func (pc *sdkPC) iceChanged(state ConnectionState) {
	if pc.released {
		return
	}
	s := pc.session
	s.client.world.logf("%d/%s %s ICE %v", s.client.user, s.client.chat.resource, pc.ice.name, state)
	switch state {
	case ConnectionConnected:
		if pc.reconnecting {
			s.stopReconnect()
		}
	case ConnectionDisconnected, ConnectionFailed:
		s.startReconnect()
	}
}
