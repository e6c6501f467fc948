package audio

import (
	"bytes"
	"log/slog"
	"math"
	"sync"
	"testing"
	"time"

	mdaudio "github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

// usbCard is an ordinary card with both directions.
func usbCard() *alsatest.Card {
	return &alsatest.Card{ID: "Device", Driver: "USB-Audio", Name: "USB Audio Device"}
}

// speakTone lets a card's microphone hear a tone of -6 dBFS.
func speakTone(freq float64) func(time.Duration) int16 {
	return func(at time.Duration) int16 {
		return int16(math.Round(16384 * math.Sin(2*math.Pi*freq*at.Seconds())))
	}
}

// changes remembers what OnChange was told.
type changes struct {
	mu     sync.Mutex
	states []string
	errs   []error
}

func (c *changes) on(state string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.states, c.errs = append(c.states, state), append(c.errs, err)
}

func (c *changes) list() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.states...)
}

// logTo is a logger that writes to b.
func logTo(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// openMic opens a card's microphone. It closes with the test.
func openMic(t *testing.T, sys alsa.System, cfg Config) (*adapter, mdaudio.Reader) {
	t.Helper()
	a, err := newAdapter(cfg, sys)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	r, err := a.AudioRecord(prop.Media{})
	if err != nil {
		t.Fatal(err)
	}
	return a, r
}

// listen reads chunks and joins them.
func listen(t *testing.T, r mdaudio.Reader, chunks int) (heard []int16) {
	t.Helper()
	for range chunks {
		heard = append(heard, chunk(t, r)...)
	}
	return heard
}

// openCardSpeaker opens a speaker on simulated cards. It closes with the test.
func openCardSpeaker(t *testing.T, sys alsa.System, cfg PlaybackConfig) Playback {
	t.Helper()
	p, err := openPlayback(cfg, sys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// playTone writes chunks of a tone in real time, the first with number from.
func playTone(t *testing.T, p Playback, freq float64, from, chunks int) {
	t.Helper()
	for n := range chunks {
		samples := make([]int16, ChunkSize)
		for i := range samples {
			samples[i] = sineAt((from+n)*ChunkSize+i, SampleRate, freq)
		}
		if err := p.WritePCM(samples); err != nil {
			t.Fatal(err)
		}
		time.Sleep(ChunkTime) // within a bubble
	}
}
