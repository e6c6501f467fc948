//go:build e2e

package board

import (
	"context"
	"strings"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// badScenarios have devices that are not what they should be.
func badScenarios() []scenario {
	return []scenario{
		{"bad-camera-file", badCameraFile},
		{"bad-camera-silent", badCameraSilent},
		{"bad-sound-busy", badSoundBusy},
		{"bad-line-held", badLineHeld},
		{"bad-chip-missing", badChipMissing},
	}
}

// reachable checks that the door rings and talks with what is left, and stays
// up.
func (s *scene) reachable(d *door, checks ...func(*rig.Client) func(context.Context) error) {
	s.Helper()
	a := s.client("anna", anna)
	s.sh("intercomd press voice")
	s.at(a, "onCallListener")
	s.do(a.Accept)
	s.event(d, "onAcceptCall")
	for _, check := range checks {
		s.all(check(a))
	}
	s.sh("intercomd stop")
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// names checks that a missing part says what is wrong, with these words.
func (s *scene) names(d *door, what string, find func(doorStatus) part, words ...string) {
	s.Helper()
	p := find(s.status(d, what+" to be missing", func(st doorStatus) bool { return find(st).State == "missing" }))
	s.says("%s: %s", what, p.Error)
	for _, word := range words {
		if !strings.Contains(p.Error, word) {
			s.Errorf("the status of the %s is %q, want %q in it", what, p.Error, word)
		}
	}
}

func cameraPart(st doorStatus) part { return st.Camera }
func microphone(st doorStatus) part { return st.Audio }

// linePart finds a line by its name.
func linePart(name string) func(doorStatus) part {
	return func(st doorStatus) part {
		for _, p := range st.GPIO {
			if strings.HasSuffix(p.Name, name) {
				return p
			}
		}
		return part{}
	}
}

func badCameraFile(s *scene) {
	s.sh("echo no camera >/dev/video9")
	defer s.sh("rm /dev/video9")
	d := s.door(func(c *config) { c.Camera.Source = "/dev/video9" })
	s.run("world play " + airToMicrophone + " 440")
	s.names(d, "camera", cameraPart, "/dev/video9")
	s.reachable(d, hears)
}

func badCameraSilent(s *scene) {
	camera := s.plugCamera("--silent")
	d := s.door(func(c *config) { c.Camera.Source, c.Camera.Height = "usb", 360 })
	s.run("world play " + airToMicrophone + " 440")
	a := s.client("anna", anna)
	s.connect(d, vm.Doorbell, a)
	s.all(hears(a))
	st := s.status(d, "a camera without frames", func(st doorStatus) bool { return st.Camera.Error != "" })
	s.says("camera: %s", st.Camera.Error)
	if !strings.Contains(st.Camera.Error, usbNode) {
		s.Errorf("the status of the camera is %q, want %s in it", st.Camera.Error, usbNode)
	}
	s.press(vm.Doorbell)
	s.idle(d)
	s.stop(camera)
}

func badSoundBusy(s *scene) {
	holder := s.run("world hold-sound /dev/snd/pcmC0D0c")
	s.run("world hold-sound /dev/snd/pcmC0D0p")
	s.sh("until grep -q . /proc/asound/card0/pcm0p/sub0/hw_params && ! grep -q closed /proc/asound/card0/pcm0p/sub0/hw_params; do usleep 10000; done")
	d := s.door()
	s.names(d, "microphone", microphone, "Loopback")
	s.reachable(d, sees)
	s.stop(holder)
	s.status(d, "the microphone, which is free now", func(st doorStatus) bool { return st.Audio.State == "idle" })
}

func badLineHeld(s *scene) {
	holder := s.run("world hold-line /dev/gpiochip0 17")
	s.sh("until grep -q 'another program' /sys/kernel/debug/gpio; do usleep 10000; done")
	d := s.door()
	s.run("world play " + airToMicrophone + " 440")
	s.names(d, "line", linePart("front"), "17", "another program")
	s.reachable(d, sees, hears)
	s.stop(holder)
	s.status(d, "the line, which is free now", func(st doorStatus) bool { return linePart("front")(st).State == "open" })
	a := s.client("ben", anna)
	s.press(vm.Doorbell)
	s.at(a, "onCallListener")
	s.press(vm.Doorbell)
	s.idle(d)
}

// badChipMissing starts without the chip, which comes later.
func badChipMissing(s *scene) {
	s.do(func(ctx context.Context) error { return s.board.PlugChip(ctx, false) })
	d := s.door()
	s.run("world play " + airToMicrophone + " 440")
	s.names(d, "line", linePart("front"), "chip")
	s.reachable(d, sees, hears)
	s.do(func(ctx context.Context) error { return s.board.PlugChip(ctx, true) })
	s.status(d, "the chip's lines", func(st doorStatus) bool { return linePart("front")(st).State == "open" })
	a := s.client("ben", anna)
	s.press(vm.Doorbell)
	s.at(a, "onCallListener")
	s.press(vm.Doorbell)
	s.idle(d)
}
