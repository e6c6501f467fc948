//go:build e2e

package board

import (
	"os"
	"strconv"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// callScenarios are calls with devices that work.
func callScenarios() []scenario {
	return []scenario{
		{"press-accept-stop", pressAcceptStop},
	}
}

// longCall is how long the long call takes, BOARD_CALL_MINUTES or a minute.
func longCall() time.Duration {
	minutes, err := strconv.Atoi(os.Getenv("BOARD_CALL_MINUTES"))
	if err != nil || minutes < 1 {
		minutes = 1
	}
	return time.Duration(minutes) * time.Minute
}

func pressAcceptStop(s *scene) {
	a := s.client("anna", anna)
	d := s.door()
	air := s.air(rig.Tone("anna"))
	s.press(vm.Doorbell)
	rung := s.at(a, "onCallListener")
	if rung.User != doorUser || rung.Session.CallType != rig.VideoCall {
		s.Errorf("the call says %+v", rung)
	}
	s.do(a.Accept)
	s.event(d, "onAcceptCall")
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	video := a.Media(doorUser).Video
	if video.Codec != "H264" || video.Width != 640 || video.Height != 480 {
		s.Errorf("the picture is %s %d×%d, want H264 640×480", video.Codec, video.Width, video.Height)
	}
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.event(d, "onSessionClose")
	s.idle(d)
}
