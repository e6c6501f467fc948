package soak

import (
	"context"
	"sync"
	"time"
)

const (
	// stallLook is how often it is looked whether the machine stands still.
	stallLook = 50 * time.Millisecond
	// stallBound is the lateness of a look from which a call's outcome tells
	// of the machine, which runs servers, devices, wires and phones at once.
	stallBound = 500 * time.Millisecond
)

// stallWatch notes for how long this process did not run although it wanted
// to, since each line last asked.
type stallWatch struct {
	mu    sync.Mutex
	worst []time.Duration // by line
}

// run looks until ctx ends.
func (w *stallWatch) run(ctx context.Context) {
	timer := time.NewTimer(stallLook)
	defer timer.Stop()
	for due := time.Now().Add(stallLook); ; due = time.Now().Add(stallLook) {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		w.note(time.Since(due))
		timer.Reset(stallLook)
	}
}

func (w *stallWatch) note(late time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.worst {
		w.worst[i] = max(w.worst[i], late)
	}
}

// take returns the worst since the line last asked.
func (w *stallWatch) take(line int) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	worst := w.worst[line]
	w.worst[line] = 0
	return worst
}
