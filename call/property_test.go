package call

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var propertyRuns = flag.Int("property.n", 20_000, "number of random event sequences")

// TestRandomSequences drives the switchboard with random requests, signals,
// media events and pauses, and checks after every step what the package
// guarantees. The number of a failing sequence is its seed.
func TestRandomSequences(t *testing.T) {
	joined := 0
	for n := range *propertyRuns {
		w := newWalk(uint64(n))
		if err := w.run(); err != nil {
			again := newWalk(uint64(n))
			again.tracing = true
			err = again.run()
			t.Fatalf("sequence %d: %v\n%s", n, err, strings.Join(again.trace, "\n"))
		}
		joined += w.joined
	}
	if joined < *propertyRuns/10 {
		t.Errorf("only %d accepts in %d sequences: they do not reach far", joined, *propertyRuns)
	}
}

// walk is one random sequence and the model it is checked against.
type walk struct {
	rand  *rand.Rand
	cfg   Config
	board *switchboard
	now   time.Time

	tracing bool
	trace   []string
	joined  int          // accepts told or sent
	asked   []MediaEvent // descriptions the media was asked for

	open    map[PeerKey]bool
	streams map[*walkStream]SessionID // not yet released
	called  map[SessionID]bool        // told onCall
	closed  map[SessionID]bool
	own     map[SessionID][]UserID
	serial  int
}

type walkStream struct{ LocalStream }

var walkStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	walkSteps    = 60
	walkStranger = UserID(200) // and above are not allowed
)

func newWalk(seed uint64) *walk {
	w := &walk{
		rand: rand.New(rand.NewPCG(seed, 1)), now: walkStart,
		open: make(map[PeerKey]bool), streams: make(map[*walkStream]SessionID),
		called: make(map[SessionID]bool), closed: make(map[SessionID]bool),
		own: make(map[SessionID][]UserID),
	}
	w.cfg = Config{
		Self: pick(w, UserID(101), 102, 103, 104), AutoReject: w.chance(70), IncomingLimit: 1 + w.rand.IntN(3),
		DisconnectTimeInterval: pick(w, 10*time.Second, 30*time.Second),
		Allowed:                func(u UserID) bool { return u < walkStranger },
	}
	cfg, err := w.cfg.withDefaults()
	if err != nil {
		panic(err)
	}
	w.cfg, w.board = cfg, newSwitchboard(cfg)
	return w
}

func pick[T any](w *walk, list ...T) T { return list[w.rand.IntN(len(list))] }

func (w *walk) chance(percent int) bool { return w.rand.IntN(100) < percent }

func (w *walk) run() error {
	for range walkSteps {
		if err := w.check(w.step()); err != nil {
			return err
		}
		if err := w.check(w.board.Advance(w.now)); err != nil {
			return err
		}
		if next := w.board.NextTimeout(); !next.IsZero() && !next.After(w.now) {
			return fmt.Errorf("deadline %v is not after now %v", next, w.now)
		}
	}
	return w.finish()
}

// finish lets all deadlines fire, then ends everything.
func (w *walk) finish() error {
	for n := 0; !w.board.NextTimeout().IsZero(); n++ {
		if n > 500 {
			return fmt.Errorf("deadlines never end: next %v", w.board.NextTimeout())
		}
		before := w.board.NextTimeout()
		w.now = before
		w.logf("deadline")
		if err := w.check(w.board.Advance(w.now)); err != nil {
			return err
		}
		if next := w.board.NextTimeout(); !next.IsZero() && !next.After(before) {
			return fmt.Errorf("deadline %v did not fire", before)
		}
	}
	w.logf("stop all")
	if err := w.check(w.board.stopAll(w.now, nil)); err != nil {
		return err
	}
	switch {
	case len(w.board.live) > 0 || !w.board.NextTimeout().IsZero():
		return fmt.Errorf("%d sessions outlive stopAll", len(w.board.live))
	case len(w.open) > 0:
		return fmt.Errorf("PeerConnections left open: %v", w.open)
	case len(w.streams) > 0:
		return fmt.Errorf("%d streams were not released", len(w.streams))
	}
	return nil
}

func (w *walk) logf(format string, args ...any) {
	if w.tracing {
		w.trace = append(w.trace, fmt.Sprintf("%v "+format, append([]any{w.now.Sub(walkStart)}, args...)...))
	}
}

// step does one random thing.
func (w *walk) step() []action {
	switch n := w.rand.IntN(100); {
	case n < 8:
		return w.stepNew()
	case n < 30:
		return w.stepRequest()
	case n < 60:
		s := w.randomSignal()
		w.logf("receive %+v", s)
		return w.board.receive(w.now, s, "seed")
	case n < 63:
		e := pick[event](w, networkChanged{NetworkDown}, networkChanged{NetworkUp}, networkChanged{NetworkUp}, networkChanged{NetworkMoved},
			signalingChanged{}, signalingChanged{online: true}, signalingChanged{online: true, resumed: true}, signalingChanged{online: true, resumed: true})
		w.logf("around %+v", e)
		return w.board.broadcast(w.now, e)
	case n < 90:
		e := w.randomMediaEvent()
		w.logf("media %T %+v", e, e)
		return w.board.mediaEvent(w.now, e)
	}
	d := pick(w, time.Millisecond, time.Millisecond, 400*time.Millisecond, 400*time.Millisecond, time.Second, 3*time.Second, 5*time.Second, 9*time.Second, 31*time.Second, time.Minute)
	w.now = w.now.Add(d)
	if next := w.board.NextTimeout(); !next.IsZero() && w.chance(50) {
		w.now = next
	}
	w.logf("pass %v", d)
	return nil
}

