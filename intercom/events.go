package intercom

import (
	"context"
	"sync"
	"time"
)

// followerQueue is how many events a follower may lag behind.
const followerQueue = 256

// Events hands events to followers. A follower that lags too far loses its
// channel; nobody waits for it. Its methods may be called from any goroutine.
type Events struct {
	mu        sync.Mutex
	followers map[chan Event]struct{}
	closed    bool
}

// NewEvents makes one without followers.
func NewEvents() *Events { return &Events{followers: make(map[chan Event]struct{})} }

// subscribe returns a channel of first and the events from now on. It is closed
// when ctx ends, when the follower lags, or at [Events.Close].
func (b *Events) subscribe(ctx context.Context, first ...Event) <-chan Event {
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

// Publish gives an event to everybody who follows, with the time of now. It
// does not block.
func (b *Events) Publish(e Event) {
	e.Time = time.Now()
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

// Close ends all channels, also those subscribed to later. It may be called
// twice.
func (b *Events) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for ch := range b.followers {
		b.drop(ch)
	}
}

// drop needs the lock.
func (b *Events) drop(ch chan Event) {
	if _, ok := b.followers[ch]; ok {
		delete(b.followers, ch)
		close(ch)
	}
}
