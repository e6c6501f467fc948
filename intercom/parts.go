package intercom

import (
	"slices"

	"github.com/intercomd/intercomd/call"
)

// The devices whose loss the people in a call are told of.
const (
	PartCamera     = "camera"
	PartMicrophone = "microphone"
	PartSpeaker    = "speaker"
)

// The states of [Device.DeviceChanged].
const (
	PartLost = "lost"
	PartBack = "back"
)

// DeviceChanged notes that a device was lost or is back, while it is in use or
// not: an event tells it, and the people in a call get an update with the
// device as key and the state as value, if it is one of theirs (PartCamera,
// PartMicrophone, PartSpeaker; other names are those of lines). err is why, or
// nil. Whoever has noticed it has logged it. It returns at once.
func (d *Device) DeviceChanged(device, state string, err error) {
	d.later(func() {
		e := Event{Event: "device", Device: device, State: state}
		if err != nil {
			e.Error = err.Error()
		}
		d.publish(e)
		if !slices.Contains([]string{PartCamera, PartMicrophone, PartSpeaker}, device) {
			return
		}
		for _, s := range d.client.Sessions() {
			if s.State() != call.StateActive {
				continue
			}
			if err := s.Update(call.Extension{device: state}); err != nil {
				d.log.Info("update not sent", "session", s.ID(), "err", err)
			}
		}
	})
}
