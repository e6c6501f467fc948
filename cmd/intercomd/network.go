package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/internal/netwatch"
)

// How soon a task that may end without harm is begun again.
const (
	restartFirst = time.Second
	restartMost  = time.Minute
)

// restarting makes a task of one that may end: it is begun again, the later
// the more often it ended in a row, and its end is logged when its reason is a
// new one.
func restarting(log *slog.Logger, task func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		delay, told := restartFirst, ""
		for {
			began := time.Now()
			err := task(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if time.Since(began) > restartMost {
				delay, told = restartFirst, ""
			}
			if reason := reasonOf(err); reason != told {
				told = reason
				log.Warn("going on without it", "reason", reason, "retry_in", delay)
			}
			timer := time.NewTimer(delay)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return nil
			}
			delay = min(2*delay, restartMost)
		}
	}
}

func reasonOf(err error) string {
	if err == nil {
		return "it ended by itself"
	}
	return err.Error()
}

// watchNetwork acts on changes of the machine's network until ctx ends.
func (d *daemon) watchNetwork(ctx context.Context) error {
	w, err := netwatch.New(d.log.With("part", "network"))
	if err != nil {
		return err
	}
	err = w.Run(ctx, d.networkChanged)
	if ctx.Err() == nil { // what nobody watches is taken to be there
		d.networkChanged(netwatch.Change{Up: true})
	}
	return err
}

// networkChanged has media, link and calls act, in this order: calls send at
// once. In LAN mode the link does not leave the process.
func (d *daemon) networkChanged(c netwatch.Change) {
	d.engine.SetNetwork(c.Up)
	if d.lan == nil {
		d.link.NetworkChanged(c.Up, c.Moved)
	}
	d.client.NetworkChanged(networkEvent(c))
}

func networkEvent(c netwatch.Change) call.NetworkEvent {
	switch {
	case !c.Up:
		return call.NetworkDown
	case c.Moved:
		return call.NetworkMoved
	}
	return call.NetworkUp
}
