package call

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// machine is the state machine of one session.
//
//	           call ┌────────┐ stop, remote hangUp/reject of the last peer,
//	 outgoing ─────▶│        │ every peer gone            ┌────────┐
//	┌─────┐         │ ACTIVE ├───────────────────────────▶│ CLOSED │
//	│ NEW │ accept  │        │ (stop: by way of HUNGUP)   └────────┘
//	└──┬──┘────────▶└────────┘                                 ▲
//	   │ incoming                                              │
//	   ├── reject (by way of REJECTED), stop (HUNGUP) ─────────┤
//	   └── ring timer, remote hangUp, answered elsewhere ──────┘
//
// It has no goroutine, channel, lock, clock or randomness: Handle and Advance
// are given the time and return what is to be done. Peers are visited in the
// order of their ids. In CLOSED it holds no PeerConnection, no stream and no
// deadline, and does nothing any more.
type machine struct {
	cfg       Config
	id        SessionID
	seed      string // secret; offer ids of reconnections are derived from it
	callType  Type
	initiator UserID
	opponents []UserID // as announced by the initiator
	bandwidth int      // kbit/s, 0 is no limit

	around   surroundings
	state    SessionState
	stream   LocalStream
	muted    []Kind    // by the app; outlives the stream
	ext      Extension // of call or accept
	peers    []*peer   // sorted by user
	rangAt   time.Time // when the session was made
	answerBy time.Time // incoming and NEW: when ringing ends
	rejected bool      // the app refused it
	err      error     // last failure of a peer

	last    *view // the last snapshot, and its version
	version uint64
	out     []action
}

// sessionInfo is what a machine is made of.
type sessionInfo struct {
	id        SessionID
	seed      string
	callType  Type
	initiator UserID
	opponents []UserID
	bandwidth int
}

// newMachine makes a session in NEW. Its peers are the initiator and the
// opponents without oneself and without those who are not in allowed.
func newMachine(now time.Time, cfg Config, info sessionInfo, allowed func(UserID) bool) *machine {
	m := &machine{
		cfg: cfg, id: info.id, seed: info.seed, callType: info.callType,
		initiator: info.initiator, opponents: info.opponents,
		bandwidth: max(info.bandwidth, 0), state: StateNew, rangAt: now,
	}
	members := append([]UserID{info.initiator}, info.opponents...)
	slices.SortFunc(members, cmp.Compare)
	for _, u := range slices.Compact(members) {
		if u != cfg.Self && allowed(u) {
			m.peers = append(m.peers, &peer{user: u})
		}
	}
	if m.incoming() {
		m.answerBy = now.Add(cfg.AnswerTimeInterval)
	}
	return m
}

// Handle takes one event. A request that is illegal in the state is a
// *StateError, and changes nothing.
func (m *machine) Handle(now time.Time, e event) ([]action, error) {
	switch e := e.(type) {
	case signalReceived:
		m.signal(now, e.signal)
	case mediaReported:
		m.media(now, e.media)
	case answeredElsewhere:
		if m.ringing() {
			m.close()
		}
	case networkChanged:
		moved := m.around.down && e.change == NetworkMoved
		m.around = m.around.after(now, e)
		m.networkChanged(now, e.change, moved)
	case signalingChanged:
		m.around = m.around.after(now, e)
		m.signalingChanged(now, e)
	default:
		if err := m.legal(e); err != nil {
			return nil, err
		}
		m.request(now, e)
	}
	return m.flush(), nil
}

// Advance fires the deadlines that have come. Afterwards NextTimeout is later
// than now, or zero.
func (m *machine) Advance(now time.Time) []action {
	if due(m.answerBy, now) {
		m.close()
	}
	for _, p := range m.peers {
		m.advancePeer(now, p)
	}
	return m.flush()
}

// NextTimeout returns the earliest deadline, or zero if there is none.
func (m *machine) NextTimeout() time.Time {
	next := m.answerBy
	for _, p := range m.peers {
		next = earliest(next, p.nextTimeout(m.around.ready()))
	}
	return next
}

// legal checks a request of the app against the state.
func (m *machine) legal(e event) error {
	verb, ok := "", false
	switch e.(type) {
	case callRequest:
		verb, ok = "call", m.state == StateNew && !m.incoming()
	case acceptRequest:
		verb, ok = "accept", m.ringing()
	case rejectRequest:
		verb, ok = "reject", m.ringing()
	case stopRequest:
		verb, ok = "stop", m.live()
	case updateRequest:
		verb, ok = "update", m.state == StateActive
	case muteRequest:
		verb, ok = "mute or unmute", m.live()
	case streamRequest:
		verb, ok = "get user media", m.state == StateNew
	}
	if !ok {
		return m.illegal(verb)
	}
	return nil
}

func (m *machine) illegal(verb string) error {
	return &StateError{Session: m.id, State: m.state, Verb: verb}
}

// request does what the app asked for; it is legal.
func (m *machine) request(now time.Time, e event) {
	switch e := e.(type) {
	case callRequest:
		m.call(now, e.ext)
	case acceptRequest:
		m.accept(now, e.ext)
	case rejectRequest:
		m.leave(StateRejected, SignalReject, e.ext)
	case stopRequest:
		m.leave(StateHungUp, SignalHangUp, e.ext)
	case updateRequest:
		m.update(e.ext)
	case muteRequest:
		m.mute(e.kind, e.muted)
	case streamRequest:
		m.releaseStream()
		m.stream = e.stream
		for _, k := range m.muted { // a new stream begins audible
			m.mute(k, true)
		}
	}
}

