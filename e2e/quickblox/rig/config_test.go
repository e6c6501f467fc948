package rig

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

func TestDeviceConfigIsTheDocumentedContract(t *testing.T) {
	dir := t.TempDir()
	if err := DefaultConfig().write(dir); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "intercomd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		XMPP      map[string]string `yaml:"xmpp"`
		QuickBlox map[string]any    `yaml:"quickblox"`
		WebRTC    map[string]string `yaml:"webrtc"`
		Audio     map[string]string `yaml:"audio"`
		Buttons   []map[string]any  `yaml:"buttons"`
	}
	if err := yaml.Unmarshal(file, &got); err != nil {
		t.Fatal(err)
	}
	if got.XMPP["tls"] != "starttls" || got.QuickBlox["user_id"] != 104 || got.WebRTC["disconnect_time_interval"] != "10s" ||
		got.Audio["playback"] != "file:"+filepath.Join(dir, "out.wav") || len(got.Buttons) != 4 {
		t.Errorf("configuration:\n%s", file)
	}
	if bytes.Contains(file, []byte(Password(DeviceUser))) {
		t.Error("the password is in the configuration itself")
	}
	password, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil || strings.TrimSpace(string(password)) != Password(DeviceUser) {
		t.Errorf("password file: %q, %v", password, err)
	}
}

type closableBuffer struct{ bytes.Buffer }

func (*closableBuffer) Close() error { return nil }

func TestWatchedOutputTellsWhenAllMarksWereSeen(t *testing.T) {
	var to closableBuffer
	out := newWatchedOutput(&to, "port 5222", "port 5280")
	ready := func() bool {
		select {
		case <-out.ready:
			return true
		default:
			return false
		}
	}
	for _, part := range []string{"opened port 5280\nopened po", "rt 52", "22 of many"} {
		if _, err := out.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if ready() {
			t.Fatalf("ready after %q", to.String())
		}
	}
	if _, err := out.Write([]byte("\nmore\n")); err != nil || !ready() {
		t.Errorf("not ready after all marks (%v)", err)
	}
	if want := "opened port 5280\nopened port 5222 of many\nmore\n"; to.String() != want {
		t.Errorf("passed on %q, want %q", to.String(), want)
	}
}

func TestDumpAndTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.txt")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := dump(path, []Stanza{{At: at, Direction: "sent", XML: "<a>\n</a>"}, {At: at, Direction: "received", XML: "<b/>"}}); err != nil {
		t.Fatal(err)
	}
	tail, err := Tail(path, 1)
	if want := "03:04:05.000 received <b/>\n"; err != nil || tail != want {
		t.Errorf("Tail = %q, %v; want %q", tail, err, want)
	}
	if all, err := Tail(path, 10); err != nil || strings.Count(all, "\n") != 2 {
		t.Errorf("Tail of a short file = %q, %v", all, err)
	}
}
