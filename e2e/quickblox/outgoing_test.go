//go:build e2e

package quickblox

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// outgoingScenarios begin with somebody at the door.
func outgoingScenarios() []scenario {
	return []scenario{
		{"press-accept-stop", pressAcceptStop},
		{"stop-by-remote", stopByRemote},
		{"reject-with-extension", rejectWithExtension},
		{"no-answer", noAnswer},
		{"ring-plan-first-answer", ringPlanFirstAnswer},
		{"update-both-ways", updateBothWays},
		{"call-and-mute-by-command", callAndMute},
		{"bandwidth-and-statistics", bandwidthAndStatistics},
		{"audio-call", audioCall},
		{"picture-720p", picture720p},
	}
}

// connect has the device ring at a client by a button, and the client accept.
// It returns the session's id.
func (s *scene) connect(d *rig.Device, button string, c *rig.Client) string {
	s.Helper()
	s.press(d, button)
	rung := s.at(c, "onCallListener", d.Config.QuickBlox.UserID)
	s.do(c.Accept)
	s.door(d, "onAcceptCall", c.Options.User)
	return rung.Session.ID
}

func pressAcceptStop(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	s.press(d, "front")
	rung := s.at(a, "onCallListener", device)
	if rung.Extension["name"] != "Front door" || rung.Session.CallType != rig.VideoCall || !slices.Equal(rung.Session.Opponents, []int64{anna}) {
		s.Errorf("the call says %+v", rung)
	}
	s.do(a.Accept)
	s.door(d, "onAcceptCall", anna)
	s.door(d, "onRemoteStream", anna)
	s.all(talk(d, a)...)
	if codec := a.Media(device).Video.Codec; codec != "H264" {
		s.Errorf("the picture comes as %s, want H264 when the client knows it", codec)
	}
	s.press(d, "front")
	s.at(a, "onStopCallListener", device)
	s.at(a, "onSessionCloseListener", 0)
	s.door(d, "onSessionClose", 0)
	s.idle(d)
}

// idle checks that the device holds nothing of a call any more.
func (s *scene) idle(d *rig.Device) {
	s.Helper()
	get(s, func(ctx context.Context) (rig.DeviceStatus, error) {
		return d.AwaitStatus(ctx, "an idle device", func(st rig.DeviceStatus) bool {
			return len(st.Sessions) == 0 && st.Camera.State == "idle" && st.Audio.State == "idle"
		})
	})
}

func stopByRemote(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	s.connect(d, "front", a)
	s.all(talk(d, a)...)
	s.do(a.Stop)
	s.door(d, "onStopCall", anna)
	s.door(d, "onSessionClose", 0)
	s.idle(d)
}

func rejectWithExtension(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	s.press(d, "front")
	s.at(a, "onCallListener", device)
	s.do(func(ctx context.Context) error {
		return a.Reject(ctx, map[string]string{"why": "in the <bath> & busy"})
	})
	rejected := s.door(d, "onRejectCall", anna)
	if rejected.Extension["why"] != "in the <bath> & busy" {
		s.Errorf("extension of the reject is %v", rejected.Extension)
	}
	s.door(d, "onSessionClose", 0)
	s.idle(d)
}

func noAnswer(s *scene) {
	const answerTime = 10 * time.Second
	d := s.device(func(c *rig.DeviceConfig) { c.WebRTC.AnswerTimeInterval = answerTime })
	a := s.client("anna", anna)
	s.press(d, "front")
	pressed := s.door(d, "press", 0)
	s.at(a, "onCallListener", device)
	gaveUp := s.door(d, "onUserNotAnswer", anna)
	if took := gaveUp.Time.Sub(pressed.Time); took < answerTime || took > answerTime+2*time.Second {
		s.Errorf("gave up after %v, want %v", took, answerTime)
	}
	s.door(d, "onSessionClose", 0)
	if n := a.Signals("received", "call"); n < 2 {
		s.Errorf("%d calls on the wire, want repeats every 5 s", n)
	}
	s.idle(d)
}

func ringPlanFirstAnswer(s *scene) {
	d, a, b := s.device(), s.client("anna", anna), s.client("ben", ben)
	s.press(d, "pair")
	s.at(a, "onCallListener", device)
	s.at(b, "onCallListener", device)
	s.do(b.Accept)
	accepting := s.at(b, "accepting", 0)
	accepted := s.door(d, "onAcceptCall", ben)
	stopped := s.at(a, "onStopCallListener", device)
	s.Logf("the other telephone is silent %v after the answer left the first, %v after it arrived",
		stopped.At.Sub(accepting.At).Round(time.Millisecond), stopped.At.Sub(accepted.Time).Round(time.Millisecond))
	if took := stopped.At.Sub(accepting.At); took > 500*time.Millisecond {
		s.Errorf("the loser rang on for %v", took)
	}
	s.at(a, "onSessionCloseListener", 0)
	s.all(talk(d, b)...)
	s.press(d, "pair")
	s.at(b, "onStopCallListener", device)
	s.idle(d)
}

