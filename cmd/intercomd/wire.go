package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/media"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/signaling/quickblox"
)

// flushWithin bounds how long the daemon's end waits for the last hangUp.
const flushWithin = time.Second

// daemon holds the parts of a running device.
type daemon struct {
	cfg  *config.Config
	opts runOptions
	log  *slog.Logger

	device  *intercom.Device
	client  *call.Client
	engine  *media.Engine
	link    *signaling.Link
	control *control.Server
	lan     *lanServer // nil outside of LAN mode

	cleanup []func() // in the order of set-up
}

// wire opens the drivers and puts the parts together. Nothing runs yet.
func wire(cfg *config.Config, opts runOptions, log *slog.Logger) (d *daemon, err error) {
	d = &daemon{cfg: cfg, opts: opts, log: log}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err := d.wireMedia(); err != nil {
		return nil, err
	}
	if err := d.wireLink(); err != nil {
		return nil, err
	}
	if err := d.wireCalls(); err != nil {
		return nil, err
	}
	d.control = control.NewServer(cfg.Control.Socket, cfg.Control.Group, d.device, log.With("part", "control"))
	return d, nil
}

func (d *daemon) close() {
	for _, f := range slices.Backward(d.cleanup) {
		f()
	}
	d.cleanup = nil
}

func (d *daemon) wireMedia() error {
	c := d.cfg
	mc := media.Config{Width: c.Camera.Width, Height: c.Camera.Height, FPS: c.Camera.FPS, Bitrate: c.Camera.Bitrate}
	if c.Camera.Source.Kind != config.SourceNone {
		id, unregister, err := camera.Register(camera.Config{
			Source: c.Camera.Source.String(), Width: c.Camera.Width, Height: c.Camera.Height, FPS: c.Camera.FPS,
		})
		if err != nil {
			return fmt.Errorf("camera.source: %w", err)
		}
		d.cleanup = append(d.cleanup, unregister)
		mc.VideoDevice = id
	}
	if c.Audio.Capture.Kind != config.SourceNone {
		id, unregister, err := audio.Register(audio.Config{Capture: c.Audio.Capture.String()})
		if err != nil {
			return fmt.Errorf("audio.capture: %w", err)
		}
		d.cleanup = append(d.cleanup, unregister)
		mc.AudioDevice = id
	}
	speaker, err := audio.OpenPlayback(audio.PlaybackConfig{Playback: c.Audio.Playback.String()})
	if err != nil {
		return fmt.Errorf("audio.playback: %w", err)
	}
	d.cleanup = append(d.cleanup, func() {
		if err := speaker.Close(); err != nil {
			d.log.Warn("speaker not closed", "err", err)
		}
	})
	mc.Speaker = speaker
	for _, s := range c.WebRTC.ICEServers {
		mc.ICEServers = append(mc.ICEServers, media.ICEServer{URLs: s.URLs, Username: s.Username, Password: s.Password.Reveal()})
	}
	d.engine, err = media.NewEngine(mc, d.log.With("part", "media"))
	return err
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
		if d.lan, err = newLANServer(c, d.log.With("part", "lan")); err != nil {
			return fmt.Errorf("lan: %w", err)
		}
		lc.Password, lc.Dial = d.lan.ownPassword, d.lan.xmpp.Dial
		lc.TLS, lc.AllowInsecure = signaling.NoTLS, true // a pipe inside the process
	}
	d.link, err = signaling.New(lc, codec, d.log.With("part", "xmpp"))
	return err
}

