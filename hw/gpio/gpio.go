package gpio

import (
	"context"
	"time"
)

// Kind is what happened to a button.
//
//	         ┌─ contact closes ─▶ KindPress ──┐ 30 s      contact opens
//	released ┤                                ├───▶ KindStuck ───▶ KindReleased
//	         └─ … stays closed ▶ KindLongPress┘
type Kind int

// What happens to a button.
const (
	// KindPress is a press, or a short one where there are long ones.
	KindPress Kind = iota
	// KindLongPress is a press of LongPress or more. It is reported while the
	// contact is still closed.
	KindLongPress
	// KindStuck is a contact that has been closed for longer than anybody presses.
	KindStuck
	// KindReleased is the end of KindStuck, and of nothing else.
	KindReleased
)

// String names the kind for logs and events.
func (k Kind) String() string {
	switch k {
	case KindPress:
		return "press"
	case KindLongPress:
		return "long_press"
	case KindStuck:
		return "stuck"
	case KindReleased:
		return "released"
	}
	return "unknown"
}

// Press is one press of a button.
type Press struct {
	Button string
	Time   time.Time // when it happened, with its monotonic reading
	Kind   Kind      // the zero value is a plain press
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
