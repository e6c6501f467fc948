package soak

import (
	"errors"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
	"github.com/intercomd/intercomd/intercom"
)

// kind is what people do in a call.
type kind struct {
	name           string
	weight         int
	play           func(*turn) (outcome, error)
	want           outcome // without a fault
	mayBeDisturbed bool
	talks          bool // people talk, so that a fault can come then
	slow           bool // takes longer than the answer time
	// also is right as well: what was to happen at the same time did not.
	also outcome
}

// kinds lists all of them.
func kinds() []kind {
	return []kind{
		{"the door rings, answered", 20, front("front"), talked, true, true, false, ""},
		{"the door rings without picture", 10, front("voice"), talked, true, true, false, ""},
		{"two are rung, one answers", 8, oneOfTwo, talked, true, true, false, ""},
		{"two are rung, both answer", 8, bothOfTwo, talked, true, true, false, ""},
		{"conference of three", 6, conference, talked, true, true, false, ""},
		{"pressed again before the answer", 8, cancelledAtDoor, cancelled, true, false, false, ""},
		{"pressed twice at once", 4, pressedTwice, talked, true, true, false, cancelled},
		{"declined", 6, declined, rejected, true, false, false, ""},
		{"nobody answers", 2, nobodyAnswers, unanswered, true, false, true, ""},
		{"the door is called, answers by itself", 12, calledByCarl, talked, true, true, false, ""},
		{"the door is called, a press answers", 10, calledByAnna, talked, true, true, false, ""},
		{"the door is called and declines", 4, declinedAtDoor, rejected, true, false, false, ""},
		{"the caller gives up", 6, callerGivesUp, cancelled, true, false, false, ""},
		{"a third party calls", 5, thirdParty, busy, false, true, false, ""},
		{"both call at once", 6, bothAtOnce, talked, true, true, false, cancelled},
		{"the caller vanishes while it rings", 1, vanishesRinging, vanished, false, false, true, ""},
		{"the caller vanishes in the call", 1, vanishesTalking, vanished, false, false, true, ""},
	}
}

// answers has a phone that was rung accept.
func (t *turn) answers(user call.UserID) (outcome, error) {
	ring, err := t.at(user, "onCall", t.plan.within(ringBound))
	if err != nil {
		return unreached, err
	}
	if err := pause(t.ctx, t.plan.answer); err != nil {
		return broken, err
	}
	if err := t.phones[user].Accept(t.ctx, ring.Session); err != nil {
		return unanswered, err // it stopped ringing in time
	}
	return talked, nil
}

// rings presses a button and lets the fault begin.
func (t *turn) rings(button string) error {
	if err := t.press(t.ctx, button); err != nil {
		return err
	}
	return t.disturb(ringing)
}

func front(button string) func(*turn) (outcome, error) {
	return func(t *turn) (outcome, error) {
		if err := t.rings(button); err != nil {
			return broken, err
		}
		if o, err := t.answers(site.Anna); err != nil {
			return o, err
		}
		return t.talk(t.eitherHangsUp(site.Anna), site.Anna)
	}
}

func pressedTwice(t *turn) (outcome, error) {
	if err := t.press(t.ctx, "front"); err != nil {
		return broken, err
	}
	err := t.device.Control.Press(t.ctx, "front")
	t.pressed = time.Now()
	if err != nil {
		return broken, err
	}
	if err := t.disturb(ringing); err != nil {
		return broken, err
	}
	if t.presses() > 1 { // not at once, then: the second one ended the call
		return cancelled, nil
	}
	if o, err := t.answers(site.Anna); err != nil {
		return o, err
	}
	return t.talk(t.eitherHangsUp(site.Anna), site.Anna)
}

// presses is how many presses the device has counted.
func (t *turn) presses() int {
	return t.events.Count(func(e intercom.Event) bool { return e.Event == "press" })
}

