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
// connecting), press (State is long if the button was held), stuck and released
// (a button that does not come up, and does), device (State is lost or back),
// relay, config (State is applied, waiting or refused: what became of a changed
// configuration), update (State is that of an [UpdateStatus]).
type Event struct {
	Time      time.Time         `json:"time"`
	Event     string            `json:"event"`
	Session   call.SessionID    `json:"session,omitempty"`
	UserID    call.UserID       `json:"user_id,omitempty"`
	Extension call.Extension    `json:"extension,omitempty"`
	State     string            `json:"state,omitempty"`
	CallType  string            `json:"call_type,omitempty"` // audio, video: with onCall
	Button    string            `json:"button,omitempty"`    // with press, stuck, released
	Device    string            `json:"device,omitempty"`    // with device: camera, microphone, speaker, or a name
	Relay     string            `json:"relay,omitempty"`     // with relay
	Signal    string            `json:"signal,omitempty"`    // with onInvalidEvents: onCall, onAccept, onStop
	Kinds     []call.Kind       `json:"kinds,omitempty"`     // with onRemoteStream
	Stats     *call.StatsReport `json:"stats,omitempty"`     // with onCallStatsReport
	Version   string            `json:"version,omitempty"`   // with update: the one that is installed or tried
	Keys      []string          `json:"keys,omitempty"`      // with config: what has changed, or waits
	Reason    string            `json:"reason,omitempty"`    // offline: with press and with onSessionClose of a call that never went out
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
	Audio    DeviceStatus      `json:"audio"`    // the microphone
	Playback DeviceStatus      `json:"playback"` // the speaker
	GPIO     []DeviceStatus    `json:"gpio"`     // lines and keys
	Buttons  []string          `json:"buttons"`
	Stuck    []string          `json:"stuck,omitempty"` // buttons that do not come up
	Contacts []ContactStatus   `json:"contacts"`
	Sessions []SessionStatus   `json:"sessions"`
	Media    map[string]uint64 `json:"media"` // counters of the media engine, e.g. encoders_h264
	// Signals are counters of the signalling link (queued and unacked stanzas
	// wait now, the others count since the start) and of what the calls did not
	// take.
	Signals map[string]uint64 `json:"signals"`
	Process ProcessStatus     `json:"process"`
	// Config tells of a changed configuration that is not in force.
	Config *ConfigStatus `json:"config,omitempty"`
	// Update is missing on a device that cannot be updated by this program.
	Update *UpdateStatus `json:"update,omitempty"`
}

// XMPPStatus is the state of the signalling link.
type XMPPStatus struct {
	State string    `json:"state"` // online, offline, connecting
	JID   string    `json:"jid,omitempty"`
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"` // why it is not online
}

// DeviceStatus is the state of a piece of hardware.
type DeviceStatus struct {
	Name   string `json:"name,omitempty"` // of a line
	Source string `json:"source"`         // as configured; of a line CHIP:LINE
	State  string `json:"state"`          // idle, open, missing
	Error  string `json:"error,omitempty"`
	Route  string `json:"route,omitempty"` // of a camera: how its pictures become H.264
	// Counters are those of a sound card or camera that are not zero, e.g.
	// xruns, drift_ppm, frames, copies.
	Counters map[string]float64 `json:"counters,omitempty"`
}

// The states of a [DeviceStatus].
const (
	DeviceIdle    = "idle"    // nobody needs it
	DeviceOpen    = "open"    // it works
	DeviceMissing = "missing" // it is not there, or does not work
)

// ProcessStatus is what the daemon's process takes.
type ProcessStatus struct {
	Goroutines int    `json:"goroutines"`
	Files      int    `json:"files"`  // open descriptors
	Memory     uint64 `json:"memory"` // resident, bytes
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
	Unsent    bool           `json:"unsent,omitempty"` // nobody was told yet: it waits for the link
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
