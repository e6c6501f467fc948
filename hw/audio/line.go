package audio

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// cardBuffer is how much sound a card's ring buffer is to hold. Latency does
// not depend on it.
const cardBuffer = 400 * time.Millisecond

// loyalTime is how long "auto" waits for the card that was lost before it takes
// another.
const loyalTime = 5 * time.Second

// loyalty makes "auto" come back to a card that was pulled out for a moment.
type loyalty struct {
	card  string
	until time.Time
}

func (l *loyalty) pledge(card string, now time.Time) {
	l.card, l.until = card, now.Add(loyalTime)
}

// to is the id of the card to take, or "" for any.
func (l *loyalty) to(now time.Time) string {
	if now.Before(l.until) {
		return l.card
	}
	return ""
}

// lineConfig is what a line is to be.
type lineConfig struct {
	spec   cardSpec
	stream alsa.Stream
	keep   string // for "auto": only the card with this id
	period time.Duration
	volume *int // percent; nil leaves the mixer alone
	duplex *Duplex
	log    *slog.Logger
}

// line is an open and configured direction of a sound card. It is not started
// yet, and not part of the duplex.
type line struct {
	sys    alsa.System
	path   string
	card   string // id
	pcm    *alsa.PCM
	setup  alsa.Setup
	duplex *Duplex
	half   *half // in the duplex; nil before start
	log    *slog.Logger
}

// openLine finds a card, opens it, configures it and sets its volume. The error
// names the device and says what to do.
func openLine(sys alsa.System, c lineConfig) (*line, error) {
	devices, listErr := alsa.List(sys)
	found, err := c.spec.choose(devices, c.stream, c.keep)
	if err != nil {
		if listErr != nil {
			err = fmt.Errorf("%w (%w)", err, advise(sys, "", listErr))
		}
		return nil, err
	}
	l := &line{sys: sys, path: found.path, card: found.card, duplex: c.duplex, log: c.log.With("path", found.path)}
	if l.pcm, err = alsa.OpenPCM(sys, found.path); err != nil {
		return nil, l.explain(err)
	}
	if err := l.configure(c); err != nil {
		return nil, errors.Join(l.explain(err), l.pcm.Close())
	}
	setVolume(sys, l.pcm.Card(), c.stream, c.volume, l.log)
	l.log.Info("sound card opened", "card", found.card, "why", found.why, "format", l.setup.String())
	return l, nil
}

func (l *line) configure(c lineConfig) (err error) {
	if l.pcm.Stream() != c.stream {
		return fmt.Errorf("wrong direction: %w", alsa.ErrNotDevice)
	}
	l.setup, err = l.pcm.Configure(wanted(c.period))
	return err
}

// wanted lists what this package can convert, the best first.
func wanted(period time.Duration) alsa.Want {
	return alsa.Want{
		Rates:    []int{48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 96000, 192000},
		Formats:  []alsa.Format{alsa.FormatS16LE, alsa.FormatS32LE, alsa.FormatS24LE, alsa.FormatS243LE},
		Channels: []int{1, 2, 4, 6, 8},
		Period:   period,
		Buffer:   cardBuffer,
	}
}

// explain names the device in an error and says what to do.
func (l *line) explain(err error) error {
	return fmt.Errorf("%s: %w", l.path, advise(l.sys, l.path, err))
}

// start prepares the card, lets prime write what is to be played first, starts
// it and joins the duplex. prime is called again after an xrun.
func (l *line) start(prime func() error) error {
	l.half = &half{pcm: l.pcm, prime: prime, log: l.log}
	l.half.touch()
	return l.duplex.start(l.half)
}

// recover makes the card run again after an xrun or a suspend, and counts it.
// EAGAIN means that the card is still waking up. Any other error is final.
func (l *line) recover(failed error, c *Counters) error {
	if errors.Is(failed, unix.ESTRPIPE) {
		err := l.pcm.Resume()
		if errors.Is(err, unix.EAGAIN) {
			return err
		}
		c.suspends.Add(1)
		l.log.Info("sound card was suspended")
		if err == nil {
			return nil
		}
	} else {
		c.xruns.Add(1)
	}
	return l.duplex.restart(l.half)
}

// isInterruption tells the errors that recover is for.
func isInterruption(err error) bool {
	return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ESTRPIPE)
}

// close leaves the duplex and closes the device. It is idempotent.
func (l *line) close() error {
	if l.half != nil {
		l.duplex.leave(l.half)
	}
	if err := l.pcm.Close(); err != nil {
		return fmt.Errorf("close %s: %w", l.path, err)
	}
	return nil
}
