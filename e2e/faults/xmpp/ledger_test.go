//go:build e2e

package xmpp

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// ledger follows the numbered signals of one direction: 0, 1, 2 and so on. It
// may be used by several goroutines.
type ledger struct {
	mu      sync.Mutex
	queued  []time.Time // by number: when it was given to the sender
	copies  []int       // by number: how often it came
	late    []bool      // by number: came after a higher one
	highest int         // that came; -1: none
	changed chan struct{}
}

func newLedger() *ledger { return &ledger{highest: -1, changed: make(chan struct{})} }

// send returns the number of the next signal.
func (l *ledger) send(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued, l.copies, l.late = append(l.queued, now), append(l.copies, 0), append(l.late, false)
	return len(l.queued) - 1
}

// receive notes that a number came. An error is a number that was never sent.
func (l *ledger) receive(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n < 0 || n >= len(l.queued) {
		return fmt.Errorf("number %d came, %d were sent", n, len(l.queued))
	}
	if l.copies[n]++; l.copies[n] == 1 && n < l.highest {
		l.late[n] = true
	}
	l.highest = max(l.highest, n)
	close(l.changed)
	l.changed = make(chan struct{})
	return nil
}

// next is the number that will be sent next.
func (l *ledger) next() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queued)
}

// arrived is the number after the highest that has come.
func (l *ledger) arrived() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.highest + 1
}

// await waits until a number from n on has come.
func (l *ledger) await(ctx context.Context, n int) error {
	for {
		l.mu.Lock()
		highest, changed := l.highest, l.changed
		l.mu.Unlock()
		if highest >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("wait for number %d or a later one, the last was %d: %w", n, highest, context.Cause(ctx))
		}
	}
}

// lifetime is how long a link keeps an update that it cannot send.
const lifetime = 30 * time.Second

// tally is what became of a range of numbers.
type tally struct {
	sent    int
	expired int // did not come, and were older than lifetime when they could have left
	lost    int // did not come for another reason
	doubled int // came more than once
	late    int // came after a higher one
}

func (a tally) plus(b tally) tally {
	return tally{a.sent + b.sent, a.expired + b.expired, a.lost + b.lost, a.doubled + b.doubled, a.late + b.late}
}

func (a tally) String() string {
	return fmt.Sprintf("%d sent, %d expired, %d lost, %d twice, %d late", a.sent, a.expired, a.lost, a.doubled, a.late)
}

// lost lists when the numbers from from to before to that never came were
// queued.
func (l *ledger) lost(from, to int) []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []time.Time
	for n := from; n < to; n++ {
		if l.copies[n] == 0 {
			out = append(out, l.queued[n])
		}
	}
	return out
}

// tally counts the numbers from from to before to; back is when they could
// leave again.
func (l *ledger) tally(from, to int, back time.Time) tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := tally{sent: to - from}
	for n := from; n < to; n++ {
		switch {
		case l.copies[n] == 0 && back.Sub(l.queued[n]) > lifetime:
			sum.expired++
		case l.copies[n] == 0:
			sum.lost++
		case l.copies[n] > 1:
			sum.doubled++
		}
		if l.late[n] {
			sum.late++
		}
	}
	return sum
}

func TestLedger(t *testing.T) {
	tests := []struct {
		name string
		came []int
		back int // seconds after the first
		want tally
	}{
		{"all", []int{0, 1, 2, 3}, 0, tally{sent: 4}},
		{"none", nil, 0, tally{sent: 4, lost: 4}},
		{"a gap", []int{0, 3}, 0, tally{sent: 4, lost: 2}},
		{"twice", []int{0, 1, 0, 1, 1, 2, 3}, 0, tally{sent: 4, doubled: 2}},
		{"overtaken", []int{0, 2, 1, 3}, 0, tally{sent: 4, late: 1}},
		{"too old", []int{1}, 33, tally{sent: 4, expired: 2, lost: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, begin := newLedger(), time.Now()
			for n := range 4 {
				l.send(begin.Add(time.Duration(n) * time.Second))
			}
			for _, n := range tt.came {
				if err := l.receive(n); err != nil {
					t.Fatal(err)
				}
			}
			if got := l.tally(0, 4, begin.Add(time.Duration(tt.back)*time.Second)); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
			if err := l.receive(4); err == nil {
				t.Error("a number that was never sent was taken")
			}
		})
	}
}
