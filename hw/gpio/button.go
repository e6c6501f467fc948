package gpio

import (
	"context"
	"log/slog"
	"time"
)

// checkPeriod is how often a line is looked at without an edge: kernels before
// 6.6 do not wake the reader of a line whose chip went away, and a full queue
// of edges loses some.
const checkPeriod = 500 * time.Millisecond

// edgeDelay is how long after a change of the level its edge may come. Later it
// is taken for lost.
const edgeDelay = 100 * time.Millisecond

// LineConfig is a button at a GPIO line.
type LineConfig struct {
	Button    string        // its name, for presses and the log
	Chip      string        // label, name or path; "" is the header's chip
	Line      string        // offset or name of the line
	ActiveLow bool          // the contact pulls the line to ground
	Bias      Bias          // "" leaves the pull resistor as it is
	Debounce  time.Duration // up to 1 s; 0 is DefaultDebounce
	LongPress time.Duration // 0: a press is reported at once; else at release, or when it is long
	Stuck     time.Duration // 0 is DefaultStuck
	Board     Board         // nil is the kernel
	Log       *slog.Logger  // nil is silence

	// KernelDebounce lets the kernel filter, where it can (uAPI version 2). That
	// spares work on a line with much noise. But the kernel's filter is a work
	// item that looks at the line when its time has come: on a machine so busy
	// that this is late by 40 ms it misses a press of 60 ms. The filter of this
	// package goes by the time stamps of the interrupts, however late it runs.
	KernelDebounce bool

	// OnChange is called from Run's goroutine when the line's state changes or
	// the reason for it, with nil for StateOpen and else with an error that
	// names the line and says what to do. It may be nil and must not block. The
	// change is logged already.
	OnChange func(state string, err error)
}

// KeyConfig is a button that is a key of an input device, as gpio-keys, a USB
// button or a keyboard (linux/input.h).
type KeyConfig struct {
	Button    string        // its name, for presses and the log
	Device    string        // path, name or a part of the name; "" is the first with the key
	Key       string        // KEY_ENTER, ENTER or 28
	Debounce  time.Duration // as in LineConfig
	LongPress time.Duration
	Stuck     time.Duration
	Board     Board
	Log       *slog.Logger
	OnChange  func(state string, err error)
}

// button is a source with one contact.
type button struct {
	name     string
	rules    rules
	reporter reporter
	open     func(ctx context.Context) (in Input, debounced bool, err error)
}

// NewLine makes a GPIO line a button.
func NewLine(cfg LineConfig) Source {
	board := orKernel(cfg.Board)
	r := rules{debounce: cfg.Debounce, longPress: cfg.LongPress, stuck: cfg.Stuck}.orDefaults()
	request := InputRequest{
		Chip: cfg.Chip, Line: cfg.Line, Consumer: consumer(cfg.Button),
		ActiveLow: cfg.ActiveLow, Bias: cfg.Bias,
	}
	if cfg.KernelDebounce {
		request.Debounce = r.debounce
	}
	return &button{
		name:     cfg.Button,
		rules:    r,
		reporter: newReporter(cfg.Log, cfg.OnChange, "button", cfg.Button),
		open:     func(ctx context.Context) (Input, bool, error) { return board.Input(ctx, request) },
	}
}

// NewKey makes a key of an input device a button.
func NewKey(cfg KeyConfig) Source {
	board := orKernel(cfg.Board)
	return &button{
		name:     cfg.Button,
		rules:    rules{debounce: cfg.Debounce, longPress: cfg.LongPress, stuck: cfg.Stuck}.orDefaults(),
		reporter: newReporter(cfg.Log, cfg.OnChange, "button", cfg.Button),
		open: func(ctx context.Context) (Input, bool, error) {
			in, err := board.Key(ctx, KeyRequest{Device: cfg.Device, Key: cfg.Key})
			return in, false, err
		},
	}
}

func (r rules) orDefaults() rules {
	if r.debounce <= 0 {
		r.debounce = DefaultDebounce
	}
	if r.stuck <= 0 {
		r.stuck = DefaultStuck
	}
	return r
}

func orKernel(b Board) Board {
	if b == nil {
		return kernel{dev: "/dev"}
	}
	return b
}

// Run implements [Source]. It returns nil only.
func (b *button) Run(ctx context.Context, report func(Press)) error {
	d := &decider{button: b.name, rules: b.rules}
	tell := func(presses []Press) {
		for _, p := range presses {
			b.logPress(p)
			report(p)
		}
	}
	wait := time.Duration(0)
	for ctx.Err() == nil {
		opened, err := b.session(ctx, d, tell)
		if ctx.Err() != nil {
			return nil
		}
		b.reporter.set(err)
		if opened {
			wait = 0
		}
		wait = nextRetry(wait)
		sleep(ctx, wait)
	}
	return nil
}

// session opens the device and watches it until it is lost or ctx is
// cancelled. It tells whether the device was open.
func (b *button) session(ctx context.Context, d *decider, tell func([]Press)) (opened bool, err error) {
	in, debounced, err := b.open(ctx)
	if err != nil {
		return false, err
	}
	defer in.Close()
	active, err := in.Active()
	if err != nil {
		return false, err
	}
	d.rules = b.rules
	if debounced {
		d.rules.debounce = 0
	}
	b.reporter.set(nil, "debounce", b.rules.debounce, "in_kernel", debounced)
	tell(d.restart(active, time.Now()))
	return true, watch(ctx, in, d, tell)
}

// watch feeds the decider until the input is lost or ctx is cancelled.
func watch(ctx context.Context, in Input, d *decider, tell func([]Press)) error {
	for {
		until := time.Now().Add(checkPeriod)
		if at, ok := d.next(); ok && at.Before(until) {
			until = at
		}
		edge, ok, err := in.Wait(until)
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return nil
		case ok:
			tell(d.edge(edge))
			continue
		}
		if err := settle(in, d, tell); err != nil {
			return err
		}
	}
}

// settle compares what the decider believes with the line, and lets it act. When
// the two differ, an edge may be on its way: a busy kernel changes the level
// before it hands over the edge. It is waited for, since it has the better time.
func settle(in Input, d *decider, tell func([]Press)) error {
	active, err := in.Active()
	if err != nil {
		return err
	}
	now := time.Now()
	until := now
	if active != d.level {
		until = now.Add(edgeDelay)
	}
	edge, ok, err := in.Wait(until)
	if err != nil {
		return err
	}
	if ok {
		tell(d.edge(edge))
	} else {
		tell(d.observe(active, now))
	}
	return nil
}

// logPress logs what is worth a look later.
func (b *button) logPress(p Press) {
	switch p.Kind {
	case KindStuck:
		b.reporter.log.Warn("stuck: the contact stays closed", "limit", b.rules.stuck)
	case KindReleased:
		b.reporter.log.Info("no longer stuck")
	}
}

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
