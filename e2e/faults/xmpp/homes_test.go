//go:build e2e

package xmpp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/intercom"
)

// The two devices: the door rings, the home answers by itself.
const (
	door = call.UserID(104)
	home = call.UserID(105)
)

// device is a running daemon.
type device struct {
	*control.Client
	t       *testing.T
	user    call.UserID
	dir     string
	process *exec.Cmd
	ended   chan struct{}
	events  *rig.Log[intercom.Event]
	read    chan struct{} // closed when no more events are read; nil before that begins
}

func deviceConfig(dir, address, authority string, user, other call.UserID) string {
	return fmt.Sprintf(`device: {name: Device %[4]d}
xmpp: {domain: %[6]s, address: "%[2]s", ca_file: %[3]q, resource: intercom-1}
quickblox: {app_id: %[7]d, user_id: %[4]d, password_file: %[1]s/password}
contacts: [{name: Other, user_id: %[5]d}]
buttons: [{name: front, source: control, contacts: [Other]}]
auto_accept: {enabled: %[8]t, callers: [Other]}
webrtc: {answer_time_interval: 40s, stats_report_time_interval: 1s}
camera: {source: test, width: 160, height: 120, fps: 10, bitrate: 100000}
audio: {capture: test, playback: "null"}
control: {socket: %[1]s/control.sock}
log: {level: debug}
`, dir, address, authority, user, other, domain, appID, user == home)
}

// startDevice runs a daemon until the test ends and waits until it is online.
func startDevice(t *testing.T, s *server, address, logs string, user, other call.UserID, follow func(intercom.Event)) *device {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"intercomd.yaml": deviceConfig(dir, address, s.path("ca.pem"), user, other),
		"password":       password + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := logFile(t, logs, fmt.Sprintf("device-%d", user))
	d := &device{
		Client: control.NewClient(filepath.Join(dir, "control.sock")), t: t, user: user, dir: dir,
		ended: make(chan struct{}), events: rig.NewLog[intercom.Event](),
	}
	d.process = exec.Command(os.Getenv(binaryVariable), "run", "--config", filepath.Join(dir, "intercomd.yaml"))
	d.process.Stdout, d.process.Stderr = log, log
	d.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.ended)
		_ = d.process.Wait() // the exit code is asked for where it matters
	}()
	t.Cleanup(d.stop)
	d.online()
	d.follow(follow)
	return d
}

// stop ends the daemon as an init system does; it has to end well.
func (d *device) stop() {
	_ = d.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(patience):
		_ = d.process.Process.Kill()
		<-d.ended
	}
	if code := d.process.ProcessState.ExitCode(); code != 0 {
		d.t.Errorf("the device of %d ended with exit code %d", d.user, code)
	}
	if d.read != nil { // the end of the device ends the stream
		<-d.read
	}
}

// follow keeps the events until the daemon ends.
func (d *device) follow(each func(intercom.Event)) {
	d.t.Helper()
	ready := make(chan struct{})
	d.read = make(chan struct{})
	go func() {
		defer close(d.read)
		err := d.Follow(context.Background(), func() { close(ready) }, func(e intercom.Event) error {
			each(e)
			d.events.Add(e)
			return nil
		})
		d.events.Close(err)
		if !errors.Is(err, control.ErrEnded) {
			d.t.Errorf("follow the device of %d: %v", d.user, err)
		}
	}()
	select {
	case <-ready:
	case <-d.read:
		d.t.Fatal("the device gives no events")
	}
}

func (d *device) status() intercom.Status {
	d.t.Helper()
	s, err := d.Status(context.Background())
	if err != nil {
		d.t.Fatalf("status of %d: %v", d.user, err)
	}
	return s
}

func (d *device) online() {
	d.t.Helper()
	eventually(d.t, "a device to be online", func() error {
		s, err := d.Status(context.Background())
		if err == nil && s.XMPP.State != "online" {
			err = fmt.Errorf("%+v", s.XMPP)
		}
		return err
	})
}

// idle waits until no session is left.
func (d *device) idle() {
	d.t.Helper()
	eventually(d.t, "the end of all sessions", func() error {
		if s := d.status().Sessions; len(s) > 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
}

// event takes the next event that matches.
func (d *device) event(what string, match func(intercom.Event) bool) intercom.Event {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	e, err := d.events.Take(ctx, what, match)
	if err != nil {
		d.t.Fatalf("%d: %s", d.user, tail(err.Error(), 1000))
	}
	return e
}

func named(name string) func(intercom.Event) bool {
	return func(e intercom.Event) bool { return e.Event == name }
}

// pictures waits until the statistics show pictures of the other side.
func (d *device) pictures(session call.SessionID) {
	d.t.Helper()
	d.event("pictures", func(e intercom.Event) bool {
		return e.Session == session && e.Stats != nil && e.Stats.Video.FramesReceived > 0
	})
}
