package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/watchdog"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/internal/sdnotify"
)

// wireHealth makes the task that watches over the others. Its end must be
// called when all of them have ended.
func (h *host) wireHealth(c *config.Config) *health {
	log := h.log.With("part", "health")
	getenv := (&cli{environ: h.opts.Environ}).getenv
	every, err := sdnotify.WatchdogInterval(getenv, os.Getpid())
	if err != nil {
		log.Warn("the supervisor's watchdog is not fed", "err", err)
	}
	return newHealth(healthConfig{
		Loops: h.loops(), Ready: h.door.ready, Told: listeningOn(c),
		Supervisor: h.notifier, Every: every,
		Open: watchdogOpener(c.Watchdog), Timeout: c.Watchdog.Timeout,
		Hooks: hooks(h.front),
	}, log)
}

// listeningOn is what the supervisor is told when all is well.
func listeningOn(c *config.Config) string { return "listening on " + c.Control.Socket }

// tasks are what is to run until the daemon is asked to end.
func (h *health) tasks() []intercom.Task {
	return append([]intercom.Task{{Name: "health", Run: h.run}}, h.cfg.Hooks...)
}

// loops lists what has to turn for the door to be of use.
func (h *host) loops() []loop {
	return []loop{
		{"control", h.door.ping},
		{"xmpp", h.front.ping(func(d *daemon, ctx context.Context) error { return d.link.Ping(ctx) })},
		{"calls", h.front.ping(func(d *daemon, ctx context.Context) error { return d.client.Ping(ctx) })},
		{"device", h.front.ping(func(d *daemon, ctx context.Context) error { return d.device.Ping(ctx) })},
	}
}

// watchdogOpener is how the board's timer is started, nil when there is to be
// none.
func watchdogOpener(c config.Watchdog) func() (timer, time.Duration, error) {
	if c.Device == "" {
		return nil
	}
	return func() (timer, time.Duration, error) {
		t, err := watchdog.Open(c.Device, c.Timeout)
		if err != nil {
			return nil, 0, fmt.Errorf("watchdog.device: %w", err)
		}
		return t, t.Timeout(), nil
	}
}

// pingSocket asks the server at a control socket for its options, which it
// answers without the device (RFC 9110 section 9.3.7).
func pingSocket(ctx context.Context, path string) (err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: intercomd\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "HTTP/1.1 200 ") {
		return fmt.Errorf("ask control socket: %q", strings.TrimSpace(line))
	}
	return nil
}
