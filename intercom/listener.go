package intercom

import (
	"slices"

	"github.com/intercomd/intercomd/call"
)

// Listener turns the events of calls into the device's reactions and into its
// event stream; it is for call.NewClient.
func (d *Device) Listener() call.Listener { return listener{d} }

type listener struct{ d *Device }

func (l listener) OnCall(s *call.Session, ext call.Extension) {
	l.event("onCall", s, s.Initiator(), Event{Extension: ext, CallType: s.Type().String()})
	l.d.post(func() { l.d.incoming(s) })
}

func (l listener) OnAcceptCall(s *call.Session, user call.UserID, ext call.Extension) {
	l.event("onAcceptCall", s, user, Event{Extension: ext})
	l.d.post(func() { l.d.answered(s) })
}

func (l listener) OnRejectCall(s *call.Session, user call.UserID, ext call.Extension) {
	l.event("onRejectCall", s, user, Event{Extension: ext})
}

func (l listener) OnStopCall(s *call.Session, user call.UserID, ext call.Extension) {
	l.event("onStopCall", s, user, Event{Extension: ext})
}

func (l listener) OnUpdateCall(s *call.Session, user call.UserID, ext call.Extension) {
	l.event("onUpdateCall", s, user, Event{Extension: ext})
	if relay, asked := ext["relay"]; asked {
		l.d.post(func() { l.d.relayAsked(s, user, relay) })
	}
}

func (l listener) OnInvalidEvents(event string, id call.SessionID, user call.UserID, ext call.Extension) {
	l.d.log.Info("signal does not fit", "signal", event, "session", id, "user", user)
	l.d.publish(Event{Event: "onInvalidEvents", Signal: event, Session: id, UserID: user, Extension: ext})
}

func (l listener) OnUserNotAnswer(s *call.Session, user call.UserID) {
	l.event("onUserNotAnswer", s, user, Event{})
}

func (l listener) OnRemoteStream(s *call.Session, user call.UserID, stream call.RemoteStream) {
	l.event("onRemoteStream", s, user, Event{Kinds: stream.Kinds()})
	if l.d.ports.Speaker == nil {
		return
	}
	if err := s.AttachMediaStream(stream, l.d.ports.Speaker); err != nil {
		l.d.log.Warn("remote sound is not played", "session", s.ID(), "user", user, "err", err)
	}
}

func (l listener) OnSessionConnectionStateChanged(s *call.Session, user call.UserID, state call.ConnectionState) {
	l.event("onSessionConnectionStateChanged", s, user, Event{State: state.String()})
	if isConnected(state) {
		l.d.post(func() { l.d.connected(s) })
	}
}

func (l listener) OnReconnect(s *call.Session, user call.UserID, state call.ReconnectionState) {
	l.event("onReconnect", s, user, Event{State: string(state)})
}

func (l listener) OnSessionClose(s *call.Session) {
	e := Event{State: s.State().String()}
	unsent := l.d.isUnsent(s.ID())
	if unsent {
		e.Reason = reasonOffline
		l.d.forgetUnsent(s.ID())
	}
	if err := s.LastError(); err != nil {
		e.Error = err.Error()
	}
	l.event("onSessionClose", s, 0, e)
	l.d.post(func() { l.d.closed(s, unsent) })
}

func (l listener) OnCallStatsReport(s *call.Session, user call.UserID, report call.StatsReport) {
	l.d.publish(Event{Event: "onCallStatsReport", Session: s.ID(), UserID: user, Stats: &report})
}

// event publishes and logs what happened in a session.
func (l listener) event(name string, s *call.Session, user call.UserID, e Event) {
	e.Event, e.Session, e.UserID = name, s.ID(), user
	attrs := []any{"session", s.ID()}
	if user != 0 {
		attrs = append(attrs, "user", user)
	}
	if e.State != "" {
		attrs = append(attrs, "state", e.State)
	}
	if e.Reason != "" {
		attrs = append(attrs, "reason", e.Reason)
	}
	if e.Error != "" {
		attrs = append(attrs, "err", e.Error)
	}
	l.d.log.Info(name, attrs...)
	l.d.publish(e)
}

// incoming rings, or answers a caller who is listed for that.
func (d *Device) incoming(s *call.Session) {
	if s.State() != call.StateNew {
		return
	}
	n := d.note(s)
	if n.accepting { // a press was quicker
		return
	}
	caller := s.Initiator()
	if !d.config().isContact(caller) { // the client has refused strangers already
		_ = s.Reject(nil)
		return
	}
	if d.autoAccepts(s) {
		d.log.Info("call accepted by itself", "session", s.ID(), "user", caller)
		n.auto = true
		d.chime(Announce)
		d.accept(s, nil)
		return
	}
	n.greeted = true
}

// autoAccepts says whether everybody a session may bring is listed: in a group
// the other callees see and hear the door as well as the caller does.
func (d *Device) autoAccepts(s *call.Session) bool {
	peers := s.Peers()
	return len(peers) > 0 && !slices.ContainsFunc(peers, func(p call.PeerInfo) bool {
		return !slices.Contains(d.config().AutoAccept, p.User)
	})
}
