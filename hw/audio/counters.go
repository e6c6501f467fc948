package audio

import (
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// errGone is what a card that was pulled out answers.
const errGone = unix.ENODEV

// Counters counts what happens to a microphone or a speaker on a sound card. A
// new one is at zero. Its methods may be called from any goroutine.
type Counters struct {
	xruns, suspends, reopened, dropped atomic.Int64
	drift                              atomic.Uint64 // math.Float64bits of ppm
	delay                              atomic.Int64  // ns
}

// Stats is a reading of Counters.
type Stats struct {
	// Xruns counts how often the program came too late for the card.
	Xruns int64 `json:"xruns"`
	// Suspends counts how often the card slept.
	Suspends int64 `json:"suspends"`
	// Reopened counts how often a lost card came back.
	Reopened int64 `json:"reopened"`
	// Dropped is how much sound was thrown away or had to be made up, in
	// milliseconds.
	Dropped int64 `json:"dropped_ms"`
	// DriftPPM is how much too fast the card's clock runs, measured against
	// the system's, in millionths.
	DriftPPM float64 `json:"drift_ppm"`
	// DelayMS is how old sound is when it leaves the program for the air, or
	// reaches it from there.
	DelayMS float64 `json:"delay_ms"`
}

// Stats reads the counters.
func (c *Counters) Stats() Stats {
	return Stats{
		Xruns: c.xruns.Load(), Suspends: c.suspends.Load(), Reopened: c.reopened.Load(),
		Dropped:  time.Duration(c.dropped.Load()).Milliseconds(),
		DriftPPM: math.Float64frombits(c.drift.Load()),
		DelayMS:  time.Duration(c.delay.Load()).Seconds() * 1000,
	}
}

func (c *Counters) drop(d time.Duration) { c.dropped.Add(int64(d)) }

func (c *Counters) observe(driftPPM float64, delay time.Duration) {
	c.drift.Store(math.Float64bits(driftPPM))
	c.delay.Store(int64(delay))
}
