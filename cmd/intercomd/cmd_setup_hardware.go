package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/provision"
)

const (
	// contactTime is how long a contact has to be closed to count as held. It
	// delays every boot.
	contactTime = 50 * time.Millisecond
	// answerTime is how long a line that is open may take to say so.
	answerTime = 100 * time.Millisecond
	// openTime is how long the lines may take to be open.
	openTime = time.Second
)

// holdEvent is news of a button at power-up.
type holdEvent struct {
	button int
	opened bool // the line or key is open now
	failed bool // or cannot be
	closed bool // the contact has been closed since
	let    bool // and was let go
}

// heldAtStart waits until it is known for how long a button has been held since
// the call. See [provision.Ports].
func heldAtStart(ctx context.Context, board gpio.Board, buttons []config.Button, tell func(provision.Hold), log *slog.Logger) provision.Hold {
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	events := make(chan holdEvent)
	pending := 0
	for i, b := range buttons {
		source := holdSource(board, b, log, func(e holdEvent) {
			e.button = i
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
		if source != nil {
			pending++
			running.Go(func() { source(ctx) })
		}
	}
	held := awaitClosed(ctx, events, pending)
	if held < 0 {
		return provision.HoldNothing
	}
	return awaitRelease(ctx, events, held, start, tell)
}

// holdSource returns what watches a button, nil for one that has no contact.
func holdSource(board gpio.Board, b config.Button, log *slog.Logger, send func(holdEvent)) func(context.Context) {
	onChange := func(state string, _ error) {
		send(holdEvent{opened: state == gpio.StateOpen, failed: state != gpio.StateOpen})
	}
	var source gpio.Source
	switch b.Source {
	case config.ButtonGPIO:
		line := lineOf(b)
		line.Board, line.Stuck, line.LongPress, line.OnChange = board, contactTime, 0, onChange
		source = gpio.NewLine(line)
	case config.ButtonEvdev:
		key := keyOf(b)
		key.Board, key.Stuck, key.LongPress, key.OnChange = board, contactTime, 0, onChange
		source = gpio.NewKey(key)
	default:
		return nil
	}
	return func(ctx context.Context) {
		err := source.Run(ctx, func(p gpio.Press) {
			send(holdEvent{closed: p.Kind == gpio.KindStuck, let: p.Kind == gpio.KindReleased})
		})
		if err != nil {
			log.Warn("button not watched at power-up", "button", b.Name, "err", err)
		}
	}
}

// awaitClosed returns the button that is held, or -1 once all have answered
// that they are not.
func awaitClosed(ctx context.Context, events <-chan holdEvent, pending int) int {
	timer := time.NewTimer(openTime)
	defer timer.Stop()
	for pending > 0 {
		select {
		case e := <-events:
			if e.closed {
				return e.button
			}
			if e.opened || e.failed {
				pending--
			}
		case <-timer.C:
			pending = 0
		case <-ctx.Done():
			return -1
		}
	}
	timer.Reset(contactTime + answerTime)
	for {
		select {
		case e := <-events:
			if e.closed {
				return e.button
			}
		case <-timer.C:
			return -1
		case <-ctx.Done():
			return -1
		}
	}
}

// awaitRelease waits until a button is let go, or has been held for too long.
func awaitRelease(ctx context.Context, events <-chan holdEvent, held int, start time.Time, tell func(provision.Hold)) provision.Hold {
	told := provision.HoldNothing
	for {
		hold := provision.HoldOf(time.Since(start))
		if hold != told {
			told = hold
			tell(hold)
		}
		if hold == provision.HoldStuck {
			return hold
		}
		timer := time.NewTimer(untilChange(time.Since(start)))
		select {
		case e := <-events:
			if e.button == held && e.let {
				timer.Stop()
				return provision.HoldOf(time.Since(start))
			}
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return provision.HoldNothing
		}
		timer.Stop()
	}
}

// untilChange is how long it takes until a hold means something else.
func untilChange(held time.Duration) time.Duration {
	for _, limit := range []time.Duration{provision.PairHold, provision.ResetHold, provision.StuckHold + 1} {
		if held < limit {
			return limit - held
		}
	}
	return time.Millisecond
}

// lampRunner lights the lamps of a configuration during setup.
type lampRunner struct {
	ctx     context.Context
	cancel  context.CancelFunc
	board   gpio.Board // nil is the kernel's
	log     *slog.Logger
	running sync.WaitGroup
	lamps   map[string]*gpio.Lamp // by chip and line
}

func newLampRunner(ctx context.Context, board gpio.Board, log *slog.Logger) *lampRunner {
	ctx, cancel := context.WithCancel(ctx)
	return &lampRunner{ctx: ctx, cancel: cancel, board: board, log: log, lamps: map[string]*gpio.Lamp{}}
}

// show makes lamps show a pattern. Those that nothing was shown on yet stay
// unopened for the idle pattern.
func (r *lampRunner) show(lamps []config.Lamp, pattern config.Indication) {
	for _, c := range lamps {
		at := sourceOf(c.Line)
		lamp, found := r.lamps[at]
		if !found && pattern == config.ShowIdle {
			continue
		}
		if !found {
			lc := lampOf(c)
			lc.Board, lc.Log = r.board, r.log
			lamp = gpio.NewLamp(lc)
			r.lamps[at] = lamp
			r.running.Go(func() {
				if err := lamp.Run(r.ctx); err != nil {
					r.log.Warn("lamp not lit", "lamp", c.Name, "err", err)
				}
			})
		}
		lamp.Show(gpio.Pattern(pattern))
	}
}

// stop puts the lamps out and gives their lines back to the daemon.
func (r *lampRunner) stop() {
	r.cancel()
	r.running.Wait()
}
