package intercom

import (
	"context"
	"sync"
)

// followerQueue is how many events a follower may lag behind.
const followerQueue = 256

// broker hands events to followers. A follower that lags too far loses its
// channel; nobody waits for it.
type broker struct {
	mu        sync.Mutex
	followers map[chan Event]struct{}
	closed    bool
}

func newBroker() *broker { return &broker{followers: make(map[chan Event]struct{})} }

// subscribe returns a channel of first and the events from now on. It is closed
// when ctx ends, when the follower lags, or when the broker closes.
func (b *broker) subscribe(ctx context.Context, first ...Event) <-chan Event {
	ch := make(chan Event, followerQueue)
	for _, e := range first {
		ch <- e
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(ch)
		return ch
	}
	b.followers[ch] = struct{}{}
	context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.drop(ch)
	})
	return ch
}

func (b *broker) publish(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ch := range b.followers {
		select {
		case ch <- e:
		default:
			b.drop(ch)
		}
	}
}

func (b *broker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for ch := range b.followers {
		b.drop(ch)
	}
}

// drop needs the lock.
func (b *broker) drop(ch chan Event) {
	if _, ok := b.followers[ch]; ok {
		delete(b.followers, ch)
		close(ch)
	}
}
