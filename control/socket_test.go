package control

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// runOnce runs a server that is to fail at once.
func runOnce(path, group string) error {
	return NewServer(path, group, newFakeDevice(), slog.New(slog.DiscardHandler)).Run(context.Background())
}

func TestSocketModeAndFolder(t *testing.T) {
	gid := strconv.Itoa(os.Getgid())
	tests := []struct {
		name, group string
		want        fs.FileMode
	}{
		{"owner alone", "", 0o600},
		{"with group", gid, 0o660},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, stop := serve(t, newFakeDevice(), tt.group)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode() != fs.ModeSocket|tt.want {
				t.Errorf("mode is %v, want a socket with %v", info.Mode(), tt.want)
			}
			if got := info.Sys().(*syscall.Stat_t).Gid; strconv.Itoa(int(got)) != gid {
				t.Errorf("group is %d, want %s", got, gid)
			}
			dir, err := os.Stat(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			if dir.Mode().Perm()&0o700 != 0o700 || dir.Mode().Perm()&0o022 != 0 {
				t.Errorf("mode of folder is %v, want 0755 less the umask", dir.Mode().Perm())
			}
			if err := stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("socket after the end: %v, want none", err)
			}
		})
	}
}

// The file must not be open to others for even a moment, whatever the umask.
func TestSocketIsPrivateFromBirth(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	lc := net.ListenConfig{Control: privateFromBirth}
	l, err := lc.Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got&^0o600 != 0 {
		t.Errorf("mode right after bind is %v, want no more than 0600", got)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("the dead process left no socket: %v", err)
	}
	sock, err := listen(t.Context(), path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer sock.Close()
	if err := dial(t, path).Close(); err != nil {
		t.Error(err)
	}
}

func TestLiveSocketIsLeftAlone(t *testing.T) {
	dev := newFakeDevice()
	path, _ := serve(t, dev, "")
	err := runOnce(path, "")
	var running *RunningError
	if !errors.As(err, &running) || running.Path != path {
		t.Errorf("second server: %v, want a RunningError", err)
	}
	if err == nil || !strings.Contains(err.Error(), "another intercomd is running on "+path) {
		t.Errorf("second server says %v", err)
	}
	if err := NewClient(path).Press(t.Context(), "front"); err != nil {
		t.Errorf("first server after that: %v", err)
	}
}

func TestSocketOfSuccessorIsLeftAlone(t *testing.T) {
	path, stop := serve(t, newFakeDevice(), "")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	successor, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer successor.Close()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := dial(t, path).Close(); err != nil {
		t.Errorf("successor's socket: %v", err)
	}
}

func TestListenErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, path, group, want string
	}{
		{"a file is there", file, "", "listen on " + file + ": it exists and is not a socket"},
		{"a folder is there", dir, "", "it exists and is not a socket"},
		{"folder is a file", filepath.Join(file, "s"), "", "create folder of socket: mkdir " + file + ": not a directory"},
		{"unknown group", filepath.Join(dir, "s"), "no-such-group", `control.group "no-such-group": group: unknown group no-such-group`},
		{"path too long", "/" + strings.Repeat("x", 107), "", "the path has 108 bytes, a socket takes at most 107"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := runOnce(tt.path, tt.group)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "open control socket: ") {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if got, err := os.ReadFile(file); string(got) != "precious" {
		t.Errorf("file holds %q, %v after that", got, err)
	}
}
