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

// Button is a ring plan.
type Button struct {
	Name     string
	Contacts []call.UserID // in the order they are rung
	Mode     Mode
	CallType call.Type
}

// Config says how the device behaves.
type Config struct {
	Name       string // shown to the people who are rung
	Version    string // for the status
	Self       call.UserID
	Contacts   []Contact
	Buttons    []Button
	AutoAccept []call.UserID // callers whose calls are answered at once; nobody when empty

	// OpenTimeout bounds each attempt to open camera and microphone, together
	// or one alone; default 5 s.
	OpenTimeout time.Duration
	// PressWindow is how soon after a press of a button another one counts as
	// the same press; default 300 ms.
	PressWindow time.Duration
}

// Ports is what the device asks of the rest of the daemon. Every function may
// be called from any goroutine; a nil one gives the zero value.
type Ports struct {
	Speaker  call.Sink                // where the sound of the remote people goes
	Camera   func() DeviceStatus      // state of the camera
	Audio    func() DeviceStatus      // state of microphone and speaker
	Counters func() map[string]uint64 // counters of the media engine
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
