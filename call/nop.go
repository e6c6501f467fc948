package call

// NopListener does nothing on every event. Embed it to implement only some
// methods of [Listener].
type NopListener struct{}

var _ Listener = NopListener{}

// OnCall does nothing.
func (NopListener) OnCall(*Session, Extension) {}

// OnAcceptCall does nothing.
func (NopListener) OnAcceptCall(*Session, UserID, Extension) {}

// OnRejectCall does nothing.
func (NopListener) OnRejectCall(*Session, UserID, Extension) {}

// OnStopCall does nothing.
func (NopListener) OnStopCall(*Session, UserID, Extension) {}

// OnUpdateCall does nothing.
func (NopListener) OnUpdateCall(*Session, UserID, Extension) {}

// OnInvalidEvents does nothing.
func (NopListener) OnInvalidEvents(string, SessionID, UserID, Extension) {}

// OnUserNotAnswer does nothing.
func (NopListener) OnUserNotAnswer(*Session, UserID) {}

// OnRemoteStream does nothing.
func (NopListener) OnRemoteStream(*Session, UserID, RemoteStream) {}

// OnSessionConnectionStateChanged does nothing.
func (NopListener) OnSessionConnectionStateChanged(*Session, UserID, ConnectionState) {}

// OnReconnect does nothing.
func (NopListener) OnReconnect(*Session, UserID, ReconnectionState) {}

// OnSessionClose does nothing.
func (NopListener) OnSessionClose(*Session) {}

// OnCallStatsReport does nothing.
func (NopListener) OnCallStatsReport(*Session, UserID, StatsReport) {}
