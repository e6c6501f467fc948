package site

import (
	"context"
	"sync"
	"time"
)

// stallLook is how often it is looked whether the machine stands still.
const stallLook = 50 * time.Millisecond

// Stalls notes for how long this process did not run although it wanted to:
// the machine runs servers, devices, wires and phones at once, and what is late
// then tells nothing of a device.
type Stalls struct {
	mu    sync.Mutex
	worst []time.Duration // by line
}

// NewStalls serves a number of lines, each of which asks for itself.
func NewStalls(lines int) *Stalls { return &Stalls{worst: make([]time.Duration, lines)} }

// Run looks until ctx ends.
func (w *Stalls) Run(ctx context.Context) {
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

func (w *Stalls) note(late time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.worst {
		w.worst[i] = max(w.worst[i], late)
	}
}

// Take returns the worst since the line last asked.
func (w *Stalls) Take(line int) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	worst := w.worst[line]
	w.worst[line] = 0
	return worst
}
