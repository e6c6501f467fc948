package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/signaling"
	"github.com/intercomd/intercomd/update"
)

// rebootRequest is the file that has the system restart the machine: a unit of
// the image, which may, waits for it.
const rebootRequest = "/run/intercomd/reboot"

// updateClient is what is asked of package update.
type updateClient interface {
	Install(ctx context.Context, source string) error
	Check(ctx context.Context) error
	Status() update.Status
}

// updates joins the update client and the device: the one's states become the
// other's status and events, and the answers to who asked for an update.
type updates struct {
	client updateClient
	tell   func(intercom.UpdateStatus) // of a new state or progress

	mu      sync.Mutex
	state   string                                  // told last
	follows map[chan intercom.UpdateStatus]struct{} // each of room for one, the latest
}

func newUpdates(tell func(intercom.UpdateStatus)) *updates {
	return &updates{tell: tell, follows: make(map[chan intercom.UpdateStatus]struct{})}
}

// status is the status for the device.
func (u *updates) status() *intercom.UpdateStatus {
	s := updateStatus(u.client.Status())
	return &s
}

// changed takes each new status of the client, in order. It does not block.
func (u *updates) changed(s update.Status) {
	now := updateStatus(s)
	u.mu.Lock()
	news := now.State != u.state
	u.state = now.State
	for f := range u.follows {
		select {
		case <-f:
		default:
		}
		f <- now
	}
	u.mu.Unlock()
	if news {
		u.tell(now)
	}
}

// ask does what a request asks for and reports each status up to its end.
func (u *updates) ask(ctx context.Context, r control.UpdateRequest, report func(intercom.UpdateStatus)) error {
	changes := make(chan intercom.UpdateStatus, 1)
	u.mu.Lock()
	u.follows[changes] = struct{}{}
	u.mu.Unlock()
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.follows, changes)
	}()
	if err := u.begin(ctx, r); err != nil {
		return &intercom.ConflictError{Verb: "update", Reason: err.Error()}
	}
	select {
	case <-changes: // it may be from before
	default:
	}
	for now := *u.status(); ; {
		report(now)
		if update.State(now.State).Final() {
			return nil
		}
		select {
		case now = <-changes:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (u *updates) begin(ctx context.Context, r control.UpdateRequest) error {
	if r.Check {
		return u.client.Check(ctx)
	}
	return u.client.Install(ctx, r.Source)
}

// updateStatus says in the device's words how far an update is.
func updateStatus(s update.Status) intercom.UpdateStatus {
	out := intercom.UpdateStatus{
		State: string(s.State), Version: s.Version, Slot: s.Slot, Available: s.Available,
		Progress: s.Progress, Message: s.Message, Error: s.Error, Checked: s.Checked, Since: s.Since,
	}
	if s.Last != nil {
		last := intercom.UpdateResult(*s.Last)
		out.Last = &last
	}
	return out
}

// updateConfig says in the words of package update what the file says.
func updateConfig(c *config.Config) update.Config {
	return update.Config{
		Manifest: c.Update.Manifest, Channel: c.Update.Channel, Interval: c.Update.CheckInterval,
		Window: update.Window{From: c.Update.Window.Start, To: c.Update.Window.End},
		CAFile: c.Update.CAFile, Keyring: c.Update.Keyring, StateDir: c.Device.StateDir,
	}
}

// wireUpdates makes the update client.
func (h *host) wireUpdates(c *config.Config) *update.Client {
	client := update.New(updateConfig(c), update.Ports{
		Health: h.deviceHealth, IfIdle: h.front.ifIdle, Changed: h.updates.changed,
		Restart: func() error { return requestReboot(rebootRequest) },
	}, h.log.With("part", "update"))
	h.updates.client = client
	return client
}

// requestReboot makes the file that asks the system to restart the machine.
func requestReboot(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("request reboot: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("request reboot: %w", err)
	}
	return nil
}

// openWithin bounds how long camera or microphone take to open when they are
// tried.
const openWithin = 10 * time.Second

// deviceHealth tries what the device is made of.
func (h *host) deviceHealth(ctx context.Context) update.Health {
	out := update.Health{Fed: h.health.fedLately(time.Now())}
	if !out.Fed {
		out.Problems = append(out.Problems, "the watchdog was not fed lately")
	}
	d, _, gone := h.front.look()
	if d == nil || !gone.IsZero() {
		out.Problems = append(out.Problems, "the device is being made anew")
		return out
	}
	s := d.link.Status()
	if out.Online = s.State == signaling.StatusOnline; !out.Online {
		out.Problems = append(out.Problems, fmt.Sprintf("xmpp: %s %s", s.State, s.Err))
	}
	out.Camera = d.opens(ctx, call.KindVideo, &out.Problems)
	out.Sound = d.opens(ctx, call.KindAudio, &out.Problems)
	return out
}

// opens opens camera or microphone for a moment, as a call would, and says
// whether that worked; none is needed where none is configured. One that a call
// uses is open already.
func (d *daemon) opens(ctx context.Context, kind call.Kind, problems *[]string) bool {
	source, key, state := d.cfg.Audio.Capture, "audio.capture", d.engine.AudioState
	if kind == call.KindVideo {
		source, key, state = d.cfg.Camera.Source, "camera.source", d.engine.CameraState
	}
	if source.Kind == config.SourceNone {
		return true
	}
	if now, _ := state(); now == intercom.DeviceOpen {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	stream, err := d.lookout.GetUserMedia(ctx, "health", call.MediaParams{
		Audio: kind == call.KindAudio, Video: kind == call.KindVideo,
	})
	if err == nil {
		err = stream.Close()
	}
	if err != nil {
		*problems = append(*problems, fmt.Sprintf("%s: %v", key, err))
	}
	return err == nil
}
