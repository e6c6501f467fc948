package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/media"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestPresenceOpensRarely counts how often a device is opened to learn whether
// it is there.
func TestPresenceOpensRarely(t *testing.T) {
	node := filepath.Join(t.TempDir(), "video0")
	opened, broken := 0, error(nil)
	p := &presence{nodes: []string{node}, log: discard(), check: func() error { opened++; return broken }}
	for _, step := range []struct {
		name   string
		before func()
		want   int // how often it has been opened since the start
	}{
		{"at first", func() {}, 1},
		{"again", func() {}, 1},
		{"plugged in", func() { touch(t, node, "a") }, 2},
		{"as it was", func() {}, 2},
		{"replaced", func() { touch(t, node, "abc") }, 3},
		{"used", func() { p.used() }, 4},
		{"unplugged", func() { broken = errors.New("no such device"); remove(t, node) }, 5},
		{"missing", func() {}, 6},
		{"still missing", func() {}, 7},
		{"back", func() { broken = nil }, 8},
		{"and stays", func() {}, 8},
	} {
		step.before()
		if p.look(); opened != step.want {
			t.Errorf("%s: opened %d times, want %d", step.name, opened, step.want)
		}
	}
}

func touch(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// TestPresenceCorrects joins what the engine says of a device with what was
// found out since.
func TestPresenceCorrects(t *testing.T) {
	gone := errors.New("no such device")
	for _, c := range []struct {
		name   string
		looked bool
		found  error
		engine intercom.DeviceStatus
		want   intercom.DeviceStatus
	}{
		{"not looked yet", false, nil, intercom.DeviceStatus{State: "missing", Error: "busy"}, intercom.DeviceStatus{State: "missing", Error: "busy"}},
		{"there", true, nil, intercom.DeviceStatus{State: "idle"}, intercom.DeviceStatus{State: "idle"}},
		{"gone while nobody uses it", true, gone, intercom.DeviceStatus{State: "idle"}, intercom.DeviceStatus{State: "missing", Error: "no such device"}},
		{"back since the last call", true, nil, intercom.DeviceStatus{State: "missing", Error: "busy"}, intercom.DeviceStatus{State: "idle"}},
		{"in use", true, gone, intercom.DeviceStatus{State: "open"}, intercom.DeviceStatus{State: "open"}},
	} {
		p := &presence{log: discard(), check: func() error { return c.found }}
		if c.looked {
			p.look()
		}
		if got := p.correct(c.engine); got.State != c.want.State || got.Error != c.want.Error {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestPresenceLogsChanges keeps a device that stays away from filling the log.
func TestPresenceLogsChanges(t *testing.T) {
	var log bytes.Buffer
	found := errors.New("no such device")
	p := &presence{key: "camera.source", log: slog.New(slog.NewTextHandler(&log, nil)), check: func() error { return found }}
	for range 3 {
		p.look()
	}
	found = nil
	p.look()
	p.look()
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `msg="device is missing" key=camera.source err="no such device"`) ||
		!strings.Contains(lines[1], `msg="device is there" key=camera.source`) {
		t.Errorf("log:\n%s", &log)
	}
}

func TestPresenceOfSources(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "gone")
	noCard := config.Source{Kind: config.SourceDevice, Name: "no such card"}
	for _, c := range []struct {
		name string
		p    *presence
		want string // of the error
	}{
		{"test picture", cameraPresence(config.Source{Kind: config.SourceTest}, discard()), ""},
		{"camera file", cameraPresence(config.Source{Kind: config.SourceFile, Path: missing + ".h264"}, discard()), "gone.h264"},
		{"camera", cameraPresence(config.Source{Kind: config.SourceDevice, Name: "/dev/no-such-camera"}, discard()), "/dev/no-such-camera"},
		{"test tone", microphonePresence(config.Source{Kind: config.SourceTest}, discard()), ""},
		{"sound file", microphonePresence(config.Source{Kind: config.SourceFile, Path: missing + ".wav"}, discard()), "gone.wav"},
		{"speaker", speakerPresence(noCard, func() bool { return false }, discard()), `open speaker "no such card"`},
		{"speaker that plays", speakerPresence(noCard, func() bool { return true }, discard()), ""},
		{"sound card", microphonePresence(noCard, discard()), "no such card"},
	} {
		c.p.look()
		got := c.p.correct(intercom.DeviceStatus{State: "idle"})
		if (got.State == "missing") != (c.want != "") || !strings.Contains(got.Error, c.want) {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}

// newTestLookout makes a lookout for one device over an engine that runs
// without one.
func newTestLookout(t *testing.T, idle func() bool, check func() error) (*lookout, *presence) {
	t.Helper()
	engine, err := media.NewEngine(media.Config{}, discard())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- engine.Run(ctx, func(call.MediaEvent) {}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	p := &presence{log: discard(), check: check}
	return newLookout(engine, idle, p), p
}

// TestLookoutLooksWhileIdle sees that no device is touched during a call.
func TestLookoutLooksWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy atomic.Bool
		var looks atomic.Int32
		check := func() error { looks.Add(1); return io.EOF }
		l := newLookout(nil, func() bool { return !busy.Load() }, &presence{log: discard(), check: check})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- l.run(ctx) }()
		time.Sleep(2*lookPeriod + time.Millisecond)
		busy.Store(true)
		time.Sleep(10 * lookPeriod)
		if n := looks.Load(); n != 3 {
			t.Errorf("%d looks, want 3", n)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestCallWaitsForLook has a call come while a device is being looked at.
func TestCallWaitsForLook(t *testing.T) {
	looking, release := make(chan struct{}), make(chan struct{})
	l, p := newTestLookout(t, func() bool { return true }, func() error {
		close(looking)
		<-release
		return nil
	})
	looked := make(chan struct{})
	go func() { l.lookFor(p); close(looked) }()
	<-looking

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.GetUserMedia(ctx, "s", call.MediaParams{Audio: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("a look that hangs: %v, want the end of the context", err)
	}

	answer := make(chan error)
	go func() {
		_, err := l.GetUserMedia(t.Context(), "s", call.MediaParams{Audio: true})
		answer <- err
	}()
	select {
	case err := <-answer:
		t.Errorf("the call did not wait: %v", err)
	case release <- struct{}{}:
	}
	<-looked
	if err := <-answer; err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that there is no microphone", err)
	}
	if p.fresh {
		t.Error("what was seen before the call still counts")
	}
}

// TestNoLookWhileOpening has a look come while a call opens its devices.
func TestNoLookWhileOpening(t *testing.T) {
	looks := 0
	l, p := newTestLookout(t, func() bool { return true }, func() error { looks++; return nil })
	l.openers = 1
	if l.lookFor(p); looks != 0 {
		t.Error("the device was opened twice")
	}
	l.openers = 0
	if l.lookFor(p); looks != 1 {
		t.Error("the device was not looked at")
	}
}
