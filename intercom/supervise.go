package intercom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Task is a long-lived part of the daemon. Run blocks until its context ends
// and then returns nil; anything it returns before is the end of the daemon.
type Task struct {
	Name string
	Run  func(context.Context) error
}

// Stage is a set of tasks that stop together.
type Stage struct {
	Tasks []Task
	// Within bounds how long stopping may take before the next stage is
	// stopped all the same; default 2 s.
	Within time.Duration
}

// Supervise runs every task of every stage until ctx ends or a task does, then
// stops the stages in the order given, each before the next. It returns the
// error of the task that ended first, or nil when ctx was the reason.
func Supervise(ctx context.Context, log *slog.Logger, stages ...Stage) error {
	ended := make(chan error, 1)
	runs := make([]stageRun, 0, len(stages))
	for _, s := range stages {
		runs = append(runs, start(s, ended))
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	for i, r := range runs {
		r.cancel()
		if name := r.wait(stages[i].Within); name != "" {
			log.Warn("task did not stop in time", "task", name)
		}
	}
	return err
}

type stageRun struct {
	cancel context.CancelFunc
	names  []string
	done   []chan struct{}
}

// start runs the tasks of one stage; the first that ends by itself is told to
// ended.
func start(s Stage, ended chan<- error) stageRun {
	ctx, cancel := context.WithCancel(context.Background())
	r := stageRun{cancel: cancel}
	for _, t := range s.Tasks {
		done := make(chan struct{})
		r.names, r.done = append(r.names, t.Name), append(r.done, done)
		go func() {
			defer close(done)
			err := t.Run(ctx)
			if ctx.Err() != nil && err == nil {
				return
			}
			if err == nil {
				err = errors.New("ended without being asked to")
			}
			select {
			case ended <- fmt.Errorf("%s: %w", t.Name, err):
			default:
			}
		}()
	}
	return r
}

// wait waits for the tasks and returns the name of the first that is late.
func (r stageRun) wait(within time.Duration) string {
	if within == 0 {
		within = 2 * time.Second
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	for i, done := range r.done {
		select {
		case <-done:
		case <-timer.C:
			return r.names[i]
		}
	}
	return ""
}