func updateBothWays(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	id := s.connect(d, "front", a)
	s.run(d, "update", id, "gate=open & <shut>", "light=on")
	told := s.at(a, "onUpdateCallListener", device)
	if told.Extension["gate"] != "open & <shut>" || told.Extension["light"] != "on" {
		s.Errorf("the client was told %v", told.Extension)
	}
	s.do(func(ctx context.Context) error { return a.Update(ctx, map[string]string{"screen": "ü ☎"}) })
	heard := s.door(d, "onUpdateCall", anna)
	if heard.Extension["screen"] != "ü ☎" || heard.Session != id {
		s.Errorf("the device was told %v in session %s", heard.Extension, heard.Session)
	}
	s.all(talk(d, a)...)
}

// The command line does what the button cannot.
func callAndMute(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	s.run(d, "call", "Anna")
	s.at(a, "onCallListener", device)
	s.do(a.Accept)
	s.door(d, "onAcceptCall", anna)
	s.all(talk(d, a)...)
	s.run(d, "mute")
	get(s, func(ctx context.Context) (rig.Media, error) { return a.HearsNothing(ctx, device, rig.DeviceTone) })
	s.all(sees(a.Page, device))
	s.run(d, "unmute")
	s.all(hears(a.Page, device, rig.DeviceTone))
	s.run(d, "stop")
	s.at(a, "onStopCallListener", device)
	s.idle(d)
}

// A call may be limited, and the reports tell what is sent.
func bandwidthAndStatistics(s *scene) {
	const limit = 60 // kbit/s; without a limit the test picture takes about 95
	d, a := s.device(), s.client("anna", anna)
	s.run(d, "call", "--bandwidth", strconv.Itoa(limit), "Anna")
	if rung := s.at(a, "onCallListener", device); rung.Extension["bandwidth"] != strconv.Itoa(limit) {
		s.Errorf("the call says %v, want the limit in userInfo", rung.Extension)
	}
	s.do(a.Accept)
	for _, want := range []string{"CONNECTING", "CONNECTED"} {
		if e := s.door(d, "onSessionConnectionStateChanged", anna); e.State != want {
			s.Errorf("connection state %s, want %s", e.State, want)
		}
	}
	s.all(talk(d, a)...)
	v := s.steadyVideo(d, anna)
	if v.Codec != "H264" || v.Width != d.Config.Camera.Width || v.Height != d.Config.Camera.Height {
		s.Errorf("the device reports %+v", v)
	}
	if v.SendBitrate > 5*limit*1000/4 {
		s.Errorf("the device sends %d bit/s of video, the call allows %d", v.SendBitrate, limit*1000)
	}
	s.press(d, "front")
	s.at(a, "onStopCallListener", device)
	s.idle(d)
}

// steadyVideo is the third report with video from now on: the first key frames
// are over then.
func (s *scene) steadyVideo(d *rig.Device, user int64) rig.MediaStats {
	s.Helper()
	var last rig.MediaStats
	for seen := 0; seen < 3; {
		if e := s.door(d, "onCallStatsReport", user); e.Stats != nil && e.Stats.Video.SendBitrate > 0 {
			last = e.Stats.Video
			seen++
		}
	}
	return last
}

func audioCall(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	s.press(d, "voice")
	if rung := s.at(a, "onCallListener", device); rung.Session.CallType != rig.AudioCall {
		s.Errorf("call type %d, want audio", rung.Session.CallType)
	}
	s.do(a.Accept)
	stream := s.at(a, "onRemoteStreamListener", device)
	if !slices.Equal(stream.Kinds, []string{"audio"}) {
		s.Errorf("the client got %v, want audio alone", stream.Kinds)
	}
	s.all(hears(a.Page, device, rig.DeviceTone), doorHears(d, "anna"))
	status := get(s, d.Status)
	if status.Camera.State != "idle" || status.Audio.State != "open" {
		s.Errorf("in an audio call the camera is %s and the sound %s", status.Camera.State, status.Audio.State)
	}
}

func picture720p(s *scene) {
	d := s.device(func(c *rig.DeviceConfig) {
		c.Camera.Width, c.Camera.Height, c.Camera.FPS, c.Camera.Bitrate = 1280, 720, 30, 1_500_000
	})
	a := s.client("anna", anna)
	s.connect(d, "front", a)
	s.all(talk(d, a)...)
	if v := a.Media(device).Video; v.Width != 1280 || v.Height != 720 {
		s.Errorf("the picture is %d×%d, want 1280×720", v.Width, v.Height)
	}
}
