package gpio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Lengths of pulses.
const (
	// DefaultPulse is a pulse for which no length was given.
	DefaultPulse = 3 * time.Second
	// MaxPulse is how long a relay is on at most, however pulses overlap.
	MaxPulse = 10 * time.Second
)

// answerTime is how long Pulse waits for Run.
const answerTime = time.Second

// ErrNotRunning is returned by Pulse when nothing runs the relay.
var ErrNotRunning = errors.New("the relay is not running")

// RelayConfig is a relay at a GPIO line, as for a door opener.
type RelayConfig struct {
	Name      string        // for errors and the log
	Chip      string        // label, name or path; "" is the header's chip
	Line      string        // offset or name of the line
	ActiveLow bool          // the relay is on when the line is low
	Pulse     time.Duration // up to MaxPulse; 0 is DefaultPulse
	Board     Board         // nil is the kernel
	Log       *slog.Logger  // nil is silence

	// OnChange is as in [LineConfig].
	OnChange func(state string, err error)
}

// Relay is switched on for a while.
type Relay struct {
	name   string
	pulse  time.Duration
	pulses chan pulse
	output output
}

// pulse is a call of Pulse.
type pulse struct {
	length time.Duration
	done   chan error // has room for the answer
}

// NewRelay makes a relay.
func NewRelay(cfg RelayConfig) *Relay {
	board := orKernel(cfg.Board)
	length := cfg.Pulse
	if length <= 0 {
		length = DefaultPulse
	}
	return &Relay{
		name:   cfg.Name,
		pulse:  min(length, MaxPulse),
		pulses: make(chan pulse),
		output: output{
			reporter: newReporter(cfg.Log, cfg.OnChange, "relay", cfg.Name),
			open: func() (Output, error) {
				return board.Output(OutputRequest{
					Chip: cfg.Chip, Line: cfg.Line, Consumer: consumer(cfg.Name), ActiveLow: cfg.ActiveLow,
				})
			},
		},
	}
}

// Pulse switches the relay on for d, from now; 0 is the configured length. A
// pulse that overlaps another one prolongs it, up to MaxPulse after it was
// switched on. Pulse returns when the relay is on, within a second. It fails
// when d is negative or longer than MaxPulse, when the line is not usable, and
// with [ErrNotRunning].
func (r *Relay) Pulse(d time.Duration) error {
	if err := r.try(d); err != nil {
		return fmt.Errorf("pulse relay %q: %w", r.name, err)
	}
	return nil
}

func (r *Relay) try(d time.Duration) error {
	switch {
	case d < 0:
		return fmt.Errorf("%v is no length", d)
	case d > MaxPulse:
		return fmt.Errorf("%v is longer than the %v that are allowed", d, MaxPulse)
	case d == 0:
		d = r.pulse
	}
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	p := pulse{length: d, done: make(chan error, 1)}
	select {
	case r.pulses <- p:
		return <-p.done
	case <-timer.C:
		return ErrNotRunning
	}
}

// Run drives the relay until ctx is cancelled. It is off at first, whatever
// was before, and off at the end. Run returns nil.
func (r *Relay) Run(ctx context.Context) error {
	defer r.output.close()
	var door opener
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var asked pulse
		select {
		case <-ctx.Done():
			return nil
		case asked = <-r.pulses:
		case <-timer.C:
		}
		now := time.Now()
		if asked.done != nil {
			door.pulse(now, asked.length)
		}
		again := r.output.drive(door.on(now), now)
		if r.output.err != nil {
			door = opener{} // a line that comes back is off
		}
		if asked.done != nil {
			r.answer(asked)
		}
		timer.Reset(time.Until(earlier(door.until, again)))
	}
}

// answer tells Pulse what became of it.
func (r *Relay) answer(p pulse) {
	if r.output.err == nil {
		r.output.reporter.log.Info("pulse", "length", p.length)
	}
	p.done <- r.output.err
}

// opener is when a relay is on. Its zero value is off.
type opener struct {
	since time.Time // when it was switched on
	until time.Time // zero when off
}

// pulse keeps the relay on for d from now, and no longer than MaxPulse in all.
func (o *opener) pulse(now time.Time, d time.Duration) {
	if !o.on(now) {
		o.since, o.until = now, now
	}
	o.until = later(o.until, now.Add(d))
	if last := o.since.Add(MaxPulse); o.until.After(last) {
		o.until = last
	}
}

// on tells whether the relay is on, and forgets a pulse that is over.
func (o *opener) on(now time.Time) bool {
	if !now.Before(o.until) {
		*o = opener{}
	}
	return !o.until.IsZero()
}
