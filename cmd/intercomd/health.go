package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/internal/sdnotify"
)

// supervisor is who starts the daemon again: systemd. See package sdnotify.
type supervisor interface {
	Tell(state sdnotify.State, status string) error
}

// timer is the board's watchdog. See package watchdog.
type timer interface {
	Feed() error
	Disarm() error
	Abandon() error
}

// loop is a part of the daemon that must turn. ping asks it for an answer and
// ends with its context at the latest.
type loop struct {
	name string
	ping func(context.Context) error
}

// healthConfig is what a [health] needs to know.
type healthConfig struct {
	Loops []loop
	Ready <-chan struct{} // closed when the daemon is ready
	Told  string          // what the supervisor is told it is doing then

	Supervisor supervisor
	Every      time.Duration // longest silence the supervisor allows; 0 when it does not watch
	Device     string        // of the board's timer
	Open       func() (t timer, timeout time.Duration, err error)
	Timeout    time.Duration // of the loops, unless a watchdog wants less

	Hooks []intercom.Task // for tests
}

// health asks every loop of the daemon whether it turns, and feeds the
// watchdogs of systemd and of the board while all of them do. A loop that does
// not answer within a third of the shortest timeout is logged, and nothing is
// fed any more until it does: systemd then kills the daemon, the board's timer
// resets the board.
type health struct {
	cfg  healthConfig
	log  *slog.Logger
	out  []chan struct{} // of room for one, a loop each: full while a ping is under way
	work sync.WaitGroup
	done chan struct{} // closed when Run has let go of the timer

	changes chan healthChange // of room for one, the latest
	fed     atomic.Int64      // until when that all loops have answered is news, Unix time in ns

	// Of Run alone, and of end after it.
	timer  timer // nil when there is none, or it did not open
	period time.Duration
	late   []string          // loops that did not answer in the last round
	failed map[string]string // what went wrong last, by what was done
}

// healthChange is what of a [healthConfig] may change.
type healthChange struct {
	Told    string
	Device  string // of the board's timer
	Open    func() (t timer, timeout time.Duration, err error)
	Timeout time.Duration
}

func newHealth(cfg healthConfig, log *slog.Logger) *health {
	h := &health{
		cfg: cfg, log: log, done: make(chan struct{}), changes: make(chan healthChange, 1),
		period: cfg.period(), failed: make(map[string]string),
	}
	for range cfg.Loops {
		h.out = append(h.out, make(chan struct{}, 1))
	}
	return h
}

// period is how often the loops are asked, as long as the board's timer does not
// want it more often.
func (c healthConfig) period() time.Duration {
	timeout := c.Timeout
	if c.Every > 0 {
		timeout = min(timeout, c.Every)
	}
	return timeout / 3
}

// change replaces what may change. It does not block.
func (h *health) change(c healthChange) {
	select { // of changes in a row the last one counts
	case <-h.changes:
	default:
	}
	h.changes <- c
}

// follow carries out a change.
func (h *health) follow(c healthChange) {
	if c.Told != h.cfg.Told {
		h.cfg.Told = c.Told
		h.note("tell the supervisor", h.cfg.Supervisor.Tell("", c.Told))
	}
	if c.Device == h.cfg.Device && c.Timeout == h.cfg.Timeout {
		return
	}
	if h.timer != nil {
		h.note("disarm the watchdog", h.timer.Disarm())
		h.timer = nil
	}
	h.cfg.Device, h.cfg.Open, h.cfg.Timeout = c.Device, c.Open, c.Timeout
	h.period = h.cfg.period()
}

// fedLately says whether the watchdogs were fed as often as they are to be, or
// would have been if there are none.
func (h *health) fedLately(now time.Time) bool {
	return now.UnixNano() < h.fed.Load()
}

