package intercom

import (
	"time"

	"github.com/intercomd/intercomd/call"
)

// Mode says how a button rings several contacts.
type Mode int

// The ring modes.
const (
	// FirstAnswer makes one 1:1 session per contact; the first accept wins.
	FirstAnswer Mode = iota
	// Conference makes one group session that everybody may join.
	Conference
)

// Contact is somebody the device may talk to.
type Contact struct {
	Name   string
	UserID call.UserID
}

// Button is what a press does: a ring plan, or an end.
type Button struct {
	Name     string
	HangUp   bool          // a press ends what is going on and never rings
	Contacts []call.UserID // in the order they are rung
	Mode     Mode
	CallType call.Type
	// LongPress names the button whose press a long press is; "" is this one.
	LongPress string
}

// Relay opens a door.
type Relay struct {
	Name    string
	Callers []call.UserID // who may trigger it during a call
}

// Config says how the device behaves.
type Config struct {
	Name       string // shown to the people who are rung
	Version    string // for the status
	Self       call.UserID
	Contacts   []Contact
	Buttons    []Button
	Relays     []Relay
	AutoAccept []call.UserID // callers whose calls are answered at once; nobody when empty
	Tones      bool          // whether people at the door hear how a call goes
	Announce   bool          // whether they hear that a call was answered by itself

	// OpenTimeout bounds each attempt to open camera and microphone, together
	// or one alone; default 5 s.
	OpenTimeout time.Duration
	// PressWindow is how soon after a press another one, of whichever button,
	// counts as the same press; default 300 ms.
	PressWindow time.Duration
}

// Ports is what the device asks of the rest of the daemon. Every function may
// be called from any goroutine and returns at once, Relay within a second; a nil
// one gives the zero value.
type Ports struct {
	Speaker  call.Sink                // where the sound of the remote people goes
	Camera   func() DeviceStatus      // state of the camera
	Audio    func() DeviceStatus      // state of the microphone
	Playback func() DeviceStatus      // state of the speaker
	GPIO     func() []DeviceStatus    // state of lines and keys
	Counters func() map[string]uint64 // counters of the media engine
	Signals  func() map[string]uint64 // counters of the signalling link and of the calls
	Process  func() ProcessStatus     // what the process takes
	Update   func() *UpdateStatus     // how far an update is; nil where there are none
	Changed  func() *ConfigStatus     // of a configuration that is not in force; nil when there is none

	// Events is where the device tells what happens. It outlives the device, so
	// whoever follows it sees one device after the other. Nil is one that ends
	// with the device.
	Events *Events

	Tone     func(Tone)              // plays a tone at the door, or ends it with NoTone
	Indicate func(Indication)        // shows a new state on the lamps
	Busy     func(bool)              // is told when the first session is there, and when the last has gone
	Relay    func(name string) error // lets a relay of the configuration pulse
}

func (c Config) withDefaults() Config {
	if c.OpenTimeout == 0 {
		c.OpenTimeout = 5 * time.Second
	}
	if c.PressWindow == 0 {
		c.PressWindow = 300 * time.Millisecond
	}
	return c
}

func (c Config) button(name string) (Button, error) {
	known := make([]string, 0, len(c.Buttons))
	for _, b := range c.Buttons {
		if b.Name == name {
			return b, nil
		}
		known = append(known, b.Name)
	}
	return Button{}, &NotFoundError{Kind: "button", Name: name, Known: known}
}

func (c Config) relay(name string) (Relay, error) {
	known := make([]string, 0, len(c.Relays))
	for _, r := range c.Relays {
		if r.Name == name {
			return r, nil
		}
		known = append(known, r.Name)
	}
	return Relay{}, &NotFoundError{Kind: "relay", Name: name, Known: known}
}

// contact finds a contact by name or by user id in decimal.
func (c Config) contact(nameOrID string) (Contact, error) {
	known := make([]string, 0, len(c.Contacts))
	for _, k := range c.Contacts {
		if k.Name == nameOrID || k.UserID.String() == nameOrID {
			return k, nil
		}
		known = append(known, k.Name)
	}
	return Contact{}, &NotFoundError{Kind: "contact", Name: nameOrID, Known: known}
}

func (c Config) isContact(id call.UserID) bool { return c.nameOf(id) != "" }

func (c Config) nameOf(id call.UserID) string {
	for _, k := range c.Contacts {
		if k.UserID == id {
			return k.Name
		}
	}
	return ""
}

// Allowed says whether a user may ring and join: contacts only. It is meant
// for call.Config.Allowed.
func (c Config) Allowed(id call.UserID) bool { return c.isContact(id) }
