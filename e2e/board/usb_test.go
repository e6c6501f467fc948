//go:build e2e

package board

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// usbScenarios have a camera that can be pulled out.
func usbScenarios() []scenario {
	return []scenario{
		{"usb-camera-unplugged", usbUnplugged},
		{"usb-camera-mjpeg", usbJPEG},
		{"camera-unbound", cameraUnbound},
	}
}

// usbNode is the USB camera's device node, beside vivid and the encoder.
const usbNode = "/dev/video2"

// backLimit is what is promised: how soon after the camera's node is back its
// picture is.
const backLimit = 3 * time.Second

// plugCamera plugs the USB camera in and returns when its node is there.
func (s *scene) plugCamera(flags string) *vm.Command {
	s.Helper()
	c := s.run("usbcam --h264 /root/camera.h264 " + flags)
	s.sh("until [ -e " + usbNode + " ]; do usleep 10000; done")
	return c
}

func usbUnplugged(s *scene) {
	frames := filepath.Join(checkout(s.T), "e2e", "board", "page", "frames.js")
	a := s.client("anna", anna, func(o *rig.ClientOptions) { o.Scripts = []string{frames} })
	camera := s.plugCamera("")
	d := s.door(func(c *config) { c.Camera.Source, c.Camera.Height = "usb", 360 })
	air := s.air(rig.Tone("anna"))
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	s.sameBytes(a, 30)

	pulled := time.Now()
	s.stop(camera)
	s.told(d, a, "lost")
	s.says("unplugged: the client knows after %v", time.Since(pulled).Round(10*time.Millisecond))
	s.all(hears(a), heardInTheAir(air, a))

	before := a.Media(doorUser).Video.Presented
	s.plugCamera("")
	back := time.Now()
	s.told(d, a, "back")
	s.all(sees(a))
	took := time.Since(back)
	s.says("plugged in again: the picture is back %v after the node is (%d frames so far)", took.Round(10*time.Millisecond), before)
	if took > backLimit {
		s.Errorf("the picture came back after %v, want at most %v", took, backLimit)
	}
	s.all(hears(a), heardInTheAir(air, a))
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// usbJPEG has a camera that knows Motion JPEG only: the processor decodes it,
// says so once, and the hardware encodes.
func usbJPEG(s *scene) {
	camera := s.plugCamera("--jpeg-only")
	a, d := s.client("anna", anna), s.door(func(c *config) { c.Camera.Source, c.Camera.Height = "usb", 360 })
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a))
	video := a.Media(doorUser).Video
	s.says("%s %d×%d, brightness %d, %d frames decoded", video.Codec, video.Width, video.Height, video.Brightness, video.Decoded)
	if video.Codec != "H264" || video.Width != 640 || video.Height != 360 {
		s.Errorf("the picture is %s %d×%d, want H264 640×360", video.Codec, video.Width, video.Height)
	}
	st := s.status(d, "the camera's way", func(st doorStatus) bool { return st.Camera.Counters["frames"] > 10 })
	s.says("%s: %v", st.Camera.Route, st.Camera.Counters)
	for _, word := range []string{"MJPG 640x360", usbNode, "bcm2835-codec"} {
		if !strings.Contains(st.Camera.Route, word) {
			s.Errorf("the route is %q, want %s in it", st.Camera.Route, word)
		}
	}
	warnings := get(s, func(ctx context.Context) ([]string, error) { return d.log(ctx, "decoded by the processor") })
	if len(warnings) != 1 || !strings.Contains(warnings[0], "level=WARN") {
		s.Errorf("the log has %q, want one warning", warnings)
	}
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
	s.stop(camera)
}

// told waits until door and client say that the camera is lost or back.
func (s *scene) told(d *door, c *rig.Client, state string) {
	s.Helper()
	s.eventWhere(d, "camera "+state, func(e doorEvent) bool {
		return e.Event == "device" && e.Device == "camera" && e.State == state
	})
	get(s, func(ctx context.Context) (rig.ClientEvent, error) {
		return c.Events.Take(ctx, "update camera: "+state, func(e rig.ClientEvent) bool {
			return e.Name == "onUpdateCallListener" && e.Extension["camera"] == state
		})
	})
}

// sameBytes checks that the slices that arrived, at least so many, are those of
// the camera's file, one after the other: what the network lost is missing, and
// nothing is changed.
func (s *scene) sameBytes(c *rig.Client, least int) {
	s.Helper()
	file, err := os.ReadFile(filepath.Join(checkout(s.T), "e2e", "board", "testdata", "camera.h264"))
	if err != nil {
		s.Fatal(err)
	}
	known := slicePlaces(file)
	for range least { // each is an event of its own
		get(s, func(ctx context.Context) (rig.ClientEvent, error) {
			return c.Events.Take(ctx, "encoded frames", func(e rig.ClientEvent) bool { return e.Name == "encoded" })
		})
	}
	arrived, next, gaps := 0, -1, 0
	for _, e := range c.Events.All() {
		for _, hash := range strings.Fields(encodedText(e)) {
			place, ours := known[hash]
			if !ours {
				s.Fatalf("slice %d is none of the camera's", arrived)
			}
			if next >= 0 && place != next {
				gaps++
			}
			arrived, next = arrived+1, (place+1)%len(known)
		}
	}
	s.says("%d slices arrived as the camera made them, %d gaps between them", arrived, gaps)
	if arrived < least || gaps > arrived/10 {
		s.Errorf("%d slices with %d gaps, want %d with few", arrived, gaps, least)
	}
}

func encodedText(e rig.ClientEvent) string {
	if e.Name != "encoded" {
		return ""
	}
	return e.Text
}

// slicePlaces maps the SHA-256 of each slice of an Annex B stream, in hex, to
// its place among them.
func slicePlaces(stream []byte) map[string]int {
	places := map[string]int{}
	for _, unit := range bytes.Split(stream, []byte{0, 0, 1}) {
		unit = bytes.TrimRight(unit, "\x00")
		if len(unit) == 0 || unit[0]&31 != 1 && unit[0]&31 != 5 {
			continue
		}
		sum := sha256.Sum256(unit)
		places[hex.EncodeToString(sum[:])] = len(places)
	}
	return places
}

// The camera's driver, as sysfs knows it.
const (
	cameraDriver = "/sys/bus/platform/drivers/vivid/"
	cameraDevice = "vivid.0"
	cameraNode   = "/dev/video0"
)

// cameraUnbound takes the driver off the board's own camera during a call, as
// when its cable comes loose: sound goes on, and the picture comes back.
func cameraUnbound(s *scene) {
	a, d := s.client("anna", anna), s.door()
	s.run(fmt.Sprintf("world play %s %d", airToMicrophone, rig.DeviceTone))
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a), hears(a))
	s.sh("echo " + cameraDevice + " >" + cameraDriver + "unbind")
	s.told(d, a, "lost")
	s.all(hears(a))
	s.sh("echo " + cameraDevice + " >" + cameraDriver + "bind; until [ -e " + cameraNode + " ]; do usleep 10000; done")
	back := time.Now()
	s.told(d, a, "back")
	s.all(sees(a), hears(a))
	took := time.Since(back)
	s.says("the picture is back %v after the node is", took.Round(10*time.Millisecond))
	if took > backLimit {
		s.Errorf("the picture came back after %v, want at most %v", took, backLimit)
	}
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
}
