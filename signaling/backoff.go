package signaling

import "time"

// backoff decides how long to wait before the next attempt. It is pure: the
// randomness is an argument.
type backoff struct {
	timing  Timing
	network int // failures in a row
	refused int // refused logins and conflicts in a row
}

// next returns the wait after an attempt that failed as f, and was online for
// up before that. random is from [0,1).
//
// Network failures wait a random part ("full jitter") of a bound that doubles:
// a server that restarts is not stormed by all its doorbells at once. A refused
// login is not repeated before a minute, as servers ban addresses for that, and
// two clients that throw each other off the server slow down as well.
func (b *backoff) next(f failure, up time.Duration, random float64) time.Duration {
	if up >= b.timing.StableAfter {
		b.network, b.refused = 0, 0
	}
	if f == failedNetwork {
		bound := doubled(b.timing.BackoffMin, b.timing.BackoffMax, b.network)
		b.network++
		return time.Duration(random * float64(bound))
	}
	wait := doubled(b.timing.RefusedMin, b.timing.RefusedMax, b.refused)
	b.refused++
	return wait
}

// doubled returns d doubled n times, at most limit.
func doubled(d, limit time.Duration, n int) time.Duration {
	for ; n > 0 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}
