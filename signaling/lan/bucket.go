package lan

import "time"

// bucket is a token bucket: burst at once, rate a second after that.
type bucket struct {
	rate, burst float64
	tokens      float64
	last        time.Time
}

func newBucket(now time.Time, rate, burst int) bucket {
	return bucket{rate: float64(rate), burst: float64(burst), tokens: float64(burst), last: now}
}

// take spends a token and returns how long the taker must wait for it.
func (b *bucket) take(now time.Time) time.Duration {
	b.tokens = min(b.burst, b.tokens+now.Sub(b.last).Seconds()*b.rate) - 1
	b.last = now
	if b.tokens >= 0 {
		return 0
	}
	return time.Duration(-b.tokens / b.rate * float64(time.Second))
}
