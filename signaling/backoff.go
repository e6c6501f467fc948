package signaling

import "time"

const (
	clockEvery = time.Second // how often a clock that is not set is looked at
	maxHasty   = 3           // attempts in a row without any wait

	// A server that was there a moment ago will soon be again, as most restarts
	// take seconds: bounds of the random wait for so long after a stable stream.
	soon      = time.Minute
	soonMax   = 4 * time.Second
	inCallMax = time.Second // while somebody waits for this device in particular
)

// backoff decides how long to wait before the next attempt. It is pure: the
// randomness is an argument.
type backoff struct {
	timing  Timing
	network int           // failures in a row
	waited  time.Duration // for the network, since the last stable stream
	hasty   int           // attempts at once in a row
	refused int           // refused logins and conflicts in a row
}

// next returns the wait after an attempt that failed as f, and was online for
// up before that. random is from [0,1).
//
// Network failures wait a random part ("full jitter") of a bound that doubles:
// a server that restarts is not stormed by all its doorbells at once. A server
// that lacks resources is left alone for a good part of the longest such wait. A
// refused login is not repeated before a minute, as servers ban addresses for
// that, and two clients that throw each other off the server slow down as well.
func (b *backoff) next(f failure, up time.Duration, inCall bool, random float64) time.Duration {
	if up >= b.timing.StableAfter {
		b.network, b.waited, b.hasty = 0, 0, 0
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
		least := b.timing.BackoffMax / 2
		return least + time.Duration(random*float64(b.timing.BackoffMax-least))
	case failedAuth, failedConflict:
		wait := doubled(b.timing.RefusedMin, b.timing.RefusedMax, b.refused)
		b.refused++
		return wait
	}
	bound := doubled(b.timing.BackoffMin, b.limit(inCall), b.network)
	b.network++
	wait := time.Duration(random * float64(bound))
	b.waited += wait
	return wait
}

// limit is the bound of waits for the network at present.
func (b *backoff) limit(inCall bool) time.Duration {
	switch {
	case b.waited >= soon:
		return b.timing.BackoffMax
	case inCall:
		return min(inCallMax, b.timing.BackoffMax)
	}
	return min(soonMax, b.timing.BackoffMax)
}

// changed notes that the network is another: what failed on the old one says
// nothing.
func (b *backoff) changed() { b.network, b.waited = 0, 0 }

// doubled returns d doubled n times, at most limit.
func doubled(d, limit time.Duration, n int) time.Duration {
	for ; n > 0 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}
