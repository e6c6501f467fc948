package main

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/media"
)

// TestDeviceConfig says in the device's words what the file says.
func TestDeviceConfig(t *testing.T) {
	anna, ben := config.Contact{Name: "Anna", UserID: 101}, config.Contact{Name: "Ben", UserID: 102}
	c := config.Default()
	c.Device.Name, c.QuickBlox.UserID = "Door", 104
	c.Contacts = []config.Contact{anna, ben}
	c.Buttons = []config.Button{
		{Name: "a", Action: config.ButtonCall, Contacts: []config.Contact{anna, ben}, Mode: config.Conference, CallType: config.AudioCall, LongPress: "b"},
		{Name: "b", Action: config.ButtonHangUp},
	}
	c.Relays = []config.Relay{{Name: "door", Callers: []config.Contact{ben}}}
	c.AutoAccept = config.AutoAccept{Callers: []config.Contact{anna}}
	want := intercom.Config{
		Name: "Door", Version: "1", Self: 104, Tones: true, Announce: true,
		Contacts: []intercom.Contact{{Name: "Anna", UserID: 101}, {Name: "Ben", UserID: 102}},
		Buttons: []intercom.Button{
			{Name: "a", Contacts: []call.UserID{101, 102}, Mode: intercom.Conference, CallType: call.Audio, LongPress: "b"},
			{Name: "b", HangUp: true, Contacts: []call.UserID{}, CallType: call.Video},
		},
		Relays: []intercom.Relay{{Name: "door", Callers: []call.UserID{102}}},
	}
	if got := deviceConfig(c, "1"); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	c.AutoAccept.Enabled = true
	if got := deviceConfig(c, "1").AutoAccept; !slices.Equal(got, []call.UserID{101}) {
		t.Errorf("auto-accept of %v", got)
	}
}

// TestWordsAgree keeps the words of four packages together.
func TestWordsAgree(t *testing.T) {
	for _, i := range config.Indications() {
		if _, err := gpio.ParsePattern(string(i)); err != nil {
			t.Error(err)
		}
	}
	if len(gpio.Patterns()) != len(config.Indications()) {
		t.Error("some patterns cannot be configured")
	}
	for _, i := range []intercom.Indication{
		intercom.ShowUpdating, intercom.ShowRinging, intercom.ShowLive, intercom.ShowInCall, intercom.ShowOffline, intercom.ShowError, intercom.ShowIdle,
	} {
		if !slices.Contains(config.Indications(), config.Indication(i)) {
			t.Errorf("no lamp can show %s", i)
		}
	}
	for ours, theirs := range map[config.Bias]gpio.Bias{config.PullUp: gpio.BiasPullUp, config.PullDown: gpio.BiasPullDown, config.NoBias: gpio.BiasNone} {
		if gpio.Bias(ours) != theirs {
			t.Errorf("%s is %s", ours, theirs)
		}
	}
	seen := map[media.Tone]bool{}
	for _, tone := range []intercom.Tone{intercom.RingBack, intercom.Ring, intercom.Connect, intercom.End, intercom.Announce, intercom.Offline} {
		seen[mediaTone(tone)] = true
	}
	if len(seen) != 6 {
		t.Errorf("two tones sound the same: %v", seen)
	}
	for kind, part := range map[call.Kind]string{call.KindVideo: intercom.PartCamera, call.KindAudio: intercom.PartMicrophone} {
		if partOf(kind) != part {
			t.Errorf("%s is told as %s", kind, partOf(kind))
		}
	}
	for _, same := range [][2]string{{media.DeviceLost, intercom.PartLost}, {media.DeviceBack, intercom.PartBack}, {audio.StateLost, intercom.PartLost}, {audio.StateBack, intercom.PartBack}} {
		if same[0] != same[1] {
			t.Errorf("%q and %q differ", same[0], same[1])
		}
	}
}

