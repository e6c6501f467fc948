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
func (d *daemon) wireHealth() *health {
	log := d.log.With("part", "health")
	getenv := (&cli{environ: d.opts.Environ}).getenv
	notifier, err := sdnotify.New(getenv)
	if err != nil {
		log.Warn("the supervisor is not told anything", "err", err)
	}
	every, err := sdnotify.WatchdogInterval(getenv, os.Getpid())
	if err != nil {
		log.Warn("the supervisor's watchdog is not fed", "err", err)
	}
	return newHealth(healthConfig{
		Loops: d.loops(), Ready: d.control.Ready(), Told: "listening on " + d.cfg.Control.Socket,
		Supervisor: notifier, Every: every,
		Open: watchdogOpener(d.cfg.Watchdog), Timeout: d.cfg.Watchdog.Timeout,
		Hooks: hooks(d.device),
	}, log)
}

// tasks are what is to run until the daemon is asked to end.
func (h *health) tasks() []intercom.Task {
	return append([]intercom.Task{{Name: "health", Run: h.run}}, h.cfg.Hooks...)
}

// loops lists what has to turn for the door to be of use.
func (d *daemon) loops() []loop {
	return []loop{
		{"control", func(ctx context.Context) error { return pingSocket(ctx, d.cfg.Control.Socket) }},
		{"xmpp", d.link.Ping},
		{"calls", d.client.Ping},
		{"device", d.device.Ping},
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
