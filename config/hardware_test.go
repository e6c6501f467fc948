package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const buttonA = "  - {name: a, contacts: [Anna]}\n"

// TestHardwareProblems gives the exact messages for wrong hardware. DIR stands
// for the folder of the file, whose fifth line is the first one given.
func TestHardwareProblems(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       string // one problem a line
	}{
		{"picture", "camera: {rotation: 45, exposure: -1, brightness: 2000000, power_line_frequency: 55}\n", `DIR/c.yaml:5: camera.rotation: 45 is not a rotation, allowed are 0, 90, 180, 270
DIR/c.yaml:5: camera.exposure: -1 is out of range, allowed are 0 to 1000000
DIR/c.yaml:5: camera.brightness: 2000000 is out of range, allowed are -1000000 to 1000000
DIR/c.yaml:5: camera.power_line_frequency: "55" is unknown, allowed are off, 50, 60, auto`},
		{"types", "camera: {exposure: high, mirror: 1, power_line_frequency: [50]}\n", `DIR/c.yaml:5: camera.exposure: "high" is not a whole number
DIR/c.yaml:5: camera.mirror: 1 is not true or false, write true
DIR/c.yaml:5: camera.power_line_frequency: a list is not a text or a whole number`},
		{"sound", "audio: {capture_volume: 101, playback_volume: -1, period: 15ms}\n", `DIR/c.yaml:5: audio.period: 15ms is not a period, allowed are 10ms, 20ms
DIR/c.yaml:5: audio.capture_volume: 101 is out of range, allowed are 0 to 100
DIR/c.yaml:5: audio.playback_volume: -1 is out of range, allowed are 0 to 100`},
		{"inaudible", "auto_accept: {enabled: true, callers: [Anna]}\naudio: {playback_volume: 0}\n", "DIR/c.yaml:6: audio.playback_volume: 0 would let the callers of auto_accept watch and listen unnoticed, allowed is 1 to 100 while auto_accept.enabled is"},
		{"unnoticed", "auto_accept: {enabled: true, callers: [Anna]}\naudio: {announce: false}\n", "DIR/c.yaml:6: audio.announce: false would let the callers of auto_accept watch and listen unnoticed, allowed is true while auto_accept.enabled is"},

		{"line", "buttons:\n  - {name: a, source: gpio, contacts: [Anna], chip: /tmp/chip, bias: up, debounce: 1s}\n", `DIR/c.yaml:6: buttons[0].chip: "/tmp/chip" is not a chip, allowed are auto, the name, the label and the path of one
DIR/c.yaml:6: buttons[0].line: is missing, it must be the number or the name of a line
DIR/c.yaml:6: buttons[0].bias: "up" is unknown, allowed are pull-up, pull-down, none
DIR/c.yaml:6: buttons[0].debounce: 1s is out of range, allowed are 1ms to 300ms`},
		{"negative line", "buttons:\n  - {name: a, source: gpio, contacts: [Anna], line: -1}\n", "DIR/c.yaml:6: buttons[0].line: -1 is out of range, allowed are 0 to 65535"},
		{"line with an end", "buttons:\n  - {name: a, source: gpio, contacts: [Anna], line: \"a\\nb\"}\n", `DIR/c.yaml:6: buttons[0].line: "a\nb" is not a line, allowed are the number and the name of one`},
		{"line used twice", `buttons:
  - {name: a, source: gpio, contacts: [Anna], line: 17}
  - {name: b, source: gpio, contacts: [Anna], line: "17"}
lamps:
  - {name: l, chip: auto, line: 17}
  - {name: m, chip: gpiochip0, line: 17}
relays:
  - {name: r, chip: gpiochip0, line: 17}
`, `DIR/c.yaml:7: buttons[1].line: 17 of chip auto is already used by buttons[0]
DIR/c.yaml:9: lamps[0].line: 17 of chip auto is already used by buttons[0]
DIR/c.yaml:12: relays[0].line: 17 of chip gpiochip0 is already used by lamps[1]`},
		{"key", "buttons:\n  - {name: a, source: evdev, contacts: [Anna], device: /tmp/x}\n", `DIR/c.yaml:6: buttons[0].device: "/tmp/x" is not an input device, allowed are /dev/input/NAME and a part of the name
DIR/c.yaml:6: buttons[0].key: is missing, it must be a key such as KEY_ENTER`},
		{"keys of other sources", `buttons:
  - {name: a, contacts: [Anna], line: 17, long_press: b}
  - {name: b, source: gpio, line: 17, contacts: [Anna], key: KEY_ENTER}
  - {name: c, source: evdev, key: KEY_ENTER, contacts: [Anna], active_low: false, kernel_debounce: true}
`, `DIR/c.yaml:6: buttons[0].line: has no meaning with source: control
DIR/c.yaml:6: buttons[0].long_press: has no meaning with source: control
DIR/c.yaml:7: buttons[1].key: has no meaning with source: gpio
DIR/c.yaml:8: buttons[2].active_low: has no meaning with source: evdev
DIR/c.yaml:8: buttons[2].kernel_debounce: has no meaning with source: evdev`},
		{"hang up somebody", "buttons:\n  - {name: a, action: hangup, contacts: [Anna], mode: conference}\n  - {name: b, action: sing}\n", `DIR/c.yaml:6: buttons[0].contacts: has no meaning with action: hangup
DIR/c.yaml:6: buttons[0].mode: has no meaning with action: hangup
DIR/c.yaml:7: buttons[1].action: "sing" is unknown, allowed are call, hangup
DIR/c.yaml:7: buttons[1].contacts: is missing, it must name at least one contact`},
		{"long press", "buttons:\n" + buttonA + `  - {name: b, source: gpio, line: 1, contacts: [Anna], long_press: b}
  - {name: c, source: gpio, line: 2, contacts: [Anna], long_press: z}
  - {name: d, source: gpio, line: 3, contacts: [Anna], long_press: e}
  - {name: e, source: gpio, line: 4, contacts: [Anna], long_press: a}
`, `DIR/c.yaml:7: buttons[1].long_press: "b" is the button itself, allowed is another one
DIR/c.yaml:8: buttons[2].long_press: "z" is not in buttons
DIR/c.yaml:9: buttons[3].long_press: "e" has a long_press itself, allowed is a button without one`},

		{"lamps", "lamps:\n  - {name: l, line: 1, shows: [idle, blue, idle]}\n  - {name: l, line: 2}\n", `DIR/c.yaml:6: lamps[0].shows[1]: "blue" is unknown, allowed are idle, offline, ringing, in_call, live, updating, error
DIR/c.yaml:6: lamps[0].shows[2]: "idle" is named twice
DIR/c.yaml:7: lamps[1].name: "l" is already the name of lamps[0]`},
		{"relays", "relays:\n  - {line: 1, pulse: 11s, callers: [Zoe]}\n", `DIR/c.yaml:6: relays[0].name: is missing, it must be a name
DIR/c.yaml:6: relays[0].pulse: 11s is out of range, allowed are 100ms to 10s
DIR/c.yaml:6: relays[0].callers[0]: "Zoe" is not in contacts, allowed are Anna, Ben`},
		{"watchdog", "watchdog: {device: watchdog, timeout: 4s}\n", `DIR/c.yaml:5: watchdog.device: "watchdog" is not a watchdog, allowed is /dev/NAME
DIR/c.yaml:5: watchdog.timeout: 4s is out of range, allowed are 5s to 5m0s`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t)
			_, _, err := load(t, dir, minimal+c.file, nil, nil)
			require.Error(t, err)
			assert.Equal(t, c.want, strings.ReplaceAll(err.Error(), dir, "DIR"))
		})
	}
}

