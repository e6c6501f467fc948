package signaling

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
)

// queue is an outbox between any number of senders and the one goroutine that
// writes.
type queue struct {
	ready chan struct{} // has a token when something was put; capacity 1

	mu      sync.Mutex
	box     outbox
	writing bool            // next gave out an item and done was not called yet
	idle    []chan struct{} // closed when nothing waits and nothing is written
}

func newQueue() *queue {
	return &queue{ready: make(chan struct{}, 1), box: outbox{limit: outboxLimit}}
}

// put queues s and returns what had to go.
func (q *queue) put(now time.Time, s call.Signal) []lost {
	q.mu.Lock()
	gone := q.box.put(now, s)
	q.mu.Unlock()
	token(q.ready)
	return gone
}

// next gives out the oldest signal; done must follow before the next call.
func (q *queue) next(now time.Time) (item, bool, []lost) {
	q.mu.Lock()
	defer q.mu.Unlock()
	it, ok, gone := q.box.next(now)
	q.writing = ok
	q.wake()
	return it, ok, gone
}

// done ends the turn of the item that next gave out; one that was not sent goes
// back.
func (q *queue) done(it item, sent bool) []lost {
	q.mu.Lock()
	defer q.mu.Unlock()
	var gone []lost
	if !sent {
		gone = q.box.putBack(it)
	}
	q.writing = false
	q.wake()
	return gone
}

// putBack returns signals that may not have arrived to the front, in their
// order.
func (q *queue) putBack(items []item) []lost {
	q.mu.Lock()
	defer q.mu.Unlock()
	var gone []lost
	for _, it := range slices.Backward(items) {
		gone = append(gone, q.box.putBack(it)...)
	}
	token(q.ready)
	return gone
}

// wake ends the waits for an empty queue. The lock is held.
func (q *queue) wake() {
	if q.writing || len(q.box.items) > 0 {
		return
	}
	for _, c := range q.idle {
		close(c)
	}
	q.idle = nil
}

// wait returns when nothing is queued and nothing is being written.
func (q *queue) wait(ctx context.Context) error {
	q.mu.Lock()
	if !q.writing && len(q.box.items) == 0 {
		q.mu.Unlock()
		return nil
	}
	c := make(chan struct{})
	q.idle = append(q.idle, c)
	q.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("flush signals: %d not sent: %w", q.len(), ctx.Err())
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.box.items)
	if q.writing {
		n++
	}
	return n
}