// run starts the board's timer, says when the daemon is ready, asks and feeds
// from then on until ctx ends, and says that the daemon does. end must follow.
func (h *health) run(ctx context.Context) error {
	defer h.work.Wait()
	defer close(h.done)
	defer func() { h.note("tell the supervisor", h.cfg.Supervisor.Tell(sdnotify.Stopping, "ending")) }()
	h.openTimer()
	select {
	case <-h.cfg.Ready:
	case <-ctx.Done():
		return nil
	}
	h.note("tell the supervisor", h.cfg.Supervisor.Tell(sdnotify.Ready, h.cfg.Told))
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case c := <-h.changes:
			h.follow(c)
		case <-ctx.Done():
			return nil
		}
		begin := time.Now()
		h.round(ctx)
		next.Reset(max(0, h.period-time.Since(begin)))
	}
}

// end leaves the board's timer: stopped after an orderly end, ticking after
// any other, so that a daemon nobody starts again does not leave a dead door.
// It waits until run is done with it.
func (h *health) end(orderly bool) {
	<-h.done
	switch {
	case h.timer == nil:
	case orderly:
		h.note("disarm the watchdog", h.timer.Disarm())
	default:
		h.log.Warn("the watchdog goes on: the board restarts unless intercomd does")
		h.note("leave the watchdog", h.timer.Abandon())
	}
	h.timer = nil
}

// openTimer opens the board's timer, if there is to be one and it is not open.
func (h *health) openTimer() {
	if h.timer != nil || h.cfg.Open == nil {
		return
	}
	t, timeout, err := h.cfg.Open()
	h.note("open the watchdog", err)
	if err != nil {
		return
	}
	h.timer, h.period = t, min(h.period, timeout/3)
	h.log.Info("watchdog armed", "timeout", timeout)
}

// round asks all loops and feeds if all have answered.
func (h *health) round(ctx context.Context) {
	h.openTimer()
	late := h.ask(ctx)
	if ctx.Err() != nil {
		return
	}
	h.tell(late)
	if len(late) > 0 {
		return
	}
	h.fed.Store(time.Now().Add(2 * h.period).UnixNano())
	if h.cfg.Every > 0 {
		h.note("feed the supervisor's watchdog", h.cfg.Supervisor.Tell(sdnotify.Alive, ""))
	}
	if h.timer != nil {
		h.note("feed the watchdog", h.timer.Feed())
	}
}

// ask pings every loop at once and returns the names of those that did not
// answer within the period.
func (h *health) ask(ctx context.Context) (late []string) {
	ctx, cancel := context.WithTimeout(ctx, h.period)
	defer cancel()
	answers := make([]chan error, len(h.cfg.Loops))
	for i, l := range h.cfg.Loops {
		answers[i] = make(chan error, 1)
		h.work.Go(func() { h.ping(ctx, i, l, answers[i]) })
	}
	for i, l := range h.cfg.Loops {
		select {
		case err := <-answers[i]:
			if err == nil {
				continue
			}
		case <-ctx.Done():
		}
		late = append(late, l.name)
	}
	return late
}

// ping asks one loop, after the ping of an earlier round has come back.
func (h *health) ping(ctx context.Context, i int, l loop, answer chan<- error) {
	select {
	case h.out[i] <- struct{}{}:
		answer <- l.ping(ctx)
		<-h.out[i]
	case <-ctx.Done():
	}
}

// tell logs and tells the supervisor which loops have stopped or started to
// answer since the last round.
func (h *health) tell(late []string) {
	if slices.Equal(late, h.late) {
		return
	}
	for _, name := range late {
		if !slices.Contains(h.late, name) {
			h.log.Error("a loop does not answer, the watchdogs are not fed", "loop", name, "within", h.period)
		}
	}
	for _, name := range h.late {
		if !slices.Contains(late, name) {
			h.log.Warn("the loop answers again", "loop", name)
		}
	}
	h.late = late
	text := h.cfg.Told
	if len(late) > 0 {
		text = fmt.Sprintf("no answer from %s", strings.Join(late, ", "))
	}
	h.note("tell the supervisor", h.cfg.Supervisor.Tell("", text))
}

// note logs what went wrong with an action, once until it changes.
func (h *health) note(action string, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text == h.failed[action] {
		return
	}
	h.failed[action] = text
	if err != nil {
		h.log.Warn("could not "+action, "err", err)
	}
}
