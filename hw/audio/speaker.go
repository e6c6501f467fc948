package audio

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

const (
	// playbackIdle is how long a card stays open without sound.
	playbackIdle = 2 * time.Second
	// playbackQueue is how many pieces of sound wait while the card is opened.
	playbackQueue = 25
	// How long a lost card is left alone before it is opened again.
	firstReopen = 250 * time.Millisecond
	lastReopen  = time.Second
)

// States of a speaker.
const (
	StateClosed  = "closed"  // it opens with the first sound
	StateOpen    = "open"    //
	StateMissing = "missing" // it could not be opened
)

// speaker plays on a sound card. A goroutine has the card; WritePCM hands it
// the sound and never waits.
//
//	closed ──first sound──▶ open ──2 s without sound──▶ closed
//	                        │  ▲
//	             card gone  ▼  │ opened again
//	                      missing (sound is thrown away)
type speaker struct {
	cfg  PlaybackConfig
	sys  alsa.System
	card cardSpec

	sound chan []int16 // pieces of at most ChunkSize
	done  chan struct{}
	tasks sync.WaitGroup

	mu      sync.Mutex
	started bool
	closed  bool
	state   string
	err     error // why it is missing

	// Of the goroutine.
	out    *output // nil while closed or missing
	last   time.Time
	retry  time.Time // missing: when to try again
	wait   time.Duration
	loyal  loyalty
	absent bool // OnChange was told so
}

func newSpeaker(cfg PlaybackConfig, sys alsa.System) (*speaker, error) {
	card, err := parseCard(cfg.Playback)
	period, periodErr := validPeriod(cfg.Period)
	if err := errors.Join(err, periodErr, validVolume(cfg.Volume)); err != nil {
		return nil, err
	}
	cfg.Period = period
	if cfg.Counters == nil {
		cfg.Counters = &Counters{}
	}
	if cfg.Duplex == nil {
		cfg.Duplex = NewDuplex()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(string, error) {}
	}
	return &speaker{
		cfg: cfg, sys: sys, card: card, state: StateClosed,
		sound: make(chan []int16, playbackQueue), done: make(chan struct{}),
	}, nil
}

// WritePCM implements Playback. It fails only when closed.
func (s *speaker) WritePCM(samples []int16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("write to speaker %q: %w", s.cfg.Playback, os.ErrClosed)
	}
	if !s.started {
		s.started = true
		s.tasks.Go(s.run)
	}
	for len(samples) > 0 {
		n := min(len(samples), ChunkSize)
		select {
		case s.sound <- append([]int16(nil), samples[:n]...):
		default:
			s.cfg.Counters.drop(durationOf(n))
		}
		samples = samples[n:]
	}
	return nil
}

// State implements Playback.
func (s *speaker) State() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.err
}

func (s *speaker) setState(state string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.err = state, err
}

// Close implements Playback.
func (s *speaker) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	s.tasks.Wait()
	return nil
}

// run plays until the speaker is closed.
func (s *speaker) run() {
	ticker := time.NewTicker(playbackTick)
	ticker.Stop()
	defer ticker.Stop()
	for {
		open := s.out != nil
		select {
		case <-s.done:
			s.release()
			return
		case samples := <-s.sound:
			s.last = time.Now()
			s.play(samples)
		case <-ticker.C:
			s.idle()
		}
		switch {
		case !open && s.out != nil:
			ticker.Reset(playbackTick)
		case open && s.out == nil:
			ticker.Stop()
		}
	}
}

// play opens the card when it is not, and plays. Sound that cannot be played
// is thrown away.
func (s *speaker) play(samples []int16) {
	if s.out == nil && !s.open(time.Now()) {
		s.cfg.Counters.drop(durationOf(len(samples)))
		return
	}
	if err := s.out.play(samples); err != nil {
		s.lose(err)
	}
}

// idle keeps the card supplied while no sound comes, and closes it after a
// while.
func (s *speaker) idle() {
	switch {
	case s.out == nil:
	case time.Since(s.last) >= playbackIdle:
		s.release()
		s.setState(StateClosed, nil)
	default:
		if err := s.out.bridge(); err != nil {
			s.lose(err)
		}
	}
}

// open opens the card, unless it was tried a moment ago.
func (s *speaker) open(now time.Time) bool {
	if now.Before(s.retry) {
		return false
	}
	l, err := openLine(s.sys, lineConfig{
		spec: s.card, stream: alsa.StreamPlayback, keep: s.loyal.to(now),
		period: s.cfg.Period, volume: s.cfg.Volume, duplex: s.cfg.Duplex, log: s.cfg.Log,
	})
	if err == nil {
		if s.out, err = newOutput(l, s.cfg.Counters); err != nil {
			err = errors.Join(l.explain(err), l.close())
		}
	}
	if err != nil {
		s.miss(fmt.Errorf("open speaker %q: %w", s.cfg.Playback, err))
		return false
	}
	s.catchUp()
	s.setState(StateOpen, nil)
	s.wait, s.retry = 0, time.Time{}
	if s.absent {
		s.absent = false
		s.cfg.Counters.reopened.Add(1)
		s.cfg.OnChange(StateBack, nil)
	}
	return true
}

// catchUp throws away the sound that came while the card was opened: played
// late, it would keep everything after it late.
func (s *speaker) catchUp() {
	for len(s.sound) > 0 {
		s.cfg.Counters.drop(durationOf(len(<-s.sound)))
	}
}

// lose gives up a card that fails.
func (s *speaker) lose(err error) {
	err = fmt.Errorf("play on speaker %q: %w", s.cfg.Playback, s.out.line.explain(err))
	s.loyal.pledge(s.out.line.card, time.Now())
	s.release()
	s.miss(err)
}

// miss lets the card be opened again after a while.
func (s *speaker) miss(err error) {
	s.wait = min(max(firstReopen, 2*s.wait), lastReopen)
	s.retry = time.Now().Add(s.wait)
	s.setState(StateMissing, err)
	if !s.absent {
		s.absent = true
		s.cfg.Log.Warn("speaker is missing", "error", err)
		s.cfg.OnChange(StateLost, err)
	}
}

// release closes the card.
func (s *speaker) release() {
	if s.out == nil {
		return
	}
	if err := s.out.line.close(); err != nil {
		s.cfg.Log.Warn("speaker not closed", "error", err)
	}
	s.out = nil
}
