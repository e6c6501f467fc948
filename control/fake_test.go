package control

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/intercom"
)

// fakeDevice is a device with a button, and answers as told.
type fakeDevice struct {
	mu     sync.Mutex
	asked  []string // what was asked for, in words
	err    error    // of the next requests
	block  bool     // requests wait for the end of their context
	status intercom.Status
	subs   []chan intercom.Event
	subbed chan struct{} // one value for each subscription
	gone   chan struct{} // one value for each subscription that ended
}

func newFakeDevice() *fakeDevice {
	return &fakeDevice{subbed: make(chan struct{}, 64), gone: make(chan struct{}, 64)}
}

func (d *fakeDevice) note(ctx context.Context, format string, args ...any) error {
	d.mu.Lock()
	d.asked = append(d.asked, fmt.Sprintf(format, args...))
	err, block := d.err, d.block
	d.mu.Unlock()
	if block {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (d *fakeDevice) requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

func (d *fakeDevice) Press(ctx context.Context, button string) error {
	if err := d.note(ctx, "press %s", button); err != nil {
		return err
	}
	if button != "front" {
		return &intercom.NotFoundError{Kind: "button", Name: button, Known: []string{"front"}}
	}
	return nil
}

func (d *fakeDevice) Relay(ctx context.Context, relay string) error {
	return d.note(ctx, "relay %s", relay)
}

func (d *fakeDevice) Call(ctx context.Context, r intercom.CallRequest) ([]call.SessionID, error) {
	if err := d.note(ctx, "call %v %s %t %d %v", r.Users, r.CallType, r.Conference, r.Bandwidth, r.Extension); err != nil {
		return nil, err
	}
	return []call.SessionID{"s-1", "s-2"}, nil
}

func (d *fakeDevice) Do(ctx context.Context, verb string, r intercom.SessionRequest) error {
	return d.note(ctx, "%s %q %s %v", verb, r.Session, r.Kind, r.Extension)
}

// Update reports two states, unless it is refused.
func (d *fakeDevice) Update(ctx context.Context, r UpdateRequest, report func(intercom.UpdateStatus)) error {
	if r.Source == "refused" {
		return &intercom.ConflictError{Verb: "update", Reason: "one is under way"}
	}
	report(intercom.UpdateStatus{State: intercom.UpdateDownloading, Version: "1.0.0", Progress: 40})
	report(intercom.UpdateStatus{State: intercom.UpdateInstalling, Version: "1.0.0", Progress: 10})
	return d.note(ctx, "update %q check=%t", r.Source, r.Check)
}

func (d *fakeDevice) Status() intercom.Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// Subscribe gives an unbuffered channel, so a send that succeeds was taken.
func (d *fakeDevice) Subscribe(ctx context.Context) <-chan intercom.Event {
	ch := make(chan intercom.Event)
	d.mu.Lock()
	d.subs = append(d.subs, ch)
	d.mu.Unlock()
	context.AfterFunc(ctx, func() { d.gone <- struct{}{} })
	d.subbed <- struct{}{}
	return ch
}

func (d *fakeDevice) subscription(i int) chan intercom.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.subs[i]
}

// serve runs a server on a socket of its own until the test ends or stop is
// called, which returns what Run returned.
func serve(t *testing.T, dev Device, group string) (path string, stop func() error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "run", "control.sock")
	s := NewServer(path, group, dev, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return receive(t, ended, "end of Run")
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	receive(t, s.Ready(), "ready server")
	return path, stop
}

// receive takes a value, or ends the test after a while.
func receive[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("waited 10 s for %s", what)
		panic("unreachable")
	}
}

// exchange sends raw bytes to the socket and returns everything that comes
// back until the server closes.
func exchange(t *testing.T, path, request string) string {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// A server that refuses early may close before it has read everything.
	_, writeErr := conn.Write([]byte(request))
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(conn); err != nil && answer.Len() == 0 {
		t.Fatalf("read: %v (write: %v)", err, writeErr)
	}
	return answer.String()
}

// post makes the raw bytes of a request with a JSON body.
func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}
