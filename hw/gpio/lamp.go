package gpio

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// LampConfig is a lamp at a GPIO line.
type LampConfig struct {
	Name      string       // for the log
	Chip      string       // label, name or path; "" is the header's chip
	Line      string       // offset or name of the line
	ActiveLow bool         // the lamp is lit when the line is low
	Shows     []Pattern    // the lamp is dark in all others; empty is all
	Board     Board        // nil is the kernel
	Log       *slog.Logger // nil is silence

	// OnChange is as in [LineConfig].
	OnChange func(state string, err error)
}

// Lamp shows patterns.
type Lamp struct {
	shows    []Pattern
	patterns chan Pattern // holds the newest one that Run has not seen
	output   output
}

// NewLamp makes a lamp that shows [PatternIdle].
func NewLamp(cfg LampConfig) *Lamp {
	board := orKernel(cfg.Board)
	return &Lamp{
		shows:    slices.Clone(cfg.Shows),
		patterns: make(chan Pattern, 1),
		output: output{
			reporter: newReporter(cfg.Log, cfg.OnChange, "lamp", cfg.Name),
			open: func() (Output, error) {
				return board.Output(OutputRequest{
					Chip: cfg.Chip, Line: cfg.Line, Consumer: consumer(cfg.Name), ActiveLow: cfg.ActiveLow,
				})
			},
		},
	}
}

// Show makes the lamp show a pattern from its beginning, unless it shows that
// pattern already. It never blocks, and may be called before Run and from any
// goroutine.
func (l *Lamp) Show(p Pattern) {
	for {
		select {
		case l.patterns <- p:
			return
		default:
		}
		select {
		case <-l.patterns: // older
		default:
		}
	}
}

// Run drives the lamp until ctx is cancelled; then it is dark. It returns nil.
func (l *Lamp) Run(ctx context.Context) error {
	defer l.output.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	pattern, began := PatternIdle, time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-l.patterns:
			if p != pattern {
				pattern, began = p, time.Now()
			}
		case <-timer.C:
		}
		now := time.Now()
		lit, change := l.lit(pattern, now.Sub(began))
		var changeAt time.Time
		if change > 0 {
			changeAt = now.Add(change)
		}
		again := l.output.drive(lit, now)
		timer.Reset(time.Until(earlier(changeAt, again)))
	}
}

// lit is [Pattern.At] for the patterns that this lamp shows.
func (l *Lamp) lit(p Pattern, t time.Duration) (bool, time.Duration) {
	if len(l.shows) > 0 && !slices.Contains(l.shows, p) {
		return false, 0
	}
	return p.At(t)
}
