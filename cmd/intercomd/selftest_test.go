package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/hw/gpio/gpiotest"
)

// stripes is a picture with something on it.
func stripes() image.Image {
	img := image.NewGray(image.Rect(10, 10, 74, 58))
	for y := 10; y < 58; y++ {
		for x := 10; x < 74; x++ {
			img.SetGray(x, y, color.Gray{Y: uint8(x / 8 % 2 * 200)})
		}
	}
	return img
}

// goodBench is a board on which everything works.
func goodBench() bench {
	return bench{
		snapshot: func(context.Context, config.Camera) (image.Image, string, error) {
			return stripes(), "NV12 from /dev/video0", nil
		},
		rate: func(context.Context, config.Camera) (camera.Measurement, float64, error) {
			return camera.Measurement{
				Route: "NV12 → H.264", Frames: 75, Took: 3 * time.Second, FPS: 24.9, First: 212 * time.Millisecond,
				Bytes: 462963, Key: 2, Stats: camera.Stats{Dropped: 1, Imports: 74, Copies: 1},
			}, 25, nil
		},
		sound: func(context.Context, config.Audio) (audio.Measurement, error) {
			return audio.Measurement{
				Delay: 61700 * time.Microsecond, Likeness: 0.934, Noise: -58.2, Rate: 47999.8,
				Bands: []audio.Band{{Low: 200, High: 400, Level: -30.4}, {Low: 400, High: 800, Level: -20}},
			}, nil
		},
	}
}

func device(name string) config.Source {
	return config.Source{Kind: config.SourceDevice, Name: name}
}

// fullConfig has one of each part.
func fullConfig() *config.Config {
	line := func(name string, low bool) config.Line {
		return config.Line{Chip: config.ChipAuto, Name: name, ActiveLow: low}
	}
	return &config.Config{
		Camera: defaultCamera(),
		Audio:  config.Audio{Capture: device("auto"), Playback: device("auto")},
		Lamps:  []config.Lamp{{Name: "status", Line: line("23", false)}},
		Relays: []config.Relay{{Name: "door", Line: line("24", false)}},
		Buttons: []config.Button{
			{Name: "front", Source: config.ButtonGPIO, Line: line("17", true)},
			{Name: "key", Source: config.ButtonEvdev, Device: "Button", Key: "KEY_ENTER"},
			{Name: "web", Source: config.ButtonControl},
		},
		Watchdog: config.Watchdog{Device: "/dev/watchdog"},
	}
}

// trial runs the checks of a configuration and returns what they print.
func trial(t *testing.T, cfg *config.Config, b bench, o selftestOptions) (lines, prompts string, err error) {
	t.Helper()
	var out, asked bytes.Buffer
	tr := &tester{cfg: cfg, bench: b, options: o, prompts: &asked}
	err = runChecks(t.Context(), &out, tr.checks())
	return out.String(), asked.String(), err
}

func TestSelftestOfGoodBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, board := goodBench(), gpiotest.NewBoard()
		b.board = board
		lamp, front, key := board.Line("", "23"), board.Line("", "17"), board.KeyOf("Button", "KEY_ENTER")
		lit := make(chan int, 1)
		go func() { lit <- countBlinks(lamp) }()
		var fingers sync.WaitGroup
		defer fingers.Wait()
		fingers.Go(func() { pressAfter(front, lampTime+2*time.Second) })
		fingers.Go(func() { pressAfter(key, lampTime+2*time.Second+1500*time.Millisecond) })
		file := filepath.Join(t.TempDir(), "p.PNG")
		lines, prompts, err := trial(t, fullConfig(), b, selftestOptions{picture: file, wait: 5 * time.Second})
		if err != nil {
			t.Error(err)
		}
		want := `ok              picture     64x48, brightness 39 %, contrast 39 %, written to ` + file + `; NV12 from /dev/video0
ok              camera      24.9 pictures a second of 25.0, the first after 210ms, 1 left out; NV12 → H.264
ok              encoder     in hardware, 24.9 pictures a second, 1235 kbit/s, 2 key frames, 74 by dma-buf, 1 copied
ok              sound       a sweep was heard: likeness 93 %, delay 62ms, noise -58 dBFS, 48000 samples a second, 200 to 800 Hz by octaves -30 -20 dBFS (played -12)
ok              lamp status  blinked for 3s at line auto:23; if it did not, look at its polarity (active_low) and its resistor
not tested      relay door  it would open the door; try ` + "`intercomd relay door`" + ` while intercomd runs
ok              button front  pressed after 2.0 s
ok              button key  pressed after 1.5 s
not tested      button web  its source is control
not tested      watchdog    /dev/watchdog would reset the board; kill -STOP a running intercomd to see it do so
`
		if lines != want {
			t.Errorf("got\n%s\nwant\n%s", lines, want)
		}
		if prompts != "Press the button front within 5s …\nPress the button key within 5s …\n" {
			t.Errorf("asked\n%s", prompts)
		}
		if n := <-lit; n < 4 {
			t.Errorf("the lamp blinked %d times", n)
		}
		checkPicture(t, file)
	})
}

