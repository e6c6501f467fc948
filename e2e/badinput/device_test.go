//go:build e2e

package badinput

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// goodConfig is a configuration without a mistake, for a folder.
func (l *lab) goodConfig(dir string) string {
	return fmt.Sprintf(`device: {name: Front door}
xmpp: {domain: %[1]s, address: "%[2]s", ca_file: %[3]q, resource: intercom-1}
quickblox: {app_id: %[4]d, user_id: %[5]d, password_file: %[6]q}
contacts: [{name: Anna, user_id: 101}, {name: Ben, user_id: 102}, {name: Carl, user_id: 103}]
buttons: [{name: front, source: control, contacts: [Anna]}]
webrtc: {answer_time_interval: 30s, disconnect_time_interval: 10s}
camera: {source: test, width: 160, height: 120, fps: 10, bitrate: 200000}
audio: {capture: test, playback: "null"}
control: {socket: %[7]q}
log: {level: info}
`, domain, prosodyAddress, l.path("ca.pem"), appID, door, filepath.Join(dir, "password"), filepath.Join(dir, "control.sock"))
}

// device is a running daemon.
type device struct {
	t       *testing.T
	lab     *lab
	dir     string
	process *exec.Cmd
	ended   chan struct{}
	events  *rig.Log[rig.DeviceEvent]
	client  *http.Client // speaks to the control socket
	log     *os.File
}

// start runs a daemon with a good configuration, except for the keys set
// ("key=value"), until the test ends.
func (l *lab) start(t *testing.T, sets ...string) *device {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "intercomd.yaml"), l.goodConfig(dir))
	write(t, filepath.Join(dir, "password"), password(door)+"\n")
	return l.startIn(t, dir, sets...)
}

func (l *lab) startIn(t *testing.T, dir string, sets ...string) *device {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "device.log"))
	if err != nil {
		t.Fatal(err)
	}
	return l.startAs(t, dir, []string{l.binary}, log, sets...)
}

// startAs starts the daemon with a command that ends in its program, and the
// file that its log goes to.
func (l *lab) startAs(t *testing.T, dir string, command []string, log *os.File, sets ...string) *device {
	t.Helper()
	args := append(command[1:len(command):len(command)], "run", "--config", filepath.Join(dir, "intercomd.yaml"))
	for _, s := range sets {
		args = append(args, "--set", s)
	}
	d := &device{t: t, lab: l, dir: dir, ended: make(chan struct{}), events: rig.NewLog[rig.DeviceEvent](), log: log}
	d.client = &http.Client{Timeout: time.Hour, Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return d.dialControl()
	}}}
	d.process = exec.Command(command[0], args...)
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
	d.follow()
	return d
}

func (d *device) dialControl() (net.Conn, error) {
	return net.Dial("unix", filepath.Join(d.dir, "control.sock"))
}

// stop ends the daemon as an init system does; it has to end well.
func (d *device) stop() {
	if !d.alive() {
		return
	}
	_ = d.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
		if code := d.process.ProcessState.ExitCode(); code != 0 {
			d.t.Errorf("the device ended with exit code %d", code)
		}
	case <-time.After(limit):
		_ = d.process.Process.Kill()
		<-d.ended
		d.t.Error("the device did not end")
	}
	d.client.CloseIdleConnections()
	d.log.Close()
	if d.t.Failed() {
		d.t.Logf("end of the device's log:\n%s", tail(d.logged(), 4000))
	}
}

