package intercom

import (
	"context"
	"time"

	"github.com/intercomd/intercomd/call"
)

// press is a press that counted.
type press struct {
	button string
	at     time.Time
}

// pressLong is the state of the event of a long press.
const pressLong = "long"

// Press presses a button: it accepts a call that is ringing in, else stops
// what is going on, else rings the button's contacts; a button for hanging up
// only stops. It returns when the press is under way, before any network
// traffic. The error says which buttons there are.
func (d *Device) Press(ctx context.Context, name string) error {
	return d.ask(ctx, func() error {
		b, err := d.config().button(name)
		if err != nil {
			return err
		}
		return d.press(b, Event{Button: name})
	})
}

// LongPress presses a button for long, which is a press of the button that its
// [Button.LongPress] names.
func (d *Device) LongPress(ctx context.Context, name string) error {
	return d.ask(ctx, func() error {
		cfg := d.config()
		b, err := cfg.button(name)
		if err == nil && b.LongPress != "" {
			b, err = cfg.button(b.LongPress)
		}
		if err != nil {
			return err
		}
		return d.press(b, Event{Button: name, State: pressLong})
	})
}

// press does what b is for; e names the button under the finger. One finger on
// two buttons must not ring and hang up at once, so presses in a row count
// once; hanging up is never too soon.
func (d *Device) press(b Button, e Event) error {
	now := time.Now()
	if soon := now.Sub(d.pressed.at) < d.config().PressWindow; soon && (!b.HangUp || e.Button == d.pressed.button) {
		d.log.Info("press ignored: too soon after the last", "button", e.Button, "last", d.pressed.button)
		return nil
	}
	d.pressed = press{button: e.Button, at: now}
	d.log.Info("button pressed", "button", e.Button, "long", e.State == pressLong)
	e.Event = "press"
	if !d.online() {
		e.Reason = reasonOffline
	}
	d.publish(e)
	live := d.client.Sessions()
	if s := d.ringingIn(); s != nil && !b.HangUp {
		d.accept(s, nil)
		return nil
	}
	if len(live) > 0 {
		return d.stopAll(live, nil)
	}
	if b.HangUp {
		return nil
	}
	_, err := d.ring(b.Contacts, b.Mode, b.CallType, 0, call.Extension{"button": b.Name})
	return err
}

// ringingIn is the incoming call that has waited longest for an answer.
func (d *Device) ringingIn() *call.Session {
	var oldest *call.Session
	var since time.Time
	for _, s := range d.client.Sessions() {
		n := d.notes[s.ID()]
		if n == nil {
			n = &note{since: time.Now()} // it has just come in
		}
		if n.accepting || !s.Incoming() || s.State() != call.StateNew {
			continue
		}
		if oldest == nil || n.since.Before(since) {
			oldest, since = s, n.since
		}
	}
	return oldest
}

// Stuck notes that a button has been down for too long to be a press, or has
// come up again (stuck is false). It returns at once.
func (d *Device) Stuck(button string, stuck bool) {
	d.later(func() {
		_, was := d.stuck[button]
		switch {
		case stuck && !was:
			d.stuck[button] = struct{}{}
			d.log.Warn("button is stuck", "button", button)
			d.publish(Event{Event: "stuck", Button: button})
		case !stuck && was:
			delete(d.stuck, button)
			d.log.Info("button has come up", "button", button)
			d.publish(Event{Event: "released", Button: button})
		}
	})
}
