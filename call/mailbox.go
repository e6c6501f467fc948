package call

import "sync"

// mailbox is a queue from many goroutines to one. put never blocks; the reader
// waits on wake and takes everything there is.
type mailbox[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	wake   chan struct{} // holds a token while items wait or the box is closed
}

func newMailbox[T any]() *mailbox[T] {
	return &mailbox[T]{wake: make(chan struct{}, 1)}
}

// put appends v, unless the box is closed or already holds limit items (0 is
// no limit), and says whether it did.
func (b *mailbox[T]) put(v T, limit int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || limit > 0 && len(b.items) >= limit {
		return false
	}
	b.items = append(b.items, v)
	b.ring()
	return true
}

// take returns what has come since the last take, and whether the box is
// closed so that nothing more will come.
func (b *mailbox[T]) take() (items []T, closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	items, b.items = b.items, nil
	return items, b.closed
}

// close refuses further items; those inside can still be taken.
func (b *mailbox[T]) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.ring()
}

// ring wakes the reader; the lock is held.
func (b *mailbox[T]) ring() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
