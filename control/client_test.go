package control

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/intercomd/intercomd/intercom"
)

func TestDaemonNotRunning(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want string }{
		{"no socket", filepath.Join(dir, "s"), "is it running? (no such file or directory)"},
		{"no folder", filepath.Join(dir, "no", "s"), "is it running? (no such file or directory)"},
		{"dead socket", stale, "is it running? (connection refused)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := NewClient(tt.path)
			_, statusErr := c.Status(t.Context())
			want := "connect to intercomd at " + tt.path + ": " + tt.want
			for _, err := range []error{statusErr, c.Press(t.Context(), "front"), c.Follow(t.Context(), nil, nil)} {
				if err == nil || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}

func TestPermissionDeniedSaysWhoMay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	user, group := userName(uint32(os.Getuid())), groupName(uint32(os.Getgid()))
	tests := []struct {
		mode os.FileMode
		want string
	}{
		{0o600, "its mode is 0600, for user " + user + " only"},
		{0o660, "its mode is 0660, for user " + user + " and group " + group},
	}
	for _, tt := range tests {
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		err := NewClient(path).explain(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)})
		want := "connect to intercomd at " + path + ": permission denied: " + tt.want
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		if !errors.Is(err, syscall.EACCES) {
			t.Errorf("%v does not wrap EACCES", err)
		}
	}
	if got := whoMay(filepath.Join(path, "x")); got != "its folder is closed to this user" {
		t.Errorf("a socket that cannot be examined: %q", got)
	}
	if got := userName(4294967294); got != "4294967294" {
		t.Errorf("user without a name is %q", got)
	}
	if got := groupName(4294967294); got != "4294967294" {
		t.Errorf("group without a name is %q", got)
	}
}

// answers serves one fixed HTTP answer, as something that is not intercomd
// would.
func answers(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		receive(t, served, "end of server")
	})
	return NewClient(path)
}

func TestStrangeAnswers(t *testing.T) {
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		status string
		events string
	}{
		{"plain refusal", text(502, "bad gateway"), "502 Bad Gateway", "502 Bad Gateway"},
		{"empty refusal", text(500, `{}`), "500 Internal Server Error", "500 Internal Server Error"},
		{"not JSON", text(200, "hello\n"), "read answer of intercomd: invalid character 'h'", "read event: invalid character 'h'"},
		{"empty", text(200, ""), "read answer of intercomd: EOF", "intercomd has stopped"},
		{"endless line", text(200, `{"name":"`+strings.Repeat("x", maxAnswer+1)+`"}`), "read answer of intercomd: unexpected EOF", "read event: bufio.Scanner: token too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := answers(t, tt.answer)
			if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), tt.status) {
				t.Errorf("Status: %v, want %q", err, tt.status)
			}
			err := c.Follow(t.Context(), nil, func(intercom.Event) error { return nil })
			if err == nil || !strings.Contains(err.Error(), tt.events) {
				t.Errorf("Follow: %v, want %q", err, tt.events)
			}
		})
	}
}

func TestFollowStopsAtErrorOfItsUser(t *testing.T) {
	c := answers(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "{}\n{}\n") })
	want := errors.New("disk full")
	if err := c.Follow(t.Context(), nil, func(intercom.Event) error { return want }); !errors.Is(err, want) {
		t.Errorf("Follow: %v, want %v", err, want)
	}
}

func TestFollowOfEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := NewClient(filepath.Join(t.TempDir(), "s")).Follow(ctx, nil, nil); err != nil {
		t.Errorf("Follow: %v, want nil", err)
	}
}
