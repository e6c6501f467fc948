package update

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// loop is the one goroutine that owns the machine. It carries out what the
// machine wants; what takes time runs beside it and comes back as an event.
type loop struct {
	client *Client
	m      *machine
	stop   context.CancelFunc // of the job that runs
	shown  Status
}

func (l *loop) run(ctx context.Context, helpers *sync.WaitGroup) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for _, ev := range l.client.inbox.take() {
			l.do(ctx, helpers, l.m.handle(time.Now(), ev))
			l.show()
		}
		l.do(ctx, helpers, l.m.advance(time.Now()))
		l.show()
		now := time.Now()
		timer.Reset(l.m.timeout(now).Sub(now))
		select {
		case <-ctx.Done():
			return
		case <-l.client.inbox.wake:
		case <-timer.C:
		}
	}
}

// show publishes the status when it is another one.
func (l *loop) show() {
	s := l.m.status
	if s == l.shown {
		return
	}
	if s.State != l.shown.State || s.Message != l.shown.Message || s.Error != l.shown.Error {
		l.client.log.Info("update", "state", string(s.State), "message", s.Message, "error", s.Error)
	}
	l.shown = s
	l.client.publish(s)
}

// do carries out actions in their order. The record is written here, so that
// nothing that follows from it begins before it is on the disk. Where that fails
// nothing is installed: a version whose failure cannot be remembered would be
// tried again and again.
func (l *loop) do(ctx context.Context, helpers *sync.WaitGroup, todo []action) {
	var unsaved error
	for _, a := range todo {
		switch a := a.(type) {
		case save:
			if unsaved = a.record.store(l.client.config.StateDir); unsaved != nil {
				l.client.log.Error("cannot note the state of updates", "error", unsaved)
			}
		case installJob:
			if unsaved != nil {
				l.client.inbox.put(installed{err: fmt.Errorf("cannot note what follows: %w", unsaved)})
				continue
			}
			l.start(ctx, helpers, &l.stop, l.job(a))
		case reply:
			l.show()
			a.answer(a.err)
		case cancel:
			if l.stop != nil {
				l.stop()
			}
		case reportJob:
			config := l.m.config
			l.start(ctx, helpers, nil, func(ctx context.Context) event { return l.client.worker.report(ctx, config, a.report) })
		default:
			l.start(ctx, helpers, &l.stop, l.job(a))
		}
	}
}

// start runs a job beside the loop; stop gets what ends it early.
func (l *loop) start(ctx context.Context, helpers *sync.WaitGroup, stop *context.CancelFunc, job func(context.Context) event) {
	ctx, cancel := context.WithCancel(ctx)
	if stop != nil {
		*stop = cancel
	}
	helpers.Go(func() {
		defer cancel()
		ev := job(ctx)
		if r, ok := ev.(reported); ok && r.err != nil {
			l.client.log.Warn("cannot report the result of an update", "again", !r.drop, "error", r.err)
		}
		l.client.inbox.put(ev)
	})
}

// job makes a function of a job. It gets what it needs now: the machine goes on
// meanwhile.
func (l *loop) job(a action) func(context.Context) event {
	w, config, tell := &l.client.worker, l.m.config, l.client.inbox.put
	switch a := a.(type) {
	case checkJob:
		return func(ctx context.Context) event { return w.check(ctx, config) }
	case fetchJob:
		return func(ctx context.Context) event { return w.fetch(ctx, config, a.what, tell) }
	case installJob:
		o := l.m.offer(a.what)
		return func(ctx context.Context) event { return w.install(ctx, config, a.what, o, tell) }
	case healthJob:
		return w.health
	case markJob:
		return w.mark
	case activateJob:
		return func(ctx context.Context) event { return w.activate(ctx, a.slot) }
	case restartJob:
		return func(context.Context) event { return w.restart() }
	}
	return w.look // lookJob
}
