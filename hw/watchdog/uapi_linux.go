package watchdog

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// node is an open watchdog device: the calls of linux/watchdog.h, with times
// in whole seconds.
type node interface {
	// Control is an ioctl with a number as its argument, which it may change.
	Control(request uint, value *int32) error
	Write(b []byte) error
	Close() error
}

// openNode opens the device, which starts the timer.
func openNode(path string) (node, error) {
	for {
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return descriptor(fd), nil
	}
}

type descriptor int

func (d descriptor) Control(request uint, value *int32) error {
	//nolint:gosec // an ioctl takes an address
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d), uintptr(request), uintptr(unsafe.Pointer(value)))
	if errno != 0 {
		return errno
	}
	return nil
}

func (d descriptor) Write(b []byte) error {
	_, err := unix.Write(int(d), b)
	return err
}

func (d descriptor) Close() error { return unix.Close(int(d)) }
