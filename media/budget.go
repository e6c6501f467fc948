package media

import "time"

// budget is a token bucket: an allowance by the second, of which some may be
// saved up. It decides; it is not safe for concurrent use.
type budget struct {
	rate  float64 // a second
	burst float64 // most that is saved up
	left  float64
	last  time.Time // of the last refill
}

// newBudget makes a full bucket.
func newBudget(rate, burst float64) budget { return budget{rate: rate, burst: burst, left: burst} }

// take spends cost and reports whether it was there. What is not there is not
// spent.
func (b *budget) take(now time.Time, cost float64) bool {
	if !b.last.IsZero() {
		b.left = min(b.left+now.Sub(b.last).Seconds()*b.rate, b.burst)
	}
	b.last = now
	if b.left < cost {
		return false
	}
	b.left -= cost
	return true
}
