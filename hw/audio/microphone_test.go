package audio

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/mediadevices/pkg/prop"
	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

// Whatever a card offers, the microphone gives 48 kHz mono in the system's time.
func TestMicrophoneConverts(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		for _, format := range formats {
			for _, channels := range []int{1, 2} {
				t.Run(fmt.Sprintf("%d Hz %v %d ch", rate, format, channels), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						card := usbCard()
						card.Rates, card.Formats, card.Channels = []int{rate}, []alsa.Format{format}, []int{channels}
						card.Speak = speakTone(440)
						_, r := openMic(t, alsatest.NewSystem(card), Config{Capture: "auto"})
						start := time.Now()
						heard := listen(t, r, 100)
						if took := time.Since(start); took < 2*time.Second || took > 2100*time.Millisecond {
							t.Errorf("2 s of sound came in %v", took)
						}
						if level, snr := sineSNR(heard[9600:], SampleRate, 440); math.Abs(level+6.02) > 0.1 || snr < 60 {
							t.Errorf("tone of %.2f dBFS, %.1f dB above the rest", level, snr)
						}
						if s := card.Setup(alsa.StreamCapture); s.Period != rate/100 {
							t.Errorf("period of %d frames, want 10 ms", s.Period)
						}
					})
				})
			}
		}
	}
}

func TestMicrophonePrefers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		card.Rates = []int{8000, 44100, 48000, 96000}
		card.Formats = []alsa.Format{alsa.FormatS243LE, alsa.FormatS16LE, alsa.FormatS32LE}
		card.Channels = []int{1, 2}
		openMic(t, alsatest.NewSystem(card), Config{Capture: "auto", Period: 20 * time.Millisecond})
		got := card.Setup(alsa.StreamCapture)
		if got.Rate != 48000 || got.Format != alsa.FormatS16LE || got.Channels != 1 || got.Period != 960 {
			t.Errorf("chose %v", got)
		}
	})
}

// A card's clock that is wrong is followed: the chunks come in the system's
// time, nothing is lost, and the tone keeps its pitch.
func TestMicrophoneFollowsDrift(t *testing.T) {
	for _, ppm := range []float64{-400, -50, 150, 500} {
		t.Run(fmt.Sprint(ppm), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := usbCard()
				card.PPM, card.Speak, card.Granule = ppm, speakTone(440), 480
				var c Counters
				_, r := openMic(t, alsatest.NewSystem(card), Config{Capture: "auto", Counters: &c})
				start := time.Now()
				listen(t, r, 9000) // 3 minutes
				heard := listen(t, r, 100)
				if took := time.Since(start) - 9100*ChunkTime; took > 100*time.Millisecond || took < 0 {
					t.Errorf("chunks are %v behind the clock", took)
				}
				got := c.Stats()
				if got.Xruns != 0 || got.Dropped != 0 || math.Abs(got.DriftPPM-ppm) > 80 {
					t.Errorf("counted %+v", got)
				}
				if got.DelayMS < 10 || got.DelayMS > 60 {
					t.Errorf("delay of %.1f ms", got.DelayMS)
				}
				if _, snr := sineSNR(heard[:2400], SampleRate, 440); snr < 40 {
					t.Errorf("the tone is %.1f dB above the rest", snr)
				}
			})
		})
	}
}

