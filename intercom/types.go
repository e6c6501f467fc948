package intercom

import (
	"time"

	"github.com/intercomd/intercomd/call"
)

// Event is one line of the event stream: what the SDK's listeners say, under
// their names (onCall, onAcceptCall, onRejectCall, onStopCall, onUpdateCall,
// onInvalidEvents, onUserNotAnswer, onRemoteStream,
// onSessionConnectionStateChanged, onReconnect, onSessionClose,
// onCallStatsReport), and the device's own: xmpp (State is online, offline or
// connecting), press, device.
type Event struct {
	Time      time.Time         `json:"time"`
	Event     string            `json:"event"`
	Session   call.SessionID    `json:"session,omitempty"`
	UserID    call.UserID       `json:"user_id,omitempty"`
	Extension call.Extension    `json:"extension,omitempty"`
	State     string            `json:"state,omitempty"`
	CallType  string            `json:"call_type,omitempty"` // audio, video: with onCall
	Button    string            `json:"button,omitempty"`    // with press
	Signal    string            `json:"signal,omitempty"`    // with onInvalidEvents: onCall, onAccept, onStop
	Kinds     []call.Kind       `json:"kinds,omitempty"`     // with onRemoteStream
	Stats     *call.StatsReport `json:"stats,omitempty"`     // with onCallStatsReport
	Error     string            `json:"error,omitempty"`
}

// Status is what the device is doing now.
type Status struct {
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	UserID   call.UserID       `json:"user_id"`
	Started  time.Time         `json:"started"`
	XMPP     XMPPStatus        `json:"xmpp"`
	Camera   DeviceStatus      `json:"camera"`
	Audio    DeviceStatus      `json:"audio"`
	Buttons  []string          `json:"buttons"`
	Contacts []ContactStatus   `json:"contacts"`
	Sessions []SessionStatus   `json:"sessions"`
	Media    map[string]uint64 `json:"media"` // counters of the media engine, e.g. encoders_h264
}

// XMPPStatus is the state of the signalling link.
type XMPPStatus struct {
	State string    `json:"state"` // online, offline, connecting
	JID   string    `json:"jid,omitempty"`
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"` // why it is not online
}

// DeviceStatus is the state of the camera or of the sound.
type DeviceStatus struct {
	Source string `json:"source"`
	State  string `json:"state"` // idle, open, missing
	Error  string `json:"error,omitempty"`
}

// ContactStatus is one line of the contact list.
type ContactStatus struct {
	Name   string      `json:"name"`
	UserID call.UserID `json:"user_id"`
}

// SessionStatus is one live session.
type SessionStatus struct {
	ID        call.SessionID `json:"id"`
	State     string         `json:"state"` // NEW, ACTIVE, …
	CallType  string         `json:"call_type"`
	Initiator call.UserID    `json:"initiator"`
	Incoming  bool           `json:"incoming"`
	Since     time.Time      `json:"since"`
	Peers     []PeerStatus   `json:"peers"`
}

// PeerStatus is one peer of a session.
type PeerStatus struct {
	UserID call.UserID `json:"user_id"`
	Name   string      `json:"name,omitempty"`
	State  string      `json:"state"` // connection state: CONNECTING, CONNECTED, …
}

// CallRequest asks for an outgoing call.
type CallRequest struct {
	Users      []string       `json:"users"`                // names of contacts or user ids
	CallType   string         `json:"call_type,omitempty"`  // video (default), audio
	Conference bool           `json:"conference,omitempty"` // one group session instead of one session each
	Bandwidth  int            `json:"bandwidth,omitempty"`  // kbit/s, 0 is no limit
	Extension  call.Extension `json:"extension,omitempty"`
}

// SessionRequest asks for something to be done with a session. An empty
// Session means the only one it can mean; the error says when there are none
// or several.
type SessionRequest struct {
	Session   call.SessionID `json:"session,omitempty"`
	Extension call.Extension `json:"extension,omitempty"`
	Kind      call.Kind      `json:"kind,omitempty"` // mute, unmute: audio (default), video
}
