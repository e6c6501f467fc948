package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
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

// A call is not disturbed: the camera of a new configuration waits for its end.
func TestHostWaitsForTheCall(t *testing.T) {
	h := hosted(t, nil)
	events := h.front.Subscribe(t.Context())
	ids, err := h.front.Call(t.Context(), intercom.CallRequest{Users: []string{"Anna"}})
	if err != nil || len(ids) != 1 {
		t.Fatalf("call: %v, %v", ids, err)
	}
	next := *h.swap.inForce
	next.Camera.FPS = 5
	next.Contacts = []config.Contact{anna, ben}
	h.swap.change(t.Context(), &next)
	told := func(e intercom.Event) bool { return e.Event == "config" }
	if e := await(t, events, told); e.State != intercom.ConfigWaiting {
		t.Errorf("event %+v", e)
	}
	if s := h.front.Status(); len(s.Sessions) != 1 || s.Sessions[0].ID != ids[0] || len(s.Contacts) != 2 || s.Config == nil {
		t.Errorf("status %+v", s)
	}
	if err := h.front.Do(t.Context(), control.VerbStop, intercom.SessionRequest{}); err != nil {
		t.Fatal(err)
	}
	if e := await(t, events, told); e.State != intercom.ConfigApplied {
		t.Errorf("event %+v", e)
	}
}

// What the device refuses is refused through the socket as well.
func TestHostRefuses(t *testing.T) {
	h := hosted(t, nil)
	at, _ := h.door.place()
	client := control.NewClient(at.Socket)
	_, callErr := client.Call(t.Context(), intercom.CallRequest{Users: []string{"Zoe"}})
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"relay":  {client.Relay(t.Context(), "door"), http.StatusNotFound},
		"call":   {callErr, http.StatusNotFound},
		"accept": {client.Do(t.Context(), control.VerbAccept, intercom.SessionRequest{}), http.StatusNotFound},
		"update": {client.Update(t.Context(), "relative.raucb", false, func(intercom.UpdateStatus) error { return nil }), http.StatusConflict},
	} {
		var refused *control.RefusedError
		if !errors.As(c.err, &refused) || refused.Status != c.status {
			t.Errorf("%s: %v, want status %d", name, c.err, c.status)
		}
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

// A device that ends with a call up, because its port breaks, say, leaves nobody
// waiting for the end of the call.
func TestDeviceThatEndedIsNotBusy(t *testing.T) {
	h := hosted(t, nil)
	var told []bool
	d, err := wire(h.swap.inForce, runOptions{}, surroundings{
		events: intercom.NewEvents(), busy: func(on bool) { told = append(told, on) }, ready: h.door.ready,
	}, discard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(told) == 0 || told[len(told)-1] {
		t.Errorf("told busy %v", told)
	}
}
