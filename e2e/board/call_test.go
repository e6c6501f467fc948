//go:build e2e

package board

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// callScenarios are calls with devices that work.
func callScenarios() []scenario {
	return []scenario{
		{"press-accept-stop", pressAcceptStop},
		{"encoder-control", encoderControl},
		{"relay", relayByUpdate},
	}
}

func pressAcceptStop(s *scene) {
	a, d := s.client("anna", anna), s.door()
	air := s.air(rig.Tone("anna"))
	s.shines("idle", 0, 0)
	s.press(vm.Doorbell)
	rung := s.at(a, "onCallListener")
	if rung.User != doorUser || rung.Session.CallType != rig.VideoCall {
		s.Errorf("the call says %+v", rung)
	}
	s.shines("ringing", 0.3, 0.7)
	s.do(a.Accept)
	s.event(d, "onAcceptCall")
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	video := a.Media(doorUser).Video
	if video.Codec != "H264" || video.Width != 640 || video.Height != 480 {
		s.Errorf("the picture is %s %d×%d, want H264 640×480", video.Codec, video.Width, video.Height)
	}
	s.shines("in a call", 0.8, 1)
	s.directly(d)
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.event(d, "onSessionClose")
	s.idle(d)
	s.shines("idle again", 0, 0)
}

// directly checks that pictures go from the camera to the encoder without a
// copy.
func (s *scene) directly(d *door) {
	s.Helper()
	camera := s.status(d, "frames of the camera", func(st doorStatus) bool { return st.Camera.Counters["frames"] > 10 }).Camera
	c := camera.Counters
	s.says("%s: %.0f frames, %.2f copies a frame, %.0f imported buffers, %.0f key frames (%.0f forced)",
		camera.Route, c["frames"], c["copies"]/c["frames"], c["imports"], c["key_frames"], c["key_frames_forced"])
	if !strings.Contains(camera.Route, "dma-buf") || !strings.Contains(camera.Route, "bcm2835-codec") {
		s.Errorf("the route is %q, want the hardware encoder by dma-buf", camera.Route)
	}
	if c["copies"] != 0 || c["imports"] < c["frames"]-2 {
		s.Errorf("%v: want no copy and an imported buffer for each frame", c)
	}
}

// shines checks what share of two seconds the lamp is lit, once it is: the
// lamp's own period is at most two seconds.
func (s *scene) shines(state string, low, high float64) {
	s.Helper()
	s.do(func(ctx context.Context) error {
		return poll(ctx, func() error {
			levels, err := s.board.Watch(ctx, vm.Lamp, 20*time.Millisecond, 2*time.Second)
			if err != nil {
				return err
			}
			lit := 0.0
			for _, level := range levels {
				lit += float64(level) / float64(len(levels))
			}
			if lit < low || lit > high {
				return fmt.Errorf("the lamp is lit %.0f %% of the time, want %.0f to %.0f when %s", 100*lit, 100*low, 100*high, state)
			}
			return nil
		})
	})
}

// encoderControl limits a call: the encoder's bit rate follows, and a viewer
// gets a key frame when it asks for one.
func encoderControl(s *scene) {
	a, d := s.client("anna", anna), s.door()
	s.sh("intercomd call --bandwidth 300 Anna")
	s.at(a, "onCallListener")
	s.do(a.Accept)
	s.all(sees(a))
	st := s.status(d, "a change of the bit rate and a forced key frame", func(st doorStatus) bool {
		return st.Camera.Counters["bitrate_changes"] > 0 && st.Camera.Counters["key_frames_forced"] > 0
	})
	forced := st.Camera.Counters["key_frames_forced"]
	// So many packets are lost, and of the repeated ones, that the viewer gives
	// up on some frame at once and asks for a new beginning.
	s.do(func(ctx context.Context) error { return s.board.SetNetem(ctx, netemLoss(0.85)) })
	s.status(d, "a key frame for a viewer that lost packets", func(st doorStatus) bool {
		return st.Camera.Counters["key_frames_forced"] > forced
	})
	s.do(func(ctx context.Context) error { return s.board.SetNetem(ctx, netemLoss(0)) })
	s.all(sees(a))
	c := s.status(d, "the counters", func(doorStatus) bool { return true }).Camera.Counters
	s.says("%.0f bit rate changes and %.0f forced key frames reached the encoder", c["bitrate_changes"], c["key_frames_forced"])
	s.press(vm.Hangup)
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// relayByUpdate opens the door from the app; a stranger to the relay cannot.
func relayByUpdate(s *scene) {
	a, b, d := s.client("anna", anna), s.client("ben", ben), s.door()
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a)) // who is not connected opens nothing
	s.do(func(ctx context.Context) error { return a.Update(ctx, map[string]string{"relay": "door"}) })
	opened := s.event(d, "relay")
	if opened.Relay != "door" || opened.UserID != anna || opened.Error != "" {
		s.Errorf("the relay's event is %+v", opened)
	}
	s.level(vm.Relay, 1)
	began := time.Now()
	s.level(vm.Relay, 0)
	s.says("the relay was on for about %v, 1s is configured", time.Since(began).Round(10*time.Millisecond))
	s.press(vm.Hangup)
	s.at(a, "onStopCallListener")
	s.idle(d)

	s.connect(d, vm.Tamper, b)
	s.all(sees(b))
	s.do(func(ctx context.Context) error { return b.Update(ctx, map[string]string{"relay": "door"}) })
	if refused := s.event(d, "relay"); refused.Error == "" || refused.UserID != ben {
		s.Errorf("Ben, who may not, got %+v", refused)
	}
	levels := get(s, func(ctx context.Context) ([]int, error) {
		return s.board.Watch(ctx, vm.Relay, 10*time.Millisecond, 500*time.Millisecond)
	})
	for _, level := range levels {
		if level != 0 {
			s.Fatal("Ben opened the door")
		}
	}
	s.press(vm.Hangup)
	s.idle(d)
}

// level waits until a line has a level.
func (s *scene) level(line, want int) {
	s.Helper()
	s.do(func(ctx context.Context) error {
		return poll(ctx, func() error {
			got, err := s.board.Level(ctx, line)
			if err == nil && got != want {
				err = fmt.Errorf("line %d is %d, want %d", line, got, want)
			}
			return err
		})
	})
}
