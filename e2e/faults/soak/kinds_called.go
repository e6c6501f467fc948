package soak

import (
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
	"github.com/intercomd/intercomd/intercom"
)

// calls has a phone ring the door, and waits until it does.
func (t *turn) calls(user call.UserID) (intercom.Event, error) {
	typ := call.Video
	if t.plan.second {
		typ = call.Audio
	}
	if _, err := t.phones[user].Call(t.ctx, typ); err != nil {
		return intercom.Event{}, err
	}
	if err := t.disturb(ringing); err != nil {
		return intercom.Event{}, err
	}
	return t.atDoor("onCall", t.plan.within(ringBound))
}

func calledByCarl(t *turn) (outcome, error) {
	if _, err := t.calls(site.Carl); err != nil {
		return unreached, err
	}
	return t.talk(t.eitherHangsUp(site.Carl), site.Carl)
}

func calledByAnna(t *turn) (outcome, error) {
	if _, err := t.calls(site.Anna); err != nil {
		return unreached, err
	}
	if err := pause(t.ctx, t.plan.answer); err != nil {
		return broken, err
	}
	if err := t.press(t.ctx, "front"); err != nil {
		return broken, err
	}
	return t.talk(t.eitherHangsUp(site.Anna), site.Anna)
}

func declinedAtDoor(t *turn) (outcome, error) {
	if _, err := t.calls(site.Anna); err != nil {
		return unreached, err
	}
	if err := pause(t.ctx, t.plan.answer); err != nil {
		return broken, err
	}
	if err := t.device.Control.Do(t.ctx, "reject", intercom.SessionRequest{}); err != nil {
		return broken, err
	}
	if _, err := t.at(site.Anna, "onRejectCall", t.plan.within(idleBound)); err != nil {
		return unanswered, err
	}
	return rejected, nil
}

func callerGivesUp(t *turn) (outcome, error) {
	if _, err := t.calls(site.Anna); err != nil {
		return unreached, err
	}
	if err := pause(t.ctx, t.plan.answer); err != nil {
		return broken, err
	}
	t.phones[site.Anna].Stop()
	if _, err := t.atDoor("onSessionClose", t.plan.within(idleBound)); err != nil {
		return broken, err
	}
	return cancelled, nil
}

// vanishesRinging has a caller leave without a word: the door stops ringing
// after the answer time.
func vanishesRinging(t *turn) (outcome, error) {
	if _, err := t.calls(site.Anna); err != nil {
		return unreached, err
	}
	if err := t.phones[site.Anna].Vanish(); err != nil {
		return broken, err
	}
	_, err := t.atDoor("onSessionClose", site.AnswerTime+time.Second)
	if back := t.phones[site.Anna].SwitchOn(); back != nil {
		return broken, back
	}
	return orBroken(vanished, err)
}

// vanishesTalking has somebody leave a call without a word: the door notices
// that within the time ICE takes, and gives up after the disconnect time.
func vanishesTalking(t *turn) (outcome, error) {
	if _, err := t.calls(site.Carl); err != nil {
		return unreached, err
	}
	if err := t.flows(connectBound, site.Carl); err != nil {
		return silent, err
	}
	if err := t.phones[site.Carl].Vanish(); err != nil {
		return broken, err
	}
	const noticed = 10 * time.Second
	_, err := t.atDoor("onSessionClose", noticed+site.DisconnectTime)
	if back := t.phones[site.Carl].SwitchOn(); back != nil {
		return broken, back
	}
	return orBroken(vanished, err)
}
