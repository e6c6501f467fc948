//go:build e2e

package board

import (
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// soundScenarios pull the sound card out.
func soundScenarios() []scenario {
	return []scenario{
		{"sound-card-unplugged", soundUnplugged},
	}
}

// The sound card's driver, as sysfs knows it.
const (
	soundDriver = "/sys/bus/platform/drivers/snd_aloop/"
	soundDevice = "snd_aloop.0"
)

// soundUnplugged takes the card away during a call: the picture goes on, and
// both directions of sound come back with the card.
func soundUnplugged(s *scene) {
	a, d := s.client("anna", anna), s.door()
	air := s.air(rig.Tone("anna"))
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a), hears(a), heardInTheAir(air, a))

	// The world's own programs lose their ends too, as they hold the card.
	for _, c := range s.running {
		s.stop(c)
	}
	s.running = nil
	s.sh("echo " + soundDevice + " >" + soundDriver + "unbind")
	s.lost(d, "microphone", "lost")
	s.all(sees(a))
	s.sh("echo " + soundDevice + " >" + soundDriver + "bind")
	bound := time.Now()
	air = s.air(rig.Tone("anna"))
	s.lost(d, "microphone", "back")
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	s.says("sound is back in both directions %v after the card is", time.Since(bound).Round(10*time.Millisecond))
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// lost waits for the event of a device that is lost or back.
func (s *scene) lost(d *door, device, state string) {
	s.Helper()
	s.eventWhere(d, device+" "+state, func(e doorEvent) bool {
		return e.Event == "device" && e.Device == device && e.State == state
	})
}
