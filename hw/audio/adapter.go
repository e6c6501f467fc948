package audio

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	mdaudio "github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// adapter is the microphone as mediadevices wants it. The manager's wrapper
// around it keeps the order: Open, Properties, AudioRecord, Close.
type adapter struct {
	cfg    Config
	sys    alsa.System
	isCard bool
	card   cardSpec

	mu    sync.Mutex
	loyal loyalty
	sound []int16     // repeated; nil when closed or when opening failed
	mic   *microphone // of a card, while it is recorded
	err   error       // why opening failed
	done  chan struct{}
	lost  bool // OnChange was told so
}

var (
	_ driver.Adapter       = (*adapter)(nil)
	_ driver.AudioRecorder = (*adapter)(nil)
)

// newAdapter checks a configuration and fills in the defaults.
func newAdapter(cfg Config, sys alsa.System) (*adapter, error) {
	isCard, err := validCapture(cfg.Capture)
	if err != nil {
		return nil, err
	}
	a := &adapter{cfg: cfg, sys: sys, isCard: isCard}
	if isCard {
		a.card, err = parseCard(cfg.Capture)
	}
	period, periodErr := validPeriod(cfg.Period)
	if err := errors.Join(err, periodErr, validVolume(cfg.CaptureVolume)); err != nil {
		return nil, err
	}
	a.cfg.Period = period
	if a.cfg.Counters == nil {
		a.cfg.Counters = &Counters{}
	}
	if a.cfg.Duplex == nil {
		a.cfg.Duplex = NewDuplex()
	}
	if a.cfg.Log == nil {
		a.cfg.Log = slog.New(slog.DiscardHandler)
	}
	if a.cfg.OnChange == nil {
		a.cfg.OnChange = func(string, error) {}
	}
	return a, nil
}

// Open opens the source; a card only when it is recorded. It keeps the error
// for AudioRecord: mediadevices opens every driver to compare properties, and
// would leave out one that fails and report no more than that it found none.
func (a *adapter) Open() error {
	var sound []int16
	var err error
	if !a.isCard {
		sound, err = openReplay(a.cfg.Capture)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sound, a.err = sound, err
	a.done = make(chan struct{})
	return nil
}

// Close ends the readers. It is idempotent.
func (a *adapter) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done != nil {
		close(a.done)
	}
	mic := a.mic
	a.sound, a.mic, a.err, a.done = nil, nil, nil, nil
	if mic != nil {
		return mic.close()
	}
	return nil
}

// Properties is the same for every source.
func (a *adapter) Properties() []prop.Media {
	return []prop.Media{{Audio: prop.Audio{
		ChannelCount:  1,
		Latency:       ChunkTime,
		SampleRate:    SampleRate,
		SampleSize:    2, // bytes
		IsInterleaved: true,
	}}}
}

// AudioRecord starts the sound. The error names the source and why it could
// not be opened.
func (a *adapter) AudioRecord(prop.Media) (mdaudio.Reader, error) {
	r, change, err := a.record()
	if change != "" {
		a.cfg.OnChange(change, err)
	}
	return r, err
}

// record opens what Open has not, and returns what OnChange is to be told.
func (a *adapter) record() (r mdaudio.Reader, change string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.err != nil:
		return nil, "", a.err
	case a.done == nil:
		return nil, "", fmt.Errorf("record microphone %q: not open", a.cfg.Capture)
	case !a.isCard:
		return &replay{sound: a.sound, done: a.done, start: time.Now()}, "", nil
	}
	if a.mic, err = a.openCard(a.done); err != nil {
		return nil, a.mark(true), err
	}
	if change = a.mark(false); change != "" {
		a.cfg.Counters.reopened.Add(1)
	}
	return a.mic, change, nil
}

// mark remembers whether the card is lost and returns what has changed.
func (a *adapter) mark(lost bool) (change string) {
	switch {
	case lost && !a.lost:
		change = StateLost
	case !lost && a.lost:
		change = StateBack
	}
	a.lost = lost
	return change
}

// openCard finds the card, opens it and starts it.
func (a *adapter) openCard(done <-chan struct{}) (*microphone, error) {
	l, err := openLine(a.sys, lineConfig{
		spec: a.card, stream: alsa.StreamCapture, keep: a.loyal.to(time.Now()),
		period: a.cfg.Period, volume: a.cfg.CaptureVolume, duplex: a.cfg.Duplex, log: a.cfg.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("open microphone %q: %w", a.cfg.Capture, err)
	}
	m, err := newMicrophone(l, a.cfg, done, a.onLoss)
	if err != nil {
		return nil, fmt.Errorf("open microphone %q: %w", a.cfg.Capture, errors.Join(l.explain(err), l.close()))
	}
	return m, nil
}

// onLoss is called by the reader of a card that fails.
func (a *adapter) onLoss(m *microphone, err error) {
	a.mu.Lock()
	change := ""
	if a.mic == m { // not closed meanwhile
		a.loyal.pledge(m.line.card, time.Now())
		change = a.mark(true)
	}
	a.mu.Unlock()
	if change != "" {
		a.cfg.OnChange(change, err)
	}
}