func (d *daemon) wireCalls() error {
	c := d.cfg
	dc := deviceConfig(c, d.opts.Version)
	d.device = intercom.New(dc, intercom.Ports{
		Speaker:  media.Speaker{},
		Camera:   deviceState(c.Camera.Source.String(), d.engine.CameraState),
		Audio:    deviceState(c.Audio.Capture.String(), d.engine.AudioState),
		Counters: d.engine.Stats,
	}, d.log.With("part", "intercom"))
	var err error
	d.client, err = call.NewClient(call.Config{
		Self:                    call.UserID(c.QuickBlox.UserID),
		AnswerTimeInterval:      c.WebRTC.AnswerTimeInterval,
		DialingTimeInterval:     c.WebRTC.DialingTimeInterval,
		DisconnectTimeInterval:  c.WebRTC.DisconnectTimeInterval,
		StatsReportTimeInterval: c.WebRTC.StatsReportTimeInterval,
		AutoReject:              c.WebRTC.AutoReject,
		IncomingLimit:           c.WebRTC.IncomingLimit,
		Allowed:                 dc.Allowed,
	}, d.link, d.engine, d.device.Listener(), d.log.With("part", "call"))
	return err
}

// stages lists the tasks in the order they are to stop: nobody asks for
// anything new, every session is hung up and that is sent, then the rest ends.
func (d *daemon) stages() []intercom.Stage {
	last := []intercom.Task{{Name: "xmpp", Run: d.runLink}}
	if d.lan != nil {
		last = append(last, intercom.Task{Name: "lan", Run: d.lan.run})
	}
	return []intercom.Stage{
		{Tasks: []intercom.Task{{Name: "control", Run: d.control.Run}, {Name: "buttons", Run: d.runButtons}}},
		{Tasks: []intercom.Task{{Name: "device", Run: d.runDevice}}},
		{Tasks: []intercom.Task{{Name: "calls", Run: d.client.Run}, {Name: "media", Run: d.runMedia}}},
		{Tasks: last},
	}
}

func (d *daemon) runMedia(ctx context.Context) error { return d.engine.Run(ctx, d.client.MediaEvent) }

func (d *daemon) runDevice(ctx context.Context) error {
	err := d.device.Run(ctx, d.client)
	flush, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	if lost := d.link.Flush(flush); lost != nil {
		d.log.Warn("ended before everything was said", "err", lost)
	}
	return err
}

// runLink logs in once the control socket is open: a second daemon with the
// same account must fail before it takes the first one's place at the server.
func (d *daemon) runLink(ctx context.Context) error {
	select {
	case <-d.control.Ready():
	case <-ctx.Done():
		return nil
	}
	return d.link.Run(ctx, d.client.Receive, func(signaling.State) {
		s := d.link.Status()
		d.device.SetXMPP(intercom.XMPPStatus{State: s.State, JID: s.JID, Since: s.Since, Error: s.Err})
	})
}

// account is the local part of a user's JID.
func account(user, app int64) string { return fmt.Sprintf("%d-%d", user, app) }

func deviceState(source string, state func() (string, error)) func() intercom.DeviceStatus {
	return func() intercom.DeviceStatus {
		s, err := state()
		out := intercom.DeviceStatus{Source: source, State: s}
		if err != nil {
			out.Error = err.Error()
		}
		return out
	}
}

// deviceConfig says in the device's words what the file says.
func deviceConfig(c *config.Config, version string) intercom.Config {
	out := intercom.Config{Name: c.Device.Name, Version: version, Self: call.UserID(c.QuickBlox.UserID)}
	for _, k := range c.Contacts {
		out.Contacts = append(out.Contacts, intercom.Contact{Name: k.Name, UserID: call.UserID(k.UserID)})
	}
	for _, b := range c.Buttons {
		button := intercom.Button{Name: b.Name, Contacts: userIDs(b.Contacts), CallType: call.Video}
		if b.CallType == config.AudioCall {
			button.CallType = call.Audio
		}
		if b.Mode == config.Conference {
			button.Mode = intercom.Conference
		}
		out.Buttons = append(out.Buttons, button)
	}
	if c.AutoAccept.Enabled {
		out.AutoAccept = userIDs(c.AutoAccept.Callers)
	}
	return out
}

func userIDs(contacts []config.Contact) []call.UserID {
	ids := make([]call.UserID, 0, len(contacts))
	for _, c := range contacts {
		ids = append(ids, call.UserID(c.UserID))
	}
	return ids
}
