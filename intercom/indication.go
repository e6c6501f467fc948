package intercom

import (
	"slices"
	"time"

	"github.com/intercomd/intercomd/call"
)

// Indication is what the lamps show.
type Indication string

// The indications. Of those that apply, the first is shown; but nothing hides
// ShowLive while somebody may see or hear the door.
const (
	ShowUpdating Indication = "updating" // power must not be cut
	ShowRinging  Indication = "ringing"  // a call comes in, or goes out and can be heard
	ShowLive     Indication = "live"     // camera or microphone is open
	ShowInCall   Indication = "in_call"  // a call is up
	ShowOffline  Indication = "offline"  // nobody can be rung
	ShowError    Indication = "error"    // some hardware is missing
	ShowIdle     Indication = "idle"
)

// Tone is what is heard at the door besides people.
type Tone string

// The tones. RingBack and Ring go on until another tone or NoTone.
const (
	NoTone   Tone = ""
	RingBack Tone = "ring_back" // contacts are rung
	Ring     Tone = "ring"      // a call comes in and waits for a press
	Connect  Tone = "connect"   // somebody is there
	End      Tone = "end"       // the call is over
	Announce Tone = "announce"  // a call was answered by itself
	Offline  Tone = "offline"   // a press while nobody can be rung
)

// lookInterval is how often lamps follow what nobody tells the device, such as
// a camera that has closed.
const lookInterval = 500 * time.Millisecond

// situation is what lamps and tones depend on.
type situation struct {
	updating   bool
	ringingOut bool // contacts are rung and nobody has answered
	ringingIn  bool // a call waits for a press
	talking    bool // a call was answered, or is being
	live       bool // camera or microphone is open
	online     bool
	broken     bool // some hardware is missing
}

func (s situation) indication() Indication {
	switch {
	case s.talking && s.live:
		return ShowLive
	case s.updating:
		return ShowUpdating
	case s.ringingIn || s.ringingOut && s.online:
		return ShowRinging
	case s.ringingOut:
		return ShowOffline
	case s.live:
		return ShowLive
	case s.talking:
		return ShowInCall
	case !s.online:
		return ShowOffline
	case s.broken:
		return ShowError
	}
	return ShowIdle
}

// hum is the tone that goes on in a situation. People who talk are not
// disturbed.
func (s situation) hum() Tone {
	switch {
	case s.talking:
		return NoTone
	case s.ringingIn:
		return Ring
	case s.ringingOut && s.online:
		return RingBack
	}
	return NoTone
}

// situation looks around.
func (d *Device) situation() situation {
	camera, audio := ask(d.ports.Camera), ask(d.ports.Audio)
	hardware := append([]DeviceStatus{camera, audio, ask(d.ports.Playback)}, ask(d.ports.GPIO)...)
	out := situation{
		updating:   ask(d.ports.Update).writes(),
		ringingOut: d.plan != nil && !d.plan.answered,
		live:       camera.State == DeviceOpen || audio.State == DeviceOpen,
		online:     d.online(),
		broken:     slices.ContainsFunc(hardware, func(s DeviceStatus) bool { return s.State == DeviceMissing }),
	}
	for _, s := range d.client.Sessions() {
		n := d.notes[s.ID()]
		if n == nil { // about to be greeted, or refused
			continue
		}
		waits := s.Incoming() && s.State() == call.StateNew
		out.ringingIn = out.ringingIn || waits && n.greeted && !n.accepting
		answered := s.State() == call.StateActive && (s.Incoming() || !out.ringingOut)
		out.talking = out.talking || answered || n.accepting
	}
	return out
}

// show tells lamps, loudspeaker and whoever asks what has changed.
func (d *Device) show() {
	if busy := len(d.client.Sessions()) > 0; busy != d.busy {
		d.busy = busy
		tell(d.ports.Busy, busy)
	}
	s := d.situation()
	if i := s.indication(); i != d.shown {
		d.shown = i
		tell(d.ports.Indicate, i)
	}
	hum := s.hum()
	if !d.config().Tones {
		hum = NoTone
	}
	if hum != d.humming {
		d.humming = hum
		tell(d.ports.Tone, hum)
	}
	for _, t := range d.chimes {
		tell(d.ports.Tone, t)
	}
	d.chimes = nil
}

// chime plays a tone that ends by itself, if it is wanted.
func (d *Device) chime(t Tone) {
	if t == Announce && d.config().Announce || t != Announce && d.config().Tones {
		d.chimes = append(d.chimes, t)
	}
}

func tell[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}
