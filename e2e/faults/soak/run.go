package soak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/e2e/faults/soak/site"
	"github.com/intercomd/intercomd/intercom"
)

// Options say what a run is.
type Options struct {
	Binary   string        // the daemon's program
	Dir      string        // for the files of the run, reachable by the server's user
	Seed     uint64        // of all that is tried
	Lines    int           // devices side by side, 1 to 200
	Calls    int           // after which the run ends
	Duration time.Duration // after which no call begins any more
	Short    bool          // only kinds and faults that are quick
	Kind     string        // only kinds with this in their name
	Fault    string        // only faults with this in their name
	Level    string        // of the devices' logs; "" is info
	Log      *slog.Logger  // is told of each call

	opening *sync.Mutex // of the phones' devices
}

// turnBound ends a call that hangs.
const turnBound = 3 * time.Minute

// stallBound is how long the machine has to stand still for a call's outcome to
// tell nothing of the device.
const stallBound = 500 * time.Millisecond

// result is what came of a plan.
type result struct {
	line    int
	plan    plan
	outcome outcome
	err     error         // why it is not the kind's own outcome
	lull    lull          // after it
	stall   time.Duration // the longest that the machine stood still meanwhile
	back    time.Duration // from the end of a fault in the call to media both ways; 0 without
	excerpt string        // of the device's log, if the outcome is not right
}

// unexpected says whether the call went as it must not, on a machine that did
// its part.
func (r result) unexpected() bool { return !r.plan.right(r.outcome) && r.stall < stallBound }

// excused says whether it went so while the machine stood still.
func (r result) excused() bool { return !r.plan.right(r.outcome) && r.stall >= stallBound }

// sample is what a device's process held when it was idle.
type sample struct {
	at      time.Duration // since the run began
	process intercom.ProcessStatus
}

// Run makes calls until Options say that it is enough, and reports. The error
// tells of what kept it from going on, not of calls that went wrong.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.opening = new(sync.Mutex)
	r := &runner{options: o, report: newReport(o), began: time.Now(), left: o.Calls,
		stalls: site.NewStalls(o.Lines)}
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { r.stalls.Run(watching) })
	defer watch.Wait()
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	for i := range o.Lines {
		group.Go(func() error { return r.line(ctx, i) })
	}
	err := group.Wait()
	r.report.took = time.Since(r.began)
	return r.report, err
}

// runner shares out the calls.
type runner struct {
	options Options
	began   time.Time
	stalls  *site.Stalls

	mu     sync.Mutex
	left   int // calls
	report *Report
}

// line makes the calls of one line.
func (r *runner) line(ctx context.Context, number int) error {
	l, err := newLine(ctx, number, r.options)
	if err != nil {
		return err
	}
	choices := filter(kinds(), func(k kind) bool { return strings.Contains(k.name, r.options.Kind) })
	faults := filter(l.faults, func(f fault) bool { return strings.Contains(f.name, r.options.Fault) })
	for n := 1; r.next(); n++ {
		if err := r.call(ctx, l, draw(l.random, n, choices, faults, r.options.Short)); err != nil {
			return errors.Join(fmt.Errorf("line %d: %w", number, err), l.Close())
		}
	}
	if err := r.final(ctx, l); err != nil {
		return errors.Join(err, l.Close())
	}
	return l.Close()
}

// next says whether another call is to be made.
func (r *runner) next() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 || time.Since(r.began) > r.options.Duration {
		return false
	}
	r.left--
	return true
}

// call makes one call and notes what came of it. The error ends the run: the
// line is of no use any more.
func (r *runner) call(ctx context.Context, l *line, p plan) error {
	ctx, cancel := context.WithTimeout(ctx, turnBound)
	defer cancel()
	r.stalls.Take(l.number)
	t, from := newTurn(ctx, l, p), l.device.LogSize()
	o, err := p.kind.play(t)
	rest, restErr := t.rest(o)
	if p.wanted(o) && err != nil || restErr != nil {
		o = broken
	}
	res := result{line: l.number, plan: p, outcome: o, err: errors.Join(err, restErr), lull: rest, back: t.back, stall: r.stalls.Take(l.number)}
	if !p.right(o) {
		res.excerpt = l.device.LogSince(from, 80)
	}
	status, err := l.device.Control.Status(ctx)
	if err != nil {
		return errors.Join(res.err, fmt.Errorf("ask the device: %w\n%s", err, l.device.LogSince(from, 80)))
	}
	r.note(res, status)
	return nil
}

func (r *runner) note(res result, status intercom.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.add(res, sample{time.Since(r.began), status.Process}, runtime.NumGoroutine())
	r.options.Log.Info("call", "line", res.line, "plan", res.plan.String(), "outcome", res.outcome, "idle", res.lull.idle.Round(time.Millisecond),
		"right", res.plan.right(res.outcome), "stall", res.stall.Round(time.Millisecond), "megabytes", fmt.Sprintf("%.1f", megabytes(status.Process.Memory)), "err", firstLine(res.err))
}

// final notes the device's counters.
func (r *runner) final(ctx context.Context, l *line) error {
	status, err := l.device.Control.Status(ctx)
	if err != nil {
		return fmt.Errorf("ask the device: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.addCounters(l.number, status)
	return nil
}
