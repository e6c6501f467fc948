package control

import (
	"context"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

// Caller starts things. Its errors may be [intercom.NotFoundError] (404),
// [intercom.ConflictError] or package call's errors about states (409),
// [intercom.RequestError] or package call's errors about opponents (400); every
// other error is a 500.
type Caller interface {
	// Press does what the button does when it is pressed.
	Press(ctx context.Context, button string) error
	// Relay lets a relay pulse, e.g. to open a door.
	Relay(ctx context.Context, relay string) error
	// Call rings users and returns the sessions made for it: one for each
	// user, or a single one for a conference.
	Call(ctx context.Context, r intercom.CallRequest) ([]call.SessionID, error)
}

// SessionControl steers a live session. Its errors are those of [Caller].
type SessionControl interface {
	// Do carries out one of the verbs listed by [Verbs].
	Do(ctx context.Context, verb string, r intercom.SessionRequest) error
}

// Observer tells what the device is doing.
type Observer interface {
	// Status is a snapshot; it returns at once.
	Status() intercom.Status
	// Subscribe gives every event from now on until ctx ends or the device
	// does; then the channel is closed. The server takes events from it as fast
	// as they come.
	Subscribe(ctx context.Context) <-chan intercom.Event
}

// Updater replaces the software of the device.
type Updater interface {
	// Update does what r asks for and returns when that is done, or on its way
	// into the maintenance window. report is called with every new status in
	// between, one at a time. What is being written when ctx ends goes on.
	Update(ctx context.Context, r UpdateRequest, report func(intercom.UpdateStatus)) error
}

// UpdateRequest is the body of /v1/update.
type UpdateRequest struct {
	// Source is an https URL or the path of a bundle; "" is what the manifest
	// offers.
	Source string `json:"source,omitempty"`
	// Check reads the manifest, and installs nothing.
	Check bool `json:"check,omitempty"`
}

// UpdateLine is one line of the answer of /v1/update; the last one says Done.
type UpdateLine struct {
	Status *intercom.UpdateStatus `json:"status,omitempty"`
	Done   bool                   `json:"done,omitempty"`
	Error  string                 `json:"error,omitempty"` // with Done: what went wrong
}

// Device is what the server opens to the command line.
type Device interface {
	Caller
	SessionControl
	Observer
	Updater
}

// The verbs of a session, in the words of the SDK's session object.
const (
	VerbAccept = "accept"
	VerbReject = "reject"
	VerbStop   = "stop"
	VerbUpdate = "update"
	VerbMute   = "mute"
	VerbUnmute = "unmute"
)

// Verbs lists what [SessionControl.Do] may be asked for.
func Verbs() []string {
	return []string{VerbAccept, VerbReject, VerbStop, VerbUpdate, VerbMute, VerbUnmute}
}

// EventDropped is the name of the last line of an event stream whose follower
// was too slow; the line's error says how many events had piled up.
const EventDropped = "dropped"
