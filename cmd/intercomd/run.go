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
	cfg, warnings, err := config.Load(opts.Config, opts.Environ, opts.Overrides)
	if err != nil {
		return err
	}
	boundHeap()
	ctx, end := context.WithCancel(ctx)
	defer end()
	caught := catchHangups(opts.Stdin)
	defer caught.release()
	log, queue := newLogger(opts.Stderr, cfg.Log)
	defer queue.close()
	for _, w := range warnings {
		log.Warn(w.String())
	}
	d, err := wire(cfg, opts, log)
	if err != nil {
		return err
	}
	defer d.close()
	log.Info("intercomd starts", "version", opts.Version, "device", cfg.Device.Name, "user", cfg.QuickBlox.UserID)
	watch := func(ctx context.Context) error { return caught.watch(ctx, log, end) }
	err = intercom.Supervise(ctx, log, d.stages(intercom.Task{Name: "signals", Run: watch})...)
	d.health.end(err == nil)
	log.Info("intercomd ends")
	return err
}

// newLogger makes a logger whose lines wait in a queue, to be closed at the
// end.
func newLogger(w io.Writer, cfg config.Log) (*slog.Logger, *logQueue) {
	o := &slog.HandlerOptions{Level: cfg.Level}
	format := func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, o) }
	if cfg.Format == config.LogJSON {
		format = func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, o) }
	}
	queue := newLogQueue(w, format)
	return slog.New(format(queue)), queue
}
