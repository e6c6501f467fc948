package media

import "sync"

// tasks starts goroutines until it is closed, and waits for them.
type tasks struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// start runs f on a new goroutine; after close it does nothing.
func (t *tasks) start(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.wg.Go(f)
	}
}

// close lets no more goroutines start.
func (t *tasks) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}

// wait closes and waits for the goroutines that were started.
func (t *tasks) wait() {
	t.close()
	t.wg.Wait()
}
