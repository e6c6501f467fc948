package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/control"
)

// opened runs a door at dir/a until the test ends.
func opened(t *testing.T) (d *door, dir string) {
	t.Helper()
	dir = t.TempDir()
	d = newDoor(config.Control{Socket: filepath.Join(dir, "a")}, newFakeDevice(), discard())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	select {
	case <-d.ready:
	case <-time.After(10 * time.Second):
		t.Fatal("the door does not open")
	}
	return d, dir
}

func TestDoorMoves(t *testing.T) {
	d, dir := opened(t)
	for _, name := range []string{"a", "b", "c/d", "a"} {
		to := filepath.Join(dir, name)
		if err := d.move(t.Context(), config.Control{Socket: to}); err != nil {
			t.Fatalf("move to %s: %v", name, err)
		}
		if err := d.ping(t.Context()); err != nil {
			t.Errorf("ping at %s: %v", name, err)
		}
		if err := control.NewClient(to).Press(t.Context(), "front"); err != nil {
			t.Errorf("press at %s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "b")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a socket is left behind: %v", err)
	}
}

// A door that cannot move stays where it is.
func TestDoorStays(t *testing.T) {
	d, dir := opened(t)
	for want, to := range map[string]config.Control{
		"no-such-group": {Socket: filepath.Join(dir, "b"), Group: "no-such-group"},
		"takes at most": {Socket: filepath.Join(dir, strings.Repeat("x", 200))},
	} {
		if err := d.move(t.Context(), to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
		if err := control.NewClient(filepath.Join(dir, "a")).Press(t.Context(), "front"); err != nil {
			t.Errorf("press: %v", err)
		}
		if at, shut := d.place(); at.Socket != filepath.Join(dir, "a") || shut {
			t.Errorf("it is at %+v, shut %t", at, shut)
		}
	}
}

func TestDoorWithoutSocket(t *testing.T) {
	d := newDoor(config.Control{Socket: filepath.Join(t.TempDir(), strings.Repeat("x", 200))}, newFakeDevice(), discard())
	if err := d.run(t.Context()); err == nil || !strings.Contains(err.Error(), "takes at most") {
		t.Errorf("run: %v", err)
	}
}
