package call

import "time"

// event is an input of a session's machine.
type event interface{ event() }

type (
	callRequest   struct{ ext Extension }
	acceptRequest struct{ ext Extension }
	rejectRequest struct{ ext Extension }
	stopRequest   struct{ ext Extension }
	updateRequest struct{ ext Extension }
	muteRequest   struct {
		kind  Kind
		muted bool
	}
	// streamRequest gives the session its local stream.
	streamRequest struct{ stream LocalStream }
	// signalReceived is a signal of one of the session's peers.
	signalReceived struct{ signal Signal }
	// mediaReported is an event of one of the session's PeerConnections.
	mediaReported struct{ media MediaEvent }
	// answeredElsewhere tells that another device of the own user accepted or
	// rejected the ringing session.
	answeredElsewhere struct{}
	// networkChanged tells of the device's own network.
	networkChanged struct{ change NetworkEvent }
	// signalingChanged tells of the link to the signalling server. resumed is
	// that it goes on where it broke off, so that nothing was lost.
	signalingChanged struct{ online, resumed bool }
)

func (callRequest) event()       {}
func (acceptRequest) event()     {}
func (rejectRequest) event()     {}
func (stopRequest) event()       {}
func (updateRequest) event()     {}
func (muteRequest) event()       {}
func (streamRequest) event()     {}
func (signalReceived) event()    {}
func (mediaReported) event()     {}
func (answeredElsewhere) event() {}
func (networkChanged) event()    {}
func (signalingChanged) event()  {}

// action is an output of the pure layers, carried out by the client's loop in
// the order given.
type action interface{ action() }

type (
	// sendSignal hands a signal to the Signaler.
	sendSignal struct{ signal Signal }
	// sendLater has the switchboard send a signal after farewellDelay, whatever
	// becomes of the session.
	sendLater struct{ signal Signal }
	// doMedia hands a command to the Media.
	doMedia struct{ command MediaCommand }
	// tell calls the listener; view is the session as the callback sees it.
	tell struct {
		notice notice
		view   *view
	}
	// release closes a local stream.
	release struct{ stream LocalStream }
	// report logs what went wrong with a peer.
	report struct {
		session SessionID
		user    UserID
		err     error
	}
	// ignored counts a signal that was dropped, and why.
	ignored struct {
		signal Signal
		reason ignoreReason
	}
	// opened and ended bracket the life of a session.
	opened struct{ machine *machine }
	ended  struct{ session SessionID }
)

func (sendSignal) action() {}
func (sendLater) action()  {}
func (doMedia) action()    {}
func (tell) action()       {}
func (release) action()    {}
func (report) action()     {}
func (ignored) action()    {}
func (opened) action()     {}
func (ended) action()      {}

// ignoreReason says why a signal was dropped.
type ignoreReason string

const (
	ignoreOwn          ignoreReason = "from own user"
	ignoreRate         ignoreReason = "too many signals"
	ignoreMalformed    ignoreReason = "malformed"
	ignoreUnknown      ignoreReason = "unknown session"
	ignoreNotMember    ignoreReason = "sender is not in the session"
	ignoreNotAllowed   ignoreReason = "sender is not allowed"
	ignoreNotInitiator ignoreReason = "initiator has not called yet"
	ignoreGlare        ignoreReason = "own call to the same user goes first"
	ignoreAlreadyOver  ignoreReason = "session is over"
	ignoreNotInCall    ignoreReason = "sender is not the device in the call"
)

// noticeKind is the listener method a notice is for.
type noticeKind int

const (
	onCall noticeKind = iota + 1
	onAcceptCall
	onRejectCall
	onStopCall
	onUpdateCall
	onInvalidEvents
	onUserNotAnswer
	onRemoteStream
	onSessionConnectionStateChanged
	onReconnect
	onSessionClose
	onCallStatsReport
)

// notice is one call of the listener; the fields are its arguments, those the
// kind does not have are zero.
type notice struct {
	kind         noticeKind
	session      SessionID
	user         UserID
	ext          Extension
	event        string // onInvalidEvents
	connection   ConnectionState
	reconnection ReconnectionState
	stream       RemoteStream
	stats        StatsReport
}

// view is a consistent copy of what a session shows; a higher version is
// newer.
type view struct {
	version uint64
	state   SessionState
	peers   []PeerInfo
	err     error
}

// PeerInfo describes one peer of a session.
type PeerInfo struct {
	User     UserID
	State    ConnectionState
	Resource string // of the device in the call; "" until it is known
}

// earliest returns the earliest of those times that are set, or zero.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// due says whether a deadline is set and has come.
func due(deadline, now time.Time) bool { return !deadline.IsZero() && !deadline.After(now) }
