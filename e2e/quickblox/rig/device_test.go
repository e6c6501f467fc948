package rig

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pretend makes a device of a shell script that answers subcommands, and of a
// control socket that streams lines of events.
func pretend(t *testing.T, script, events string) *Device {
	dir := t.TempDir()
	binary := filepath.Join(dir, "intercomd")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	d := newDevice(binary, dir, DefaultConfig())
	proc, err := start([]string{"sleep", "600"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	d.daemon = proc
	listener, err := net.Listen("unix", d.socket())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(events)) // a client that is gone is the test's matter
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-served
		if err := proc.kill(); err != nil {
			t.Errorf("kill: %v", err)
		}
	})
	return d
}

func TestDeviceSnapshot(t *testing.T) {
	d := pretend(t, "exit 0", `{"user_id":104,"media":{"video_packets_received":7}}`)
	st, err := d.Snapshot(t.Context())
	if err != nil || st.UserID != 104 || st.Media["video_packets_received"] != 7 {
		t.Errorf("snapshot %+v, %v", st, err)
	}
	if _, err := pretend(t, "exit 0", "no status").Snapshot(t.Context()); err == nil {
		t.Error("what is no status was taken for one")
	}
}

func TestDeviceFollowsEvents(t *testing.T) {
	d := pretend(t, "exit 0", strings.Join([]string{
		`{"time":"2026-01-02T03:04:05Z","event":"onCall","user_id":101,"session":"s","extension":{"from":"garden"}}`,
		`{"event":"onCallStatsReport","user_id":101,"stats":{"video":{"frames_received":3}}}`,
		`not JSON`,
		`{"event":"onCallStatsReport","user_id":102,"stats":{"video":{"frames_received":9}}}`,
		`{"event":"onCallStatsReport","user_id":101,"stats":{"video":{"frames_received":8}}}`,
	}, "\n")+"\n")
	if err := d.follow(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-d.read
	if e, err := d.Await(t.Context(), "onCall", 101); err != nil || e.Session != "s" || e.Extension["from"] != "garden" {
		t.Errorf("onCall: %v, %v", e, err)
	}
	if err := d.ReceivesVideo(t.Context(), 101); err != nil {
		t.Errorf("pictures that keep arriving: %v", err)
	}
	if err := d.ReceivesVideo(t.Context(), 102); err == nil {
		t.Error("pictures that arrived once count as arriving")
	}
	if !d.Had("unreadable", 0) || d.Had("onCall", 102) {
		t.Error("Had does not tell what came")
	}
}

func TestDeviceSubcommands(t *testing.T) {
	d := pretend(t, `case "$1" in
status) echo '{"user_id":104,"xmpp":{"state":"online"},"media":{"encoders_h264":1}}';;
press) echo "no button $2" >&2; exit 3;;
esac`, "")
	s, err := d.Status(t.Context())
	if err != nil || s.XMPP.State != "online" || s.Media["encoders_h264"] != 1 {
		t.Errorf("status %+v, %v", s, err)
	}
	if err := d.Online(t.Context()); err != nil {
		t.Errorf("Online: %v", err)
	}
	if err := d.Press(t.Context(), "front"); err == nil || !strings.Contains(err.Error(), "no button front") {
		t.Errorf("press: %v, want what the command says", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollInterval)
	defer cancel()
	if _, err := d.AwaitStatus(ctx, "the impossible", func(DeviceStatus) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("AwaitStatus: %v, want a deadline", err)
	}
}

func TestDeviceHearsWhatIsPlayedNow(t *testing.T) {
	d := pretend(t, "exit 0", "")
	played := filepath.Join(d.dir, "out.wav")
	if err := writeTone(played, 880); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollInterval)
	defer cancel()
	if _, err := d.Hears(ctx, 880); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a tone played before: %v, want a deadline", err)
	}
	// The file grows while it is watched.
	one, err := os.ReadFile(played)
	if err != nil {
		t.Fatal(err)
	}
	grown := make(chan error, 1)
	time.AfterFunc(2*pollInterval, func() {
		file, err := os.OpenFile(played, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = file.Write(one[44:])
			err = errors.Join(err, file.Close())
		}
		grown <- err
	})
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	level, err := d.Hears(ctx, 880)
	if err := errors.Join(err, <-grown); err != nil {
		t.Fatal(err)
	}
	if level.Level < -15 || level.Above < 40 {
		t.Errorf("level %+v of a clean tone", level)
	}
}

func TestResidentMemory(t *testing.T) {
	const least, most = 1 << 20, 4 << 30 // of this test itself
	if rss, err := residentMemory(os.Getpid()); err != nil || rss < least || rss > most {
		t.Errorf("%d bytes, %v", rss, err)
	}
	if _, err := residentMemory(-1); err == nil {
		t.Error("a process that cannot be has memory")
	}
}
