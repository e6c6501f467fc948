package call

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// switchboard connects signals, media events and requests with sessions, and
// decides about calls that come in. Like the machines it holds, it is pure: it
// is given the time and random strings, and returns actions.
type switchboard struct {
	cfg     Config
	live    []*machine // in the order they were made
	around  surroundings
	limiter *limiter
	over    *memory
	later   farewells
}

func newSwitchboard(cfg Config) *switchboard {
	known := func(u UserID) bool { return u == cfg.Self || cfg.Allowed(u) }
	return &switchboard{cfg: cfg, limiter: newLimiter(cfg.Allowed), over: newMemory(known)}
}

// setPolicy replaces what may change while sessions live, for later ones.
func (b *switchboard) setPolicy(p Config) error {
	p.Self, p.Platform, p.Allowed = b.cfg.Self, b.cfg.Platform, b.cfg.Allowed
	p, err := p.withDefaults()
	if err != nil {
		return fmt.Errorf("set policy: %w", err)
	}
	b.cfg = p
	return nil
}

// newSession makes a session of our own. Whom the app calls is allowed in that
// session.
func (b *switchboard) newSession(now time.Time, info sessionInfo) ([]action, error) {
	if err := checkOpponents(b.cfg.Self, info.opponents); err != nil {
		return nil, err
	}
	for _, m := range b.live {
		if sameUsers(m.opponents, info.opponents) { // never an incoming one: those name us
			return nil, fmt.Errorf("%w: %s", ErrSessionExists, m.id)
		}
	}
	return []action{b.add(now, info, func(UserID) bool { return true })}, nil
}

func (b *switchboard) add(now time.Time, info sessionInfo, allowed func(UserID) bool) action {
	m := newMachine(now, b.cfg, info, allowed)
	m.around = b.around
	b.live = append(b.live, m)
	return opened{m}
}

// request hands a request of the app to a session.
func (b *switchboard) request(now time.Time, id SessionID, e event) ([]action, error) {
	m := b.find(id)
	if m == nil {
		closed := machine{id: id, state: StateClosed}
		return nil, closed.legal(e)
	}
	acts, err := m.Handle(now, e)
	if _, accepting := e.(acceptRequest); accepting && err == nil {
		b.limiter.answered(now, m.initiator)
	}
	return b.sweep(now, acts, m), err
}

// receive takes a signal. seed is a fresh random string, for the case that the
// signal makes a session.
func (b *switchboard) receive(now time.Time, s Signal, seed string) []action {
	if !wellFormed(s) {
		return drops(s, ignoreMalformed)
	}
	if s.Peer.User == b.cfg.Self {
		return b.receiveOwn(now, s)
	}
	if !b.limiter.signal(now, s.Peer.User) {
		return drops(s, ignoreRate)
	}
	if s.Type == SignalCall && s.Initiator == 0 {
		s.Initiator = s.Peer.User
	}
	m := b.find(s.Session)
	switch {
	case m != nil && (s.Type != SignalCall || s.Initiator == m.initiator):
		return b.deliver(now, m, s)
	case s.Type == SignalCall:
		return b.strangeCall(now, s, seed)
	}
	return b.strange(now, s)
}

// receiveOwn takes what another device of our user sent. Some servers copy it
// to us: it stops the ringing, and means nothing else.
func (b *switchboard) receiveOwn(now time.Time, s Signal) []action {
	m := b.find(s.Session)
	if m == nil || !m.ringing() || s.Type != SignalAccept && s.Type != SignalReject {
		return drops(s, ignoreOwn)
	}
	acts, _ := m.Handle(now, answeredElsewhere{}) // not a request: it cannot be illegal
	return b.sweep(now, acts, m)
}

// deliver hands a signal to a live session, if its sender takes part.
func (b *switchboard) deliver(now time.Time, m *machine, s Signal) []action {
	switch {
	case m.peer(s.Peer.User) != nil:
		acts, _ := m.Handle(now, signalReceived{s}) // not a request: it cannot be illegal
		return b.sweep(now, acts, m)
	case s.Type == SignalCall && m.member(s.Peer.User) && b.limiter.call(now, s.Peer.User):
		return []action{ignored{s, ignoreNotAllowed}, b.echo(s)}
	case m.member(s.Peer.User):
		return drops(s, ignoreNotAllowed)
	}
	return drops(s, ignoreNotMember)
}

