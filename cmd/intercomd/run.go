package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
)

// runDaemon runs the device until ctx ends, then shuts it down in stages. The
// error is that of the configuration or of the task that ended first.
func runDaemon(ctx context.Context, opts runOptions) error {
	cfg, warnings, err := config.Load(opts.Config, opts.Environ, opts.Overrides)
	if err != nil {
		return err
	}
	log := newLogger(opts.Stderr, cfg.Log)
	for _, w := range warnings {
		log.Warn(w.String())
	}
	d, err := wire(cfg, opts, log)
	if err != nil {
		return err
	}
	defer d.close()
	log.Info("intercomd starts", "version", opts.Version, "device", cfg.Device.Name, "user", cfg.QuickBlox.UserID)
	err = intercom.Supervise(ctx, log, d.stages()...)
	d.health.end(err == nil)
	log.Info("intercomd ends")
	return err
}

func newLogger(w io.Writer, cfg config.Log) *slog.Logger {
	o := &slog.HandlerOptions{Level: cfg.Level}
	if cfg.Format == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
