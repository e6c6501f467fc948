package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/internal/sdnotify"
)

// reloader reads the configuration anew when it is asked to, or when the file
// has changed, and hands in what is good. What is wrong changes nothing.
type reloader struct {
	path  string
	load  func() (*config.Config, []config.Warning, error)
	apply func(context.Context, *config.Config) // returns when its live part is in force
	state *configState
	tell  func(state sdnotify.State, status string) error // the supervisor
	log   *slog.Logger
	ready <-chan struct{} // closed when the daemon has started
	asked chan string     // of room for one: why to read it
	watch *fileWatch

	latest *config.Config // handed in last; of run alone
}

// The reasons to read the configuration.
const (
	bySignal = "SIGHUP"
	byFile   = "the file has changed"
)

// ask has the configuration read; it does not block. Of two that ask at once
// one is enough.
func (r *reloader) ask(why string) {
	select {
	case r.asked <- why:
	default:
	}
}

// watchFile asks for every change of the file until ctx ends.
func (r *reloader) watchFile(ctx context.Context) error {
	return r.watch.run(ctx, func() { r.ask(byFile) })
}

// run reads the configuration when it is asked to until ctx ends.
func (r *reloader) run(ctx context.Context) error {
	select {
	case <-r.ready:
	case <-ctx.Done():
		return nil
	}
	for {
		select {
		case why := <-r.asked:
			r.reload(ctx, why)
		case <-ctx.Done():
			return nil
		}
	}
}

// reload reads the configuration and hands it in if it is good. The supervisor
// is told when that begins and when it is done, see sd_notify(3).
func (r *reloader) reload(ctx context.Context, why string) {
	r.notify(sdnotify.Reloading)
	defer r.notify(sdnotify.Ready)
	c, err := r.read()
	if err != nil {
		r.refuse(err)
		return
	}
	if len(config.Changed(r.latest, c)) == 0 && r.state.get() == nil {
		if why == bySignal {
			r.log.Info("the configuration has not changed", "because", why)
		}
		r.watch.follow(c.Files)
		return
	}
	r.log.Info("the configuration is read", "because", why)
	r.latest = c
	r.watch.follow(c.Files)
	r.apply(ctx, c)
}

// read reads and checks the configuration, as the start does.
func (r *reloader) read() (*config.Config, error) {
	if _, err := os.Stat(r.path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is gone", r.path)
	}
	c, warnings, err := r.load()
	for _, w := range warnings {
		r.log.Warn(w.String())
	}
	if err == nil {
		err = errors.Join(checkKeys(c)...)
	}
	return c, err
}

// refuse says what is wrong, a line of the log for each problem.
func (r *reloader) refuse(err error) {
	var wrong *config.Error
	if errors.As(err, &wrong) {
		for _, p := range wrong.Problems {
			r.log.Error("the configuration is wrong", "problem", p.String())
		}
	}
	r.log.Warn("the changed configuration is refused; the one before stays", "err", err)
	r.state.set(intercom.ConfigRefused, nil, err)
}

func (r *reloader) notify(state sdnotify.State) {
	if err := r.tell(state, ""); err != nil {
		r.log.Warn("could not tell the supervisor", "err", err)
	}
}

// configState is what became of the last change of the configuration.
type configState struct {
	events *intercom.Events
	log    *slog.Logger

	mu  sync.Mutex
	now *intercom.ConfigStatus // nil when all that was read is in force
}

// set notes and tells what became of a change.
func (s *configState) set(state string, keys []string, err error) {
	now := &intercom.ConfigStatus{State: state, Keys: keys, Since: time.Now()}
	if err != nil {
		now.Error = err.Error()
	}
	s.mu.Lock()
	s.now = now
	if state == intercom.ConfigApplied {
		s.now = nil
	}
	s.mu.Unlock()
	s.log.Info("configuration", "state", state, "keys", keys)
	s.events.Publish(intercom.Event{Event: "config", State: state, Keys: keys, Error: now.Error})
}

// get is nil when all that was read is in force.
func (s *configState) get() *intercom.ConfigStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}
