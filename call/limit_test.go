package call

import (
	"fmt"
	"testing"
	"time"
)

// TestLimiterRates checks burst and rate of both buckets.
func TestLimiterRates(t *testing.T) {
	for _, c := range []struct {
		name        string
		take        func(*limiter, time.Time) bool
		burst, rate int
	}{
		{"calls", func(l *limiter, now time.Time) bool { return l.call(now, 1) }, callBurst, callRate},
		{"signals", func(l *limiter, now time.Time) bool { return l.signal(now, 1) }, signalBurst, signalRate},
	} {
		l := newLimiter(func(UserID) bool { return true })
		now := walkStart
		count := func() (n int) {
			for c.take(l, now) {
				n++
			}
			return n
		}
		if n := count(); n != c.burst {
			t.Errorf("%s: burst %d, want %d", c.name, n, c.burst)
		}
		now = now.Add(2 * time.Second)
		if n := count(); n != 2*c.rate {
			t.Errorf("%s: %d in 2 s, want %d", c.name, n, 2*c.rate)
		}
		now = now.Add(time.Hour)
		if n := count(); n != c.burst {
			t.Errorf("%s: %d after an hour, want the burst %d", c.name, n, c.burst)
		}
		now = now.Add(-time.Hour)
		if c.take(l, now) {
			t.Errorf("%s: time running backwards refills", c.name)
		}
	}
}

// TestLimiterBound checks who is forgotten: strangers before the allowed,
// then who was silent longest.
func TestLimiterBound(t *testing.T) {
	const friend = UserID(1_000_000)
	l := newLimiter(func(u UserID) bool { return u >= friend })
	now := walkStart
	l.signal(now, friend)
	for u := range UserID(2 * maxLimited) {
		now = now.Add(time.Millisecond)
		l.signal(now, u+1)
	}
	if n := len(l.users); n != maxLimited {
		t.Errorf("%d users, want %d", n, maxLimited)
	}
	if l.users[friend] == nil {
		t.Error("the friend was forgotten for strangers")
	}
	if l.users[1] != nil || l.users[2*maxLimited] == nil {
		t.Error("not the oldest stranger was forgotten")
	}
	same := walkStart.Add(time.Hour)
	for u := range UserID(2 * maxLimited) {
		l.signal(same, friend+1+u)
	}
	if l.users[friend] != nil || l.users[friend+1] != nil || l.users[friend+2*maxLimited] == nil {
		t.Error("among equals not the oldest, then the lowest, was forgotten")
	}
}

func knows5(u UserID) bool { return u == 5 }

// TestMemoryOfStrangers checks that users who are not known push nobody else out.
func TestMemoryOfStrangers(t *testing.T) {
	m, now := newMemory(knows5), walkStart
	m.add(now, overKey{"ours", 5}, false)
	for i := range 2 * maxOver {
		m.add(now, overKey{SessionID(fmt.Sprint(i)), 6}, true)
	}
	if _, found := m.find(now, "ours", 5); !found || len(m.entries) != maxOver {
		t.Errorf("%d sessions, the one of a known user among them: %v", len(m.entries), found)
	}
	if _, found := m.find(now, SessionID(fmt.Sprint(2*maxOver-1)), 6); !found {
		t.Error("not the oldest of a stranger was forgotten")
	}
}

// TestMemory checks the bounds of the memory of sessions that are over.
func TestMemory(t *testing.T) {
	m, now := newMemory(knows5), walkStart
	key := func(i int) overKey { return overKey{SessionID(fmt.Sprint(i)), 5} }
	for i := range 2 * maxOver {
		m.add(now, key(i), i%2 == 0)
	}
	if n := len(m.entries); n != maxOver || len(m.order) != maxOver {
		t.Errorf("%d sessions, want %d", n, maxOver)
	}
	if _, found := m.find(now, "0", 5); found {
		t.Error("the oldest is still remembered")
	}
	last := 2*maxOver - 2
	if rejected, found := m.find(now.Add(overTime-1), key(last).session, 5); !found || !rejected {
		t.Error("the newest is forgotten too early")
	}
	if _, found := m.find(now.Add(overTime), key(last).session, 5); found || len(m.entries) != 0 {
		t.Error("a session is remembered too long")
	}
}

// TestMemoryPerUser checks that a refusal concerns one user.
func TestMemoryPerUser(t *testing.T) {
	m := newMemory(knows5)
	m.add(walkStart, overKey{"s", 5}, true)
	m.add(walkStart.Add(time.Second), overKey{"s", 5}, false)
	if rejected, found := m.find(walkStart, "s", 5); !found || rejected {
		t.Errorf("rejected %v, found %v", rejected, found)
	}
	if _, found := m.find(walkStart, "s", 6); found {
		t.Error("the refusal of one concerns another")
	}
}
