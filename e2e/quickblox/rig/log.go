package rig

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Log keeps the entries of one party in the order they came. Entries are taken
// at most once; the order in which a test takes them is free. It may be used
// by several goroutines.
type Log[T any] struct {
	mu      sync.Mutex
	entries []entry[T]
	closed  error
	changed chan struct{} // closed and replaced with every change
}

type entry[T any] struct {
	value T
	taken bool
}

// NewLog returns an empty log.
func NewLog[T any]() *Log[T] { return &Log[T]{changed: make(chan struct{})} }

// Add appends an entry.
func (l *Log[T]) Add(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, entry[T]{value: v})
	l.wake()
}

// Close tells those who wait that nothing more will come, and why.
func (l *Log[T]) Close(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed == nil {
		l.closed = reason
		l.wake()
	}
}

func (l *Log[T]) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Take returns the first entry that matches and was not taken yet, waiting for
// it until ctx ends. what names the entry in the error, which also lists the
// entries that nobody took.
func (l *Log[T]) Take(ctx context.Context, what string, match func(T) bool) (T, error) {
	for {
		v, found, changed, closed := l.tryTake(match)
		if found {
			return v, nil
		}
		if closed != nil {
			return v, fmt.Errorf("wait for %s: %w%s", what, closed, l.untaken())
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return v, fmt.Errorf("wait for %s: %w%s", what, context.Cause(ctx), l.untaken())
		}
	}
}

func (l *Log[T]) tryTake(match func(T) bool) (v T, found bool, changed <-chan struct{}, closed error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.entries {
		if e := &l.entries[i]; !e.taken && match(e.value) {
			e.taken = true
			return e.value, true, nil, nil
		}
	}
	return v, false, l.changed, l.closed
}

// Count says how many entries match, taken or not.
func (l *Log[T]) Count(match func(T) bool) int {
	n := 0
	for _, v := range l.All() {
		if match(v) {
			n++
		}
	}
	return n
}

// All returns a copy of the entries.
func (l *Log[T]) All() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]T, len(l.entries))
	for i, e := range l.entries {
		all[i] = e.value
	}
	return all
}

func (l *Log[T]) untaken() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, e := range l.entries {
		if !e.taken {
			fmt.Fprintf(&b, "\n\tseen: %v", e.value)
		}
	}
	return b.String()
}

// Latest keeps the newest value of each key. It may be used by several
// goroutines.
type Latest[K comparable, V any] struct {
	mu      sync.Mutex
	values  map[K]V
	changed chan struct{}
}

// NewLatest returns an empty board.
func NewLatest[K comparable, V any]() *Latest[K, V] {
	return &Latest[K, V]{values: map[K]V{}, changed: make(chan struct{})}
}

// Set replaces the value of k.
func (b *Latest[K, V]) Set(k K, v V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.values[k] = v
	close(b.changed)
	b.changed = make(chan struct{})
}

// Get returns the value of k, or the zero value.
func (b *Latest[K, V]) Get(k K) V {
	v, _ := b.read(k)
	return v
}

// all returns the values in no order.
func (b *Latest[K, V]) all() []V {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Values(b.values))
}

func (b *Latest[K, V]) read(k K) (V, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.values[k], b.changed
}

// Await waits until the value of k matches; each new value is tried once. The
// error shows the last one.
func (b *Latest[K, V]) Await(ctx context.Context, what string, k K, match func(V) bool) (V, error) {
	for {
		v, changed := b.read(k)
		if match(v) {
			return v, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return v, fmt.Errorf("wait for %s: %w; last: %+v", what, context.Cause(ctx), v)
		}
	}
}
