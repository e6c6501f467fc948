//go:build e2e

package badinput

import (
	"fmt"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

// The floods, and what may happen meanwhile.
const (
	floodRate  = 100 // calls a second
	floodTime  = 10 * time.Second
	pressBound = 500 * time.Millisecond
	mayCost    = 8 << 20 // bytes of memory
)

// mayAnswer is how many calls of one user the device may ring for or reject
// in a time: 5 at once and 1 a second (package call), and one on its way.
func mayAnswer(took time.Duration) int { return 5 + int(took.Seconds()) + 1 + 1 }

// floods sends 100 calls a second for 10 s.
func (l *lab) floods(t *testing.T, d *device, a *phone) {
	t.Run("100 calls a second from a stranger", func(t *testing.T) {
		s := l.attacker(t, stranger, "flood")
		before := d.usage(t)
		wait := s.flood(t)
		worst := time.Duration(0)
		for range 4 {
			worst = max(worst, l.pressDuring(t, d, a))
		}
		took := wait()
		s.pinged(t)
		after := d.usage(t)
		rejects := s.count(call.SignalReject)
		if rejects == 0 || rejects > mayAnswer(took) || d.count("onCall", stranger) > 0 {
			t.Errorf("%d rejects, %d rings", rejects, d.count("onCall", stranger))
		}
		if worst > pressBound || after.memory > before.memory+mayCost {
			t.Errorf("a press took %v; %s before, %s after", worst, before, after)
		}
		l.answersACall(t, d, a)
		a.nothingLost(t, d)
		says(t, "%d calls, %d rejects, nothing rings; press to call stanza at most %v meanwhile; %s before, %s after",
			floodRate*int(floodTime/time.Second), rejects, worst.Round(time.Millisecond), before, after)
	})
	t.Run("100 calls a second from a contact", func(t *testing.T) {
		c := l.attacker(t, carl, "flood")
		before, rung := d.usage(t), d.count("onCall", carl)
		wait := c.flood(t)
		d.eventOf(t, "onCall", "flood-0")
		stopped := time.Now()
		if code, _, stderr := d.run("reject"); code != 0 {
			t.Errorf("reject: %s", stderr)
		}
		answer := c.await(t, call.SignalReject, "flood-0").at.Sub(stopped)
		took := wait()
		c.pinged(t)
		after := d.usage(t)
		rings, rejects := d.count("onCall", carl)-rung, c.count(call.SignalReject)
		if rings+rejects > mayAnswer(took)+1 || rings > 2 { // the first ring is rejected by command
			t.Errorf("%d rings, %d rejects", rings, rejects)
		}
		if answer > pressBound || after.memory > before.memory+mayCost {
			t.Errorf("reject by command took %v; %s before, %s after", answer, before, after)
		}
		d.run("stop") // what rang last
		d.idle(t)
		l.answersACall(t, d, a)
		a.nothingLost(t, d)
		says(t, "%d calls: %d rings, one at a time, %d rejects; `reject` to reject stanza %v meanwhile; %s before, %s after",
			floodRate*int(floodTime/time.Second), rings, rejects, answer.Round(time.Millisecond), before, after)
	})
}

// flood sends calls of ever new sessions; wait returns when all are sent, and
// tells how long that took.
func (s *attacker) flood(t *testing.T) (wait func() time.Duration) {
	t.Helper()
	c := newConversation(t)
	sdp := c.offer(t)
	c.pc.Close()
	done := make(chan error, 1)
	began := time.Now()
	go func() {
		ticker := time.NewTicker(time.Second / floodRate)
		defer ticker.Stop()
		for i := range floodRate * int(floodTime/time.Second) {
			if err := s.send(s.call(call.SessionID(fmt.Sprintf("flood-%d", i)), sdp)); err != nil {
				done <- err
				return
			}
			<-ticker.C
		}
		done <- nil
	}()
	return func() time.Duration {
		t.Helper()
		if err := <-done; err != nil {
			t.Errorf("flood: %v", err)
		}
		return time.Since(began)
	}
}

// pressDuring presses, waits until the contact rings, presses again to stop,
// and returns how long it took to ring.
func (l *lab) pressDuring(t *testing.T, d *device, a *phone) time.Duration {
	t.Helper()
	d.pressed(t)
	began := time.Now()
	d.press(t)
	ring := a.signal(t, call.SignalCall, "")
	took := time.Since(began)
	d.press(t)
	a.signal(t, call.SignalHangUp, ring.Session)
	d.idle(t)
	return took
}

// answersACall has the contact call the door, where a press accepts.
func (l *lab) answersACall(t *testing.T, d *device, a *phone) {
	t.Helper()
	c := newConversation(t)
	id := call.SessionID(fmt.Sprintf("in-%d", time.Now().UnixNano()))
	a.send(call.SignalCall, id, c.offer(t))
	d.eventOf(t, "onCall", id)
	d.press(t)
	accept := a.signal(t, call.SignalAccept, id)
	c.accepted(t, accept.SDP)
	c.sees(t)
	a.rung[id] = false // the call is the contact's own
	a.hangUp(t, d, id, c)
}