func (d *device) alive() bool {
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

func (d *device) logged() string {
	b, err := os.ReadFile(filepath.Join(d.dir, "device.log"))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

// warning returns the last line of the log with a text in it, from its message
// on.
func (d *device) warning(text string) string {
	found := ""
	for line := range strings.Lines(d.logged()) {
		if strings.Contains(line, text) {
			_, found, _ = strings.Cut(strings.TrimSpace(line), " level=")
		}
	}
	return found
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// follow collects the events until the daemon ends.
func (d *device) follow() {
	d.t.Helper()
	var stream *http.Response
	eventually(d.t, "the control socket", func() (err error) {
		if !d.alive() {
			d.t.Fatalf("the device has ended: %s", d.logged())
		}
		stream, err = d.client.Get("http://device/v1/events")
		return err
	})
	go func() {
		defer stream.Body.Close()
		lines := bufio.NewScanner(stream.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var e rig.DeviceEvent
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				d.events.Add(e)
			}
		}
		d.events.Close(errors.New("the device has ended"))
	}()
}

// event takes the next event of a name with what else it must have.
func (d *device) event(t *testing.T, name string, match func(rig.DeviceEvent) bool) rig.DeviceEvent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	e, err := d.events.Take(ctx, name, func(e rig.DeviceEvent) bool { return e.Event == name && match(e) })
	if err != nil {
		t.Fatalf("%s", tail(err.Error(), 4000))
	}
	return e
}

// eventOf takes the next event of a name about a session.
func (d *device) eventOf(t *testing.T, name string, id call.SessionID) rig.DeviceEvent {
	t.Helper()
	return d.event(t, name, func(e rig.DeviceEvent) bool { return e.Session == string(id) })
}

// count says how many events there were of a name and user; 0 is any user.
func (d *device) count(name string, user call.UserID) int {
	return d.events.Count(func(e rig.DeviceEvent) bool {
		return e.Event == name && (user == 0 || e.UserID == int64(user))
	})
}

// status reads what the device is doing.
func (d *device) status(t *testing.T) rig.DeviceStatus {
	t.Helper()
	answer, err := d.client.Get("http://device/v1/status")
	if err != nil {
		t.Fatalf("status: %v", err)
	}
	defer answer.Body.Close()
	var s rig.DeviceStatus
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		t.Fatalf("status: %v", err)
	}
	return s
}

// online waits until the device is logged in.
func (d *device) online(t *testing.T) {
	t.Helper()
	eventually(t, "the device to be online", func() error {
		if s := d.status(t); s.XMPP.State != "online" {
			return fmt.Errorf("%+v", s.XMPP)
		}
		return nil
	})
}

// idle waits until no session is left.
func (d *device) idle(t *testing.T) {
	t.Helper()
	eventually(t, "the end of all sessions", func() error {
		if s := d.status(t).Sessions; len(s) > 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
}

// press presses the button, later than what counts as the same press.
func (d *device) press(t *testing.T) {
	t.Helper()
	d.pressed(t)
	if code, _, stderr := d.run("press", "front"); code != 0 {
		t.Fatalf("press: exit code %d: %s", code, stderr)
	}
}

// pressed waits until the last press, if there was one, is 300 ms ago.
func (d *device) pressed(t *testing.T) {
	t.Helper()
	eventually(t, "the last press to be over", func() error {
		for _, e := range d.events.All() {
			if e.Event == "press" && time.Since(e.Time) < 350*time.Millisecond {
				return errors.New("too soon")
			}
		}
		return nil
	})
}

// run runs a subcommand against the device.
func (d *device) run(command ...string) (code int, stdout, stderr string) {
	return d.lab.run(append(command, "--socket", filepath.Join(d.dir, "control.sock"))...)
}

// run runs the program to its end and returns exit code and output.
func (l *lab) run(args ...string) (code int, stdout, stderr string) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, l.binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		return -1, "", err.Error()
	}
	return cmd.ProcessState.ExitCode(), strings.TrimSpace(out.String()), strings.TrimSpace(errs.String())
}

// usage is what a process holds.
type usage struct {
	memory int // resident, bytes
	files  int // open descriptors
}

func (d *device) usage(t *testing.T) usage {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d", d.process.Process.Pid)
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		t.Fatalf("the device is gone: %v", err)
	}
	files, err := os.ReadDir(proc + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return usage{memory: kib << 10, files: len(files)}
}

// post sends a request to the control socket and returns status and body.
func (d *device) post(t *testing.T, path string, body io.Reader) (status int, text string) {
	t.Helper()
	answer, err := d.client.Post("http://device"+path, "application/json", body)
	if err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		t.Fatalf("POST %s: %v", path, err)
	}
	return answer.StatusCode, strings.TrimSpace(string(b))
}