// strangeCall takes a `call` of a session that does not live. Somebody else's
// session of the same id does not change what becomes of it, except that it
// cannot ring beside that.
func (b *switchboard) strangeCall(now time.Time, s Signal, seed string) []action {
	if s.SDP == "" {
		return drops(s, ignoreMalformed)
	}
	if !b.limiter.call(now, s.Peer.User) {
		return drops(s, ignoreRate)
	}
	if rejected, found := b.over.find(now, s.Session, s.Peer.User, s.Initiator); found {
		if rejected {
			return []action{ignored{s, ignoreAlreadyOver}, b.echo(s)}
		}
		return drops(s, ignoreAlreadyOver)
	}
	v, reason := judge(b.cfg, b.live, s)
	if (v == ring || v == yield) && (b.find(s.Session) != nil || !b.limiter.ring(now, s.Initiator)) {
		v = refuse
	}
	switch v {
	case drop:
		return drops(s, reason)
	case refuse:
		return b.refuse(now, s)
	case yield:
		own := glaring(b.live, s)
		acts, _ := own.Handle(now, stopRequest{}) // a live session can be stopped
		return append(b.sweep(now, acts, own), b.ring(now, s, seed)...)
	}
	return b.ring(now, s, seed)
}

// ring makes the session of an incoming call and tells the app.
func (b *switchboard) ring(now time.Time, s Signal, seed string) []action {
	acts := []action{b.add(now, sessionInfo{
		id: s.Session, seed: seed, callType: callType(s), initiator: s.Initiator,
		opponents: slices.Clone(s.Opponents), bandwidth: s.Bandwidth,
	}, b.cfg.Allowed)}
	m := b.find(s.Session)
	m.signal(now, s)
	m.tell(notice{kind: onCall, user: s.Initiator, ext: s.Extension})
	return append(acts, m.flush()...)
}

// refuse rejects a call without a session.
func (b *switchboard) refuse(now time.Time, s Signal) []action {
	b.over.add(now, overKey{s.Session, s.Peer.User}, true)
	return []action{b.echo(s), invalid("onCall", s)}
}

// echo is the SDK's reject of a call that finds no session: the call itself,
// with its description, sent back.
func (b *switchboard) echo(s Signal) action {
	return sendSignal{Signal{
		Type: SignalReject, Peer: Address{User: s.Peer.User}, Session: s.Session,
		CallType: s.CallType, Initiator: s.Initiator, Opponents: slices.Clone(s.Opponents),
		Platform: b.cfg.Platform, SDP: s.SDP, Extension: maps.Clone(s.Extension), Bandwidth: s.Bandwidth,
	}}
}

// strange takes a signal other than `call` of a session that does not live.
// The app hears of a hangUp, and of an accept of a session that is over;
// everything else means nothing, as in the SDK. A device that accepts or repairs
// a session that is over here is told so: what told it before was lost.
func (b *switchboard) strange(now time.Time, s Signal) []action {
	_, over := b.over.find(now, s.Session, s.Peer.User, s.Initiator, b.cfg.Self)
	offer := s.Type == SignalUpdate && isOffer(s.Reconnect)
	switch {
	case !over && !b.cfg.Allowed(s.Peer.User):
		return drops(s, ignoreNotAllowed)
	case s.Type != SignalHangUp && !(over && (s.Type == SignalAccept || offer)):
		return drops(s, ignoreUnknown)
	case !b.limiter.call(now, s.Peer.User):
		return drops(s, ignoreRate)
	case s.Type == SignalHangUp:
		if !over { // its `call` may be late
			b.over.add(now, overKey{s.Session, s.Peer.User}, false)
		}
		return []action{invalid("onStop", s)}
	case s.Type == SignalAccept:
		return append([]action{invalid("onAccept", s)}, b.alone(now, s)...)
	}
	return append(drops(s, ignoreAlreadyOver), b.alone(now, s)...)
}

