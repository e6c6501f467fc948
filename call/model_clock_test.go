package call

import (
	"math/rand/v2"
	"time"
)

// modelTime is the time since the schedule began.
type modelTime = time.Duration

// modelTimer is something the world does later.
type modelTimer struct {
	at   modelTime
	turn uint64 // of two timers for the same time, the older goes first
	do   func() // nil once it was stopped or done
}

// stop disarms the timer; a nil timer is stopped already.
func (t *modelTimer) stop() {
	if t != nil {
		t.do = nil
	}
}

// armed says whether the timer is still to come.
func (t *modelTimer) armed() bool { return t != nil && t.do != nil }

func (t *modelTimer) before(o *modelTimer) bool {
	return t.at < o.at || t.at == o.at && t.turn < o.turn
}

// modelClock is a heap of timers, the earliest first. Its time is moved by the
// world alone, so a minute of calls takes microseconds.
type modelClock struct {
	now   modelTime
	turn  uint64
	queue []*modelTimer
}

// after has f done in d.
func (c *modelClock) after(d time.Duration, f func()) *modelTimer {
	c.turn++
	t := &modelTimer{at: c.now + max(d, 0), turn: c.turn, do: f}
	c.queue = append(c.queue, t)
	for i := len(c.queue) - 1; i > 0; {
		parent := (i - 1) / 2
		if !c.queue[i].before(c.queue[parent]) {
			break
		}
		c.queue[i], c.queue[parent] = c.queue[parent], c.queue[i]
		i = parent
	}
	return t
}

// next returns the earliest timer that is armed, or nil.
func (c *modelClock) next() *modelTimer {
	for len(c.queue) > 0 && !c.queue[0].armed() {
		c.pop()
	}
	if len(c.queue) == 0 {
		return nil
	}
	return c.queue[0]
}

func (c *modelClock) pop() {
	last := len(c.queue) - 1
	c.queue[0], c.queue[last] = c.queue[last], nil
	c.queue = c.queue[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if c.queue[child].before(c.queue[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		c.queue[i], c.queue[least] = c.queue[least], c.queue[i]
		i = least
	}
}

// fire does what the earliest timer is for; the clock stands at its time.
func (c *modelClock) fire(t *modelTimer) {
	do := t.do
	t.stop()
	do()
}

// modelRand draws what is left to chance.
type modelRand struct{ *rand.Rand }

func newModelRand(seed uint64) modelRand { return modelRand{rand.New(rand.NewPCG(seed, 2))} }

func (r modelRand) chance(percent int) bool { return r.IntN(100) < percent }

// between returns a time in [a, b), in whole milliseconds.
func (r modelRand) between(a, b time.Duration) time.Duration {
	if b <= a {
		return a
	}
	return a + time.Duration(r.Int64N(int64((b-a)/time.Millisecond)+1))*time.Millisecond
}

// mostly returns a time in [0, short), or sometimes in [short, long).
func (r modelRand) mostly(percent int, short, long time.Duration) time.Duration {
	if r.chance(percent) {
		return r.between(0, short)
	}
	return r.between(short, long)
}
