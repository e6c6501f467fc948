package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/media"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/quickblox"
)

// flushWithin bounds how long the daemon's end waits for the last hangUp.
const flushWithin = time.Second

// surroundings are what a device has in common with the one before and after
// it.
type surroundings struct {
	events  *intercom.Events
	update  func() *intercom.UpdateStatus
	changed func() *intercom.ConfigStatus
	busy    func(bool)      // whether a call rings or is up
	ready   <-chan struct{} // closed when the device may log in

	passwords map[int64]string // made up for contacts in LAN mode, so far
}

// daemon holds the parts of the device of one configuration.
type daemon struct {
	cfg    *config.Config
	opts   runOptions
	around surroundings
	log    *slog.Logger

	device  *intercom.Device
	client  *call.Client
	engine  *media.Engine
	link    *signaling.Link
	lan     *lanServer  // nil outside of LAN mode
	retired atomic.Bool // no call may come in any more

	lines   *lines
	lamps   []*gpio.Lamp
	relays  map[string]*gpio.Relay
	parts   mediaParts
	lookout *lookout

	buttonTasks, lampTasks, relayTasks []intercom.Task

	cleanup []func() // in the order of set-up
}

// wire opens the drivers and puts the parts together. Nothing runs yet.
func wire(cfg *config.Config, opts runOptions, around surroundings, log *slog.Logger) (*daemon, error) {
	d := &daemon{cfg: cfg, opts: opts, around: around, log: log}
	if err := d.wire(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *daemon) wire() error {
	if err := errors.Join(checkKeys(d.cfg)...); err != nil {
		return err
	}
	if err := d.wireMedia(); err != nil {
		return err
	}
	d.wireLines()
	if err := d.wireLink(); err != nil {
		return err
	}
	return d.wireCalls()
}

// wireLines makes everything that is at the lines of GPIO chips, and the keys.
func (d *daemon) wireLines() {
	d.lines = &lines{tell: func(name, state string, err error) { d.device.DeviceChanged(name, state, err) }}
	d.buttonTasks, d.lampTasks, d.relayTasks = d.wireButtons(), d.wireLamps(), d.wireRelays()
}

func (d *daemon) close() {
	for _, f := range slices.Backward(d.cleanup) {
		f()
	}
	d.cleanup = nil
}

func (d *daemon) wireLink() error {
	c := d.cfg
	codec, err := quickblox.NewCodec(c.QuickBlox.AppID, c.XMPP.Domain, quickblox.NewID)
	if err != nil {
		return err
	}
	lc := signaling.Config{
		Domain: c.XMPP.Domain, Username: account(c.QuickBlox.UserID, c.QuickBlox.AppID),
		Password: c.QuickBlox.Password.Reveal(), Resource: c.XMPP.Resource, Address: c.XMPP.Address,
		TLS: signaling.TLSMode(c.XMPP.TLS), AllowInsecure: c.XMPP.AllowInsecure, CAFile: c.XMPP.CAFile,
	}
	if c.LAN.Enabled {
		if d.lan, err = newLANServer(c, d.around.passwords, d.log.With("part", "lan")); err != nil {
			return fmt.Errorf("lan: %w", err)
		}
		lc.Password, lc.Dial = d.lan.ownPassword, d.lan.xmpp.Dial
		lc.TLS, lc.AllowInsecure = signaling.NoTLS, true // a pipe inside the process
	}
	d.link, err = signaling.New(lc, codec, d.log.With("part", "xmpp"))
	return err
}

func (d *daemon) wireCalls() error {
	d.device = intercom.New(deviceConfig(d.cfg, d.opts.Version), intercom.Ports{
		Events:   d.around.events,
		Speaker:  media.Speaker{},
		Camera:   d.cameraStatus,
		Audio:    d.microphoneStatus,
		Playback: d.playbackStatus,
		GPIO:     d.lines.status,
		Counters: d.engine.Stats,
		Signals:  d.signalCounters,
		Process:  processStatus,
		Update:   d.around.update,
		Changed:  d.around.changed,
		Tone:     d.tone,
		Indicate: d.indicate,
		Busy:     d.setBusy,
		Relay:    d.pulse,
	}, d.log.With("part", "intercom"))
	d.lookout = newLookout(d.engine, func() bool { return len(d.client.Sessions()) == 0 }, d.parts.presences()...)
	policy := callPolicy(d.cfg)
	policy.Self, policy.Allowed = call.UserID(d.cfg.QuickBlox.UserID), d.device.Allowed
	var err error
	d.client, err = call.NewClient(policy, d.link, d.lookout, d.device.Listener(), d.log.With("part", "call"))
	return err
}

// callPolicy is what of the configuration of calls may change while some are
// up.
func callPolicy(c *config.Config) call.Config {
	return call.Config{
		AnswerTimeInterval:      c.WebRTC.AnswerTimeInterval,
		DialingTimeInterval:     c.WebRTC.DialingTimeInterval,
		DisconnectTimeInterval:  c.WebRTC.DisconnectTimeInterval,
		StatsReportTimeInterval: c.WebRTC.StatsReportTimeInterval,
		AutoReject:              c.WebRTC.AutoReject,
		IncomingLimit:           c.WebRTC.IncomingLimit,
	}
}

func (d *daemon) setBusy(busy bool) {
	d.link.SetInCall(busy)
	d.around.busy(busy)
}

// account is the local part of a user's JID.
func account(user, app int64) string { return fmt.Sprintf("%d-%d", user, app) }
