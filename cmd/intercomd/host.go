package main

import (
	"context"
	"log/slog"
	"slices"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/internal/sdnotify"
	"github.com/intercomd/intercomd/update"
)

// host is what of the daemon outlives a change of its configuration: the control
// socket, the watchdogs, the log, the updates, and who replaces the device.
//
//	SIGHUP, file ─▶ reload ─▶ swap ─▶ daemon (of one configuration)
//	                                    ▲
//	control socket ─▶ door ─▶ front ────┘ ◀─ health
type host struct {
	opts     runOptions
	log      *slog.Logger
	settings *logSettings

	events   *intercom.Events
	config   *configState
	updates  *updates
	client   *update.Client
	front    *front
	door     *door
	notifier *sdnotify.Notifier
	health   *health
	swap     *swapper[*daemon]
	reload   *reloader

	passwords map[int64]string // made up for contacts in LAN mode
}

// newHost puts the parts together for a first configuration. Nothing runs yet.
func newHost(c *config.Config, opts runOptions, watch *fileWatch, settings *logSettings, log *slog.Logger) *host {
	h := &host{opts: opts, log: log, settings: settings, events: intercom.NewEvents()}
	h.config = &configState{events: h.events, log: log}
	h.updates = newUpdates(func(s intercom.UpdateStatus) { h.front.device().UpdateChanged(s) })
	h.front = newFront(h.updates)
	h.client = h.wireUpdates(c)
	h.door = newDoor(c.Control, h.front, log.With("part", "control"))
	var err error
	if h.notifier, err = sdnotify.New((&cli{environ: opts.Environ}).getenv); err != nil {
		log.Warn("the supervisor is not told anything", "err", err)
	}
	h.health = h.wireHealth(c)
	h.swap = &swapper[*daemon]{
		make: h.remake, show: h.front.show, hide: h.front.hide, live: h.apply, told: h.config.set,
		log: log.With("part", "config"), changes: make(chan change), idle: make(chan struct{}, 1),
	}
	h.reload = &reloader{
		path: opts.Config,
		load: func() (*config.Config, []config.Warning, error) {
			return config.Load(opts.Config, opts.Environ, opts.Overrides)
		},
		apply: h.swap.change, state: h.config, tell: h.notifier.Tell, log: log.With("part", "config"),
		ready: h.door.ready, asked: make(chan string, 1), watch: watch, latest: c,
	}
	watch.follow(c.Files)
	return h
}

// wire makes the device of a configuration. Devices are made one after the
// other.
func (h *host) wire(c *config.Config) (*daemon, error) {
	d, err := wire(c, h.opts, surroundings{
		events: h.events, update: h.updates.status, changed: h.config.get, busy: h.busy, ready: h.door.ready,
		passwords: h.passwords,
	}, h.log)
	if err == nil && d.lan != nil {
		h.passwords = d.lan.madeUp
	}
	return d, err
}

// remake makes the device of a changed configuration, after the control socket
// has moved where that says.
func (h *host) remake(ctx context.Context, c *config.Config) (*daemon, error) {
	if err := h.door.move(ctx, c.Control); err != nil {
		return nil, err
	}
	return h.wire(c)
}

// busy takes whether a call rings or is up.
func (h *host) busy(busy bool) {
	h.client.SetBusy(busy)
	if !busy {
		h.swap.becameIdle()
	}
}

// apply puts in force what of a configuration is not the device's.
func (h *host) apply(c *config.Config) {
	h.settings.apply(c.Log)
	h.client.Reconfigure(updateConfig(c))
	h.health.change(healthChange{
		Told: listeningOn(c), Device: c.Watchdog.Device, Open: watchdogOpener(c.Watchdog), Timeout: c.Watchdog.Timeout,
	})
}

// stages lists the tasks in the order they are to stop: nobody asks for anything
// new, then the device ends in stages of its own. more are tasks for the first
// stage. See [daemon.run] for what becomes of the daemon when one of them ends.
func (h *host) stages(first *daemon, c *config.Config, more ...intercom.Task) []intercom.Stage {
	h.front.show(first)
	tasks := []intercom.Task{
		{Name: "control", Run: h.door.run},
		{Name: "reload", Run: h.reload.run},
		{Name: "config", Run: restarting(h.log.With("task", "config"), h.reload.watchFile)},
		{Name: "update", Run: h.client.Run},
	}
	device := func(ctx context.Context) error { return h.swap.run(ctx, first, c) }
	return []intercom.Stage{
		{Tasks: slices.Concat(tasks, more, h.health.tasks())},
		{Tasks: []intercom.Task{{Name: "device", Run: device}}, Within: stopsWithin},
	}
}
