package audio

import (
	"context"
	"errors"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/mediadevices/pkg/wave"
	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

// measureOn plays and hears a sweep on a card.
func measureOn(t *testing.T, card *alsatest.Card) (m Measurement, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sys, d := alsatest.NewSystem(card), NewDuplex()
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto", Duplex: d})
		_, r := openMic(t, sys, Config{Capture: "auto", Duplex: d})
		m, err = Measure(t.Context(), p, r)
	})
	return m, err
}

// A card that hears itself at once: the delay is that of the two buffers.
func TestMeasureLoop(t *testing.T) {
	for _, rate := range []int{48000, 44100, 16000} {
		card := usbCard()
		card.Rates = []int{rate}
		m, err := measureOn(t, card)
		if err != nil {
			t.Fatal(err)
		}
		if m.Likeness < 0.95 || m.Delay < 40*time.Millisecond || m.Delay > 120*time.Millisecond {
			t.Errorf("%d Hz: likeness %.2f after %v", rate, m.Likeness, m.Delay)
		}
		if len(m.Bands) != 5 || m.Noise > -80 || math.Abs(m.Rate-48000) > 2000 {
			t.Errorf("%d Hz: %+v", rate, m)
		}
		for _, b := range m.Bands {
			if math.Abs(b.Level-sweepLevel) > 1.5 {
				t.Errorf("%d Hz: %.0f to %.0f Hz come with %.1f dBFS, want %g", rate, b.Low, b.High, b.Level, sweepLevel)
			}
		}
	}
}

// A card of telephone quality does not hear the highest octave.
func TestMeasureNarrowBand(t *testing.T) {
	card := usbCard()
	card.Rates = []int{8000}
	m, err := measureOn(t, card)
	if err != nil {
		t.Fatal(err)
	}
	if low, high := m.Bands[1].Level, m.Bands[4].Level; low < -14 || high > low-3 {
		t.Errorf("bands %+v", m.Bands)
	}
}

func TestMeasureHearsNothing(t *testing.T) {
	for name, speak := range map[string]func(time.Duration) int16{
		"silence":      func(time.Duration) int16 { return 0 },
		"another tone": speakTone(440),
		"noise":        func(at time.Duration) int16 { return int16(at.Nanoseconds() * 2654435761 >> 20) },
	} {
		card := usbCard()
		card.Speak = speak
		m, err := measureOn(t, card)
		if !errors.Is(err, ErrNotHeard) {
			t.Errorf("%s: likeness %.2f, error %v", name, m.Likeness, err)
		}
		if name == "another tone" && math.Abs(m.Noise+6) > 0.5 {
			t.Errorf("%s: noise of %.1f dBFS", name, m.Noise)
		}
	}
}

func TestMeasureEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := usbCard()
		sys := alsatest.NewSystem(card)
		p := openCardSpeaker(t, sys, PlaybackConfig{Playback: "auto"})
		a, r := openMic(t, sys, Config{Capture: "auto"})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := Measure(ctx, p, r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took > 330*time.Millisecond {
			t.Errorf("ended after %v", took)
		}
		time.AfterFunc(100*time.Millisecond, func() { a.Close() })
		if _, err := Measure(t.Context(), p, r); !errors.Is(err, io.EOF) {
			t.Errorf("error %v, want that of the reader", err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		_, again := openMic(t, sys, Config{Capture: "auto"})
		if _, err := Measure(t.Context(), p, again); err == nil {
			t.Error("a closed speaker is no error")
		}
	})
}

// stereo gives chunks that are not this package's.
type stereo struct{}

func (stereo) Read() (wave.Audio, func(), error) {
	return wave.NewInt16Interleaved(wave.ChunkInfo{Len: 960, Channels: 2, SamplingRate: 48000}), func() {}, nil
}

func TestMeasureRefusesOtherChunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if _, err := Measure(t.Context(), &silence{}, stereo{}); err == nil {
			t.Error("stereo is taken")
		}
	})
}

func TestSweep(t *testing.T) {
	s := sweep()
	if level := peakLevel(s); math.Abs(level-sweepLevel) > 0.3 {
		t.Errorf("level %.1f dBFS", level)
	}
	for _, freq := range []float64{400, 1600, 5000} { // the zero crossings around the time
		at, crossings := sweepAt(freq), 0
		part := s[at-480 : at+480]
		for i := 1; i < len(part); i++ {
			if (part[i-1] < 0) != (part[i] < 0) {
				crossings++
			}
		}
		if got := float64(crossings) / 2 / 0.02; math.Abs(got-freq) > 60 {
			t.Errorf("at its time for %g Hz it has %g Hz", freq, got)
		}
	}
}

func TestList(t *testing.T) {
	card, hdmi, locked := usbCard(), &alsatest.Card{Number: 1, ID: "vc4hdmi", Driver: "vc4-hdmi", Name: "HDMI", NoCapture: true}, usbCard()
	card.Elements = []*alsatest.Element{alsatest.Volume("Mic Capture Volume", 0, 10, 5)}
	hdmi.Rates = []int{4000}
	locked.Number = 2
	sys := alsatest.NewSystem(card, hdmi, locked)
	sys.Deny("/dev/snd/controlC2", unix.EACCES)
	if _, err := sys.Open("/dev/snd/pcmC0D0p"); err != nil {
		t.Fatal(err)
	}
	sys.SetFile("/proc/asound/card0/pcm0p/sub0/status", "owner_pid : 7\n")
	infos, err := list(sys)
	if err == nil {
		t.Error("the card that is not allowed is not named")
	}
	want := []Info{
		{Spec: "hw:Device,0", Path: "/dev/snd/pcmC0D0p", Busy: true, Holder: "pid 7", Formats: "in use", Auto: true, AutoWhy: "auto: USB card, best of 2"},
		{Spec: "hw:Device,0", Path: "/dev/snd/pcmC0D0c", Capture: true, Volume: "Mic Capture Volume", Auto: true,
			AutoWhy: "auto: USB card, best of 1", Formats: "48000 Hz, 1 ch, S16_LE, period 480, buffer 19200 frames"},
		{Spec: "hw:vc4hdmi,0", Path: "/dev/snd/pcmC1D0p", Formats: "no usable format: it offers 4000 to 4000 Hz, 1 to 2 channels, S16_LE: choose another, `intercomd devices` lists what is there"},
	}
	if len(infos) != len(want) {
		t.Fatalf("%d devices: %+v", len(infos), infos)
	}
	for i, got := range infos {
		got.Card, got.Number, got.Device, got.Name, got.Kind, got.Driver = "", 0, 0, "", "", ""
		if got != want[i] {
			t.Errorf("device %d:\n%+v, want\n%+v", i, got, want[i])
		}
	}
	if n := sys.OpenFiles(); n != 1 {
		t.Errorf("%d files stay open", n-1)
	}
}

func TestListWithoutCards(t *testing.T) {
	if infos, err := list(alsatest.NewSystem()); len(infos) > 0 || err != nil {
		t.Errorf("%+v, %v", infos, err)
	}
	if _, err := List(); err != nil {
		t.Errorf("on this machine: %v", err)
	}
}