func TestHardware(t *testing.T) {
	cfg, warnings, err := load(t, folder(t), minimal+`
buttons:
  - {name: a, source: gpio, contacts: [Anna], chip: pinctrl-bcm2711, line: doorbell, active_low: false, bias: pull-down, debounce: 1ms, kernel_debounce: true, long_press: b}
  - {name: b, source: evdev, action: hangup, device: Keypad 5, key: 28}
camera: {source: "usb:C920", rotation: 270, mirror: true, exposure: 0, brightness: -5, power_line_frequency: 0x32}
audio: {capture: "hw:1,0", playback: Loopback, capture_volume: 0, playback_volume: 100, period: 10ms, tones: false, announce: false}
lamps: [{name: l, line: 0o27, active_low: true, shows: [live, in_call]}]
relays: [{name: r, line: RELAY, active_low: true, pulse: 10s}]
watchdog: {device: /dev/watchdog, timeout: 5m}
`, nil, nil)
	require.NoError(t, err)
	assert.Empty(t, warnings)
	anna := Contact{Name: "Anna", UserID: 101}
	assert.Equal(t, []Button{
		{Name: "a", Source: ButtonGPIO, Action: ButtonCall, Contacts: []Contact{anna}, Mode: FirstAnswer, CallType: VideoCall,
			Line: Line{Chip: "pinctrl-bcm2711", Name: "doorbell"}, Bias: PullDown, Debounce: time.Millisecond, KernelDebounce: true, LongPress: "b"},
		{Name: "b", Source: ButtonEvdev, Action: ButtonHangUp, Device: "Keypad 5", Key: "28", Debounce: 20 * time.Millisecond},
	}, cfg.Buttons)
	assert.Equal(t, Camera{Source: Source{Kind: SourceDevice, Name: "usb:C920"}, Width: 1280, Height: 720, FPS: 30, Bitrate: 1_500_000,
		Rotation: 270, Mirror: true, Exposure: new(0), Brightness: new(-5), PowerLine: "50"}, cfg.Camera)
	assert.Equal(t, "usb:C920", cfg.Camera.Source.String())
	assert.Equal(t, Audio{Capture: Source{Kind: SourceDevice, Name: "hw:1,0"}, Playback: Source{Kind: SourceDevice, Name: "Loopback"},
		CaptureVolume: new(0), PlaybackVolume: new(100), Period: 10 * time.Millisecond}, cfg.Audio)
	assert.Equal(t, []Lamp{{Name: "l", Line: Line{Chip: "auto", Name: "23", ActiveLow: true}, Shows: []Indication{ShowLive, ShowInCall}}}, cfg.Lamps)
	assert.Equal(t, []Relay{{Name: "r", Line: Line{Chip: "auto", Name: "RELAY", ActiveLow: true}, Pulse: 10 * time.Second, Callers: []Contact{}}}, cfg.Relays)
	assert.Equal(t, Watchdog{Device: "/dev/watchdog", Timeout: 5 * time.Minute}, cfg.Watchdog)
}

