//go:build e2e

package xmpp

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

// numberKey is where a numbered update carries its number.
const numberKey = "n"

// exchange is a steady exchange of numbered updates between two ends: direction
// i goes from end i to the other.
type exchange struct {
	t       *testing.T
	name    string
	ledgers [2]*ledger
	send    func(end, n int) // queues number n at an end; never blocks for long
	pace    time.Duration
	stop    func() // ends run; may be called again
}

func newExchange(t *testing.T, name string, pace time.Duration) *exchange {
	return &exchange{t: t, name: name, ledgers: [2]*ledger{newLedger(), newLedger()}, pace: pace}
}

// run sends both ways until stop is called or the test ends.
func (e *exchange) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(e.pace)
		defer ticker.Stop()
		for {
			for end, l := range e.ledgers {
				e.send(end, l.send(time.Now()))
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	})
	e.stop = func() {
		cancel()
		group.Wait()
	}
	e.t.Cleanup(e.stop)
}

// extension is the userInfo of number n.
func extension(n int) call.Extension { return call.Extension{numberKey: strconv.Itoa(n)} }

// received notes an update that came to an end. One without a number has a
// description for a new connection.
func (e *exchange) received(end int, ext call.Extension) {
	if _, numbered := ext[numberKey]; !numbered {
		return
	}
	n, err := strconv.Atoi(ext[numberKey])
	if err == nil {
		err = e.ledgers[1-end].receive(n)
	}
	if err != nil {
		e.t.Errorf("%s: an update came to end %d that nobody sent: %v: %v", e.name, end, ext, err)
	}
}

// mark is a place in both directions.
type mark [2]int

func (e *exchange) mark() mark { return mark{e.ledgers[0].next(), e.ledgers[1].next()} }

// await waits until something queued after m has come both ways, and returns
// how long after a moment that was.
func (e *exchange) await(ctx context.Context, m mark, since time.Time) (time.Duration, error) {
	for end, l := range e.ledgers {
		if err := l.await(ctx, m[end]); err != nil {
			return 0, fmt.Errorf("%s, from end %d: %w", e.name, end, err)
		}
	}
	return time.Since(since), nil
}

// arrived is the place up to which it is known what came: what is still on its
// way has been queued after it.
func (e *exchange) arrived() mark {
	return mark{e.ledgers[0].arrived(), e.ledgers[1].arrived()}
}

// tally counts what lies between two marks, by direction; back is when it could
// leave again.
func (e *exchange) tally(from, to mark, back time.Time) [2]tally {
	var out [2]tally
	for d, l := range e.ledgers {
		out[d] = l.tally(from[d], to[d], back)
	}
	return out
}
