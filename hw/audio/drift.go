package audio

import "time"

// How a drift follower behaves. The loop has two equal poles: it begins with
// those of driftQuick, to find the clocks' difference, and ends with those of
// driftCalm, so that the steps of a card's period do not become a wobble that
// is heard.
const (
	maxDrift     = 1000e-6 // part of the rate; crystals are within 100e-6
	driftQuick   = 5 * time.Second
	driftCalm    = 20 * time.Second
	driftSmooth  = 500 * time.Millisecond
	driftNotable = 250 * time.Millisecond // an error beyond it is no drift
)

// follower keeps the fill of a buffer between two clocks at a target by
// changing how fast it is emptied: a PI controller on the smoothed level.
type follower struct {
	target   time.Duration
	smoothed float64 // seconds above target
	integral float64 // the clocks' difference as far as it is known
	applied  float64 // what was returned, smoothed
	reaction float64 // seconds, from driftQuick to driftCalm
	fresh    bool
}

func newFollower(target time.Duration) *follower {
	return &follower{target: target, reaction: driftQuick.Seconds()}
}

// update takes the level of the buffer at a time every seconds after the last
// one, and returns how much faster than nominal to empty it, as a part of the
// rate within ±1000e-6.
func (f *follower) update(level, every time.Duration) (part float64) {
	off := min(max(level-f.target, -driftNotable), driftNotable).Seconds()
	dt := every.Seconds()
	if !f.fresh {
		f.fresh, f.smoothed = true, off
	}
	f.smoothed += (off - f.smoothed) * min(1, dt/driftSmooth.Seconds())
	f.reaction = min(f.reaction+dt/8, driftCalm.Seconds())
	gain := 1 / f.reaction
	wish := gain*f.smoothed + f.integral
	part = min(max(wish, -maxDrift), maxDrift)
	if part == wish { // what cannot be done is not learnt
		f.integral += gain * gain / 4 * f.smoothed * dt
	}
	f.applied += (part - f.applied) * dt / f.reaction
	return part
}

// restart forgets the level, after a gap, but not the clocks.
func (f *follower) restart() { f.fresh = false }

// ppm is how much faster than nominal the buffer is filled, as it was in the
// last moment.
func (f *follower) ppm() float64 { return f.applied * 1e6 }
