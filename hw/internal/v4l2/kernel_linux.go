package v4l2

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel is the System of the running kernel.
type kernel struct{}

// Kernel returns the running kernel's nodes.
func Kernel() System { return kernel{} }

// Nodes implements [System]. A machine without cameras has none.
func (kernel) Nodes() ([]string, error) {
	paths, err := filepath.Glob("/dev/video[0-9]*")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(paths, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		if a < b {
			return -1
		}
		return 1
	})
	return paths, nil
}

// Open implements [System].
func (kernel) Open(path string) (Node, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := characterDevice(fd); err != nil {
			unix.Close(fd)
			return nil, err
		}
		wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			unix.Close(fd)
			return nil, err
		}
		return &node{fd: fd, wake: wake}, nil
	}
}

// characterDevice refuses regular files, on which ioctls would fail with an
// error that says nothing about why.
func characterDevice(fd int) error {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFCHR {
		return errNotADevice
	}
	return nil
}

// Adopt implements [System]. The descriptor cannot be woken.
func (kernel) Adopt(fd int) Node { return &node{fd: fd, wake: -1} }

// node is an open descriptor. Calls hold mu for reading, so that the number is
// not closed, and given to another file, under them.
type node struct {
	closing atomic.Bool

	mu   sync.RWMutex
	fd   int
	wake int // an eventfd, or -1
}

// Ioctl implements [Node].
func (n *node) Ioctl(request uintptr, arg unsafe.Pointer) error {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.fd < 0 {
		return os.ErrClosed
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n.fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// Map implements [Node].
func (n *node) Map(offset int64, length int) ([]byte, func() error, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.fd < 0 {
		return nil, nil, os.ErrClosed
	}
	data, err := unix.Mmap(n.fd, offset, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, err
	}
	return data, func() error { return unix.Munmap(data) }, nil
}

// Wait implements [Waiter].
func (n *node) Wait(want Events, timeout time.Duration) (Events, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.fd < 0 || n.closing.Load() {
		return 0, os.ErrClosed
	}
	set := []unix.PollFd{{Fd: int32(n.fd), Events: pollMask(want)}, {Fd: int32(n.wake), Events: unix.POLLIN}}
	if want == 0 {
		set[0].Fd = -1 // poll(2) would report errors unasked
	}
	var limit *unix.Timespec
	if timeout >= 0 {
		t := unix.NsecToTimespec(int64(timeout))
		limit = &t
	}
	if _, err := unix.Ppoll(set, limit, nil); err != nil {
		return 0, err
	}
	if n.closing.Load() {
		return 0, os.ErrClosed
	}
	got := pollEvents(set[0].Revents)
	if set[1].Revents != 0 {
		got |= Woken
		var count [8]byte
		// Non-blocking; another Wait may have been faster.
		_, _ = unix.Read(n.wake, count[:])
	}
	return got, nil
}

// Wake implements [Waiter].
func (n *node) Wake() {
	n.mu.RLock()
	defer n.mu.RUnlock()
	n.signal()
}

// signal makes the eventfd readable. The caller holds mu for reading.
func (n *node) signal() {
	if n.wake < 0 {
		return
	}
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	// It fails only when the counter is full, and then it is readable.
	_, _ = unix.Write(n.wake, one[:])
}

// Close implements [Node].
func (n *node) Close() error {
	if n.closing.Swap(true) {
		return os.ErrClosed
	}
	n.Wake()
	n.mu.Lock()
	defer n.mu.Unlock()
	err := unix.Close(n.fd)
	if n.wake >= 0 {
		unix.Close(n.wake)
	}
	n.fd, n.wake = -1, -1
	return err
}

// pollMask translates to poll(2).
func pollMask(want Events) int16 {
	var mask int16
	if want&Readable != 0 {
		mask |= unix.POLLIN
	}
	if want&Writable != 0 {
		mask |= unix.POLLOUT
	}
	if want&Priority != 0 {
		mask |= unix.POLLPRI
	}
	return mask
}

// pollEvents translates from poll(2).
func pollEvents(mask int16) Events {
	var got Events
	if mask&unix.POLLIN != 0 {
		got |= Readable
	}
	if mask&unix.POLLOUT != 0 {
		got |= Writable
	}
	if mask&unix.POLLPRI != 0 {
		got |= Priority
	}
	if mask&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
		got |= Failed
	}
	return got
}
