package v4l2

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"golang.org/x/sys/unix"
)

// TestKernelOpen opens what is no video device.
func TestKernelOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "video0")
	if err := os.WriteFile(file, []byte("no camera"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path string
		want error
	}{
		{file, errNotADevice},
		{filepath.Join(dir, "missing"), syscall.ENOENT},
		{dir, syscall.EISDIR},
		{os.DevNull, errNotADevice},
	}
	for _, tt := range tests {
		_, err := Open(Kernel(), tt.path)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.path) {
			t.Errorf("%s: %v, want %v", tt.path, err, tt.want)
		}
	}
	if nodes, err := Kernel().Nodes(); err != nil {
		t.Error(nodes, err)
	}
}

// quiet opens a character device that is not readable: a terminal's controlling
// end.
func quiet(t *testing.T) Node {
	t.Helper()
	n, err := Kernel().Open("/dev/ptmx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// TestKernelWait waits for a timeout, for Wake, before and during the wait, and
// for Close.
func TestKernelWait(t *testing.T) {
	n := quiet(t)
	begin := time.Now()
	got, err := n.Wait(Readable, 20*time.Millisecond)
	if err != unix.EINTR && (got != 0 || err != nil || time.Since(begin) < 20*time.Millisecond) {
		t.Errorf("timeout: %v, %v after %v", got, err, time.Since(begin))
	}
	type result struct {
		got Events
		err error
	}
	ended := make(chan result)
	wait := func() {
		for {
			got, err := n.Wait(Readable, -1)
			if err != unix.EINTR { // the Go runtime sends signals
				ended <- result{got, err}
				return
			}
		}
	}
	for range 10 { // before or during the wait
		go wait()
		n.Wake()
		if r := <-ended; r.got != Woken || r.err != nil {
			t.Errorf("woken: %+v", r)
		}
	}
	n.Wake()
	if got, err := n.Wait(0, time.Minute); got != Woken || err != nil {
		t.Errorf("without wanted events: %v, %v", got, err)
	}
	go wait()
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if r := <-ended; !errors.Is(r.err, os.ErrClosed) {
		t.Errorf("closed: %+v", r)
	}
	var c uapi.Capability
	_, _, mapErr := n.Map(0, 4096)
	_, waitErr := n.Wait(Readable, 0)
	for i, err := range []error{n.Close(), n.Ioctl(uapi.VIDIOC_QUERYCAP, unsafe.Pointer(&c)), mapErr, waitErr} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("call %d after Close: %v", i, err)
		}
	}
	n.Wake() // has no effect
}

// TestKernelMap maps what a descriptor that was adopted refers to.
func TestKernelMap(t *testing.T) {
	fd, err := unix.MemfdCreate("buffer", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	n := Kernel().Adopt(fd)
	if err := unix.Ftruncate(fd, 4096); err != nil {
		t.Fatal(err)
	}
	data, unmap, err := n.Map(0, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	data[4095] = 1 // stays mapped
	if err := unmap(); err != nil {
		t.Error(err)
	}
}

func TestPollEvents(t *testing.T) {
	tests := []struct {
		mask int16
		want Events
	}{
		{unix.POLLIN, Readable},
		{unix.POLLOUT, Writable},
		{unix.POLLPRI, Priority},
		{unix.POLLERR, Failed},
		{unix.POLLHUP, Failed},
		{unix.POLLIN | unix.POLLPRI | unix.POLLERR, Readable | Priority | Failed},
	}
	for _, tt := range tests {
		if got := pollEvents(tt.mask); got != tt.want {
			t.Errorf("%#x is %v, want %v", tt.mask, got, tt.want)
		}
	}
	if got := pollMask(Readable | Writable | Priority); got != unix.POLLIN|unix.POLLOUT|unix.POLLPRI {
		t.Errorf("mask %#x", got)
	}
}