// After an xrun the sound goes on, with silence in the gap and chunks in time.
func TestMicrophoneSurvivesXrun(t *testing.T) {
	for _, tt := range []struct {
		name            string
		canResume       bool
		cut             func(*alsatest.Card)
		xruns, suspends int64
	}{
		{"xrun", false, func(c *alsatest.Card) { c.Xrun(alsa.StreamCapture) }, 1, 0},
		{"suspend", true, (*alsatest.Card).Suspend, 0, 1},
		{"suspend of a card that cannot resume", false, (*alsatest.Card).Suspend, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := usbCard()
				card.CanResume, card.Speak = tt.canResume, speakTone(440)
				var c Counters
				_, r := openMic(t, alsatest.NewSystem(card), Config{Capture: "auto", Counters: &c})
				listen(t, r, 50)
				start := time.Now()
				tt.cut(card)
				listen(t, r, 10)
				heard := listen(t, r, 40)
				if took := time.Since(start); took != 50*ChunkTime {
					t.Errorf("1 s of sound came in %v", took)
				}
				if level, snr := sineSNR(heard[9600:19200], SampleRate, 440); math.Abs(level+6.02) > 0.1 || snr < 40 {
					t.Errorf("then a tone of %.2f dBFS, %.1f dB above the rest", level, snr)
				}
				if got := c.Stats(); got.Xruns != tt.xruns || got.Suspends != tt.suspends {
					t.Errorf("counted %+v", got)
				}
			})
		})
	}
}

// A suspended card may need a while to wake up.
func TestMicrophoneWaitsForWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		card.CanResume, card.Speak = true, speakTone(440)
		sys := alsatest.NewSystem(card)
		var c Counters
		_, r := openMic(t, sys, Config{Capture: "auto", Counters: &c})
		listen(t, r, 10)
		sys.Fail(alsa.IoctlResume, unix.EAGAIN, 5)
		card.Suspend()
		listen(t, r, 50)
		if got := c.Stats(); got.Suspends != 1 || got.Dropped == 0 {
			t.Errorf("counted %+v", got)
		}
	})
}

// A reader that was away gets the present, in one piece.
func TestMicrophoneForLateReader(t *testing.T) {
	for _, away := range []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second} {
		t.Run(away.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				card := usbCard()
				card.Speak = speakTone(440)
				var c Counters
				_, r := openMic(t, alsatest.NewSystem(card), Config{Capture: "auto", Counters: &c})
				listen(t, r, 50)
				time.Sleep(away)
				listen(t, r, 20)
				start := time.Now()
				heard := listen(t, r, 25)
				if took := time.Since(start); took != 25*ChunkTime {
					t.Errorf("0.5 s of sound came in %v", took)
				}
				if _, snr := sineSNR(heard, SampleRate, 440); snr < 40 {
					t.Errorf("the tone is %.1f dB above the rest", snr)
				}
				if got := c.Stats(); got.DelayMS > 60 {
					t.Errorf("counted %+v", got)
				}
			})
		})
	}
}

// A card that is pulled out ends the reader with its name; it is found again
// under another number.
func TestMicrophoneUnplugged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card, hdmi := usbCard(), &alsatest.Card{Number: 7, ID: "vc4hdmi", Driver: "vc4-hdmi", Name: "HDMI"}
		sys := alsatest.NewSystem(card, hdmi)
		var c Counters
		var news changes
		a, r := openMic(t, sys, Config{Capture: "auto", Counters: &c, OnChange: news.on})
		listen(t, r, 5)
		sys.Unplug(card)
		_, _, err := r.Read()
		if want := `read microphone "auto": /dev/snd/pcmC0D0c: the card is gone, plug it in again`; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		reopen := func() error {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			if err := a.Open(); err != nil {
				t.Error(err)
			}
			r, err = a.AudioRecord(prop.Media{})
			return err
		}
		if err := reopen(); err == nil || !strings.Contains(err.Error(), "card Device is gone") {
			t.Errorf("at once, auto opens with %v, want it to wait for the card", err)
		}
		again := usbCard()
		again.Number = 3
		sys.Plug(again)
		if err := reopen(); err != nil {
			t.Fatal(err)
		}
		listen(t, r, 5)
		if again.State(alsa.StreamCapture) != alsa.StateRunning {
			t.Error("another card is read")
		}
		if got := news.list(); !slices.Equal(got, []string{StateLost, StateBack}) {
			t.Errorf("told %v", got)
		}
		if got := c.Stats(); got.Reopened != 1 {
			t.Errorf("counted %+v", got)
		}
	})
}

