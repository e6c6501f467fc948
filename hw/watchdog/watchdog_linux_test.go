package watchdog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// driver is the kernel's side of a watchdog device.
type driver struct {
	seconds int32 // its timeout
	most    int32 // longest timeout it can have; 0 when it cannot be changed
	fail    map[uint]error
	written error // by Write
	closed  error // by Close

	calls []string
}

func (d *driver) Control(request uint, value *int32) error {
	name := map[uint]string{
		unix.WDIOC_SETTIMEOUT: "set", unix.WDIOC_GETTIMEOUT: "get", unix.WDIOC_KEEPALIVE: "feed",
	}[request]
	if request == unix.WDIOC_SETTIMEOUT {
		name = fmt.Sprintf("set %d", *value)
	}
	d.calls = append(d.calls, name)
	if err := d.fail[request]; err != nil {
		return err
	}
	switch request {
	case unix.WDIOC_SETTIMEOUT:
		if d.most == 0 {
			return unix.EOPNOTSUPP
		}
		if *value > d.most {
			return unix.EINVAL
		}
		d.seconds = *value
	case unix.WDIOC_GETTIMEOUT:
		*value = d.seconds
	}
	return nil
}

func (d *driver) Write(b []byte) error {
	d.calls = append(d.calls, fmt.Sprintf("write %s", b))
	return d.written
}

func (d *driver) Close() error {
	d.calls = append(d.calls, "close")
	return d.closed
}

func TestStart(t *testing.T) {
	tests := []struct {
		name  string
		drv   driver
		ask   time.Duration
		want  time.Duration
		calls []string
	}{
		{"as asked", driver{seconds: 60, most: 65535}, 15 * time.Second, 15 * time.Second, []string{"set 15", "get"}},
		{"rounded up", driver{seconds: 60, most: 65535}, 14001 * time.Millisecond, 15 * time.Second, []string{"set 15", "get"}},
		{"beyond its range", driver{seconds: 15, most: 15}, time.Minute, 15 * time.Second, []string{"set 60", "get"}},
		{"fixed", driver{seconds: 30}, 15 * time.Second, 30 * time.Second, []string{"set 15", "get"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timer, err := start("/dev/w", &tt.drv, tt.ask)
			if err != nil {
				t.Fatal(err)
			}
			if timer.Timeout() != tt.want {
				t.Errorf("timeout is %v, want %v", timer.Timeout(), tt.want)
			}
			if !slices.Equal(tt.drv.calls, tt.calls) {
				t.Errorf("driver saw %q, want %q", tt.drv.calls, tt.calls)
			}
		})
	}
}

// A device that cannot be used must not reset the board.
func TestStartFailsDisarmed(t *testing.T) {
	tests := []struct {
		name string
		drv  driver
		want string
		end  []string // the last the driver sees
	}{
		{"no watchdog", driver{fail: map[uint]error{unix.WDIOC_SETTIMEOUT: unix.ENOTTY}},
			"open watchdog /dev/w: inappropriate ioctl for device: it is no watchdog", []string{"set 15", "close"}},
		{"unplugged", driver{most: 60, fail: map[uint]error{unix.WDIOC_GETTIMEOUT: unix.ENODEV}},
			"open watchdog /dev/w: no such device: the board has no watchdog", []string{"write V", "close"}},
		{"nonsense", driver{seconds: -1},
			"open watchdog /dev/w: the driver says it has a timeout of -1 s", []string{"write V", "close"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timer, err := start("/dev/w", &tt.drv, 15*time.Second)
			if timer != nil || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got %v, %v", timer, err)
			}
			if k := len(tt.drv.calls); k < 2 || !slices.Equal(tt.drv.calls[k-2:], tt.end) {
				t.Errorf("driver saw %q, want %q at the end", tt.drv.calls, tt.end)
			}
		})
	}
}

func TestEnds(t *testing.T) {
	tests := []struct {
		name  string
		drv   driver
		end   func(*Timer) error
		calls []string
		errs  []error
	}{
		{"disarm", driver{}, (*Timer).Disarm, []string{"write V", "close"}, nil},
		{"abandon", driver{}, (*Timer).Abandon, []string{"close"}, nil},
		{"disarm fails", driver{written: unix.EIO, closed: unix.EINTR}, (*Timer).Disarm, []string{"write V", "close"}, []error{unix.EIO, unix.EINTR}},
		{"feed", driver{}, (*Timer).Feed, []string{"feed"}, nil},
		{"feed fails", driver{fail: map[uint]error{unix.WDIOC_KEEPALIVE: unix.EIO}}, (*Timer).Feed, []string{"feed"}, []error{unix.EIO}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.end(&Timer{path: "/dev/w", node: &tt.drv, timeout: time.Second})
			if (err == nil) != (len(tt.errs) == 0) {
				t.Errorf("got %v", err)
			}
			for _, want := range tt.errs {
				if !errors.Is(err, want) || !strings.Contains(err.Error(), "/dev/w") {
					t.Errorf("got %v, want %v and the device named", err, want)
				}
			}
			if !slices.Equal(tt.drv.calls, tt.calls) {
				t.Errorf("driver saw %q, want %q", tt.drv.calls, tt.calls)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path    string
		timeout time.Duration
		want    string
	}{
		{filepath.Join(dir, "none"), time.Second, "no such file or directory: the board has no watchdog, or its driver is not loaded"},
		{file, time.Second, "it is no watchdog"},
		{"/dev/null", time.Second, "it is no watchdog"},
		{"/dev/null", 0, "timeout 0s is not from 1s to 24h0m0s"},
		{"/dev/null", 25 * time.Hour, "timeout 25h0m0s is not from 1s to 24h0m0s"},
	}
	for _, tt := range tests {
		timer, err := Open(tt.path, tt.timeout)
		if timer != nil || err == nil || !strings.HasPrefix(err.Error(), "open watchdog "+tt.path+": ") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, %v, want %q", tt.path, timer, err, tt.want)
		}
	}
	if text, err := os.ReadFile(file); err != nil || len(text) > 0 {
		t.Errorf("the file became %q, %v", text, err)
	}
}

func TestExplain(t *testing.T) {
	for errno, want := range map[unix.Errno]string{
		unix.EBUSY: "another program holds it", unix.EACCES: "may not open it",
		unix.ENODEV: "modprobe", unix.EIO: "input/output error",
	} {
		err := explain(errno)
		if !errors.Is(err, errno) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v became %v, want %q", errno, err, want)
		}
	}
}
