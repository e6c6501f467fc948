package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/config"
)

// A logger that was made before a change follows it, with what it adds.
func TestLogSettings(t *testing.T) {
	var out strings.Builder
	s := newLogSettings(config.Log{Level: slog.LevelInfo, Format: config.LogText})
	log := slog.New(s.handler(&out)).With("part", "xmpp").WithGroup("g")
	for _, step := range []struct {
		to   config.Log
		want string
	}{
		{config.Log{Level: slog.LevelInfo, Format: config.LogText}, `level=INFO msg=b part=xmpp g.k=1`},
		{config.Log{Level: slog.LevelDebug, Format: config.LogText}, `level=DEBUG msg=a part=xmpp|level=INFO msg=b part=xmpp g.k=1`},
		{config.Log{Level: slog.LevelInfo, Format: config.LogJSON}, `"level":"INFO","msg":"b","part":"xmpp","g":{"k":1}}`},
		{config.Log{Level: slog.LevelError, Format: config.LogText}, ``},
	} {
		out.Reset()
		s.apply(step.to)
		log.Debug("a")
		log.Info("b", "k", 1)
		var lines []string
		for line := range strings.Lines(out.String()) {
			_, rest, _ := strings.Cut(strings.TrimSpace(line), "level")
			lines = append(lines, "level"+rest)
		}
		if got := strings.Join(lines, "|"); got != strings.TrimPrefix(step.want, `"`) {
			t.Errorf("%+v:\n got %s\nwant %s", step.to, got, step.want)
		}
	}
}
