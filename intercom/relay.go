package intercom

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/intercomd/intercomd/call"
)

// Relay triggers a relay by name, for whoever may use the control socket. The
// error says which relays there are, or why it did not work.
func (d *Device) Relay(_ context.Context, name string) error {
	if _, err := d.config().relay(name); err != nil {
		return err
	}
	return d.pulse(name, Event{})
}

// pulse triggers a relay and says so; e tells for whom.
func (d *Device) pulse(name string, e Event) error {
	err := fmt.Errorf("trigger relay %q: the device has no relays", name)
	if d.ports.Relay != nil {
		err = d.ports.Relay(name)
	}
	e.Event, e.Relay = "relay", name
	log := d.log.With("relay", name, "session", e.Session, "user", e.UserID)
	if err != nil {
		e.Error = err.Error()
		log.Warn("relay not triggered", "err", err)
	} else {
		log.Info("relay triggered")
	}
	d.publish(e)
	return err
}

// relayPause is how soon after a request for a relay another one of the same
// user is looked at: a repeated update, an impatient finger, a flood.
const relayPause = time.Second

// Everybody together may trigger a relay this often with updates: a door that
// is asked for without end does not stay open, nor its coil on.
const (
	relayBurst = 5                // in a row
	relayEvery = 10 * time.Second // and then
)

// budget says how often something may still be done.
type budget struct {
	left int
	at   time.Time // when left was right
}

// spend takes one of a budget, which grows by one every relayEvery up to
// relayBurst. Its zero value is a full one.
func (b budget) spend(now time.Time) (budget, bool) {
	grown := int(now.Sub(b.at) / relayEvery)
	if b.at.IsZero() || b.left+grown >= relayBurst {
		b = budget{left: relayBurst, at: now}
	} else {
		b.left, b.at = b.left+grown, b.at.Add(time.Duration(grown)*relayEvery)
	}
	if b.left == 0 {
		return b, false
	}
	b.left--
	return b, true
}

// maxRelayName is how many characters of a name from outside are shown.
const maxRelayName = 100

// relayAsked triggers a relay for somebody in a call, who asked for it with an
// update, or says why not. What comes too soon is dropped without a word.
func (d *Device) relayAsked(s *call.Session, user call.UserID, name string) {
	now := time.Now()
	if last, before := d.asked[user]; before && now.Sub(last) < relayPause {
		d.log.Debug("relay request ignored: too soon after the last", "session", s.ID(), "user", user)
		return
	}
	d.asked[user] = now
	e := Event{Session: s.ID(), UserID: user}
	err := d.mayTrigger(s, user, name)
	if err == nil {
		err = d.spend(name, now)
	}
	if err == nil {
		d.outside(func(context.Context) { _ = d.pulse(name, e) }) // it tells what goes wrong
		return
	}
	e.Event, e.Relay, e.Error = "relay", shortened(name), err.Error()
	d.log.Warn("relay not triggered", "relay", e.Relay, "session", e.Session, "user", user, "err", err)
	d.publish(e)
}

// spend notes that a relay is triggered, or says that it was too often.
func (d *Device) spend(relay string, now time.Time) error {
	b, ok := d.opened[relay].spend(now)
	d.opened[relay] = b
	if !ok {
		return fmt.Errorf("relay %q was asked for too often", relay)
	}
	return nil
}

// shortened keeps logs from being filled from outside.
func shortened(name string) string { return fmt.Sprintf("%.*s", maxRelayName, name) }

// mayTrigger says why a user may not trigger a relay: a door opens only for
// those listed, while the device is connected with them.
func (d *Device) mayTrigger(s *call.Session, user call.UserID, name string) error {
	cfg := d.config()
	i := slices.IndexFunc(cfg.Relays, func(r Relay) bool { return r.Name == name })
	if i < 0 {
		return fmt.Errorf("no relay %q", shortened(name))
	}
	relay := cfg.Relays[i]
	if !slices.Contains(relay.Callers, user) || !cfg.isContact(user) {
		return fmt.Errorf("user %d is not among its callers", user)
	}
	if s.State() != call.StateActive {
		return fmt.Errorf("the session is %s, not ACTIVE", s.State())
	}
	if !slices.ContainsFunc(s.Peers(), func(p call.PeerInfo) bool { return p.User == user && isConnected(p.State) }) {
		return fmt.Errorf("user %d is not connected", user)
	}
	return nil
}

// isConnected says whether media flows.
func isConnected(s call.ConnectionState) bool {
	return s == call.ConnectionConnected || s == call.ConnectionCompleted
}