// countBlinks counts how often a lamp goes on in the time of its check.
func countBlinks(lamp *gpiotest.Pin) int {
	n, last := 0, false
	for end := time.Now().Add(lampTime); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if now := lamp.Level(); now != last {
			last = now
			if now {
				n++
			}
		}
	}
	return n
}

func pressAfter(p *gpiotest.Pin, d time.Duration) {
	time.Sleep(d)
	p.Set(true)
	time.Sleep(100 * time.Millisecond)
	p.Set(false)
}

func checkPicture(t *testing.T, file string) {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the picture has mode %v", info.Mode())
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, format, err := image.Decode(f)
	if err != nil || format != "png" || img.Bounds().Dx() != 64 {
		t.Errorf("the picture is %v, %s, %v", img.Bounds(), format, err)
	}
}

// What is broken is named, the rest goes on.
func TestSelftestOfBrokenBoard(t *testing.T) {
	grey := image.NewUniform(color.Gray{Y: 3})
	synctest.Test(t, func(t *testing.T) {
		b := bench{
			snapshot: func(context.Context, config.Camera) (image.Image, string, error) { return crop{grey}, "", nil },
			rate: func(context.Context, config.Camera) (camera.Measurement, float64, error) {
				return camera.Measurement{FPS: 20, Took: time.Second}, 30, nil
			},
			encode: func(_ context.Context, img image.Image, fps int) (float64, error) {
				return 12.5, nil
			},
			sound: func(context.Context, config.Audio) (audio.Measurement, error) {
				return audio.Measurement{Likeness: 0.02, Noise: -80}, audio.ErrNotHeard
			},
			board: gpiotest.NewBoard(),
		}
		board := gpiotest.NewBoard()
		board.Line("", "17")
		b.board = board
		lines, _, err := trial(t, fullConfig(), b, selftestOptions{wait: 5 * time.Second})
		if err == nil || err.Error() != "7 checks failed" {
			t.Errorf("got %v", err)
		}
		for _, want := range []string{
			"FAIL            picture     64x64, brightness 1 %, contrast 0 %; it shows nothing: is the lens covered",
			"FAIL            camera      20.0 pictures a second of 30.0, the first after 0s; too few came",
			"FAIL            encoder     in software, 12.5 pictures of 64x64 a second; that is less than the camera gives",
			"FAIL            sound       the microphone does not hear the speaker: likeness 2 %",
			"FAIL            lamp status  open line 23 of chip : there is none",
			"FAIL            button front  no press within 5s; look at the wires",
			"FAIL            button key  open key KEY_ENTER of Button: there is none",
		} {
			if !strings.Contains(lines, want) {
				t.Errorf("no line %q in\n%s", want, lines)
			}
		}
	})
}

// crop gives a uniform picture an end.
type crop struct{ image.Image }

func (crop) Bounds() image.Rectangle { return image.Rect(0, 0, 64, 64) }

func TestSelftestOfErrors(t *testing.T) {
	gone := errors.New("open camera \"auto\": no camera\x1b[2J is attached")
	b := bench{
		snapshot: func(context.Context, config.Camera) (image.Image, string, error) { return nil, "", gone },
		rate: func(context.Context, config.Camera) (camera.Measurement, float64, error) {
			return camera.Measurement{FPS: 30, Took: time.Second, Bytes: 1000}, 30, nil
		},
		sound: func(context.Context, config.Audio) (audio.Measurement, error) {
			return audio.Measurement{}, errors.New("held by mpd")
		},
	}
	lines, _, err := trial(t, &config.Config{Camera: defaultCamera(), Audio: config.Audio{Capture: device("auto"), Playback: device("auto")}}, b, selftestOptions{})
	if err == nil || err.Error() != "3 checks failed" {
		t.Errorf("got %v", err)
	}
	want := `FAIL            picture     open camera "auto": no camera\x1b[2J is attached
ok              camera      30.0 pictures a second of 30.0, the first after 0s
FAIL            encoder     in hardware, 30.0 pictures a second, 8 kbit/s, 0 key frames; nobody could begin to watch without a key frame
FAIL            sound       held by mpd
not configured  lamp        lamps is empty
not configured  relay       relays is empty
not configured  button      buttons is empty
not configured  watchdog    watchdog.device is empty
`
	if lines != want {
		t.Errorf("got\n%s\nwant\n%s", lines, want)
	}
}

