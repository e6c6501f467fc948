package signaling

import "time"

const (
	clockEvery = time.Second // how often a clock that is not set is looked at
	maxHasty   = 3           // attempts in a row without any wait
)

// backoff decides how long to wait before the next attempt. It is pure: the
// randomness is an argument.
type backoff struct {
	timing  Timing
	network int // failures in a row
	hasty   int // attempts at once in a row
	refused int // refused logins and conflicts in a row
}

// next returns the wait after an attempt that failed as f, and was online for
// up before that. random is from [0,1).
//
// Network failures wait a random part ("full jitter") of a bound that doubles:
// a server that restarts is not stormed by all its doorbells at once. A server
// that lacks resources is left alone for a good part of the longest such wait. A
// refused login is not repeated before a minute, as servers ban addresses for
// that, and two clients that throw each other off the server slow down as well.
func (b *backoff) next(f failure, up time.Duration, random float64) time.Duration {
	if up >= b.timing.StableAfter {
		b.network, b.hasty = 0, 0
	}
	if up >= b.timing.RefusedMin {
		b.refused = 0
	}
	switch f {
	case failedClock:
		return clockEvery
	case failedMoved:
		if b.hasty++; b.hasty <= maxHasty {
			return 0
		}
	case failedBusy:
		half := b.timing.BackoffMax / 2
		return half + time.Duration(random*float64(half))
	case failedAuth, failedConflict:
		wait := doubled(b.timing.RefusedMin, b.timing.RefusedMax, b.refused)
		b.refused++
		return wait
	}
	bound := doubled(b.timing.BackoffMin, b.timing.BackoffMax, b.network)
	b.network++
	return time.Duration(random * float64(bound))
}

// doubled returns d doubled n times, at most limit.
func doubled(d, limit time.Duration, n int) time.Duration {
	for ; n > 0 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}