// pressedLate says whether the press came after the call that it was to cross.
func (t *turn) pressedLate() bool {
	rang := false
	for _, e := range t.events.All() {
		rang = rang || e.Event == "onCall"
		if rang && e.Event == "press" {
			return true
		}
	}
	return false
}

// lookers returns who of two acts, and the other.
func (t *turn) lookers() (first, second call.UserID) {
	if t.plan.second {
		return site.Ben, site.Anna
	}
	return site.Anna, site.Ben
}

func oneOfTwo(t *turn) (outcome, error) {
	winner, loser := t.lookers()
	if err := t.rings("pair"); err != nil {
		return broken, err
	}
	if o, err := t.answers(winner); err != nil {
		return o, err
	}
	return t.talk(func() error {
		// The other phone must not ring any more once people talk.
		if err := t.phoneIdle(loser); err != nil {
			return err
		}
		return t.eitherHangsUp(winner)()
	}, winner)
}

// phoneIdle waits until a phone has no session.
func (t *turn) phoneIdle(user call.UserID) error {
	ctx, cancel := t.bounded(t.plan.within(idleBound))
	defer cancel()
	return t.phones[user].AwaitIdle(ctx)
}

// bothOfTwo has two people answer at the same moment: one of them gets the
// call, the other is told that it is over.
func bothOfTwo(t *turn) (outcome, error) {
	if err := t.rings("pair"); err != nil {
		return broken, err
	}
	a, err := t.at(site.Anna, "onCall", t.plan.within(ringBound))
	if err != nil {
		return unreached, err
	}
	b, err := t.at(site.Ben, "onCall", t.plan.within(ringBound))
	if err != nil {
		return unreached, err
	}
	if err := pause(t.ctx, t.plan.answer); err != nil {
		return broken, err
	}
	done := make(chan error, 1)
	go func() { done <- t.phones[site.Ben].Accept(t.ctx, b.Session) }()
	err = t.phones[site.Anna].Accept(t.ctx, a.Session)
	if other := <-done; err != nil && other != nil {
		return unanswered, err
	}
	winner, loser, err := t.winner()
	if err != nil {
		return unanswered, err
	}
	return t.talk(func() error {
		if err := t.phoneIdle(loser); err != nil {
			return err
		}
		return t.eitherHangsUp(winner)()
	}, winner)
}

// winner waits until one of two phones that accepted is alone.
func (t *turn) winner() (winner, loser call.UserID, err error) {
	ctx, cancel := t.bounded(t.plan.within(connectBound))
	defer cancel()
	err = site.Poll(ctx, "one winner", func() error {
		a, b := t.phones[site.Anna].Sessions(), t.phones[site.Ben].Sessions()
		switch {
		case a == 1 && b == 0:
			winner, loser = site.Anna, site.Ben
		case a == 0 && b == 1:
			winner, loser = site.Ben, site.Anna
		default:
			return fmt.Errorf("%d sessions at Anna's, %d at Ben's", a, b)
		}
		return nil
	})
	return winner, loser, err
}

func conference(t *turn) (outcome, error) {
	if err := t.rings("all"); err != nil {
		return broken, err
	}
	first, second := t.lookers()
	for _, u := range []call.UserID{first, second} {
		if o, err := t.answers(u); err != nil {
			return o, err
		}
	}
	return t.talk(func() error {
		t.phones[first].Stop()
		if err := t.flows(connectBound, second); err != nil {
			return fmt.Errorf("after one has left: %w", err)
		}
		return t.eitherHangsUp(second)()
	}, first, second)
}

func cancelledAtDoor(t *turn) (outcome, error) {
	if err := t.rings("front"); err != nil {
		return broken, err
	}
	if t.plan.fault.name == noFault {
		if _, err := t.at(site.Anna, "onCall", ringBound); err != nil {
			return unreached, err
		}
	}
	if err := pause(t.ctx, t.plan.answer); err != nil {
		return broken, err
	}
	if err := t.press(t.ctx, "front"); err != nil {
		return broken, err
	}
	_, err := t.atDoor("onSessionClose", idleBound)
	return orBroken(cancelled, err)
}