func (w *walk) stepNew() []action {
	w.serial++
	info := sessionInfo{
		id: SessionID(fmt.Sprintf("own-%d", w.serial)), seed: "seed", callType: Video,
		initiator: w.cfg.Self, opponents: w.users(1 + w.rand.IntN(4)),
	}
	acts, err := w.board.newSession(w.now, info)
	if err == nil {
		w.own[info.id] = info.opponents
	}
	w.logf("new %v: %v", info.opponents, err)
	return acts
}

func (w *walk) stepRequest() []action {
	id := w.session()
	var e event
	var stream *walkStream
	switch w.rand.IntN(20) {
	case 0, 1, 2, 3, 4, 5:
		e = callRequest{Extension{"k": "v"}}
	case 8, 9, 10, 11, 12, 13, 14, 15:
		e = acceptRequest{}
	case 16:
		e = pick[event](w, rejectRequest{}, stopRequest{})
	case 17:
		e = updateRequest{Extension{"k": "v"}}
	case 18:
		e = muteRequest{KindAudio, true}
	default:
		stream = &walkStream{}
		e = streamRequest{stream}
	}
	acts, err := w.board.request(w.now, id, e)
	if err == nil && stream != nil {
		w.streams[stream] = id
	}
	if err != nil && len(acts) > 0 {
		acts = append(acts, tell{notice: notice{kind: 0}}) // fails the check: an error must change nothing
	}
	w.logf("%s %T: %v", id, e, err)
	return acts
}

// users returns n users; sometimes oneself, strangers and doubles.
func (w *walk) users(n int) []UserID {
	var list []UserID
	for range n {
		if w.chance(90) {
			list = append(list, UserID(101+w.rand.IntN(4)))
		} else {
			list = append(list, walkStranger+UserID(w.rand.IntN(2)))
		}
	}
	return list
}

func (w *walk) session() SessionID {
	if live := w.board.live; len(live) > 0 && w.chance(80) {
		return live[w.rand.IntN(len(live))].id
	}
	return pick(w, SessionID("theirs-1"), "theirs-2", "theirs-3")
}

func (w *walk) randomSignal() Signal {
	s := Signal{
		Type: pick(w, SignalCall, SignalCall, SignalCall, SignalAccept, SignalAccept, SignalAccept, SignalReject, SignalHangUp,
			SignalCandidates, SignalUpdate, SignalUpdate, SignalType("other")),
		Peer:    Address{w.users(1)[0], pick(w, "", "phone", "phone", "phone", "phone", "tablet")},
		Session: w.session(), CallType: pick(w, Video, Audio, Type(0)), Opponents: w.users(w.rand.IntN(5)),
		Bandwidth: w.rand.IntN(3) - 1,
	}
	if m := w.board.find(s.Session); m != nil && w.chance(80) {
		s.Peer.User = m.peers[w.rand.IntN(len(m.peers))].user
	}
	s.Initiator = s.Peer.User
	if w.chance(20) {
		s.Initiator = w.users(1)[0]
	}
	if w.chance(70) {
		s.Opponents = append(s.Opponents, w.cfg.Self)
	}
	if w.chance(90) {
		s.SDP = "v=0\nm=video"
	}
	for range w.rand.IntN(70) {
		s.Candidates = append(s.Candidates, Candidate{Candidate: pick(w, "", "candidate:1")})
	}
	if s.Type == SignalUpdate && w.chance(80) {
		s.Reconnect = &ReconnectDescription{
			OfferID: w.offerID(s), Type: pick(w, Offer, Answer), SDP: pick(w, "v=0", "v=0", ""),
		}
	}
	return s
}

// offerID is that of the running repair or one of the peer's.
func (w *walk) offerID(s Signal) string {
	if m := w.board.find(s.Session); m != nil && w.chance(60) {
		if p := m.peer(s.Peer.User); p != nil {
			return p.repair.offerID
		}
	}
	return pick(w, "theirs-1", "theirs-2", "")
}

func (w *walk) randomMediaEvent() MediaEvent {
	if len(w.asked) > 0 && w.chance(70) {
		e := w.asked[0]
		w.asked = w.asked[1:]
		return e
	}
	k := w.randomKey()
	list := []Candidate{{Candidate: "candidate:2"}}
	switch w.rand.IntN(10) {
	case 0, 1, 2:
		return LocalDescription{Peer: k, Type: pick(w, Offer, Answer), SDP: "v=0", Candidates: list[:w.rand.IntN(2)]}
	case 3:
		return LocalCandidates{Peer: k, Candidates: list, SDP: pick(w, "v=0 more", "")}
	case 4, 5, 6:
		return PeerState{k, ConnectionState(w.rand.IntN(7))}
	case 7:
		return RemoteStreamReady{Peer: k}
	case 8:
		return pick[MediaEvent](w, PeerStats{Peer: k}, PathProbed{k, true}, PathProbed{k, false})
	}
	return PeerError{k, fmt.Errorf("no common codec")}
}

func (w *walk) randomKey() PeerKey {
	for _, m := range w.board.live {
		for _, p := range m.peers {
			switch {
			case p.aside.open && w.chance(30):
				return m.keyOf(p, p.aside)
			case p.link.open && w.chance(60):
				return m.key(p)
			}
		}
	}
	return PeerKey{w.session(), w.users(1)[0], w.rand.IntN(3)}
}
