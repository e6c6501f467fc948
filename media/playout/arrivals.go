package playout

import "math"

// Times in this package are counted in ticks, which are samples at 48 kHz: the
// clock of Opus in RTP (RFC 7587 4.1).
const ticksPerMS = 48

// The bounds of the delay that is aimed at.
const (
	minTarget = 20 * ticksPerMS
	maxTarget = 120 * ticksPerMS
)

// How arrivals are judged.
const (
	bucketTicks  = 5 * ticksPerMS // width of a histogram bucket
	buckets      = maxTarget/bucketTicks + 1
	forgetting   = 0.99 // weight that a packet leaves to those before it
	punctual     = 0.98 // part of the packets that is to be in time
	margin       = 15 * ticksPerMS
	firstBucket  = 8 // aims at 60 ms while nothing is known
	minimumSlots = 10
	slotTicks    = 200 * ticksPerMS // minima are kept for 2 s
	maxRelative  = 1000 * ticksPerMS
)

// arrivals measures how unevenly packets come in. The yardstick is the fastest
// packet of the last 2 s: it follows a drifting clock and a new route. The
// zero value is ready to use.
type arrivals struct {
	minima  [minimumSlots]int64 // least transit time per slot
	slot    int64               // number of the newest slot
	known   bool                // minima hold something
	weights [buckets]float64    // share of packets per delay; sums up to 1
	learnt  bool                // weights hold something
}

// far tells that a packet does not belong to the same course of time as those
// before it.
func (a *arrivals) far(now, timestamp int64) bool {
	if !a.known {
		return false
	}
	d := now - timestamp - a.fastest()
	return d > maxRelative || d < -maxRelative
}

// forget starts the yardstick afresh; what was learnt of the network stays.
func (a *arrivals) forget() { a.known = false }

// note takes in a packet that arrived at now.
func (a *arrivals) note(now, timestamp int64) {
	transit := now - timestamp
	a.rotate(now / slotTicks)
	a.minima[a.slot%minimumSlots] = min(a.minima[a.slot%minimumSlots], transit)
	a.learn(transit - a.fastest())
}

// rotate empties the slots that begin.
func (a *arrivals) rotate(slot int64) {
	if !a.known || slot-a.slot >= minimumSlots {
		for i := range a.minima {
			a.minima[i] = math.MaxInt64
		}
		a.known, a.slot = true, max(slot, 0)
	}
	for a.slot < slot {
		a.slot++
		a.minima[a.slot%minimumSlots] = math.MaxInt64
	}
}

// fastest is the least transit time of late; 0 before the first packet.
func (a *arrivals) fastest() int64 {
	if !a.known {
		return 0
	}
	least := a.minima[0]
	for _, m := range a.minima {
		least = min(least, m)
	}
	return least
}

// learn adds the delay of a packet behind the fastest to the histogram.
func (a *arrivals) learn(delay int64) {
	if !a.learnt {
		a.learnt = true
		a.weights[firstBucket] = 1
	}
	for i := range a.weights {
		a.weights[i] *= forgetting
	}
	a.weights[min(max(delay/bucketTicks, 0), buckets-1)] += 1 - forgetting
}

// target is the delay at which all but a few packets are in time, with a
// margin for playing in blocks.
func (a *arrivals) target() int64 {
	if !a.learnt {
		return (firstBucket+1)*bucketTicks + margin
	}
	var sum float64
	for i, w := range a.weights {
		if sum += w; sum >= punctual {
			return bound(int64(i+1)*bucketTicks + margin)
		}
	}
	return maxTarget
}

func bound(target int64) int64 { return min(max(target, minTarget), maxTarget) }