// alone tells a device that it is alone in a session that is over here. It may
// know in a moment by itself when it is repairing the connection, so that is
// given time.
func (b *switchboard) alone(now time.Time, s Signal) []action {
	if len(s.Opponents) == 0 || s.Initiator == 0 || !b.cfg.Allowed(s.Peer.User) {
		return nil
	}
	hangUp := Signal{
		Type: SignalHangUp, Peer: s.Peer, Session: s.Session, CallType: s.CallType,
		Initiator: s.Initiator, Opponents: slices.Clone(s.Opponents), Platform: b.cfg.Platform,
	}
	if s.Type == SignalUpdate {
		return b.later.add(now, hangUp)
	}
	return []action{sendSignal{hangUp}}
}

// mediaEvent hands an event to the session of its PeerConnection.
func (b *switchboard) mediaEvent(now time.Time, e MediaEvent) []action {
	m := b.find(peerKey(e).Session)
	if m == nil {
		return nil
	}
	acts, _ := m.Handle(now, mediaReported{e}) // not a request: it cannot be illegal
	return b.sweep(now, acts, m)
}

// broadcast tells every session what happened to the device's own links.
func (b *switchboard) broadcast(now time.Time, e event) []action {
	b.around = b.around.after(now, e)
	var acts []action
	for _, m := range slices.Clone(b.live) {
		done, _ := m.Handle(now, e) // not a request: it cannot be illegal
		acts = append(acts, b.sweep(now, done, m)...)
	}
	return acts
}

// Advance fires the deadlines of all sessions that have come.
func (b *switchboard) Advance(now time.Time) []action {
	acts := b.later.take(now, false)
	for _, m := range slices.Clone(b.live) {
		acts = append(acts, b.sweep(now, m.Advance(now), m)...)
	}
	return acts
}

// NextTimeout returns the earliest deadline, or zero.
func (b *switchboard) NextTimeout() time.Time {
	next := b.later.nextTimeout()
	for _, m := range b.live {
		next = earliest(next, m.NextTimeout())
	}
	return next
}

// stopAll ends every session: those that ring are rejected. What was to be
// sent later is sent now.
func (b *switchboard) stopAll(now time.Time, ext Extension) []action {
	var acts []action
	for _, m := range slices.Clone(b.live) {
		var e event = stopRequest{ext}
		if m.ringing() {
			e = rejectRequest{ext}
		}
		done, _ := m.Handle(now, e) // legal in every live state
		acts = append(acts, b.sweep(now, done, m)...)
	}
	return append(acts, b.later.take(now, true)...)
}

// sweep keeps what is to be sent later, and forgets m if it has closed, except
// that it is over.
func (b *switchboard) sweep(now time.Time, acts []action, m *machine) []action {
	var overflow []action
	acts = slices.DeleteFunc(acts, func(a action) bool {
		later, ok := a.(sendLater)
		if ok {
			overflow = append(overflow, b.later.add(now, later.signal)...)
		}
		return ok
	})
	acts = append(acts, overflow...)
	if m.state != StateClosed {
		return acts
	}
	b.live = slices.DeleteFunc(b.live, func(l *machine) bool { return l == m })
	b.over.add(now, overKey{m.id, m.initiator}, m.rejected)
	return append(acts, ended{m.id})
}

func (b *switchboard) find(id SessionID) *machine {
	for _, m := range b.live {
		if m.id == id {
			return m
		}
	}
	return nil
}

// callType is what the call says, or what its description shows: some clients
// announce no type.
func callType(s Signal) Type {
	switch {
	case s.CallType == Video || s.CallType == Audio:
		return s.CallType
	case strings.Contains(s.SDP, "\nm=video"):
		return Video
	}
	return Audio
}

func drops(s Signal, reason ignoreReason) []action { return []action{ignored{s, reason}} }

func invalid(event string, s Signal) action {
	return tell{notice: notice{
		kind: onInvalidEvents, event: event, session: s.Session, user: s.Peer.User, ext: s.Extension,
	}}
}

func sameUsers(a, b []UserID) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
