//go:build e2e

package badinput

import (
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
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/faults/relay"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/intercom"
)

// system is what the device's own machine does to it.
func (l *lab) system(t *testing.T) {
	a := l.phone(t, anna)
	for _, c := range []struct {
		name string
		run  func(*testing.T, *phone)
	}{
		{"log that nobody reads", l.unreadLog},
		{"full disk", l.fullDisk},
		{"read-only file system", l.readOnly},
		{"no descriptors left", l.noDescriptors},
		{"press while offline", l.pressOffline},
		{"cable pulled in a call", l.cablePulled},
		{"signals", l.hangups},
		{"what calls leave behind", l.remains},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, a) })
	}
}

// folder makes a folder with a good configuration.
func (l *lab) folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "intercomd.yaml"), l.goodConfig(dir))
	write(t, filepath.Join(dir, "password"), password(door)+"\n")
	return dir
}

const droppedLines = "lines of the log were dropped"

// unreadLog has the log go to a pipe that is full: calls go on, and once it is
// read again it says how much is missing.
func (l *lab) unreadLog(t *testing.T, a *phone) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	d := l.startAs(t, l.folder(t), []string{l.binary}, w)
	d.online(t)
	for range 4000 { // more lines than pipe and queue hold
		if code, _ := d.post(t, "/v1/press", strings.NewReader(`{"button": "nobody has a button of this name, and it is in the log"}`)); code != http.StatusNotFound {
			t.Fatalf("press: status %d", code)
		}
	}
	a.nothingLost(t, d)
	read := &collected{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(read, r) // ends with the file
	}()
	eventually(t, "the log to say what is missing", func() error {
		if !strings.Contains(read.String(), droppedLines) {
			return fmt.Errorf("%d bytes", len(read.String()))
		}
		return nil
	})
	documented(t, droppedLines)
	_, rest, _ := strings.Cut(read.String(), droppedLines)
	says(t, "%s%s", droppedLines, strings.SplitAfterN(rest, "\n", 2)[0])
	a.nothingLost(t, d)
	d.stop()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	<-ended
	if !strings.Contains(read.String(), "intercomd ends") {
		t.Error("the end of the log is missing")
	}
}

// collected is what was read, to be looked at while more comes.
type collected struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (c *collected) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b.Write(b)
}

func (c *collected) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.b.String()
}

// fullDisk has log and sound go to a file system without room, which gets some
// later.
func (l *lab) fullDisk(t *testing.T, a *phone) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	log, err := os.Create(filepath.Join(disk, "device.log"))
	if err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(disk, "filler")
	err = os.WriteFile(filler, make([]byte, 1<<20), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	d := l.startAs(t, l.folder(t), []string{l.binary}, log, "audio.playback=file:"+filepath.Join(disk, "heard.wav"))
	d.online(t)
	a.nothingLost(t, d)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	a.nothingLost(t, d)
	text, err := os.ReadFile(log.Name())
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), droppedLines)
	if !found {
		t.Errorf("the log does not say what is missing: %s", tail(string(text), 2000))
	}
	says(t, "%s%s", droppedLines, strings.SplitAfterN(rest, "\n", 2)[0])
}

// readOnly starts the device where nothing can be written but the folder of
// its socket.
func (l *lab) readOnly(t *testing.T, a *phone) {
	dir := l.folder(t)
	log, err := os.Create(filepath.Join(dir, "device.log"))
	if err != nil {
		t.Fatal(err)
	}
	const script = `mount --bind "$0" "$0" && mount -o remount,bind,ro / && ! touch /tmp/badinput-is-writable 2>/dev/null && exec "$@"`
	d := l.startAs(t, dir, []string{"unshare", "--mount", "sh", "-c", script, dir, l.binary}, log)
	d.online(t)
	a.nothingLost(t, d)
	says(t, "starts, and calls as ever")
}

// noDescriptors lets the device open two more files and no others for a while.
func (l *lab) noDescriptors(t *testing.T, a *phone) {
	d := l.start(t)
	d.online(t)
	a.nothingLost(t, d)
	var before unix.Rlimit
	pid := d.process.Process.Pid
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = uint64(d.usage(t).files + 2)
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &few, nil); err != nil {
		t.Fatal(err)
	}
	id := d.ringsIn(t, a)
	const noFiles = "too many open files"
	documented(t, noFiles)
	eventually(t, "the log to tell of it", func() error {
		if d.warning(noFiles) != "" {
			return nil
		}
		// Connections that nobody accepts use up what is left.
		conn, err := d.dialControl()
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return errors.New("nothing is said")
	})
	says(t, "%s", d.warning(noFiles))
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	a.send(call.SignalHangUp, id, "")
	d.eventOf(t, "onSessionClose", id)
	a.nothingLost(t, d)
}

