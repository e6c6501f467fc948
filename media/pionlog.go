package media

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/pion/logging"
)

// logFactory passes pion's logs on. pion warns of much that is normal on a
// network, so its warnings are debug messages here and its chatter is dropped.
// Errors are warnings, of which one PeerConnection gets a few: what a peer sends
// can make pion complain of each packet.
type logFactory struct {
	log  *slog.Logger
	left *atomic.Int64 // warnings that may still be logged
}

const maxPionWarnings = 20

func newLogFactory(log *slog.Logger) logFactory {
	f := logFactory{log: log, left: new(atomic.Int64)}
	f.left.Store(maxPionWarnings)
	return f
}

// NewLogger implements logging.LoggerFactory.
func (f logFactory) NewLogger(scope string) logging.LeveledLogger {
	return pionLogger{f.log.With("pion", scope), f.left}
}

type pionLogger struct {
	log  *slog.Logger
	left *atomic.Int64
}

func (pionLogger) Trace(string)          {}
func (pionLogger) Tracef(string, ...any) {}
func (pionLogger) Debug(string)          {}
func (pionLogger) Debugf(string, ...any) {}
func (pionLogger) Info(string)           {}
func (pionLogger) Infof(string, ...any)  {}

func (l pionLogger) Warn(msg string) { l.log.Debug(msg) }
func (l pionLogger) Warnf(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l pionLogger) Error(msg string) { l.Errorf("%s", msg) }
func (l pionLogger) Errorf(format string, args ...any) {
	switch left := l.left.Add(-1); {
	case left > 0:
		l.log.Warn(fmt.Sprintf(format, args...))
	case left == 0:
		l.log.Warn(fmt.Sprintf(format, args...), "then", "further errors of this connection are not logged")
	}
}