// TestUnheardAnnouncement warns of a door that cannot say that it is watched.
func TestUnheardAnnouncement(t *testing.T) {
	for file, want := range map[string]string{
		"camera: {source: usb}\naudio: {playback: \"null\"}\n": "audio.playback: null keeps everybody from hearing that auto_accept has answered a call, better is a speaker",
		"audio: {capture: auto}\n":                             "audio.playback: null keeps everybody from hearing that auto_accept has answered a call, better is a speaker",
		"camera: {source: usb}\naudio: {playback: auto}\n":     "",
		"camera: {source: test}\naudio: {capture: none}\n":     "",
	} {
		_, warnings, err := load(t, folder(t), minimal+"auto_accept: {enabled: true, callers: [Anna]}\n"+file, nil, nil)
		require.NoError(t, err)
		var got []string
		for _, w := range warnings {
			got = append(got, w.String())
		}
		assert.Equal(t, want, strings.Join(got, "; "), file)
		_, warnings, err = load(t, folder(t), minimal+file, nil, nil)
		require.NoError(t, err)
		assert.Empty(t, warnings, "without auto_accept")
	}
}

// TestHardwareOutsideFile sets keys that have no default, and one that is a
// word, where everything is text.
func TestHardwareOutsideFile(t *testing.T) {
	cfg, _, err := load(t, folder(t), minimal, []string{"INTERCOMD_CAMERA_POWER_LINE_FREQUENCY=off", "INTERCOMD_AUDIO_CAPTURE_VOLUME=70"},
		map[string]string{"camera.exposure": "12", "camera.source": "/dev/v4l/by-id/usb-cam"})
	require.NoError(t, err)
	assert.Equal(t, "off", cfg.Camera.PowerLine)
	assert.Equal(t, new(70), cfg.Audio.CaptureVolume)
	assert.Equal(t, new(12), cfg.Camera.Exposure)
	assert.Equal(t, Source{Kind: SourceDevice, Name: "/dev/v4l/by-id/usb-cam"}, cfg.Camera.Source)
	_, _, err = load(t, folder(t), minimal, nil, map[string]string{"audio.capture_volume": "loud"})
	assert.EqualError(t, err, `--audio.capture_volume: audio.capture_volume: "loud" is not a whole number`)
}

func TestDeviceNames(t *testing.T) {
	for name, want := range map[string]bool{
		"auto": true, "usb": true, "csi": true, "usb:C920": true, "csi:imx708": true, "usb:1.2:1.0": true,
		"/dev/video0": true, "/dev/v4l/by-id/x": true,
		"": false, "usb:": false, "pci": false, "/dev/": false, "/dev/../etc/passwd": false, "video0": false,
		"usb:a\nb": false, " usb": false, "/tmp/x.h264": false,
	} {
		assert.Equal(t, want, isCamera(name), "camera %q", name)
	}
	for name, want := range map[string]bool{
		"auto": true, "Loopback": true, "seeed2micvoicec": true, "USB Audio Device": true, "hw:0": true, "hw:1,0": true,
		"hw:Loopback,1": true, "/dev/snd/pcmC0D0c": true,
		"": false, "hw:": false, "hw:1,": false, "hw:1,0,0": false, "hw:a b,0": false, "/dev/video0": false,
		"/dev/snd/": false, "a/b": false, " x": false, "x\x00": false, strings.Repeat("x", 201): false,
	} {
		assert.Equal(t, want, isSoundCard(name), "sound card %q", name)
	}
}

// TestIndications keeps the words of lamps and their list together.
func TestIndications(t *testing.T) {
	cfg, _, err := load(t, folder(t), minimal+"lamps: [{name: l, line: 1}]\n", nil, nil)
	require.NoError(t, err)
	assert.Equal(t, Indications(), cfg.Lamps[0].Shows)
	assert.Len(t, Indications(), 7)
}
