package abuse

import (
	"context"
	"time"
)

// flood calls send so many times a second until ctx ends, and says how often it
// did. It sends in bursts of 10 ms, and does not catch up on what it could not
// send in time.
func flood(ctx context.Context, rate int, send func(i int) error) (sent int, err error) {
	const burst = 10 * time.Millisecond
	ticker := time.NewTicker(burst)
	defer ticker.Stop()
	owed := 1.0
	for {
		for ; owed >= 1; owed-- {
			if ctx.Err() != nil {
				return sent, nil
			}
			if err := send(sent); err != nil {
				return sent, err
			}
			sent++
		}
		select {
		case <-ticker.C:
			owed += float64(rate) * burst.Seconds()
		case <-ctx.Done():
			return sent, nil
		}
	}
}
