package call

import (
	"fmt"
	"strconv"
	"time"
)

// UserID is a QuickBlox user id: a positive integer, the number before the
// first '-' of the local part of the user's JID (SDK: helpers.getIdFromNode).
type UserID int64

// String returns the id in decimal.
func (u UserID) String() string { return strconv.FormatInt(int64(u), 10) }

// Address is a user, and the device of that user when it is known.
type Address struct {
	User     UserID
	Resource string // XMPP resource; "" is every device of the user
}

// SessionID names a call session; the initiator chooses it (a UUID version 4
// from the SDK and from this package, any non-empty string from others).
type SessionID string

// Type says whether a session was announced as a video or an audio call (SDK:
// QB.webrtc.CallType).
type Type int

// The call types with the numbers they have on the wire.
const (
	Video Type = 1
	Audio Type = 2
)

func (t Type) String() string {
	switch t {
	case Video:
		return "video"
	case Audio:
		return "audio"
	}
	return fmt.Sprintf("Type(%d)", int(t))
}

// Extension is the app's own key/value data that travels in a signal's
// userInfo element. Nested elements of other clients appear flattened, their
// names joined with '.'.
type Extension map[string]string

// SessionState is the state of a session (SDK: WebRTCSession.State, same
// numbers).
//
//	NEW ───────── Call, Accept ──────▶ ACTIVE
//	NEW ───────── Reject ────────────▶ REJECTED ──▶ CLOSED
//	NEW, ACTIVE ─ Stop ──────────────▶ HUNGUP ────▶ CLOSED
//	NEW ───────── nobody answered, the caller gave up ▶ CLOSED
//	ACTIVE ────── the last peer is gone ─────────────▶ CLOSED
//
// HUNGUP and REJECTED are passed through within a request: what is shown after
// it, and to the listener, is CLOSED.
type SessionState int

// The session states.
const (
	StateNew      SessionState = 1
	StateActive   SessionState = 2
	StateHungUp   SessionState = 3
	StateRejected SessionState = 4
	StateClosed   SessionState = 5
)

var sessionStates = [...]string{1: "NEW", 2: "ACTIVE", 3: "HUNGUP", 4: "REJECTED", 5: "CLOSED"}

func (s SessionState) String() string { return enum(int(s), sessionStates[:], "SessionState") }

// ConnectionState is the state of the connection to one peer of a session
// (SDK: QB.webrtc.SessionConnectionState, same numbers). It mirrors the ICE
// connection state of the PeerConnection (RFC 8445, W3C RTCIceConnectionState).
type ConnectionState int

// The connection states.
const (
	ConnectionUndefined    ConnectionState = 0
	ConnectionConnecting   ConnectionState = 1
	ConnectionConnected    ConnectionState = 2
	ConnectionFailed       ConnectionState = 3
	ConnectionDisconnected ConnectionState = 4
	ConnectionClosed       ConnectionState = 5
	ConnectionCompleted    ConnectionState = 6
)

var connectionStates = [...]string{"UNDEFINED", "CONNECTING", "CONNECTED", "FAILED", "DISCONNECTED", "CLOSED", "COMPLETED"}

func (s ConnectionState) String() string {
	return enum(int(s), connectionStates[:], "ConnectionState")
}

// ReconnectionState tells how the repair of a broken connection goes (SDK:
// QB.webrtc.ReconnectionState).
type ReconnectionState string

// The reconnection states.
const (
	Reconnecting       ReconnectionState = "reconnecting"
	Reconnected        ReconnectionState = "reconnected"
	ReconnectionFailed ReconnectionState = "failed"
)

// Kind is a kind of media.
type Kind string

// The kinds of media.
const (
	KindAudio Kind = "audio"
	KindVideo Kind = "video"
)

func enum(v int, names []string, typ string) string {
	if v >= 0 && v < len(names) && names[v] != "" {
		return names[v]
	}
	return fmt.Sprintf("%s(%d)", typ, v)
}

// Limits of a mesh call. The SDK documents four people; every one sends its
// media to every other.
const (
	MaxPeople    = 4             // people in a session, the caller included
	MaxOpponents = MaxPeople - 1 // opponents a session may be created with
)

// Config holds the settings of a [Client]; the names and defaults are those of
// the SDK's CONFIG.webrtc.
type Config struct {
	Self     UserID // own user id; required
	Platform string // `platform` of outgoing signals; default "intercom"

	AnswerTimeInterval      time.Duration // how long a call rings; default 60 s, at least DialingTimeInterval
	DialingTimeInterval     time.Duration // between repeats of `call`; default 5 s, at least 1 s
	DisconnectTimeInterval  time.Duration // from RECONNECTING to FAILED; default 30 s, at least 10 s
	StatsReportTimeInterval time.Duration // between OnCallStatsReport; 0 is never

	// AutoReject refuses an incoming call while another session lives (SDK:
	// autoReject). Without it, up to IncomingLimit sessions may be NEW at once.
	AutoReject    bool
	IncomingLimit int // at least 1; default 1

	// Allowed says who may ring and who may join a mesh. Anybody else is
	// rejected without a session, and gets no media. nil allows nobody.
	Allowed func(UserID) bool
}