// TestHardwareConfig says in the words of the drivers what the file says.
func TestHardwareConfig(t *testing.T) {
	line := config.Line{Chip: "gpiochip1", Name: "BELL", ActiveLow: true}
	front := config.Button{
		Name: "front", Line: line, Bias: config.PullDown, Device: "Keypad", Key: "KEY_ENTER",
		Debounce: 5 * time.Millisecond, KernelDebounce: true, LongPress: "back",
	}
	for _, c := range []struct{ got, want any }{
		{lineOf(front), gpio.LineConfig{
			Button: "front", Chip: "gpiochip1", Line: "BELL", ActiveLow: true, Bias: gpio.BiasPullDown,
			Debounce: 5 * time.Millisecond, KernelDebounce: true, LongPress: time.Second,
		}},
		{lineOf(config.Button{Name: "b", Line: config.Line{Chip: config.ChipAuto, Name: "17"}}), gpio.LineConfig{Button: "b", Line: "17"}},
		{keyOf(front), gpio.KeyConfig{Button: "front", Device: "Keypad", Key: "KEY_ENTER", Debounce: 5 * time.Millisecond, LongPress: time.Second}},
		{lampOf(config.Lamp{Name: "l", Line: line, Shows: []config.Indication{config.ShowLive}}), gpio.LampConfig{
			Name: "l", Chip: "gpiochip1", Line: "BELL", ActiveLow: true, Shows: []gpio.Pattern{gpio.PatternLive},
		}},
		{cameraOf(config.Camera{
			Source: config.Source{Kind: config.SourceDevice, Name: "usb"}, Width: 640, Height: 480, FPS: 25, Bitrate: 1000,
			Rotation: 90, Mirror: true, Exposure: new(1), Brightness: new(2), PowerLine: "50",
		}), camera.Config{
			Source: "usb", Width: 640, Height: 480, FPS: 25, Bitrate: 1000,
			Rotation: 90, Mirror: true, Exposure: new(1), Brightness: new(2), PowerLine: "50",
		}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("got\n%+v, want\n%+v", c.got, c.want)
		}
	}
}

// TestLines follows a line from the start to its loss and back.
func TestLines(t *testing.T) {
	var told []string
	l := &lines{tell: func(name, state string, err error) { told = append(told, name+" "+state) }}
	front := l.add("button front", "auto:17")
	lamp := l.add("lamp status", "auto:23")
	busy := errors.New("line 17 is held by lirc")
	for _, step := range []struct {
		state string
		err   error
		want  intercom.DeviceStatus
		told  string
	}{
		{gpio.StateOpen, nil, intercom.DeviceStatus{State: "open"}, ""},
		{gpio.StateBusy, busy, intercom.DeviceStatus{State: "missing", Error: busy.Error()}, "button front lost"},
		{gpio.StateMissing, errors.New("no chip"), intercom.DeviceStatus{State: "missing", Error: "no chip"}, ""},
		{gpio.StateDenied, nil, intercom.DeviceStatus{State: "missing", Error: "denied"}, ""},
		{gpio.StateOpen, nil, intercom.DeviceStatus{State: "open"}, "button front back"},
	} {
		told = nil
		front(step.state, step.err)
		got := l.status()[0]
		if got.State != step.want.State || got.Error != step.want.Error || got.Source != "auto:17" {
			t.Errorf("%s: %+v, want %+v", step.state, got, step.want)
		}
		if strings.Join(told, "; ") != step.told {
			t.Errorf("%s: told %q, want %q", step.state, told, step.told)
		}
	}
	told = nil
	lamp(gpio.StateMissing, errors.New("no chip"))
	if l.status()[1].State != "missing" || !slices.Equal(told, []string{"lamp status lost"}) {
		t.Errorf("%+v, told %q", l.status()[1], told)
	}
}

func TestNamesOfLines(t *testing.T) {
	auto, named := config.Line{Chip: config.ChipAuto, Name: "17"}, config.Line{Chip: "gpiochip1", Name: "BELL"}
	if chipOf(auto) != "" || chipOf(named) != "gpiochip1" || sourceOf(auto) != "auto:17" || sourceOf(named) != "gpiochip1:BELL" {
		t.Error("lines are named wrong")
	}
	if got := keySource(config.Button{Key: "KEY_ENTER"}); got != "evdev:KEY_ENTER" {
		t.Errorf("key is %s", got)
	}
	if got := keySource(config.Button{Key: "28", Device: "Keypad"}); got != "Keypad:28" {
		t.Errorf("key is %s", got)
	}
}

