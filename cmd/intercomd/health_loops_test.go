package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/config"
)

func TestPingSocket(t *testing.T) {
	dev := newFakeDevice()
	if err := pingSocket(t.Context(), serve(t, dev)); err != nil {
		t.Errorf("a server that runs: %v", err)
	}
	if asked := dev.requests(); len(asked) > 0 {
		t.Errorf("the device was asked: %q", asked)
	}
	if err := pingSocket(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a socket: %v", err)
	}
}

// A server that accepts and says something else, or nothing.
func TestPingSocketOfAnother(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 503 Service Unavailable\r\n\r\n": `ask control socket: "HTTP/1.1 503 Service Unavailable"`,
		"hello\n": `ask control socket: "hello"`,
		"":        "i/o timeout",
	} {
		path := filepath.Join(t.TempDir(), "s")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- serveOnce(ln, answer) }()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if err := pingSocket(ctx, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", answer, err, want)
		}
		cancel()
		if err := errors.Join(<-served, ln.Close()); err != nil {
			t.Error(err)
		}
	}
}

// serveOnce sends an answer to one client and waits until it has gone.
func serveOnce(ln net.Listener, answer string) error {
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, answer)
	if _, copied := io.Copy(io.Discard, conn); copied != nil && !errors.Is(copied, net.ErrClosed) && !strings.Contains(copied.Error(), "reset") {
		err = errors.Join(err, copied)
	}
	return errors.Join(err, conn.Close())
}

func TestWatchdogOpener(t *testing.T) {
	if watchdogOpener(config.Watchdog{Timeout: time.Second}) != nil {
		t.Error("a watchdog is opened that nobody wants")
	}
	timer, _, err := watchdogOpener(config.Watchdog{Device: "/dev/null", Timeout: 15 * time.Second})()
	if timer != nil || err == nil || !strings.HasPrefix(err.Error(), "watchdog.device: open watchdog /dev/null: ") {
		t.Errorf("got %v, %v", timer, err)
	}
}
