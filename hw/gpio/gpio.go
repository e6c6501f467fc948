package gpio

import (
	"context"
	"time"
)

// Press is one press of a button.
type Press struct {
	Button string
	Time   time.Time // with its monotonic reading
}

// Source is a button or a group of them.
type Source interface {
	// Run reports presses until ctx is cancelled, which is no error. It waits
	// for report to return.
	Run(ctx context.Context, report func(Press)) error
}

// DebounceTime is how long after a press another one of the same button does
// not count.
const DebounceTime = 300 * time.Millisecond

// Debouncer decides which presses count. Its zero value is ready. It is not
// safe for concurrent use.
type Debouncer struct {
	last map[string]time.Time // when each button was seen
}

// Accept tells whether a press seen now counts: there was none of the same
// button in the DebounceTime before it. Presses that do not count prolong the
// wait, so that a key held down, which repeats itself, counts once.
func (d *Debouncer) Accept(button string, now time.Time) bool {
	last, seen := d.last[button]
	if d.last == nil {
		d.last = make(map[string]time.Time)
	}
	d.last[button] = now
	return !seen || now.Sub(last) >= DebounceTime
}
