//go:build e2e

package reload

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
	"github.com/intercomd/intercomd/intercom"
)

// settings are what of a station's file changes.
type settings struct {
	user     int
	contacts string // YAML of the list
	rings    string // contact of the button
	accepts  string // contact whose calls are answered by themselves, "" for none
	fps      int
	extra    string // further lines
}

func (s settings) yaml(dir string) string {
	accept := ""
	if s.accepts != "" {
		accept = fmt.Sprintf("auto_accept: {enabled: true, callers: [%s]}\n", s.accepts)
	}
	return fmt.Sprintf(`device: {state_dir: %[1]q}
xmpp: {domain: chat.test, address: "127.0.0.1:5222", tls: none, allow_insecure: true}
quickblox: {app_id: 7, user_id: %[2]d, password_file: password}
contacts: %[3]s
buttons: [{name: front, source: control, contacts: [%[4]s]}]
webrtc: {stats_report_time_interval: 1s}
camera: {source: test, width: 160, height: 120, fps: %[5]d, bitrate: 200000}
audio: {capture: test, playback: "null"}
control: {socket: %[6]q}
%[7]s%[8]s`, dir, s.user, s.contacts, s.rings, s.fps, filepath.Join(dir, "s"), accept, s.extra)
}

// station is a program that runs.
type station struct {
	t        *testing.T
	dir      string
	file     string
	settings settings
	process  *exec.Cmd
	client   *control.Client
	events   *rig.Log[intercom.Event]
	super    *supervisor
	followed <-chan struct{} // closed when the events have ended; nil before they are followed
}

// start runs a station until the test ends.
func start(t *testing.T, s settings) *station {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "password"), "secret\n")
	write(t, filepath.Join(dir, "intercom.yaml"), s.yaml(dir))
	return startIn(t, dir, filepath.Join(dir, "intercom.yaml"), s)
}

// startIn runs a station with a file that is there.
func startIn(t *testing.T, dir, file string, s settings) *station {
	t.Helper()
	st := &station{
		t: t, dir: dir, file: file, settings: s,
		client: control.NewClient(filepath.Join(dir, "s")),
		events: rig.NewLog[intercom.Event](), super: newSupervisor(t),
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	st.process = exec.Command(os.Getenv(binaryVariable), "run", "--config", file)
	st.process.Env = append(os.Environ(), "NOTIFY_SOCKET="+st.super.path, fmt.Sprintf("WATCHDOG_USEC=%d", watchdog.Microseconds()))
	st.process.Stdout, st.process.Stderr = log, log
	st.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := st.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.end(t, log) })
	st.super.wait("READY=1")
	st.follow()
	return st
}

// follow collects events until the station ends.
func (s *station) follow() {
	ended, ready := make(chan struct{}), make(chan struct{})
	s.followed = ended
	go func() {
		defer close(ended)
		err := s.client.Follow(context.Background(), func() { close(ready) }, func(e intercom.Event) error {
			s.events.Add(e)
			return nil
		})
		s.events.Close(err)
	}()
	select {
	case <-ready:
	case <-ended:
		s.t.Fatal("the events cannot be followed")
	}
}

// end ends the station as an init system does; it has to end well.
func (s *station) end(t *testing.T, log *os.File) {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("the station had ended: %v", err)
	}
	if err := s.process.Wait(); err != nil {
		t.Errorf("the station's end: %v", err)
	}
	if s.followed != nil {
		<-s.followed
	}
	_ = log.Close()
	if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
		t.Logf("log of user %d:\n%s", s.settings.user, text)
	}
}

// rewrite replaces the file as an editor does.
func (s *station) rewrite() {
	s.t.Helper()
	next := s.file + ".new"
	write(s.t, next, s.settings.yaml(s.dir))
	if err := os.Rename(next, s.file); err != nil {
		s.t.Fatal(err)
	}
}

