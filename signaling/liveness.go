package signaling

import "time"

// lifeSign is what to do when a liveness deadline passes.
type lifeSign int

const (
	lifeWait lifeSign = iota // not yet
	lifePing                 // ask the server for a sign of life
	lifeOver                 // the peer is dead
)

// liveness decides when a silent server is asked, and when it is given up. Any
// byte received counts: under load an answer may queue behind seconds of other
// stanzas.
type liveness struct {
	idle, timeout time.Duration
	last          time.Time // when something was heard
	deadline      time.Time
	asked         bool // the server owes an answer
}

func newLiveness(now time.Time, idle, timeout time.Duration) liveness {
	return liveness{idle: idle, timeout: timeout, last: now, deadline: now.Add(idle)}
}

// heard notes that something was received.
func (l *liveness) heard(now time.Time) {
	l.asked, l.last, l.deadline = false, now, now.Add(l.idle)
}

// restart forgives what was not heard up to now.
func (l *liveness) restart(now time.Time) { l.asked, l.deadline = false, now.Add(l.idle) }

// ask notes that the server was asked something it answers at once, and has to
// do so within the given time. An earlier deadline stays.
func (l *liveness) ask(now time.Time, within time.Duration) {
	if deadline := now.Add(within); !l.asked || deadline.Before(l.deadline) {
		l.asked, l.deadline = true, deadline
	}
}

// change sets other intervals. A deadline that is further away than they allow
// comes closer; none moves away before the next sign of life.
func (l *liveness) change(now time.Time, idle, timeout time.Duration) {
	l.idle, l.timeout = idle, timeout
	limit := now.Add(idle)
	if l.asked {
		limit = now.Add(timeout)
	}
	if limit.Before(l.deadline) {
		l.deadline = limit
	}
}

// expired says what to do at now.
func (l *liveness) expired(now time.Time) lifeSign {
	switch {
	case now.Before(l.deadline):
		return lifeWait
	case l.asked:
		return lifeOver
	}
	l.ask(now, l.timeout)
	return lifePing
}

// silence is for how long nothing was heard.
func (l *liveness) silence(now time.Time) time.Duration {
	return now.Sub(l.last).Round(time.Second)
}