// ringsIn has the phone call the door, where it rings.
func (d *device) ringsIn(t *testing.T, a *phone) call.SessionID {
	t.Helper()
	id := call.SessionID("5c5b1a2e-50f2-4d7e-9d3e-0d1f6a4d5b99")
	a.send(call.SignalCall, id, newConversation(t).offer(t))
	d.eventOf(t, "onCall", id)
	return id
}

// pressOffline presses while the server cannot be reached: the call goes out
// once it can, and a call that never went out says so.
func (l *lab) pressOffline(t *testing.T, a *phone) {
	const address = "127.0.0.1:5333"
	d := l.start(t, "xmpp.address="+address, "webrtc.answer_time_interval=10s")
	d.press(t)
	if e := d.event(t, "press", func(rig.DeviceEvent) bool { return true }); e.Error != "" {
		t.Errorf("event %+v", e)
	}
	const waits = "waits for the link"
	documented(t, waits)
	if _, stdout, _ := d.run("status"); !strings.Contains(stdout, waits) {
		t.Errorf("status: %s", stdout)
	}
	d.press(t)
	d.idle(t)
	if line := d.warning("reason=offline"); !strings.Contains(line, "onSessionClose") {
		t.Errorf("the log says %q", line)
	}
	d.press(t)
	reachable(t, address)
	begin := time.Now()
	ring := a.signal(t, call.SignalCall, "")
	says(t, "the phone rings %.1f s after the server is there", time.Since(begin).Seconds())
	c := newConversation(t)
	a.send(call.SignalAccept, ring.Session, c.answer(t, ring.SDP))
	d.eventOf(t, "onAcceptCall", ring.Session)
	c.sees(t)
	a.hangUp(t, d, ring.Session, c)
}

// reachable lets the server be reached at another address until the test ends.
func reachable(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := relay.NewProxyAt(listener, relay.To(prosodyAddress), 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- proxy.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("proxy: %v", err)
		}
	})
}

// cablePulled takes the network away in a call, and gives it back.
func (l *lab) cablePulled(t *testing.T, a *phone) {
	d := l.start(t)
	d.online(t)
	id, c := a.talk(t, d)
	const changed = "network has changed"
	documented(t, changed)
	for _, step := range []struct{ command, logs string }{
		{"link set eth1 down", "up=false"},
		{"link set eth1 up", "up=true moved=false"},
	} {
		if out, err := exec.Command("ip", strings.Fields(step.command)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", step.command, err, out)
		}
		eventually(t, "the log to tell of the network", func() error {
			if !strings.Contains(d.warning(changed), step.logs) {
				return errors.New("nothing is said")
			}
			return nil
		})
		says(t, "%s", d.warning(changed))
	}
	c.sees(t)
	d.silent(t, 0, anna, id)
	a.hangUp(t, d, id, c)
	a.nothingLost(t, d)
}

// hangups sends signals that end other programs.
func (l *lab) hangups(t *testing.T, a *phone) {
	d := l.start(t)
	d.online(t)
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGPIPE} {
		if err := d.process.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	const same = "the configuration has not changed"
	documented(t, same)
	eventually(t, "the log to tell of SIGHUP", func() error {
		if d.warning(same) == "" {
			return errors.New("nothing is said")
		}
		return nil
	})
	says(t, "%s", d.warning(same))
	a.nothingLost(t, d)
}

// remains makes many short calls and compares what the process takes.
func (l *lab) remains(t *testing.T, a *phone) {
	d := l.start(t)
	d.online(t)
	const calls = 20
	for range calls { // memory is taken for the first ones and kept for the others
		a.nothingLost(t, d)
	}
	before := d.takes(t)
	for range calls {
		a.nothingLost(t, d)
	}
	var after intercom.ProcessStatus
	eventually(t, "goroutines and files to be those of before", func() error {
		after = d.takes(t)
		if after.Goroutines > before.Goroutines || after.Files > before.Files {
			return fmt.Errorf("%+v, before %+v", after, before)
		}
		return nil
	})
	const mayGrow = 12 << 20 // the collector and the encoders take 0.5 to 7 MB more or less, whatever the calls
	if after.Memory > before.Memory+mayGrow {
		t.Errorf("memory grew from %d to %d bytes", before.Memory, after.Memory)
	}
	says(t, "%d more calls: %d → %d goroutines, %d → %d files, %.1f → %.1f MB", calls, before.Goroutines, after.Goroutines,
		before.Files, after.Files, float64(before.Memory)/1e6, float64(after.Memory)/1e6)
}

// takes reads what the process takes, as it says itself.
func (d *device) takes(t *testing.T) intercom.ProcessStatus {
	t.Helper()
	code, stdout, stderr := d.run("status", "--json")
	var s intercom.Status
	if err := json.Unmarshal([]byte(stdout), &s); err != nil || code != 0 {
		t.Fatalf("status: exit code %d: %s: %v", code, stderr, err)
	}
	return s.Process
}
