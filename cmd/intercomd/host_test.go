package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

// A configuration that changes nearly everything: the device, its socket, the
// log and the watchdog follow, and who follows the events sees it.
func TestHostFollowsAChange(t *testing.T) {
	h := hosted(t, nil)
	events := h.front.Subscribe(t.Context())
	before := h.front.device()
	at, _ := h.door.place()
	next := *h.swap.inForce
	next.Control = config.Control{Socket: at.Socket + "2"}
	next.Camera.FPS = 5
	next.Log.Level = slog.LevelDebug
	h.swap.change(t.Context(), &next)
	e := await(t, events, func(e intercom.Event) bool { return e.Event == "config" })
	if e.State != intercom.ConfigApplied || len(e.Keys) != 3 {
		t.Errorf("event %+v", e)
	}
	await(t, events, func(e intercom.Event) bool { return e.Event == "xmpp" && e.State == "online" })
	if h.front.device() == before {
		t.Error("the device is the one before")
	}
	if _, err := control.NewClient(next.Control.Socket).Status(t.Context()); err != nil {
		t.Errorf("status at the new socket: %v", err)
	}
	if _, err := os.Stat(at.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old socket: %v", err)
	}
	if h.settings.level.Level() != slog.LevelDebug {
		t.Error("the log has its level from before")
	}
}

// A device that cannot be made leaves the one before, and its socket.
func TestHostGoesBack(t *testing.T) {
	h := hosted(t, nil)
	events := h.front.Subscribe(t.Context())
	at, _ := h.door.place()
	next := *h.swap.inForce
	next.Control = config.Control{Socket: at.Socket, Group: "no-such-group"}
	h.swap.change(t.Context(), &next)
	e := await(t, events, func(e intercom.Event) bool { return e.Event == "config" })
	if e.State != intercom.ConfigRefused || e.Error == "" {
		t.Errorf("event %+v", e)
	}
	await(t, events, func(e intercom.Event) bool { return e.Event == "xmpp" && e.State == "online" })
	s, err := control.NewClient(at.Socket).Status(t.Context())
	if err != nil || s.Config == nil || s.Config.State != intercom.ConfigRefused {
		t.Errorf("status %+v, %v", s.Config, err)
	}
}

// await takes events up to one that matches.
func await(t *testing.T, events <-chan intercom.Event, match func(intercom.Event) bool) intercom.Event {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatal("the events have ended")
			}
			if match(e) {
				return e
			}
		case <-deadline:
			t.Fatal("waited 10 s for an event")
		}
	}
}
