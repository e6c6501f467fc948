package signaling

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// pulse shows from outside whether a loop turns. The loop receives from asked
// wherever it selects; before anything else it waits for it says for how long.
type pulse struct {
	asked chan struct{}

	mu    sync.Mutex
	until time.Time // when the present wait for the network is over at the latest
}

func newPulse() *pulse { return &pulse{asked: make(chan struct{})} }

// askAgain is how often Ping looks whether a loop that does not answer waits.
const askAgain = 20 * time.Millisecond

// waits notes that the loop waits for the network for at most d from now, or,
// when that is 0, that it does not.
func (p *pulse) waits(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Now().Add(d)
}

func (p *pulse) waiting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.until)
}

// Ping returns nil once the loop of Run has answered, which it does within
// milliseconds unless something is very wrong: a watchdog asks it. A loop that
// waits for the network turns too, as long as the wait has not passed its bound
// (see [Timing]); so a server that is away or hangs is no error. The error is
// that of ctx, also while nothing runs.
func (l *Link) Ping(ctx context.Context) error {
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for !l.pulse.waiting() {
		select {
		case l.pulse.asked <- struct{}{}:
			return nil
		case <-again.C: // it may have begun to wait
		case <-ctx.Done():
			return fmt.Errorf("ping xmpp link: %w", ctx.Err())
		}
	}
	return nil
}
