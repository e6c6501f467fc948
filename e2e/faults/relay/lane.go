package relay

import (
	"context"
	"sync/atomic"
	"time"
)

// lane carries one direction. Its loop owns the schedule.
type lane struct {
	schedule *schedule
	rule     atomic.Pointer[Rule]
	changed  chan struct{} // holds one token when rule was set

	frames, bytes, dropped atomic.Uint64
}

func newLane(s *schedule, r Rule) *lane {
	l := &lane{schedule: s, changed: make(chan struct{}, 1)}
	s.set(r)
	l.rule.Store(&r)
	return l
}

// set puts another rule in force. It never blocks.
func (l *lane) set(r Rule) {
	l.rule.Store(&r)
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *lane) counts() Counts {
	return Counts{Frames: l.frames.Load(), Bytes: l.bytes.Load(), Dropped: l.dropped.Load()}
}

// run delivers what arrives until ctx ends, arrivals is closed and all is
// delivered, or deliver fails; only the last is an error.
func (l *lane) run(ctx context.Context, arrivals <-chan []byte, deliver func([]byte) error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		l.obey()
		if err := l.deliverDue(deliver); err != nil {
			return err
		}
		wake := l.arm(timer)
		if arrivals == nil && len(l.schedule.waiting) == 0 {
			return nil
		}
		open := arrivals
		if l.schedule.full() {
			open = nil
		}
		select {
		case data, ok := <-open:
			if !ok {
				arrivals = nil
				continue
			}
			l.obey()
			if !l.schedule.admit(time.Now(), data) {
				l.dropped.Add(1)
			}
		case <-wake:
		case <-l.changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// obey puts the rule that was set last in force.
func (l *lane) obey() {
	if r := *l.rule.Load(); r != l.schedule.rule {
		l.schedule.set(r)
	}
}

func (l *lane) deliverDue(deliver func([]byte) error) error {
	for {
		f, ok := l.schedule.take(time.Now())
		if !ok {
			return nil
		}
		if err := deliver(f.data); err != nil {
			return err
		}
		l.frames.Add(1)
		l.bytes.Add(uint64(len(f.data)))
	}
}

// arm sets the timer for the next frame; nil when there is none.
func (l *lane) arm(timer *time.Timer) <-chan time.Time {
	due, ok := l.schedule.next()
	if !ok {
		return nil
	}
	timer.Reset(time.Until(due))
	return timer.C
}
