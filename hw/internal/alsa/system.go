package alsa

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// System is what the package needs of an operating system.
type System interface {
	// Open opens a device of /dev/snd for reading and writing, without waiting.
	Open(path string) (File, error)
	// ReadDir lists the names in a folder.
	ReadDir(path string) ([]string, error)
	// ReadFile reads a small file, as those of /proc are.
	ReadFile(path string) ([]byte, error)
}

// File is an open device. An error is a [unix.Errno].
type File interface {
	// Ioctl does a request. The argument is nil for requests without one.
	Ioctl(request uintptr, arg unsafe.Pointer) error
	// Link is the LINK request with the descriptor of another file of the
	// same System as its argument.
	Link(other File) error
	// Close may come while another goroutine is in Ioctl, and is idempotent.
	Close() error
}

// ErrNotDevice is why a path was refused that names no character device.
var ErrNotDevice = errors.New("not a sound device")

// Kernel is the System this program runs on.
type Kernel struct{}

var _ System = Kernel{}

// Open implements System.
func (Kernel) Open(path string) (File, error) {
	info, err := os.Stat(path) // opening a FIFO or a terminal has effects
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeCharDevice == 0 {
		return nil, fmt.Errorf("%w but a %s", ErrNotDevice, kindOf(info.Mode()))
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &kernelFile{f: f, control: conn.Control}, nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "regular file"
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeNamedPipe != 0:
		return "FIFO"
	}
	return "file of another kind"
}

// ReadDir implements System.
func (Kernel) ReadDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// ReadFile implements System.
func (Kernel) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

// kernelFile does its requests within the runtime's count of users, so that a
// descriptor is never reused while a request runs.
type kernelFile struct {
	f       *os.File
	control func(func(fd uintptr)) error
}

func (k *kernelFile) Ioctl(request uintptr, arg unsafe.Pointer) error {
	return k.do(func(fd uintptr) error {
		return ioctl(fd, request, arg)
	})
}

func (k *kernelFile) Link(other File) error {
	o, ok := other.(*kernelFile)
	if !ok {
		return unix.EBADF
	}
	return k.do(func(fd uintptr) error {
		return o.do(func(otherFD uintptr) error {
			_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, IoctlLink, otherFD)
			return failure(errno)
		})
	})
}

func (k *kernelFile) do(f func(fd uintptr) error) error {
	err := error(unix.EBADF)
	if closed := k.control(func(fd uintptr) { err = f(fd) }); closed != nil {
		return unix.EBADF
	}
	return err
}

func (k *kernelFile) Close() error {
	if err := k.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// ioctl repeats a request that a signal interrupted: the runtime preempts its
// goroutines with signals.
func ioctl(fd, request uintptr, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(arg))
		if errno != unix.EINTR {
			return failure(errno)
		}
	}
}

func failure(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

// request does a request and names it in the error.
func request(f File, number uintptr, arg unsafe.Pointer) error {
	if err := f.Ioctl(number, arg); err != nil {
		return fmt.Errorf("%s: %w", RequestName(number), err)
	}
	return nil
}

// text is a C string in a field of fixed length.
func text(field []byte) string { return unix.ByteSliceToString(field) }
