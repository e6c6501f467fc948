package call

import (
	"fmt"
	"strconv"
	"time"
)

// modelWorld is everything around the machine under test: clients of the SDK,
// other devices, the server between them, their networks, and the people. One
// schedule is one world; its seed says all that happens in it.
//
//	people ─▶ sdkClient ──modelChat──┐           ┌──modelChat── modelDevice ─▶ machine
//	              │                  └── route ──┘                  │
//	              └── modelPC ═══════ modelHost ═══════ modelPC ────┘
type modelWorld struct {
	rand      modelRand
	clock     modelClock
	start     time.Time // what the machine's clock shows when the schedule begins
	noise     modelNoise
	quiet     modelTime // from here on nobody does anything and nothing is lost
	chats     []*modelChat
	pcs       []*modelPC
	devices   []*modelDevice
	sdks      []*sdkClient
	healing   []modelCall       // have to be up at the end
	disturbed modelTime         // the latest end of a cut
	hangUps   map[SessionID]int // that devices sent
	offers    int
	serial    int

	counts  modelCounts
	fault   error // the first broken promise
	tracing bool
	trace   []string
}

// modelNoise is what the way between the clients does to signals.
type modelNoise struct {
	loss, double int           // percent
	delay        time.Duration // at most; drawn for each copy
	ordered      bool          // a client gets its signals in the order they were sent
}

func (w *modelWorld) now() time.Time { return w.start.Add(w.clock.now) }

func (w *modelWorld) newID(u UserID) SessionID {
	w.serial++
	return SessionID("s" + strconv.Itoa(w.serial) + "-of-" + u.String())
}

func (w *modelWorld) logf(format string, args ...any) {
	if w.tracing {
		w.trace = append(w.trace, fmt.Sprintf("%9.3f "+format, append([]any{w.clock.now.Seconds()}, args...)...))
	}
}

// broken notes that a promise was not kept.
func (w *modelWorld) broken(format string, args ...any) {
	if w.fault == nil {
		w.fault = fmt.Errorf("at %.3f s: "+format, append([]any{w.clock.now.Seconds()}, args...)...)
	}
	w.logf("BROKEN "+format, args...)
}

// describe is a signal in a line of a trace.
func describe(s Signal) string {
	d := string(s.Type) + " " + string(s.Session)
	if s.SDP != "" && s.Type != SignalReject {
		d += " (" + s.SDP + ")"
	}
	if r := s.Reconnect; r != nil {
		d += " " + string(r.Type) + " " + r.OfferID + " (" + r.SDP + ")"
	}
	return d
}

// newModelHost makes a machine with network.
func newModelHost(name string) *modelHost {
	return &modelHost{name: name, up: true, network: 1}
}

// newChat adds a client's stream to the server.
func (w *modelWorld) newChat(h *modelHost, u UserID, device string, durable bool, receive func(Signal)) *modelChat {
	c := &modelChat{world: w, host: h, user: u, device: device, durable: durable, receive: receive}
	c.login()
	w.chats = append(w.chats, c)
	return c
}

// route is the server: it sends a stanza on to every client of the user, or to
// the one with the resource, with what the noise makes of it.
func (w *modelWorld) route(s modelStanza) {
	w.counts.signals++
	for _, c := range w.chats {
		if c.user != s.signal.Peer.User {
			continue
		}
		copies := 1
		if w.clock.now < w.quiet {
			switch {
			case w.rand.chance(w.noise.loss):
				copies = 0
				w.logf("lost: %s to %d", describe(s.signal), c.user)
			case w.rand.chance(w.noise.double):
				copies = 2
			}
		}
		for range copies {
			w.clock.after(w.travel(c), func() {
				if r := s.signal.Peer.Resource; r == "" || r == c.resource {
					c.arrive(s)
				}
			})
		}
	}
}

// travel is how long a signal to c takes.
func (w *modelWorld) travel(c *modelChat) time.Duration {
	d := w.rand.between(5*time.Millisecond, 60*time.Millisecond)
	if w.clock.now < w.quiet {
		d += w.rand.between(0, w.noise.delay)
	}
	if w.noise.ordered {
		d = max(d, c.latest-w.clock.now)
		c.latest = w.clock.now + d
	}
	return d
}

// cut takes a host's network away for some time. With moved it has another
// address afterwards.
func (w *modelWorld) cut(h *modelHost, d time.Duration, moved bool) {
	w.counts.cuts++
	w.logf("%s cut for %v, moved %v", h.name, d, moved)
	w.disturbed = max(w.disturbed, w.clock.now+d)
	h.up = false
	h.tell(false)
	w.chatsOf(h, (*modelChat).cut)
	w.reviewHost(h)
	w.clock.after(d, func() {
		w.logf("%s is back", h.name)
		h.up = true
		if moved {
			h.network++
			w.chatsOf(h, (*modelChat).moved)
		}
		w.reviewHost(h)
		h.tell(moved)
		w.chatsOf(h, (*modelChat).restored)
	})
}

// tell passes a change of the network on.
func (h *modelHost) tell(moved bool) {
	if h.changed != nil {
		h.changed(moved)
	}
}

// silence takes the server away from one client; its media go on.
func (w *modelWorld) silence(c *modelChat, d time.Duration) {
	w.counts.cuts++
	w.logf("no server for %d for %v", c.user, d)
	w.disturbed = max(w.disturbed, w.clock.now+d)
	c.broken = true
	c.cut()
	w.clock.after(d, func() {
		w.logf("server is back for %d", c.user)
		c.broken = false
		c.restored()
	})
}

func (w *modelWorld) chatsOf(h *modelHost, f func(*modelChat)) {
	for _, c := range w.chats {
		if c.host == h {
			f(c)
		}
	}
}

// rang has the person at an SDK client answer a call, or not.
func (w *modelWorld) rang(c *sdkClient, s *sdkSession) {
	w.logf("%d/%s rings for %s", c.user, c.chat.resource, s.id)
	accept, after := c.habit.answer(w.rand)
	w.person(after, func() {
		switch {
		case s.state != StateNew || accept == modelNobody:
		case accept == modelRejects:
			s.reject()
		default:
			s.accept()
			w.talk(c.habit, func() {
				if s.live() {
					s.stop()
				}
			})
		}
	})
}

// talk lets a person end the call some time, or not.
func (w *modelWorld) talk(h modelHabit, stop func()) {
	if w.rand.chance(h.stops) {
		w.person(w.rand.between(500*time.Millisecond, 90*time.Second), stop)
	}
}

// person does something in a while, unless all is to be quiet by then.
func (w *modelWorld) person(d time.Duration, f func()) {
	if w.clock.now+d < w.quiet {
		w.clock.after(d, f)
	}
}

// modelAnswer is what a person does with a call that rings.
type modelAnswer int

const (
	modelAccepts modelAnswer = iota
	modelRejects
	modelNobody
)

// modelHabit is how a person uses a client; the numbers are percent.
type modelHabit struct{ accepts, rejects, stops int }

func (h modelHabit) answer(r modelRand) (modelAnswer, time.Duration) {
	after := r.mostly(85, 8*time.Second, 63*time.Second)
	switch n := r.IntN(100); {
	case n < h.accepts:
		return modelAccepts, after
	case n < h.accepts+h.rejects:
		return modelRejects, after
	}
	return modelNobody, after
}
