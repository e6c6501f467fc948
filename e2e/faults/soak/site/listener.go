package site

import (
	"time"

	"github.com/intercomd/intercomd/call"
)

// phoneListener notes what happens at a phone.
type phoneListener struct {
	p  *Phone
	on *switchedOn
}

func (l *phoneListener) note(name string, s *call.Session, user call.UserID, state string) {
	e := Event{Name: name, Session: s, User: user, State: state, At: time.Now()}
	if s != nil {
		e.ID = s.ID()
	}
	l.p.events.Load().Add(e)
	l.on.callsChanged()
}

// OnCall implements call.Listener, as do the others.
func (l *phoneListener) OnCall(s *call.Session, _ call.Extension) {
	l.note("onCall", s, s.Initiator(), "")
}

// OnAcceptCall notes an accept.
func (l *phoneListener) OnAcceptCall(s *call.Session, user call.UserID, _ call.Extension) {
	l.note("onAcceptCall", s, user, "")
}

// OnRejectCall notes a reject.
func (l *phoneListener) OnRejectCall(s *call.Session, user call.UserID, _ call.Extension) {
	l.note("onRejectCall", s, user, "")
}

// OnStopCall notes a hangUp.
func (l *phoneListener) OnStopCall(s *call.Session, user call.UserID, _ call.Extension) {
	l.note("onStopCall", s, user, "")
}

// OnUpdateCall does nothing.
func (l *phoneListener) OnUpdateCall(*call.Session, call.UserID, call.Extension) {}

// OnInvalidEvents notes a signal that does not fit.
func (l *phoneListener) OnInvalidEvents(event string, id call.SessionID, user call.UserID, _ call.Extension) {
	l.p.events.Load().Add(Event{Name: "onInvalidEvents", ID: id, User: user, State: event, At: time.Now()})
}

// OnUserNotAnswer notes that nobody answered.
func (l *phoneListener) OnUserNotAnswer(s *call.Session, user call.UserID) {
	l.note("onUserNotAnswer", s, user, "")
}

// OnRemoteStream does nothing: what comes is counted by the engine.
func (l *phoneListener) OnRemoteStream(*call.Session, call.UserID, call.RemoteStream) {}

// OnSessionConnectionStateChanged notes a connection's state.
func (l *phoneListener) OnSessionConnectionStateChanged(s *call.Session, user call.UserID, state call.ConnectionState) {
	l.note("onSessionConnectionStateChanged", s, user, state.String())
}

// OnReconnect notes how a repair goes.
func (l *phoneListener) OnReconnect(s *call.Session, user call.UserID, state call.ReconnectionState) {
	l.note("onReconnect", s, user, string(state))
}

// OnSessionClose notes the end of a session.
func (l *phoneListener) OnSessionClose(s *call.Session) { l.note("onSessionClose", s, 0, "") }

// OnCallStatsReport does nothing: no report is asked for.
func (l *phoneListener) OnCallStatsReport(*call.Session, call.UserID, call.StatsReport) {}
