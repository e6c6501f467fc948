package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
)

// runDaemon runs the device until ctx ends or the terminal it was started from
// goes, then shuts it down in stages. The error is that of the configuration or
// of the task that ended first.
func runDaemon(ctx context.Context, opts runOptions) error {
	watch := newFileWatch(opts.Config)
	cfg, warnings, err := config.Load(opts.Config, opts.Environ, opts.Overrides)
	if err != nil {
		return err
	}
	boundHeap()
	ctx, end := context.WithCancel(ctx)
	defer end()
	caught := catchHangups(opts.Stdin)
	defer caught.release()
	settings := newLogSettings(cfg.Log)
	log, queue := newLogger(opts.Stderr, settings)
	defer queue.close()
	for _, w := range warnings {
		log.Warn(w.String())
	}
	h := newHost(cfg, opts, watch, settings, log)
	first, err := h.wire(cfg)
	if err != nil {
		return err
	}
	log.Info("intercomd starts", "version", opts.Version, "device", cfg.Device.Name, "user", cfg.QuickBlox.UserID)
	signals := func(ctx context.Context) error {
		return caught.watch(ctx, log, end, func() { h.reload.ask(bySignal) })
	}
	err = intercom.Supervise(ctx, log, h.stages(first, cfg, intercom.Task{Name: "signals", Run: signals})...)
	h.health.end(err == nil)
	h.events.Close()
	log.Info("intercomd ends")
	return err
}

// newLogger makes a logger whose lines wait in a queue, to be closed at the
// end.
func newLogger(w io.Writer, s *logSettings) (*slog.Logger, *logQueue) {
	queue := newLogQueue(w, s.handler)
	return slog.New(s.handler(queue)), queue
}