func declined(t *turn) (outcome, error) {
	if err := t.rings("front"); err != nil {
		return broken, err
	}
	ring, err := t.at(site.Anna, "onCall", t.plan.within(ringBound))
	if err != nil {
		return unreached, err
	}
	if err := pause(t.ctx, t.plan.answer); err != nil {
		return broken, err
	}
	if err := ring.Session.Reject(nil); err != nil {
		return unanswered, err
	}
	if _, err := t.atDoor("onRejectCall", t.plan.within(idleBound)); err != nil {
		return unanswered, err
	}
	return rejected, nil
}

func nobodyAnswers(t *turn) (outcome, error) {
	if err := t.rings("front"); err != nil {
		return broken, err
	}
	_, err := t.atDoor("onUserNotAnswer", site.AnswerTime+time.Second)
	return orBroken(unanswered, err)
}

func orBroken(o outcome, err error) (outcome, error) {
	if err != nil {
		return broken, err
	}
	return o, nil
}

func thirdParty(t *turn) (outcome, error) {
	if err := t.rings("front"); err != nil {
		return broken, err
	}
	if o, err := t.answers(site.Anna); err != nil {
		return o, err
	}
	o, err := t.talk(func() error {
		if _, err := t.phones[site.Ben].Call(t.ctx, call.Video); err != nil {
			return err
		}
		if _, err := t.at(site.Ben, "onRejectCall", idleBound); err != nil {
			return err
		}
		if err := t.flows(connectBound, site.Anna); err != nil {
			return fmt.Errorf("after a third party called: %w", err)
		}
		return t.eitherHangsUp(site.Anna)()
	}, site.Anna)
	if o == talked && err == nil {
		o = busy
	}
	return o, err
}

// bothAtOnce has door and phone call each other in the same moment. Whose call
// goes on is a rule of package call; the callee answers it.
func bothAtOnce(t *turn) (outcome, error) {
	user, button := site.Anna, "front"
	if t.plan.second {
		user, button = site.Carl, "back"
	}
	if err := t.pressable(t.ctx); err != nil {
		return broken, err
	}
	called := make(chan struct{})
	go func() {
		defer close(called)
		// Refused if the door's call is there before; the phone rings then.
		_, _ = t.phones[user].Call(t.ctx, call.Video)
	}()
	err := t.rings(button)
	<-called
	if err != nil {
		return broken, err
	}
	if o, err := t.oneOfBoth(user); err != nil {
		return o, err
	}
	if user == site.Carl && t.pressedLate() { // it ended the call that was answered by itself
		return cancelled, nil
	}
	return t.talk(t.eitherHangsUp(user), user)
}

// oneOfBoth answers whichever call of two rings.
func (t *turn) oneOfBoth(user call.UserID) (outcome, error) {
	ctx, cancel := t.bounded(t.plan.within(ringBound) + site.DialingTime)
	defer cancel()
	var ring *call.Session
	var session call.SessionID
	err := site.Poll(ctx, "either call to ring", func() error {
		for _, e := range t.heard[user].All() {
			if e.Name == "onCall" {
				ring = e.Session
				return nil
			}
		}
		for _, e := range t.events.All() {
			if e.Event == "onCall" {
				session = e.Session
				return nil
			}
		}
		return errors.New("neither does")
	})
	switch {
	case err != nil:
		return unreached, err
	case ring != nil:
		if err := t.phones[user].Accept(t.ctx, ring); err != nil {
			return unanswered, err
		}
	case user != site.Carl: // his are answered by themselves
		// Refused if the press came late and was the answer; the talk shows it.
		_ = t.device.Control.Do(t.ctx, "accept", intercom.SessionRequest{Session: session})
	}
	return talked, nil
}