// event takes the next event of a name with what else it must have.
func (s *station) event(name string, match func(intercom.Event) bool) intercom.Event {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	e, err := s.events.Take(ctx, name, func(e intercom.Event) bool { return e.Event == name && match(e) })
	if err != nil {
		s.t.Fatalf("user %d: %v", s.settings.user, err)
	}
	return e
}

// configured waits for what becomes of a change.
func (s *station) configured(state string) intercom.Event {
	s.t.Helper()
	return s.event("config", func(e intercom.Event) bool { return e.State == state })
}

func (s *station) online() {
	s.t.Helper()
	s.event("xmpp", func(e intercom.Event) bool { return e.State == "online" })
}

func (s *station) status() intercom.Status {
	s.t.Helper()
	status, err := s.client.Status(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return status
}

// press rings and waits until media flows; it returns the session.
func (s *station) press() call.SessionID {
	s.t.Helper()
	if err := s.client.Press(s.t.Context(), "front"); err != nil {
		s.t.Fatal(err)
	}
	e := s.event("onSessionConnectionStateChanged", func(e intercom.Event) bool { return e.State == "CONNECTED" })
	return e.Session
}

// flows waits until the session has sent pictures and sound again from now on:
// reports come every second and count all packets.
func (s *station) flows(id call.SessionID) {
	s.t.Helper()
	now := time.Now()
	report := func() *call.StatsReport {
		return s.event("onCallStatsReport", func(e intercom.Event) bool { return e.Session == id && e.Time.After(now) }).Stats
	}
	first, second := report(), report()
	for kind, got := range map[string][2]uint64{
		"pictures sent":     {first.Video.PacketsSent, second.Video.PacketsSent},
		"pictures received": {first.Video.PacketsReceived, second.Video.PacketsReceived},
		"sound sent":        {first.Audio.PacketsSent, second.Audio.PacketsSent},
		"sound received":    {first.Audio.PacketsReceived, second.Audio.PacketsReceived},
	} {
		if got[1] <= got[0] {
			s.t.Errorf("%s: %d packets, a second later %d", kind, got[0], got[1])
		}
	}
}

// hangUp ends the call and waits until it is over.
func (s *station) hangUp(id call.SessionID) {
	s.t.Helper()
	if err := s.client.Do(s.t.Context(), control.VerbStop, intercom.SessionRequest{Session: id}); err != nil {
		s.t.Fatal(err)
	}
	s.closed(id)
}

func (s *station) closed(id call.SessionID) {
	s.t.Helper()
	s.event("onSessionClose", func(e intercom.Event) bool { return e.Session == id })
}

// watchdog is the longest silence that the supervisor of the tests allows.
const watchdog = 2 * time.Second

// supervisor is who systemd is to the program, see sd_notify(3). It notes the
// longest silence of the watchdog.
type supervisor struct {
	t    *testing.T
	path string
	said *rig.Log[string]

	mu      sync.Mutex
	last    time.Time
	silence time.Duration
}

func newSupervisor(t *testing.T) *supervisor {
	t.Helper()
	s := &supervisor{t: t, path: filepath.Join(t.TempDir(), "n"), said: rig.NewLog[string]()}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.listen(conn)
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-done
	})
	return s
}

func (s *supervisor) listen(conn *net.UnixConn) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		for line := range strings.Lines(string(buf[:n])) {
			line = strings.TrimSpace(line)
			if line == "WATCHDOG=1" {
				s.alive(time.Now())
				continue
			}
			s.said.Add(line)
		}
	}
}

func (s *supervisor) alive(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.last.IsZero() {
		s.silence = max(s.silence, now.Sub(s.last))
	}
	s.last = now
}

// longestSilence is the longest time between two signs of life.
func (s *supervisor) longestSilence() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silence
}

// wait takes the next message of that text.
func (s *supervisor) wait(text string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	if _, err := s.said.Take(ctx, text, func(line string) bool { return line == text }); err != nil {
		s.t.Fatal(err)
	}
}