// When the card stays away, auto takes what is left.
func TestMicrophoneTakesAnotherCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card, other := usbCard(), &alsatest.Card{Number: 1, ID: "Loopback", Driver: "Loopback", Name: "Loopback"}
		sys := alsatest.NewSystem(card, other)
		a, r := openMic(t, sys, Config{Capture: "auto"})
		sys.Unplug(card)
		if _, _, err := r.Read(); err == nil {
			t.Error("a card that is gone can be read")
		}
		a.Close()
		time.Sleep(loyalTime)
		if err := a.Open(); err != nil {
			t.Fatal(err)
		}
		if _, err := a.AudioRecord(prop.Media{}); err != nil {
			t.Fatal(err)
		}
		if other.State(alsa.StreamCapture) != alsa.StateRunning {
			t.Error("the other card is not read")
		}
	})
}

func TestMicrophoneThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys := alsatest.NewSystem(card)
		_, r := openMic(t, sys, Config{Capture: "Device"})
		listen(t, r, 5)
		start := time.Now()
		sys.Fail(alsa.IoctlReadI, unix.EAGAIN, -1)
		var err error
		for err == nil {
			_, _, err = r.Read()
		}
		if want := "/dev/snd/pcmC0D0c: the card yields no sound"; !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if took := time.Since(start); took < captureStall || took > captureStall+100*time.Millisecond {
			t.Errorf("after %v, want %v", took, captureStall)
		}
	})
}

func TestMicrophoneEndsWhenClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys := alsatest.NewSystem(card)
		var news changes
		a, r := openMic(t, sys, Config{Capture: "auto", OnChange: news.on})
		time.AfterFunc(15*time.Millisecond, func() { a.Close() })
		for range 2 {
			if _, _, err := r.Read(); err != io.EOF {
				t.Errorf("Read ended with %v, want io.EOF", err)
			}
		}
		if n := sys.OpenFiles(); n != 0 {
			t.Errorf("%d files stay open", n)
		}
		if got := news.list(); len(got) > 0 {
			t.Errorf("told %v", got)
		}
	})
}

func TestMicrophoneLeavesNoFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys := alsatest.NewSystem(card)
		fifty := 50
		a, _ := openMic(t, sys, Config{Capture: "auto", CaptureVolume: &fifty})
		for n := range 50 {
			if n%3 == 0 {
				sys.Fail([]uintptr{alsa.IoctlHWParams, alsa.IoctlSWParams, alsa.IoctlPrepare, alsa.IoctlStart}[n/3%4], unix.EIO, 1)
			}
			a.Close()
			if n := sys.OpenFiles(); n != 0 {
				t.Fatalf("%d files stay open", n)
			}
			if err := a.Open(); err != nil {
				t.Fatal(err)
			}
			if _, err := a.AudioRecord(prop.Media{}); (err != nil) != (n%3 == 0) {
				t.Fatalf("open %d: %v", n, err)
			}
		}
	})
}

