//go:build e2e

package badinput

import (
	"fmt"
	"testing"

	"github.com/intercomd/intercomd/call"
)

// people is what contacts and strangers can do to a running device. All of it
// is done to one process, which neither ends nor grows.
func (l *lab) people(t *testing.T) {
	d := l.start(t, "log.level=debug")
	d.online(t)
	a := l.phone(t, anna)
	a.nothingLost(t, d) // what is made at the first call is there from now on
	before := d.usage(t)
	for _, group := range []struct {
		name string
		run  func(*testing.T, *device, *phone)
	}{
		{"stanzas", l.stanzas},
		{"descriptions", l.descriptions},
		{"strangers", l.strangers},
		{"floods", l.floods},
		{"control socket", l.control},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, d, a) })
	}
	after := d.usage(t)
	const mayGrow = 48 << 20 // ordinary calls alone add some 25 MB, which 20 calls reach and 80 do not exceed
	if after.memory > before.memory+mayGrow || after.files > before.files+8 {
		t.Errorf("the device grew: %s before, %s after", before, after)
	}
	t.Run("all of it", func(t *testing.T) { says(t, "%s before, %s after", before, after) })
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f MB and %d files", float64(u.memory)/1e6, u.files)
}

// silent checks that nothing happened to a session: no event about it from a
// user but that his signals do not fit, and the session is as it was.
func (d *device) silent(t *testing.T, user, peer call.UserID, session call.SessionID) {
	t.Helper()
	for _, e := range d.events.All() {
		if e.Session == string(session) && e.UserID == int64(user) && user != peer && e.Event != "onInvalidEvents" {
			t.Errorf("event %s of %d in a session of others", e.Event, user)
		}
	}
	for _, s := range d.status(t).Sessions {
		if s.ID == string(session) && len(s.Peers) == 1 && s.Peers[0].UserID == int64(peer) {
			return
		}
	}
	t.Errorf("session %s with %d is not up any more: %+v", session, peer, d.status(t).Sessions)
}
