package sdnotify

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// supervisor is the other end: a socket as systemd has it.
func supervisor(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func notifier(t *testing.T, address string) *Notifier {
	t.Helper()
	n, err := New(environment(socketVariable, address))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMessages(t *testing.T) {
	for kind, address := range map[string]string{
		"path":     filepath.Join(t.TempDir(), "notify"),
		"abstract": fmt.Sprintf("@intercomd-test-%d-%d", os.Getpid(), time.Now().UnixNano()),
	} {
		t.Run(kind, func(t *testing.T) {
			in := supervisor(t, address)
			n := notifier(t, address)
			for _, tt := range []struct {
				state        State
				status, want string
			}{
				{Ready, "waiting for a press", "READY=1\nSTATUS=waiting for a press"},
				{Alive, "", "WATCHDOG=1"},
				{"", "in a call with Zoë", "STATUS=in a call with Zoë"},
				{"", "one\nMAINPID=1\r\x00", "STATUS=one MAINPID=1  "},
				{Stopping, "", "STOPPING=1"},
			} {
				if err := n.Tell(tt.state, tt.status); err != nil {
					t.Fatal(err)
				}
				if got := receive(t, in); got != tt.want {
					t.Errorf("received %q, want %q", got, tt.want)
				}
			}
		})
	}
}

// A supervisor takes READY=1 for the answer to its request only if it is told
// when the reading of the configuration began.
func TestReloading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	in, n := supervisor(t, path), notifier(t, path)
	before, err := monotonic()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Tell(Reloading, "reading"); err != nil {
		t.Fatal(err)
	}
	var at int64
	text := receive(t, in)
	if _, err := fmt.Sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%d\nSTATUS=reading", &at); err != nil {
		t.Fatalf("received %q: %v", text, err)
	}
	if since := time.Duration(at)*time.Microsecond - before.Truncate(time.Microsecond); since < 0 || since > time.Minute {
		t.Errorf("began %v after the test", since)
	}
}

func receive(t *testing.T, in *net.UnixConn) string {
	t.Helper()
	if err := in.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	k, err := in.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:k])
}

func TestNobodyListens(t *testing.T) {
	n, err := New(environment())
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []State{Ready, Alive, Stopping, ""} {
		if err := n.Tell(state, "idle"); err != nil {
			t.Error(err)
		}
	}
}

func TestWrongSocket(t *testing.T) {
	for _, address := range []string{"relative", "vsock:2:1234", "@", "/"} {
		n, err := New(environment(socketVariable, address))
		if err == nil || !strings.HasPrefix(err.Error(), "read NOTIFY_SOCKET: ") {
			t.Errorf("%q: got %v", address, err)
		}
		if err := n.Tell(Alive, ""); err != nil {
			t.Errorf("%q: the notifier tries to speak: %v", address, err)
		}
	}
}

func TestSupervisorGoneAndBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	n := notifier(t, path)
	err := n.Tell(Alive, "")
	if !errors.Is(err, syscall.ENOENT) || !strings.HasPrefix(err.Error(), "notify supervisor: ") {
		t.Errorf("without a socket: %v", err)
	}
	in := supervisor(t, path)
	if err := n.Tell(Alive, ""); err != nil {
		t.Errorf("with a socket: %v", err)
	}
	receive(t, in)
}

// A supervisor that does not read holds nobody up for long.
func TestFullQueueDoesNotBlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	supervisor(t, path)
	n := notifier(t, path)
	begin := time.Now()
	for range 100_000 {
		if err := n.Tell(Alive, ""); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v, want the deadline", err)
			}
			if took := time.Since(begin); took > 10*SendTimeout {
				t.Errorf("took %v", took)
			}
			return
		}
	}
	t.Error("the queue never was full")
}

func TestWatchdogInterval(t *testing.T) {
	const pid = 42
	tests := []struct {
		name, usec, owner string
		want              time.Duration
		err               string
	}{
		{"not watched", "", "", 0, ""},
		{"not watched, pid alone", "", "42", 0, ""},
		{"watched", "30000000", "42", 30 * time.Second, ""},
		{"without owner", "1", "", time.Microsecond, ""},
		{"somebody else", "30000000", "43", 0, ""},
		{"longest", "9223372036854775", "", math.MaxInt64 / 1000 * 1000, ""},
		{"too long", "9223372036854776", "", 0, "is no interval"},
		{"zero", "0", "", 0, "0 µs is no interval"},
		{"negative", "-1", "", 0, "read WATCHDOG_USEC: "},
		{"words", "soon", "", 0, "read WATCHDOG_USEC: "},
		{"owner of words", "1", "me", 0, "read WATCHDOG_PID: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := WatchdogInterval(environment(intervalVariable, tt.usec, processVariable, tt.owner), pid)
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error is %v, want %q", err, tt.err)
			}
		})
	}
}

func FuzzWatchdogInterval(f *testing.F) {
	f.Add("30000000", "42")
	f.Add("-1", "")
	f.Add("99999999999999999999", "x")
	f.Fuzz(func(t *testing.T, usec, owner string) {
		got, err := WatchdogInterval(environment(intervalVariable, usec, processVariable, owner), 42)
		if got < 0 || err != nil && got != 0 {
			t.Errorf("got %v and %v", got, err)
		}
	})
}
