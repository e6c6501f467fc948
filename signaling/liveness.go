package signaling

import "time"

// lifeSign is what to do when a liveness deadline passes.
type lifeSign int

const (
	lifeWait lifeSign = iota // not yet
	lifePing                 // send a ping (XEP-0199)
	lifeOver                 // the peer is dead
)

// liveness decides when a silent server is asked, and when it is given up. Any
// byte received counts: under load a pong may queue behind seconds of other
// stanzas.
type liveness struct {
	idle, timeout time.Duration
	deadline      time.Time
	pinged        bool
}

func newLiveness(now time.Time, t Timing) liveness {
	return liveness{idle: t.PingIdle, timeout: t.PingTimeout, deadline: now.Add(t.PingIdle)}
}

// heard notes that something was received.
func (l *liveness) heard(now time.Time) {
	l.pinged, l.deadline = false, now.Add(l.idle)
}

// expired says what to do at now.
func (l *liveness) expired(now time.Time) lifeSign {
	switch {
	case now.Before(l.deadline):
		return lifeWait
	case l.pinged:
		return lifeOver
	}
	l.pinged, l.deadline = true, now.Add(l.timeout)
	return lifePing
}
