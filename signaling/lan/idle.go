package lan

import (
	"strconv"
	"time"
)

// idleAction is what silence calls for.
type idleAction int

const (
	idleWait   idleAction = iota // nothing yet
	idlePing                     // ask for a sign of life
	idleGiveUp                   // there was none
)

// idleTimer decides when a silent client is asked, and when it is given up.
// All times are durations since the connection began.
type idleTimer struct {
	interval, timeout time.Duration
	pinged            time.Duration // time of the unanswered ping, 0 if none
}

func newIdleTimer(l Limits) *idleTimer {
	return &idleTimer{interval: l.IdleInterval, timeout: l.IdleTimeout}
}

// check says what to do now and when to check again, given the time of the
// last sign of life.
func (t *idleTimer) check(now, heard time.Duration) (idleAction, time.Duration) {
	if t.pinged > 0 && heard < t.pinged {
		if wait := t.pinged + t.timeout - now; wait > 0 {
			return idleWait, wait
		}
		return idleGiveUp, t.timeout
	}
	t.pinged = 0
	if wait := heard + t.interval - now; wait > 0 {
		return idleWait, wait
	}
	t.pinged = now
	return idlePing, t.timeout
}

// ping returns a ping to the client (XEP-0199). Whatever it answers, even
// "service-unavailable", is a sign of life.
func (c *client) ping() []byte {
	id := "ping-" + strconv.FormatInt(int64(time.Since(c.start)), 36)
	return newElement(nsClient, "iq", newElement(nsPing, "ping")).
		with("type", "get").with("id", id).
		with("from", c.srv.cfg.Domain).with("to", c.jid.String()).marshal()
}
