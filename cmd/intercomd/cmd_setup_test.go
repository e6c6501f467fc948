package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/hw/gpio/gpiotest"
	"github.com/intercomd/intercomd/provision"
)

// holdButtons are a line and a key; the third has no contact.
func holdButtons() []config.Button {
	return []config.Button{
		{Name: "front", Source: config.ButtonGPIO, Line: config.Line{Chip: config.ChipAuto, Name: "17", ActiveLow: true}, Bias: config.PullUp},
		{Name: "key", Source: config.ButtonEvdev, Device: "pad", Key: "KEY_ENTER"},
		{Name: "web", Source: config.ButtonControl},
	}
}

func TestHeldAtStart(t *testing.T) {
	for _, test := range []struct {
		what      string
		line, key time.Duration // held for; 0 is never, negative has no such device
		want      provision.Hold
		took      time.Duration // at least
		told      []provision.Hold
	}{
		{what: "nobody", want: provision.HoldNothing},
		{what: "no devices", line: -1, key: -1, want: provision.HoldNothing},
		{what: "one is missing, nobody", key: -1, want: provision.HoldNothing},
		{what: "for a moment", line: time.Second, want: provision.HoldNothing, took: time.Second},
		{what: "for a code", line: 5 * time.Second, want: provision.HoldPair, took: 5 * time.Second, told: []provision.Hold{provision.HoldPair}},
		{what: "a key", line: -1, key: 9900 * time.Millisecond, want: provision.HoldPair, took: 9900 * time.Millisecond, told: []provision.Hold{provision.HoldPair}},
		{
			what: "for a reset", line: 12 * time.Second, want: provision.HoldReset, took: 12 * time.Second,
			told: []provision.Hold{provision.HoldPair, provision.HoldReset},
		},
		{
			what: "a wire that touches another", line: time.Hour, want: provision.HoldStuck, took: 30 * time.Second,
			told: []provision.Hold{provision.HoldPair, provision.HoldReset, provision.HoldStuck},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			board := gpiotest.NewBoard()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			hold := func(pin *gpiotest.Pin, d time.Duration) {
				if d > 0 {
					pin.Set(true)
					go func() {
						select {
						case <-time.After(d):
							pin.Set(false)
						case <-ctx.Done():
						}
					}()
				}
			}
			if test.line >= 0 {
				hold(board.Line("", "17"), test.line)
			}
			if test.key >= 0 {
				hold(board.KeyOf("pad", "KEY_ENTER"), test.key)
			}
			var told []provision.Hold
			start := time.Now()
			got := heldAtStart(ctx, board, holdButtons(), func(h provision.Hold) { told = append(told, h) }, slog.New(slog.DiscardHandler))
			took := time.Since(start)
			if got != test.want || took < test.took || took > test.took+1200*time.Millisecond || !slices.Equal(told, test.told) {
				t.Errorf("%s: %s after %v, told %v", test.what, got, took, told)
			}
			if test.what == "nobody" && took > 200*time.Millisecond {
				t.Errorf("%v are lost at every boot", took)
			}
			if board.Line("", "17").Held() {
				t.Errorf("%s: the line was not given back", test.what)
			}
		})
	}
}

func TestHeldAtStartEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		board.Line("", "17").Set(true)
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		got := heldAtStart(ctx, board, holdButtons(), func(provision.Hold) {}, slog.New(slog.DiscardHandler))
		if got != provision.HoldNothing {
			t.Errorf("an interrupted hold is %s", got)
		}
	})
}

func TestSetupLamps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("", "23")
		lamps := []config.Lamp{{Name: "status", Line: config.Line{Chip: config.ChipAuto, Name: "23"}, Shows: config.Indications()}}
		r := newLampRunner(t.Context(), board, slog.New(slog.DiscardHandler))
		r.show(lamps, config.ShowIdle)
		synctest.Wait()
		if pin.Held() {
			t.Error("a dark lamp was opened")
		}
		r.show(lamps, config.ShowInCall)
		synctest.Wait()
		if !pin.Level() {
			t.Error("the lamp is dark")
		}
		r.stop()
		if pin.Held() || pin.Level() {
			t.Error("the lamp was not put out and given back")
		}
	})
	for _, i := range config.Indications() {
		if _, err := gpio.ParsePattern(string(i)); err != nil {
			t.Error(err)
		}
	}
}

func TestFindUser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "passwd")
	const text = "root:x:0:0:root:/root:/bin/sh\nintercom:x:900:901::/:/bin/false\nshort:x\nbad:x:-1:x:::\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if o, err := findUser(file, "intercom"); err != nil || o != (provision.Owner{UID: 900, GID: 901}) {
		t.Errorf("%v, %v", o, err)
	}
	for name, want := range map[string]string{"nobody": "has none of that name", "short": "has none of that name", "bad": "damaged"} {
		if _, err := findUser(file, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := findUser(file+"x", "intercom"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestSetupCommand imports a card as the unit of the image does.
func TestSetupCommand(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"card", "data", "run"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const text = "quickblox: {app_id: 7, user_id: 104, password: the-secret}\nxmpp: {domain: chat.example.org}\n" +
		"contacts: [{name: Anna, user_id: 101}]\nbuttons: [{name: front, contacts: [Anna]}]\n"
	card := filepath.Join(dir, "card", "intercom.yaml")
	if err := os.WriteFile(card, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	o := setupOptions{user: "intercom", passwd: "/etc/passwd", noQR: true, hostname: func(name string) error {
		if name != "intercom" {
			t.Errorf("named %q", name)
		}
		return nil
	}}
	o.paths = provision.Paths{
		Card: filepath.Join(dir, "card"), Data: filepath.Join(dir, "data"), Run: filepath.Join(dir, "run"),
		Template: filepath.Join(dir, "none"),
	}
	runSetup(t.Context(), &stderr, o)
	blanked, err := os.ReadFile(card)
	if err != nil || strings.Contains(string(blanked), "the-secret") || !strings.Contains(string(blanked), "(stored)") {
		t.Errorf("the card reads %q, %v; %s", blanked, err, stderr.String())
	}
	if strings.Contains(stderr.String(), "the-secret") {
		t.Error("the log has the secret")
	}
	cfg, _, err := config.Load(filepath.Join(dir, "data/intercomd/config/intercom.yaml"), nil, nil)
	if err != nil || cfg.QuickBlox.Password.Reveal() != "the-secret" {
		t.Errorf("stored: %v", err)
	}
	if now, err := os.Hostname(); err != nil || now != host {
		t.Errorf("the machine of the test is called %q now, %v", now, err)
	}
	if code := run([]string{"setup", "--card"}, nil, &stdout, &stderr); code != exitUsage {
		t.Errorf("a flag without value: exit code %d", code)
	}
}

// TestSetupIsForTheImage runs setup where there is no card: it touches nothing.
func TestSetupIsForTheImage(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, paths := range [][2]string{{filepath.Join(dir, "card"), dir}, {dir, filepath.Join(dir, "data")}, {file, dir}} {
		var stdout, stderr bytes.Buffer
		code := run([]string{"setup", "--no-qr", "--card", paths[0], "--data", paths[1], "--run", dir}, nil, &stdout, &stderr)
		if code != exitFailure || !strings.Contains(stderr.String(), "setup is for the image of a board") {
			t.Errorf("%v: exit code %d, said %s", paths, code, stderr.String())
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left: %v, %v", entries, err)
	}
}
