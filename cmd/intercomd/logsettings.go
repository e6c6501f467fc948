package main

import (
	"context"
	"io"
	"log/slog"
	"sync/atomic"

	"github.com/intercomd/intercomd/config"
)

// logSettings are what of the log may change while it is written.
type logSettings struct {
	level  slog.LevelVar
	asJSON atomic.Bool
}

func newLogSettings(c config.Log) *logSettings {
	s := new(logSettings)
	s.apply(c)
	return s
}

// apply changes level and format from the next line on.
func (s *logSettings) apply(c config.Log) {
	s.level.Set(c.Level)
	s.asJSON.Store(c.Format == config.LogJSON)
}

// handler writes lines as the settings say when they are written.
func (s *logSettings) handler(w io.Writer) slog.Handler {
	o := &slog.HandlerOptions{Level: &s.level}
	return formatHandler{text: slog.NewTextHandler(w, o), json: slog.NewJSONHandler(w, o), asJSON: &s.asJSON}
}

// formatHandler is one of two handlers, chosen for each line.
type formatHandler struct {
	text, json slog.Handler
	asJSON     *atomic.Bool
}

func (h formatHandler) chosen() slog.Handler {
	if h.asJSON.Load() {
		return h.json
	}
	return h.text
}

// Enabled implements slog.Handler.
func (h formatHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.chosen().Enabled(ctx, l)
}

// Handle implements slog.Handler.
func (h formatHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.chosen().Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h formatHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return formatHandler{h.text.WithAttrs(attrs), h.json.WithAttrs(attrs), h.asJSON}
}

// WithGroup implements slog.Handler.
func (h formatHandler) WithGroup(name string) slog.Handler {
	return formatHandler{h.text.WithGroup(name), h.json.WithGroup(name), h.asJSON}
}
