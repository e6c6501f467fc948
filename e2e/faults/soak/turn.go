package soak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/soak/site"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/intercom"
)

// turn is a call that is being tried.
type turn struct {
	*line
	plan   plan
	ctx    context.Context
	events *rig.Log[intercom.Event]             // of the device, in this call
	heard  map[call.UserID]*rig.Log[site.Event] // of the phones
	trying chan error                           // the end of a fault that runs beside; nil without
	back   time.Duration                        // from the end of a fault in the call to media both ways
}

func newTurn(ctx context.Context, l *line, p plan) *turn {
	t := &turn{line: l, plan: p, ctx: ctx, events: l.device.Listen(), heard: map[call.UserID]*rig.Log[site.Event]{}}
	for user, phone := range l.phones {
		t.heard[user] = phone.Listen()
	}
	return t
}

// disturb begins the fault, if the plan has it now. Faults while it rings run
// beside the people; one in the call is waited for.
func (t *turn) disturb(now phase) error {
	if t.plan.fault.name == noFault || t.plan.during != now {
		return nil
	}
	if now == talking {
		return t.plan.fault.play(t.ctx, t.line, t.plan.lasts)
	}
	t.trying = make(chan error, 1)
	go func() { t.trying <- t.plan.fault.play(t.ctx, t.line, t.plan.lasts) }()
	return nil
}

// settle waits for a fault that runs beside.
func (t *turn) settle() error {
	if t.trying == nil {
		return nil
	}
	err := <-t.trying
	t.trying = nil
	return err
}

// at takes the next event of a phone.
func (t *turn) at(user call.UserID, name string, bound time.Duration) (site.Event, error) {
	ctx, cancel := context.WithTimeout(t.ctx, bound)
	defer cancel()
	return t.heard[user].Take(ctx, fmt.Sprintf("%s at %d", name, user), func(e site.Event) bool { return e.Name == name })
}

// atDoor takes the next event of the device.
func (t *turn) atDoor(name string, bound time.Duration) (intercom.Event, error) {
	ctx, cancel := context.WithTimeout(t.ctx, bound)
	defer cancel()
	return t.events.Take(ctx, name+" at the device", func(e intercom.Event) bool { return e.Event == name })
}

// had says whether the device told of something.
func (t *turn) had(name string) bool {
	return t.events.Count(func(e intercom.Event) bool { return e.Event == name }) > 0
}

// counts are the packets received by the device and some phones.
func (t *turn) counts(users []call.UserID) ([]uint64, error) {
	door, err := t.device.Received(t.ctx)
	all := []uint64{door}
	for _, u := range users {
		all = append(all, t.phones[u].Received())
	}
	return all, err
}

// enough is how many new packets show that media flows: more than may have
// been on their way.
const enough = 5

// flows waits until the device and the phones all get media.
func (t *turn) flows(bound time.Duration, users ...call.UserID) error {
	ctx, cancel := context.WithTimeout(t.ctx, bound)
	defer cancel()
	before, err := t.counts(users)
	if err != nil {
		return err
	}
	return site.Poll(ctx, "media both ways", func() error {
		now, err := t.counts(users)
		if err != nil {
			return err
		}
		for i := range now {
			if now[i] < before[i]+enough {
				return fmt.Errorf("device and %v got %v, %v before", users, now, before)
			}
		}
		return nil
	})
}

// talk is what follows an answer: media both ways, the fault, more talk. hangUp
// ends it well.
func (t *turn) talk(hangUp func() error, users ...call.UserID) (outcome, error) {
	if err := t.flows(t.plan.within(connectBound), users...); err != nil {
		if t.had("onUserNotAnswer") || t.plan.during == ringing && t.had("onSessionClose") {
			return unanswered, err
		}
		return silent, err
	}
	if err := t.disturb(talking); err != nil {
		return broken, err
	}
	over := time.Now()
	if err := t.flows(backBound, users...); err != nil {
		return dropped, err
	}
	if t.plan.during == talking {
		t.back = time.Since(over)
	}
	if err := pause(t.ctx, t.plan.hold); err != nil {
		return broken, err
	}
	return talked, hangUp()
}

// eitherHangsUp ends a call at the device or at a phone.
func (t *turn) eitherHangsUp(user call.UserID) func() error {
	return func() error {
		if t.plan.deviceHangsUp {
			return t.press(t.ctx, "front")
		}
		t.phones[user].Stop()
		return nil
	}
}

// rest brings everything back to where the next call can begin. After an
// outcome that is not the kind's own the phones' sessions are ended by hand; the
// device has to find an end by itself.
func (t *turn) rest(o outcome) (l lull, err error) {
	began := time.Now()
	err = t.settle()
	if !t.plan.wanted(o) {
		for _, p := range t.phones {
			p.Stop()
		}
	}
	bound := idleBound
	if !t.plan.wanted(o) || t.plan.fault.name != noFault {
		bound = disturbedIdleBound
	}
	if idle := t.idle(bound); idle != nil {
		// Broken; but the next call is to have a chance.
		_ = t.device.Control.Do(t.ctx, "stop", intercom.SessionRequest{})
		err = errors.Join(err, idle)
	}
	l.idle = time.Since(began)
	err = errors.Join(err, t.online())
	l.reachable = time.Since(began)
	return l, err
}

// lull is what passes between two calls.
type lull struct {
	idle      time.Duration // from the end of the call until nobody has a session
	reachable time.Duration // until signals get through again
}

// idle waits until nobody has a session and the devices are closed.
func (t *turn) idle(bound time.Duration) error {
	ctx, cancel := t.bounded(bound)
	defer cancel()
	err := t.device.AwaitIdle(ctx)
	for _, p := range t.phones {
		err = errors.Join(err, p.AwaitIdle(ctx))
	}
	return err
}

// online waits until everybody is logged in and signals come through.
func (t *turn) online() error {
	ctx, cancel := t.bounded(onlineBound)
	defer cancel()
	err := t.device.AwaitOnline(ctx)
	for _, p := range t.phones {
		err = errors.Join(err, p.AwaitOnline(ctx))
	}
	if err != nil || t.plan.fault.name == noFault {
		return err
	}
	return t.prober.RoundTrip(ctx)
}

func (t *turn) bounded(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.ctx, d)
}
