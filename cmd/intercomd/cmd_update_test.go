package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

// updatingDevice tells prepared steps of an update.
type updatingDevice struct {
	*fakeDevice
	steps []intercom.UpdateStatus
	then  error
	after func(ctx context.Context) // nil: the end comes at once
}

func (d *updatingDevice) Update(ctx context.Context, r control.UpdateRequest, report func(intercom.UpdateStatus)) error {
	d.note("update %q check=%t", r.Source, r.Check)
	for _, s := range d.steps {
		report(s)
	}
	if d.after != nil {
		d.after(ctx)
	}
	return d.then
}

// step is a status with what the view looks at.
func step(state, message string, progress int) intercom.UpdateStatus {
	return intercom.UpdateStatus{State: state, Version: "1.0.0", Message: message, Progress: progress}
}

func wholeUpdate() []intercom.UpdateStatus {
	return []intercom.UpdateStatus{
		step("checking", "looking for updates", 0),
		step("checking", "looking for updates", 0),
		step("waiting", "1.1.0 waits for the end of the call", 0),
		step("downloading", "fetching 1.1.0", 0), step("downloading", "fetching 1.1.0", 5), step("downloading", "fetching 1.1.0", 63),
		step("installing", "installing 1.1.0", 0), step("installing", "installing 1.1.0", 100),
		step("waiting", "1.1.0 is installed\x1b[2J", 0),
		step("restarting", "restarting into 1.1.0", 0),
	}
}

func TestUpdateCommand(t *testing.T) {
	failed := intercom.UpdateStatus{State: "failed", Error: "install 1.1.0: the bundle is for another kind of board"}
	tests := []struct {
		name           string
		steps          []intercom.UpdateStatus
		then           error
		args           []string
		asked          string
		code           int
		stdout, stderr string
	}{
		{"whole", wholeUpdate(), nil, nil, `update "" check=false`, 0, `looking for updates
1.1.0 waits for the end of the call
fetching 1.1.0: 0 %
fetching 1.1.0: 63 %
installing 1.1.0: 0 %
installing 1.1.0: 100 %
1.1.0 is installed\x1b[2J
restarting into 1.1.0
The device restarts. ` + "`intercomd status`" + ` says in a few minutes what became of it.
`, ""},
		{"nothing newer", []intercom.UpdateStatus{step("checking", "looking for updates", 0), step("idle", "1.0.0 is the newest version in channel stable", 0)}, nil,
			[]string{"--check"}, `update "" check=true`, 0, "looking for updates\n1.0.0 is the newest version in channel stable\n", ""},
		{"failed", []intercom.UpdateStatus{step("installing", "installing 1.1.0", 40), failed}, nil, []string{"https://h/b.raucb?token=x"},
			`update "https://h/b.raucb?token=x" check=false`, 1, "installing 1.1.0: 40 %\n", "intercomd update: install 1.1.0: the bundle is for another kind of board\n"},
		{"no RAUC", []intercom.UpdateStatus{step("unavailable", "this installation is updated by its package manager", 0)}, nil, nil,
			`update "" check=false`, 1, "", "intercomd update: this installation is updated by its package manager\n"},
		{"refused", nil, &intercom.ConflictError{Verb: "update", Reason: "an update is under way already"}, nil,
			`update "" check=false`, 1, "", "an update is under way already"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dev := &updatingDevice{fakeDevice: newFakeDevice(), steps: tt.steps, then: tt.then}
			got := try(t, t.Context(), nil, append([]string{"update", "--socket", serve(t, dev)}, tt.args...)...)
			if got.code != tt.code || got.stdout != tt.stdout || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("got code %d, %q and\n%s\nwant %d, %q and\n%s", got.code, got.stderr, got.stdout, tt.code, tt.stderr, tt.stdout)
			}
			if asked := strings.Join(dev.requests(), ", "); asked != tt.asked {
				t.Errorf("asked for %s, want %s", asked, tt.asked)
			}
		})
	}
}

