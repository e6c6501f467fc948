package call

import (
	"log/slog"
	"time"
)

// delivery is one event on its way to the listener; session is nil for events
// without one, and without a kind it only brings a session's view up to date.
type delivery struct {
	notice  notice
	session *Session
	view    *view
}

// perform carries out actions in order. It never blocks.
func (c *Client) perform(actions []action) {
	for _, a := range actions {
		switch a := a.(type) {
		case sendSignal:
			c.signaler.Send(a.signal)
		case doMedia:
			c.media.Do(a.command)
		case tell:
			d := delivery{notice: a.notice, view: a.view}
			if a.view != nil { // without one it is of no session here, whatever its id
				d.session = c.sessions[a.notice.session]
			}
			c.post(d)
		case release:
			c.release(a.stream)
		case report:
			c.log.Warn("peer failed", "session", a.session, "user", a.user, "error", a.err)
		case ignored:
			c.ignore(a)
		case opened:
			c.sessions[a.machine.id] = newSession(c, a.machine)
			c.publishLive()
		case ended:
			delete(c.sessions, a.session)
			c.publishLive()
		}
	}
	c.showChanges()
}

// showChanges has the sessions show what changed without an event.
func (c *Client) showChanges() {
	for _, m := range c.board.live {
		s := c.sessions[m.id]
		if v := m.snapshot(); v.version > s.posted {
			c.post(delivery{session: s, view: v})
		}
	}
}

// post queues an event for the listener. If the listener does not keep up,
// events that come in any number are dropped.
func (c *Client) post(d delivery) {
	limit := 0
	switch d.notice.kind {
	case onCallStatsReport, onUpdateCall, onInvalidEvents:
		limit = maxInbox
	case onAcceptCall: // may be repeated, but once it matters
		limit = 2 * maxInbox
	}
	if !c.outbox.put(d, limit) {
		c.counters.dropped.Add(1)
		return
	}
	if d.session != nil {
		d.session.posted = max(d.session.posted, d.view.version)
	}
}

// release closes a stream aside: devices may take their time.
func (c *Client) release(s LocalStream) {
	c.releases.Go(func() {
		if err := s.Close(); err != nil {
			c.log.Warn("close local stream", "stream", s.ID(), "error", err)
		}
	})
}

func (c *Client) ignore(a ignored) {
	if a.reason == ignoreRate {
		c.counters.limited.Add(1)
	} else {
		c.counters.ignored.Add(1)
	}
	c.log.Debug("signal ignored", "reason", string(a.reason), "type", string(a.signal.Type),
		"session", a.signal.Session, "user", a.signal.Peer.User)
}

// publishLive renews the list that Sessions returns.
func (c *Client) publishLive() {
	live := make([]*Session, 0, len(c.board.live))
	for _, m := range c.board.live {
		if s := c.sessions[m.id]; s != nil {
			live = append(live, s)
		}
	}
	c.live.Store(&live)
}

// logDrops tells of inputs dropped since it last did, at most once per
// dropLogInterval.
func (c *Client) logDrops(now time.Time) {
	n := c.counters.dropped.Load()
	if n == c.dropsSeen || now.Sub(c.dropsAt) < dropLogInterval {
		return
	}
	c.log.Warn("inputs dropped, too many at once", slog.Uint64("count", n-c.dropsSeen))
	c.dropsSeen, c.dropsAt = n, now
}

// deliverAll calls the listener until the outbox is closed and empty.
func (c *Client) deliverAll() {
	for range c.outbox.wake {
		items, closed := c.outbox.take()
		for _, d := range items {
			c.deliver(d)
		}
		if closed {
			return
		}
	}
}

// deliver calls the listener with the session as it was at the event.
func (c *Client) deliver(d delivery) {
	s, n, l := d.session, d.notice, c.listener
	if s != nil {
		s.publish(d.view)
	}
	switch n.kind {
	case onCall:
		l.OnCall(s, n.ext)
	case onAcceptCall:
		l.OnAcceptCall(s, n.user, n.ext)
	case onRejectCall:
		l.OnRejectCall(s, n.user, n.ext)
	case onStopCall:
		l.OnStopCall(s, n.user, n.ext)
	case onUpdateCall:
		l.OnUpdateCall(s, n.user, n.ext)
	case onInvalidEvents:
		l.OnInvalidEvents(n.event, n.session, n.user, n.ext)
	case onUserNotAnswer:
		l.OnUserNotAnswer(s, n.user)
	case onRemoteStream:
		l.OnRemoteStream(s, n.user, n.stream)
	case onSessionConnectionStateChanged:
		l.OnSessionConnectionStateChanged(s, n.user, n.connection)
	case onReconnect:
		l.OnReconnect(s, n.user, n.reconnection)
	case onSessionClose:
		l.OnSessionClose(s)
	case onCallStatsReport:
		l.OnCallStatsReport(s, n.user, n.stats)
	}
}
