package call

// Listener receives the twelve events of the SDK (QB.webrtc.on…Listener).
// Calls come from one goroutine, one at a time, in order; they may use the
// API. Embed [NopListener] to implement only some.
type Listener interface {
	// OnCall tells of an incoming call; the session is NEW (SDK: onCallListener).
	OnCall(s *Session, ext Extension)
	// OnAcceptCall tells that user accepted; every accept counts, duplicates
	// too (SDK: onAcceptCallListener).
	OnAcceptCall(s *Session, user UserID, ext Extension)
	// OnRejectCall tells that user rejected or is busy (SDK: onRejectCallListener).
	OnRejectCall(s *Session, user UserID, ext Extension)
	// OnStopCall tells that user hung up (SDK: onStopCallListener).
	OnStopCall(s *Session, user UserID, ext Extension)
	// OnUpdateCall carries user's own data during a call (SDK: onUpdateCallListener).
	OnUpdateCall(s *Session, user UserID, ext Extension)
	// OnInvalidEvents tells of a signal that does not fit: event is "onCall"
	// (rejected as busy or not allowed), "onAccept" or "onStop" (SDK:
	// onInvalidEventsListener).
	OnInvalidEvents(event string, id SessionID, user UserID, ext Extension)
	// OnUserNotAnswer tells that user did not answer in time (SDK:
	// onUserNotAnswerListener).
	OnUserNotAnswer(s *Session, user UserID)
	// OnRemoteStream hands over what user sends, once per connection and again
	// after each reconnection (SDK: onRemoteStreamListener).
	OnRemoteStream(s *Session, user UserID, stream RemoteStream)
	// OnSessionConnectionStateChanged mirrors the ICE connection state of user
	// (SDK: onSessionConnectionStateChangedListener).
	OnSessionConnectionStateChanged(s *Session, user UserID, state ConnectionState)
	// OnReconnect tells how the repair of the connection to user goes (SDK:
	// onReconnectListener).
	OnReconnect(s *Session, user UserID, state ReconnectionState)
	// OnSessionClose is the last event of a session (SDK: onSessionCloseListener).
	OnSessionClose(s *Session)
	// OnCallStatsReport carries user's statistics each
	// StatsReportTimeInterval (SDK: onCallStatsReport).
	OnCallStatsReport(s *Session, user UserID, report StatsReport)
}
