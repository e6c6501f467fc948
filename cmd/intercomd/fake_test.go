package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

// fakeDevice notes what it is asked for.
type fakeDevice struct {
	mu     sync.Mutex
	asked  []string
	status intercom.Status
	events chan intercom.Event // of the only follower
	subbed chan struct{}
}

func newFakeDevice() *fakeDevice {
	return &fakeDevice{events: make(chan intercom.Event), subbed: make(chan struct{}, 8)}
}

func (d *fakeDevice) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, fmt.Sprintf(format, args...))
}

func (d *fakeDevice) requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

func (d *fakeDevice) Press(_ context.Context, button string) error {
	if button != "front" {
		return &intercom.NotFoundError{Kind: "button", Name: button, Known: []string{"front", "side"}}
	}
	d.note("press %s", button)
	return nil
}

func (d *fakeDevice) Relay(_ context.Context, relay string) error {
	if relay != "door" {
		return &intercom.NotFoundError{Kind: "relay", Name: relay, Known: []string{"door"}}
	}
	d.note("relay %s", relay)
	return nil
}

func (d *fakeDevice) Call(_ context.Context, r intercom.CallRequest) ([]call.SessionID, error) {
	d.note("call %q type=%q conference=%t bandwidth=%d ext=%v", r.Users, r.CallType, r.Conference, r.Bandwidth, r.Extension)
	return []call.SessionID{"0c3a-1", "evil\x1b[2J"}, nil
}

func (d *fakeDevice) Do(_ context.Context, verb string, r intercom.SessionRequest) error {
	if r.Session == "busy" {
		return &intercom.ConflictError{Verb: verb, Reason: "not now"}
	}
	if r.Session == "gone" {
		return &intercom.NotFoundError{Kind: "session", Name: "gone"}
	}
	d.note("%s session=%q kind=%q ext=%v", verb, r.Session, r.Kind, r.Extension)
	return nil
}

func (d *fakeDevice) Update(_ context.Context, r control.UpdateRequest, report func(intercom.UpdateStatus)) error {
	if r.Source == "bad.raucb" {
		return &intercom.RequestError{Field: "source", Value: r.Source, Reason: "is no bundle"}
	}
	if strings.HasSuffix(r.Source, "/busy.raucb") {
		return &intercom.ConflictError{Verb: "update", Reason: "one is under way"}
	}
	d.note("update %q check=%t", r.Source, r.Check)
	report(intercom.UpdateStatus{State: intercom.UpdateInstalling, Version: "1.0.0", Progress: 50})
	report(intercom.UpdateStatus{State: intercom.UpdateRestarting, Version: "1.0.0"})
	return nil
}

func (d *fakeDevice) Status() intercom.Status { return d.status }

func (d *fakeDevice) Subscribe(context.Context) <-chan intercom.Event {
	d.subbed <- struct{}{}
	return d.events
}

// serve runs the control socket of a device until the test ends.
func serve(t *testing.T, dev control.Device) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	srv := control.NewServer(socket, "", dev, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	<-srv.Ready()
	return socket
}

// outcome is what a command line did.
type outcome struct {
	code           int
	stdout, stderr string
}

// testNow is the time at which the command lines of the tests are given.
var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// try carries out a command line in an environment of its own.
func try(t *testing.T, ctx context.Context, env map[string]string, args ...string) outcome {
	t.Helper()
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	c := &cli{
		stdin: &bytes.Buffer{}, stdout: &stdout, stderr: &stderr,
		environ: environ,
		now:     func() time.Time { return testNow },
	}
	code := c.run(ctx, args)
	return outcome{code, stdout.String(), stderr.String()}
}