func TestUpdateJSON(t *testing.T) {
	dev := &updatingDevice{fakeDevice: newFakeDevice(), steps: wholeUpdate()}
	got := try(t, t.Context(), nil, "update", "--json", "--socket", serve(t, dev))
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if got.code != 0 || len(lines) != len(dev.steps) {
		t.Fatalf("got code %d, %d lines: %s", got.code, len(lines), got.stderr)
	}
	for i, line := range lines {
		var s intercom.UpdateStatus
		if err := json.Unmarshal([]byte(line), &s); err != nil || s != dev.steps[i] {
			t.Errorf("line %d: %s, %v", i, line, err)
		}
	}
}

func TestUpdateFromFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b.raucb")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	dev := &updatingDevice{fakeDevice: newFakeDevice(), steps: []intercom.UpdateStatus{step("idle", "", 0)}}
	socket := serve(t, dev)
	if got := try(t, t.Context(), nil, "update", "b.raucb", "--socket", socket); got.code != 0 {
		t.Errorf("code %d, %s", got.code, got.stderr)
	}
	for arg, want := range map[string]string{"nothing.raucb": "no such file", ".": "is no file"} {
		got := try(t, t.Context(), nil, "update", arg, "--socket", socket)
		if got.code != exitFailure || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: code %d, %s", arg, got.code, got.stderr)
		}
	}
	if got := try(t, t.Context(), nil, "update", "b.raucb", "--check", "--socket", socket); got.code != exitUsage {
		t.Errorf("--check of a file: code %d, %s", got.code, got.stderr)
	}
	if asked := strings.Join(dev.requests(), ", "); asked != `update "`+path+`" check=false` {
		t.Errorf("asked for %s", asked)
	}
}

// TestUpdateGoesOn interrupts the command: the daemon goes on.
func TestUpdateGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dev := &updatingDevice{
		fakeDevice: newFakeDevice(), steps: []intercom.UpdateStatus{step("installing", "installing 1.1.0", 10)},
		after: func(ctx context.Context) { <-ctx.Done() },
	}
	client := control.NewClient(serve(t, dev))
	var out bytes.Buffer
	v := newUpdateView(&out, false)
	err := v.end(client.Update(ctx, "", false, func(s intercom.UpdateStatus) error {
		defer cancel()
		return v.step(s)
	}))
	if err == nil || !strings.Contains(err.Error(), "the update goes on") {
		t.Errorf("got %v, %q", err, out.String())
	}
}

func TestUpdateBar(t *testing.T) {
	var out bytes.Buffer
	v := &updateView{out: &out, terminal: true}
	for _, s := range wholeUpdate() {
		if err := v.step(s); err != nil {
			t.Fatal(err)
		}
	}
	// The daemon is gone before it can say that it is done.
	if err := v.end(control.ErrEnded); err != nil {
		t.Error(err)
	}
	empty, most, full := strings.Repeat("-", 30), strings.Repeat("#", 18)+strings.Repeat("-", 12), strings.Repeat("#", 30)
	want := "looking for updates\n1.1.0 waits for the end of the call\n" +
		"\r\x1b[K[" + empty + "]   0 %  fetching 1.1.0" +
		"\r\x1b[K[#" + empty[1:] + "]   5 %  fetching 1.1.0" +
		"\r\x1b[K[" + most + "]  63 %  fetching 1.1.0\n" +
		"\r\x1b[K[" + empty + "]   0 %  installing 1.1.0" +
		"\r\x1b[K[" + full + "] 100 %  installing 1.1.0\n" +
		"1.1.0 is installed\\x1b[2J\nrestarting into 1.1.0\n" +
		"The device restarts. `intercomd status` says in a few minutes what became of it.\n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
	v = &updateView{out: &out, last: step("installing", "", 0)}
	if err := v.end(control.ErrEnded); !errors.Is(err, control.ErrEnded) {
		t.Errorf("ended while installing: %v", err)
	}
}
