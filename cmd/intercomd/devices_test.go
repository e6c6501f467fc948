package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/gpio"
)

// fullSurveyor is a board with one of each.
func fullSurveyor() surveyor {
	return surveyor{
		video: func() ([]cameraEntry, []codecEntry, error) {
			return []cameraEntry{fullCamera()}, []codecEntry{{
				Path: "/dev/video11", Name: "bcm2835-codec-encode", Role: "H.264 encoder",
				Takes: []string{"YU12", "NV12", "YUYV"}, Makes: []string{"H264"},
			}}, nil
		},
		picture: func(c config.Camera) pictureEntry {
			return pictureEntry{
				Source: c.Source.String(), Wanted: "1280x720 at 30/s",
				Steps:   []string{"NV12 1280x720 at 30/s from /dev/video0 (Door\tCam)", "H.264 encoder /dev/video11 by dma-buf"},
				Reasons: []string{"the hardware encoder takes the camera's NV12"},
				Warning: "it is only a test",
			}
		},
		sound: func() ([]audio.Info, error) {
			return []audio.Info{
				{Spec: "hw:Headset,0", Card: "Headset", Name: "USB Headset", Kind: "USB card", Capture: true, Volume: "Mic Capture", Auto: true, AutoWhy: "auto: USB card, best of 2",
					Formats: "48000 Hz, 1 ch, S16_LE, period 480, buffer 3840 frames"},
				{Spec: "hw:Headset,0", Card: "Headset", Name: "USB Headset", Kind: "USB card", Busy: true, Holder: "mpd (pid 412)", Formats: "in use"},
				{Spec: "hw:vc4hdmi,0", Card: "vc4hdmi", Name: "vc4-hdmi", Kind: "HDMI", Busy: true, Formats: "in use"},
			}, nil
		},
		chips: func() ([]gpio.Chip, error) {
			return []gpio.Chip{
				{Path: "/dev/gpiochip0", Name: "gpiochip0", Label: "pinctrl-bcm2711", Lines: []gpio.Line{
					{Offset: 0, Name: "ID_SDA"}, {Offset: 1, Name: "GPIO17", Used: true, Consumer: "intercomd/front", ActiveLow: true}, {Offset: 2, Used: true, Output: true},
				}},
				{Path: "/dev/gpiochip1", Name: "gpiochip1", Problem: "permission denied: add the user to the group gpio"},
			}, nil
		},
		inputs: func() ([]gpio.InputDevice, error) {
			return []gpio.InputDevice{{Path: "/dev/input/event0", Name: "gpio-keys", Keys: []int{1, 2, 3, 4, 5, 6, 7, 28}}, {Path: "/dev/input/event1", Name: "Power", Keys: []int{116}}}, nil
		},
	}
}

func fullCamera() cameraEntry {
	many := []sizeEntry{
		{Width: 320, Height: 240, Rates: []float64{30, 15}}, {Width: 640, Height: 480, Rates: []float64{30}}, {Width: 800, Height: 600, Rates: []float64{24}},
		{Width: 1280, Height: 720, Rates: []float64{12.5, 10}}, {Width: 1920, Height: 1080, Rates: []float64{5}}, {Width: 2592, Height: 1944},
	}
	return cameraEntry{
		Path: "/dev/video0", Link: "/dev/v4l/by-id/usb-046d_Door_Cam-video-index0", Name: "Door\x1b[31m Cam", Driver: "uvcvideo", Bus: "usb-1.2", Kind: "camera",
		Formats: []formatEntry{{"H264", many[:2]}, {"NV12", many}, {"YUYV", many}, {"UYVY", nil}, {"GREY", []sizeEntry{{Width: 32, Height: 32, MaxWidth: 2592, MaxHeight: 1944}}}},
	}
}

func emptySurveyor(err error) surveyor {
	return surveyor{
		video: func() ([]cameraEntry, []codecEntry, error) { return nil, nil, err },
		picture: func(c config.Camera) pictureEntry {
			return pictureEntry{Source: c.Source.String(), Wanted: "1280x720 at 30/s", Error: "no such camera: no camera is attached"}
		},
		sound:  func() ([]audio.Info, error) { return nil, err },
		chips:  func() ([]gpio.Chip, error) { return nil, err },
		inputs: func() ([]gpio.InputDevice, error) { return nil, err },
	}
}

