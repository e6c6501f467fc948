package intercom

import (
	"context"
	"time"

	"github.com/intercomd/intercomd/call"
)

// xmppOnline is the state of a link that works.
const xmppOnline = "online"

// reasonOffline says that nobody could be told, because the signalling link was
// down.
const reasonOffline = "offline"

// Subscribe follows the events from now on; the first is the state the XMPP
// link has now. The channel is closed when ctx ends, when the follower lags by
// more than 256 events, or at shutdown.
func (d *Device) Subscribe(ctx context.Context) <-chan Event {
	d.xmppMu.Lock()
	defer d.xmppMu.Unlock()
	return d.events.subscribe(ctx, d.xmpp.event())
}

// SetXMPP notes a new state of the signalling link.
func (d *Device) SetXMPP(s XMPPStatus) {
	d.xmppMu.Lock()
	d.xmpp = s
	if s.State == xmppOnline {
		clear(d.unsent)
	}
	d.events.Publish(s.event())
	d.xmppMu.Unlock()
	d.rouse()
}

func (d *Device) xmppStatus() XMPPStatus {
	d.xmppMu.Lock()
	defer d.xmppMu.Unlock()
	return d.xmpp
}

func (s XMPPStatus) event() Event {
	return Event{Time: time.Now(), Event: "xmpp", State: s.State, Error: s.Error}
}

func (d *Device) online() bool { return d.xmppStatus().State == xmppOnline }

// noteUnsent remembers calls out that nobody can be told of yet. They go out
// when the link comes back, if somebody still waits then. It says whether that
// is so, which is whether the link is down.
func (d *Device) noteUnsent(sessions []*call.Session) bool {
	d.xmppMu.Lock()
	defer d.xmppMu.Unlock()
	if d.xmpp.State == xmppOnline {
		return false
	}
	for _, s := range sessions {
		d.unsent[s.ID()] = struct{}{}
	}
	return true
}

// isUnsent says whether a call out could not be told to anybody yet.
func (d *Device) isUnsent(id call.SessionID) bool {
	d.xmppMu.Lock()
	defer d.xmppMu.Unlock()
	_, unsent := d.unsent[id]
	return unsent
}

// forgetUnsent ends what noteUnsent began.
func (d *Device) forgetUnsent(id call.SessionID) {
	d.xmppMu.Lock()
	defer d.xmppMu.Unlock()
	delete(d.unsent, id)
}
