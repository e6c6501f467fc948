package main

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
)

// hosted runs a device in LAN mode, and waits until its link is up.
func hosted(t *testing.T, change func(*config.Config)) *host {
	t.Helper()
	dir := t.TempDir()
	c, _, err := config.Read("c.yaml", []byte(`
lan: {enabled: true, listen: "127.0.0.1:0"}
contacts: [{name: Anna, user_id: 101}]
buttons: [{name: front, source: control, contacts: [Anna]}]
camera: {source: test, width: 160, height: 120, fps: 10}
audio: {capture: test, playback: "null"}
control: {socket: s}
device: {state_dir: .}
`), dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	path := filepath.Join(dir, "c.yaml")
	h := newHost(c, runOptions{Config: path}, newFileWatch(path), newLogSettings(c.Log), log)
	first, err := h.wire(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	events := first.device.Subscribe(ctx)
	go func() { ended <- intercom.Supervise(ctx, log, h.stages(first, c)...) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
		h.health.end(true)
	})
	await(t, events, func(e intercom.Event) bool { return e.Event == "xmpp" && e.State == "online" })
	return h
}

func TestDeviceHealth(t *testing.T) {
	for _, c := range []struct {
		name          string
		change        func(*config.Config)
		camera, sound bool
		problem       string
	}{
		{"all is well", nil, true, true, ""},
		{"none of both", func(c *config.Config) {
			c.Camera.Source, c.Audio.Capture = config.Source{Kind: config.SourceNone}, config.Source{Kind: config.SourceNone}
		}, true, true, ""},
		{"no picture", func(c *config.Config) {
			c.Camera.Source = config.Source{Kind: config.SourceFile, Path: "/no/such/file.h264"}
		}, false, true, "camera.source: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := hosted(t, c.change)
			h.health.fed.Store(time.Now().Add(time.Hour).UnixNano()) // its first round may not be over
			got := h.deviceHealth(t.Context())
			if !got.Online || !got.Fed || got.Camera != c.camera || got.Sound != c.sound {
				t.Errorf("got %+v", got)
			}
			told := slices.ContainsFunc(got.Problems, func(p string) bool { return strings.HasPrefix(p, c.problem) })
			if (c.problem != "") != (len(got.Problems) > 0) || c.problem != "" && !told {
				t.Errorf("problems %q, want %q", got.Problems, c.problem)
			}
			if s := h.front.Status(); s.Update == nil {
				t.Errorf("status %+v", s)
			}
		})
	}
}
