package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// hangups is what the daemon makes of signals that would end it on the spot.
//
// SIGHUP ends it in order when it was started from a terminal: that is gone
// then. Without one it has the daemon read its configuration again. SIGPIPE says that the reader of
// the log is gone, which is no reason to end a call.
type hangups struct {
	terminal bool // standard input is one
	got      chan os.Signal
	pipes    chan os.Signal // nobody reads it: being asked for is what matters
}

// catchHangups begins to catch the signals; release must follow. A SIGHUP that
// is ignored, as by nohup(1), stays so.
func catchHangups(stdin io.Reader) *hangups {
	h := &hangups{terminal: isTerminal(stdin), got: make(chan os.Signal, 1), pipes: make(chan os.Signal, 1)}
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(h.got, syscall.SIGHUP)
	}
	signal.Notify(h.pipes, syscall.SIGPIPE)
	return h
}

func (h *hangups) release() {
	signal.Stop(h.got)
	signal.Stop(h.pipes)
}

// watch acts on SIGHUP until ctx ends. end asks the daemon to end, reload to
// read its configuration.
func (h *hangups) watch(ctx context.Context, log *slog.Logger, end, reload func()) error {
	for {
		select {
		case <-h.got:
		case <-ctx.Done():
			return nil
		}
		if h.terminal {
			log.Info("the terminal is gone")
			end()
			continue
		}
		reload()
	}
}

// isTerminal says whether a stream is a terminal: only those have the settings
// of termios(3).
func isTerminal(stream io.Reader) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return false
	}
	var termErr error
	err = raw.Control(func(fd uintptr) { _, termErr = unix.IoctlGetTermios(int(fd), unix.TCGETS) })
	return err == nil && termErr == nil
}