// TestSpeakerRetries has a recording that cannot be written at first.
func TestSpeakerRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		path, tries := filepath.Join(t.TempDir(), "out.wav"), 0
		s := newSpeaker(func() (audio.Playback, error) {
			if tries++; tries < 3 {
				return nil, errors.New("no space left on device")
			}
			return audio.OpenPlayback(audio.PlaybackConfig{Playback: "file:" + path})
		}, slog.New(slog.NewTextHandler(&log, nil)))
		write := func() {
			t.Helper()
			if err := s.WritePCM(make([]int16, 960)); err != nil {
				t.Error(err)
			}
		}
		write()
		if got := s.status("file:x"); got.State != "missing" || got.Error != "no space left on device" || got.Source != "file:x" {
			t.Errorf("status %+v", got)
		}
		for range 2 {
			time.Sleep(speakerRetry)
			write()
		}
		if got := s.status("file:x"); tries != 3 || got.State != "open" || got.Error != "" {
			t.Errorf("after %d tries %+v", tries, got)
		}
		if n := strings.Count(log.String(), "no space left"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, &log)
		}
		s.close()
		if err := s.WritePCM(make([]int16, 960)); err == nil {
			t.Error("a closed speaker plays")
		}
	})
}

// TestSpeakerThatIsNotThere is known before anything is played, and has not
// failed for ever.
func TestSpeakerThatIsNotThere(t *testing.T) {
	d := &daemon{cfg: config.Default(), log: discard()}
	d.cfg.Audio.Playback = config.Source{Kind: config.SourceDevice, Name: "no such card"}
	d.device = intercom.New(intercom.Config{}, intercom.Ports{}, discard())
	d.parts.played = new(audio.Counters)
	d.openSpeaker(d.cfg.Audio, audio.NewDuplex())
	defer d.close()
	if got := d.playbackStatus(); got.State != intercom.DeviceIdle || got.Source != "no such card" {
		t.Errorf("at first %+v", got)
	}
	d.parts.card.look()
	if got := d.playbackStatus(); got.State != intercom.DeviceMissing || !strings.Contains(got.Error, "no such sound card") {
		t.Errorf("after a look %+v", got)
	}
	d.parts.card.check = func() error { return nil }
	d.parts.card.look()
	if got := d.playbackStatus(); got.State != intercom.DeviceIdle || got.Error != "" {
		t.Errorf("when it is there %+v", got)
	}
	d.speakerChanged(audio.StateLost, errors.New("unplugged"))
	if looked := d.parts.card.fresh; looked {
		t.Error("a card that was lost is not looked for")
	}
}

func TestClosedSpeakerIsNotOpened(t *testing.T) {
	tries := 0
	s := newSpeaker(func() (audio.Playback, error) { tries++; return nil, errors.New("gone") }, discard())
	s.retryAt = time.Time{}
	s.close()
	if err := s.WritePCM(nil); err != nil || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestDeviceCounters(t *testing.T) {
	got := soundCounters(audio.Stats{Xruns: 2, DriftPPM: -3.5})
	if want := map[string]float64{"xruns": 2, "drift_ppm": -3.5}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got = cameraCounters(camera.Stats{Frames: 300, Imports: 299, KeyForced: 2})
	if want := map[string]float64{"frames": 300, "imports": 299, "key_frames_forced": 2}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestProcessStatus(t *testing.T) {
	got := processStatus()
	if got.Goroutines < 2 || got.Files < 3 || got.Memory < 1<<20 {
		t.Errorf("status %+v", got)
	}
}

// TestUnknownKey ends the start: it is a mistake in the file.
func TestUnknownKey(t *testing.T) {
	c := config.Default()
	c.Buttons = []config.Button{{Name: "a"}, {Name: "b", Source: config.ButtonEvdev, Key: "KEY_NONSENSE"}, {Name: "c", Source: config.ButtonEvdev, Key: "KEY_ENTER"}}
	_, err := wire(c, runOptions{}, surroundings{}, discard())
	if err == nil || !strings.HasPrefix(err.Error(), `buttons[1].key: `) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

// A contact without a password keeps the one that was made up, as long as it is
// a contact.
func TestMadeUpPasswords(t *testing.T) {
	c := runningConfig()
	first, passwords := accounts(c, nil)
	if len(first.Accounts) != 2 || first.Accounts[101] == first.Accounts[102] || passwords[account(101, c.QuickBlox.AppID)] != first.Accounts[101] {
		t.Fatalf("accounts %v, passwords %v", first.Accounts, passwords)
	}
	c.Contacts = []config.Contact{anna, carl}
	second, _ := accounts(c, first.Accounts)
	if second.Accounts[101] != first.Accounts[101] || second.Accounts[103] == "" || second.Accounts[102] != "" {
		t.Errorf("accounts %v, after %v", second.Accounts, first.Accounts)
	}
}