// mute switches one kind of media, of the stream there is and of those that
// come later.
func (m *machine) mute(k Kind, muted bool) {
	m.muted = slices.DeleteFunc(slices.Clone(m.muted), func(x Kind) bool { return x == k })
	if muted {
		m.muted = append(m.muted, k)
	}
	m.do(SetMuted{Session: m.id, Kind: k, Muted: muted})
}

// call rings every opponent.
func (m *machine) call(now time.Time, ext Extension) {
	m.state, m.ext = StateActive, ext
	for _, p := range m.peers {
		m.dial(p, now.Add(m.cfg.AnswerTimeInterval))
	}
}

// accept answers every peer that has called, and calls the others whom the
// mesh rule leaves to us: the callees with a lower id. The rest will call.
func (m *machine) accept(now time.Time, ext Extension) {
	m.state, m.ext, m.answerBy = StateActive, ext, time.Time{}
	joinBy := m.joinBy(now)
	for _, p := range m.livePeers() {
		p.joinBy = joinBy
		switch {
		case p.offer != "":
			m.answer(p)
		case p.user != m.initiator && p.user < m.cfg.Self:
			m.dial(p, joinBy)
		}
	}
}

// joinBy is how long peers have to get connected once we accepted: in a group
// what is left of the ringing time, as in the SDK, but at least one dialing
// interval; with a single peer the SDK has no limit, and ours is a full answer
// interval so that a peer that vanishes at once does not hold the line.
func (m *machine) joinBy(now time.Time) time.Time {
	if len(m.opponents) == 1 {
		return now.Add(m.cfg.AnswerTimeInterval)
	}
	left := m.rangAt.Add(m.cfg.AnswerTimeInterval)
	if least := now.Add(m.cfg.DialingTimeInterval); left.Before(least) {
		return least
	}
	return left
}

// leave ends the session from our side; every peer that knows of it is told.
func (m *machine) leave(by SessionState, with SignalType, ext Extension) {
	known := m.incoming()
	for _, p := range m.livePeers() {
		if known || p.rung {
			m.sendExt(p, with, ext)
		}
	}
	m.state, m.rejected = by, by == StateRejected
	m.close()
}

// update sends the app's data to every peer that answered.
func (m *machine) update(ext Extension) {
	for _, p := range m.peers {
		if p.phase == peerJoined {
			s := m.newSignal(p, SignalUpdate)
			s.Peer.Resource, s.Extension = p.resource, maps.Clone(ext)
			m.send(s)
		}
	}
}

// close ends the session. The listener hears of it last.
func (m *machine) close() {
	if m.state == StateClosed {
		return
	}
	for _, p := range m.peers {
		m.shut(p)
	}
	m.state, m.answerBy = StateClosed, time.Time{}
	m.releaseStream()
	m.tell(notice{kind: onSessionClose})
}

// closePeer ends the connection with one peer, and the session with its last.
// A session that rings has nobody to answer once its initiator is gone.
func (m *machine) closePeer(p *peer) {
	m.shut(p)
	if len(m.livePeers()) == 0 || m.ringing() && p.user == m.initiator {
		m.close()
	}
}

func (m *machine) releaseStream() {
	if m.stream != nil {
		m.out = append(m.out, release{m.stream})
		m.stream = nil
	}
}

func (m *machine) incoming() bool { return m.initiator != m.cfg.Self }
func (m *machine) live() bool     { return m.state == StateNew || m.state == StateActive }
func (m *machine) ringing() bool  { return m.state == StateNew && m.incoming() }

// member says whether u takes part as far as the initiator is concerned; only
// members that are allowed are peers.
func (m *machine) member(u UserID) bool {
	return u == m.initiator || slices.Contains(m.opponents, u)
}

// peer returns the peer u, or nil.
func (m *machine) peer(u UserID) *peer {
	for _, p := range m.peers {
		if p.user == u {
			return p
		}
	}
	return nil
}

func (m *machine) livePeers() []*peer {
	var live []*peer
	for _, p := range m.peers {
		if p.phase != peerClosed {
			live = append(live, p)
		}
	}
	return live
}

// snapshot returns what the session shows now; it is the last one if nothing
// changed since.
func (m *machine) snapshot() *view {
	peers := make([]PeerInfo, 0, len(m.peers))
	for _, p := range m.peers {
		peers = append(peers, PeerInfo{User: p.user, State: p.state, Resource: p.resource})
	}
	l := m.last
	if l == nil || l.state != m.state || l.err != m.err || !slices.Equal(l.peers, peers) {
		m.version++
		m.last = &view{version: m.version, state: m.state, err: m.err, peers: peers}
	}
	return m.last
}

func (m *machine) tell(n notice) {
	n.session = m.id
	m.out = append(m.out, tell{n, m.snapshot()})
}

func (m *machine) do(c MediaCommand) { m.out = append(m.out, doMedia{c}) }
func (m *machine) send(s Signal)     { m.out = append(m.out, sendSignal{s}) }

func (m *machine) flush() []action {
	out := m.out
	m.out = nil
	return out
}

// newSignal fills in what every signal of the session carries. It goes to
// every device of the user, as the SDK's do.
func (m *machine) newSignal(p *peer, t SignalType) Signal {
	return Signal{
		Type: t, Peer: Address{User: p.user}, Session: m.id, CallType: m.callType,
		Initiator: m.initiator, Opponents: slices.Clone(m.opponents), Platform: m.cfg.Platform,
	}
}

// sendExt sends a signal that carries nothing but the app's data.
func (m *machine) sendExt(p *peer, t SignalType, ext Extension) {
	s := m.newSignal(p, t)
	s.Extension = maps.Clone(ext)
	m.send(s)
}
