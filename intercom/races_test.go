package intercom

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

var raceRuns = flag.Int("races.n", 1000, "number of simulated double accepts")

const (
	raceSpread = 200 * time.Millisecond // between the first and the last accept, at most
	loserTold  = 500 * time.Millisecond // after the first accept, at most
)

// race is a press that several people answer at nearly the same moment.
type race struct {
	r       *rig
	calls   map[call.UserID]call.Signal // as they were rung
	order   []call.UserID               // in which they accept
	accepts map[call.UserID]time.Duration
	began   time.Time
	told    map[call.UserID]time.Duration // when the hangUp to a user was sent
	slowest time.Duration
}

// TestFirstAnswerRaces has two or three people accept within 200 ms, or in the
// same instant: exactly one gets the call, the first if there is one, and every
// other is told by a hangUp.
func TestFirstAnswerRaces(t *testing.T) {
	three := Button{Name: "three", Contacts: []call.UserID{anna, ben, carl}, CallType: call.Video}
	slowest := time.Duration(0)
	for n := range *raceRuns {
		random := rand.New(rand.NewPCG(uint64(n), 3))
		button := []string{"front", "three"}[random.IntN(2)]
		run(t, func(c *Config) { c.Buttons = append(c.Buttons, three) }, func(r *rig) {
			r.online()
			r.press(button)
			c := newRace(r, random)
			c.run()
			if !c.check() {
				t.Errorf("race %d: accepts %v, told %v, sessions %v", n, c.accepts, c.told, r.client.Sessions())
			}
			slowest = max(slowest, c.slowest)
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d races, the slowest hangUp left %v after the first accept", *raceRuns, slowest)
}

// newRace draws when the people who are rung accept.
func newRace(r *rig, random *rand.Rand) *race {
	c := &race{
		r: r, calls: make(map[call.UserID]call.Signal), accepts: make(map[call.UserID]time.Duration),
		told: make(map[call.UserID]time.Duration),
	}
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sent {
		c.calls[s.Peer.User] = s
	}
	spread := []time.Duration{0, time.Millisecond, raceSpread}[random.IntN(3)]
	for _, u := range []call.UserID{anna, ben, carl} {
		if _, rung := c.calls[u]; rung {
			c.order = append(c.order, u)
			c.accepts[u] = time.Duration(random.Int64N(int64(spread) + 1)).Truncate(time.Millisecond)
		}
	}
	random.Shuffle(len(c.order), func(i, j int) { c.order[i], c.order[j] = c.order[j], c.order[i] })
	slices.SortStableFunc(c.order, func(a, b call.UserID) int { return int(c.accepts[a] - c.accepts[b]) })
	return c
}

// run lets everybody accept at their time. Nothing settles in between, so
// accepts of the same instant wait for the client together.
func (c *race) run() {
	c.began = time.Now()
	first := c.accepts[c.order[0]]
	for _, u := range c.order {
		if wait := c.accepts[u] - time.Since(c.began); wait > 0 {
			c.look()
			time.Sleep(wait)
		}
		s := c.calls[u]
		s.Type, s.Peer.Resource, s.SDP = call.SignalAccept, "phone", "answer"
		c.r.client.Receive(s)
	}
	c.look()
	time.Sleep(loserTold - (time.Since(c.began) - first))
	c.look()
	for u, at := range c.told {
		c.told[u] = at - first
		c.slowest = max(c.slowest, c.told[u])
	}
}

// look notes who was told by now.
func (c *race) look() {
	synctest.Wait()
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	for _, s := range c.r.sent {
		if _, known := c.told[s.Peer.User]; s.Type == call.SignalHangUp && s.Session == c.calls[s.Peer.User].Session && !known {
			c.told[s.Peer.User] = time.Since(c.began)
		}
	}
}

// check says whether one person has the call, nobody accepted before, and all
// others were told in time.
func (c *race) check() bool {
	live := c.r.client.Sessions()
	if len(live) != 1 || live[0].State() != call.StateActive || c.r.media.open() != 1 {
		return false
	}
	winner := live[0].Opponents()[0]
	for u, at := range c.accepts {
		_, told := c.told[u]
		if told == (u == winner) || at < c.accepts[winner] || told && c.told[u] > loserTold {
			return false
		}
	}
	return len(c.accepts) > 1
}