func TestSelftestOfNothing(t *testing.T) {
	none := config.Source{Kind: config.SourceNone}
	lines, _, err := trial(t, &config.Config{
		Camera: config.Camera{Source: none}, Audio: config.Audio{Capture: device("auto"), Playback: config.Source{Kind: config.SourceNull}},
		Buttons: []config.Button{{Name: "front", Source: config.ButtonGPIO}},
	}, bench{board: gpiotest.NewBoard()}, selftestOptions{})
	if err != nil || strings.Count(lines, "not configured") != 7 || !strings.Contains(lines, "not tested      button front  --wait is 0s") {
		t.Errorf("got %v and\n%s", err, lines)
	}
}

func TestSelftestEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	checks := []check{
		{"one", func(context.Context) (verdict, string) { cancel(); return passed, "" }},
		{"two", func(context.Context) (verdict, string) { t.Error("it goes on"); return passed, "" }},
	}
	var out bytes.Buffer
	if err := runChecks(ctx, &out, checks); err == nil || err.Error() != "interrupted" {
		t.Errorf("got %v", err)
	}
}

func TestSelftestRefusesBesideDaemon(t *testing.T) {
	dev := newFakeDevice()
	socket := serve(t, dev)
	var out, errs bytes.Buffer
	file := filepath.Join(t.TempDir(), "c.yaml")
	for name, text := range map[string]string{file: goodConfig + "control: {socket: " + socket + "}\n", filepath.Join(filepath.Dir(file), "password"): "x"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &cli{stdout: &out, stderr: &errs, config: file}
	err := selftest(t.Context(), c, bench{}, selftestOptions{})
	if want := fmt.Sprintf("intercomd runs (control socket %s) and needs the devices; stop it first, e.g. with: systemctl stop intercomd", socket); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if out.Len() > 0 || len(dev.requests()) > 0 {
		t.Errorf("it did something: %s %q", out.String(), dev.requests())
	}
}

func TestWritePicture(t *testing.T) {
	dir := t.TempDir()
	for name, format := range map[string]string{"a.png": "png", "a.jpg": "jpeg", "b.JPEG": "jpeg"} {
		path := filepath.Join(dir, name)
		if err := writePicture(path, stripes()); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := image.DecodeConfig(f); err != nil || got != format {
			t.Errorf("%s is %s, %v", name, got, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := writePicture(filepath.Join(dir, "none", "a.png"), stripes()); err == nil || !strings.HasPrefix(err.Error(), "write picture: ") {
		t.Errorf("got %v", err)
	}
	if err := writePicture(filepath.Join(dir, "wide.png"), crop{image.NewUniform(color.White)}); err != nil {
		t.Error(err)
	}
	if pictureEncoder("a.gif") != nil || pictureEncoder("png") != nil {
		t.Error("a name without a format has an encoder")
	}
}

func TestLight(t *testing.T) {
	for name, tt := range map[string]struct {
		img             image.Image
		mean, deviation float64
	}{
		"white": {crop{image.NewUniform(color.White)}, 1, 0},
		"black": {crop{image.NewUniform(color.Black)}, 0, 0},
		"none":  {image.NewGray(image.Rectangle{}), 0, 0},
	} {
		mean, deviation := light(tt.img)
		if diff := mean - tt.mean; diff > 0.01 || diff < -0.01 || deviation > tt.deviation+0.01 {
			t.Errorf("%s: %f and %f", name, mean, deviation)
		}
	}
}

func TestSelftestUsage(t *testing.T) {
	for args, want := range map[string]string{
		"selftest --picture a.gif":       `intercomd selftest: --picture: "a.gif" does not end in .png, .jpg or .jpeg`,
		"selftest --wait -1s":            "intercomd selftest: --wait: -1s is not from 0s to 5m0s",
		"selftest --wait 6m":             "intercomd selftest: --wait: 6m0s is not from 0s to 5m0s",
		"selftest x":                     "intercomd selftest: too many arguments",
		"devices x":                      "intercomd devices: too many arguments",
		"devices --config /no/such/file": "intercomd devices: read configuration: stat /no/such/file: no such file or directory",
	} {
		got := try(t, t.Context(), nil, strings.Fields(args)...)
		if got.code == exitOK || !strings.HasPrefix(got.stderr, want) || got.stdout != "" {
			t.Errorf("%s: got %+v, want %q", args, got, want)
		}
	}
}
