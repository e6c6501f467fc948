package intercom

import (
	"slices"

	"github.com/intercomd/intercomd/call"
)

// SetConfig replaces the configuration at once, except Self and Version.
// Sessions with anybody who is no contact any more are ended; all others go on.
// It does not block.
func (d *Device) SetConfig(c Config) {
	before := d.config()
	c.Self, c.Version = before.Self, before.Version
	c = c.withDefaults()
	d.cfg.Store(&c)
	d.later(d.endStrangers)
}

// config is the configuration in force.
func (d *Device) config() *Config { return d.cfg.Load() }

// Allowed says whether a user may ring and join now: contacts only. It is meant
// for call.Config.Allowed.
func (d *Device) Allowed(id call.UserID) bool { return d.config().Allowed(id) }

// endStrangers ends the sessions that somebody who is no contact takes part in.
// One who is about to take part is refused by the client or by [Device.incoming].
func (d *Device) endStrangers() {
	for _, s := range d.client.Sessions() {
		i := slices.IndexFunc(s.Peers(), func(p call.PeerInfo) bool { return !d.config().isContact(p.User) })
		if i < 0 {
			continue
		}
		d.log.Info("the call ends: not a contact any more", "session", s.ID(), "user", s.Peers()[i].User)
		if err := d.end(s, nil); err != nil {
			d.log.Info("already gone", "session", s.ID(), "err", err)
		}
	}
}