func TestMicrophoneRefused(t *testing.T) {
	tests := []struct {
		name, capture string
		prepare       func(*alsatest.System, *alsatest.Card)
		want          string
	}{
		{"busy", "auto", func(s *alsatest.System, _ *alsatest.Card) {
			if _, err := s.Open("/dev/snd/pcmC0D0c"); err != nil {
				panic(err)
			}
		}, "pcmC0D0c: another program holds it, stop that: device or resource busy"},
		{"busy, by name", "Device", func(s *alsatest.System, _ *alsatest.Card) {
			s.Deny("/dev/snd/pcmC0D0c", unix.EBUSY)
			s.SetFile("/proc/asound/card0/pcm0c/sub0/status", "state: RUNNING\nowner_pid   : 812\n")
			s.SetFile("/proc/812/status", "Name:\tarecord\nTgid:\t810\n")
		}, "arecord (pid 810) holds it"},
		{"not allowed", "hw:0", func(s *alsatest.System, _ *alsatest.Card) {
			s.Deny("/dev/snd/pcmC0D0c", unix.EACCES)
		}, "permission denied: add the user to group audio"},
		{"controls not allowed", "auto", func(s *alsatest.System, _ *alsatest.Card) {
			s.Deny("/dev/snd/controlC0", unix.EACCES)
		}, "permission denied: add the user to group audio"},
		{"no card", "auto", func(s *alsatest.System, c *alsatest.Card) { s.Unplug(c) },
			"no such sound card: no sound card has a microphone"},
		{"another name", "Snowball", func(*alsatest.System, *alsatest.Card) {},
			`open microphone "Snowball": no such sound card: there is Device (hw:0,0)`},
		{"no such node", "/dev/snd/pcmC4D0c", func(*alsatest.System, *alsatest.Card) {},
			"/dev/snd/pcmC4D0c: no such file or directory: plug the card in"},
		{"a speaker", "/dev/snd/pcmC0D0p", func(*alsatest.System, *alsatest.Card) {},
			"/dev/snd/pcmC0D0p: wrong direction: not a sound device: choose another"},
		{"strange format", "auto", func(_ *alsatest.System, c *alsatest.Card) { c.Formats = []alsa.Format{20} },
			"no usable format: it offers 48000 to 48000 Hz, 1 to 2 channels, format 20: choose"},
		{"strange rate", "auto", func(_ *alsatest.System, c *alsatest.Card) { c.Rates = []int{5512} },
			"no usable format: it offers 5512 to 5512 Hz, 1 to 2 channels, S16_LE: choose another"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			card := usbCard()
			sys := alsatest.NewSystem(card)
			tt.prepare(sys, card)
			held := sys.OpenFiles()
			for range 2 { // Check and the device say the same
				err := check(tt.capture, sys)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
			}
			var news changes
			a, err := newAdapter(Config{Capture: tt.capture, OnChange: news.on}, sys)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := a.Open(); err != nil {
					t.Fatal(err)
				}
				if _, err := a.AudioRecord(prop.Media{}); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				a.Close()
			}
			if got := news.list(); !slices.Equal(got, []string{StateLost}) {
				t.Errorf("told %v, want it once", got)
			}
			if n := sys.OpenFiles(); n != held {
				t.Errorf("%d files stay open", n-held)
			}
		})
	}
}

func TestCheckCard(t *testing.T) {
	sys := alsatest.NewSystem(usbCard())
	for _, spec := range []string{"auto", "Device", "device", "0", "USB Audio", "hw:0", "hw:Device,0", "/dev/snd/pcmC0D0c"} {
		if err := check(spec, sys); err != nil {
			t.Errorf("%q: %v", spec, err)
		}
	}
	if n := sys.OpenFiles(); n != 0 {
		t.Errorf("%d files stay open", n)
	}
}

func TestAdapterRefusesSettings(t *testing.T) {
	tooLoud := 101
	for _, cfg := range []Config{
		{Capture: "auto", Period: 5 * time.Millisecond},
		{Capture: "auto", CaptureVolume: &tooLoud},
	} {
		if _, err := newAdapter(cfg, alsatest.NewSystem()); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

func TestMicrophoneLogsItsChoice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		loop := &alsatest.Card{ID: "Loopback", Driver: "Loopback", Name: "Loopback"}
		card := usbCard()
		card.Number = 1
		openMic(t, alsatest.NewSystem(loop, card), Config{Capture: "auto", Log: logTo(&log)})
		for _, want := range []string{"path=/dev/snd/pcmC1D0c", "card=Device", `why="auto: USB card, best of 2"`, "48000 Hz, 1 ch, S16_LE"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, log.String())
			}
		}
	})
}