// inventoryOf prints what a surveyor finds.
func inventoryOf(t *testing.T, s surveyor, columns int) string {
	t.Helper()
	var b strings.Builder
	if err := writeInventory(&b, s.survey(defaultCamera()), columns); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestInventory(t *testing.T) {
	const want = `CAMERAS
/dev/video0  Door\x1b[31m Cam
    camera, driver uvcvideo, bus usb-1.2
    /dev/v4l/by-id/usb-046d_Door_Cam-video-index0
    H264    320x240 30/s, 640x480 30/s
    NV12 YUYV
            320x240 30/s, 640x480 30/s, 800x600 24/s, 1280x720 12.5/s,
            1920x1080 5/s, 2592x1944
    others  UYVY: not used
    GREY    32x32 to 2592x1944

PICTURE of camera.source auto, 1280x720 at 30/s
    from    NV12 1280x720 at 30/s from /dev/video0 (Door\tCam)
    →       H.264 encoder /dev/video11 by dma-buf
    because the hardware encoder takes the camera's NV12
    beware  it is only a test

HARDWARE CODECS
/dev/video11  bcm2835-codec-encode, H.264 encoder
    takes   YU12 NV12 YUYV
    makes   H264

SOUND
hw:Headset,0  microphone of USB Headset
    USB card, 48000 Hz, 1 ch, S16_LE, period 480, buffer 3840 frames
    volume  Mic Capture
    auto    takes this one: USB card, best of 2
hw:Headset,0  speaker of USB Headset
    USB card, in use by mpd (pid 412)
hw:vc4hdmi,0  speaker of vc4-hdmi
    HDMI, in use by another program

GPIO
/dev/gpiochip0  pinctrl-bcm2711, lines 0 to 2, 2 in use
    LINE  NAME    DIRECTION          USED BY
    1     GPIO17  input, active low  intercomd/front
    2     -       output             the kernel
/dev/gpiochip1  gpiochip1
    permission denied: add the user to the group gpio

INPUT DEVICES WITH KEYS
DEVICE             NAME       KEYS
/dev/input/event0  gpio-keys  ESC 1 2 3 4 5 and 2 more
/dev/input/event1  Power      POWER
`
	if got := inventoryOf(t, fullSurveyor(), 80); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Long lists are wrapped; names and tables may be wider.
func TestInventoryWidth(t *testing.T) {
	for _, columns := range []int{60, 80, 120} {
		for _, s := range []surveyor{fullSurveyor(), emptySurveyor(errors.New(strings.Repeat("a long reason ", 12)))} {
			for line := range strings.Lines(inventoryOf(t, s, columns)) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > columns {
					t.Errorf("at %d columns: %d in %q", columns, n, line)
				}
			}
		}
	}
	wide := inventoryOf(t, fullSurveyor(), 120)
	if !strings.Contains(wide, "1280x720 12.5/s, 1920x1080 5/s") {
		t.Errorf("the sizes do not use the width:\n%s", wide)
	}
}

// A board without anything is told what to look at.
func TestInventoryOfNothing(t *testing.T) {
	got := strings.Join(strings.Fields(inventoryOf(t, emptySurveyor(nil), 80)), " ")
	for _, hint := range []string{"group video", "rpicam-apps", "group audio", "dtoverlay", "group gpio", "none: no such camera: no camera is attached", "the processor encodes"} {
		if !strings.Contains(got, hint) {
			t.Errorf("no word of %q in\n%s", hint, got)
		}
	}
	if strings.Contains(got, "PROBLEMS") {
		t.Errorf("there are problems:\n%s", got)
	}
	failed := inventoryOf(t, emptySurveyor(errors.New("input/output error")), 80)
	for _, what := range []string{"cameras", "sound cards", "GPIO chips", "input devices"} {
		if !strings.Contains(failed, "\n    list "+what+": input/output error\n") {
			t.Errorf("no word of the %s in\n%s", what, failed)
		}
	}
}

func TestDevicesJSON(t *testing.T) {
	for name, s := range map[string]surveyor{"full": fullSurveyor(), "empty": emptySurveyor(nil)} {
		var out strings.Builder
		c := &cli{stdout: &out}
		if err := listDevices(c, s, true); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Fatalf("%v in\n%s", err, out.String())
		}
		for _, key := range []string{"cameras", "codecs", "sound", "gpio", "inputs"} {
			if _, isList := got[key].([]any); !isList {
				t.Errorf("%s: %s is %v, want a list", name, key, got[key])
			}
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%s: a control character came through", name)
		}
	}
}

// With a configuration its own camera is explained.
func TestDevicesExplainConfiguration(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("secret-word"), 0o600); err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"usb:Door":    "PICTURE of camera.source usb:Door,",
		"/dev/video4": "PICTURE of camera.source /dev/video4,",
		"test":        "",
		"[":           "",
	} {
		file := filepath.Join(dir, "c.yaml")
		if err := os.WriteFile(file, []byte(goodConfig+"camera: {source: \""+source+"\"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err := listDevices(&cli{stdout: &out, config: file}, fullSurveyor(), false)
		if wrong := source == "["; (err != nil) != wrong || strings.Contains(out.String(), "secret-word") {
			t.Errorf("%s: %v", source, err)
		}
		if got := out.String(); !strings.Contains(got, want) || want == "" && strings.Contains(got, "PICTURE") {
			t.Errorf("%s: got\n%s", source, got)
		}
	}
}

func TestColumns(t *testing.T) {
	for value, want := range map[string]int{"": 80, "100": 100, "10": 60, "100000": 160, "wide": 80} {
		c := &cli{environ: []string{"COLUMNS=" + value}, stdout: &strings.Builder{}}
		if got := c.columns(); got != want {
			t.Errorf("COLUMNS=%s gives %d, want %d", value, got, want)
		}
	}
}
