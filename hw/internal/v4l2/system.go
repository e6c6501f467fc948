package v4l2

import (
	"time"
	"unsafe"
)

// System is where device nodes come from: the kernel ([Kernel]), or a simulated
// one in tests.
type System interface {
	// Nodes lists the paths of all video nodes, sorted by number.
	Nodes() ([]string, error)
	// Open opens a node without blocking.
	Open(path string) (Node, error)
	// Adopt takes over a descriptor that an ioctl returned.
	Adopt(fd int) Node
}

// Node is an open descriptor. Methods return the kernel's syscall.Errno, EINTR
// included, and os.ErrClosed after Close.
type Node interface {
	// Ioctl calls the driver. arg points to the structure the request takes.
	Ioctl(request uintptr, arg unsafe.Pointer) error
	// Map maps length bytes for reading and writing. They stay mapped until
	// unmap is called, even when the node is closed.
	Map(offset int64, length int) (data []byte, unmap func() error, err error)
	Waiter
	// Close ends waits and ioctls under way before it closes.
	Close() error
}

// Waiter waits for a node.
type Waiter interface {
	// Wait returns when one of the wanted events is there, after a call of Wake,
	// or after timeout, which may be negative for none. It may report more
	// events than were wanted, and none after a timeout. Without wanted events it
	// waits for Wake only, whatever state the node is in.
	Wait(want Events, timeout time.Duration) (Events, error)
	// Wake makes a Wait under way, or else the next one, return with Woken.
	Wake()
}

// Events is what a node can be waited for.
type Events uint8

// The events.
const (
	Readable Events = 1 << iota // a CAPTURE buffer is done
	Writable                    // an OUTPUT buffer is done
	Priority                    // an event can be dequeued
	Failed                      // the queue is in error or the device is gone
	Woken                       // Wake was called
)

// Queue is one of the two queues of a node, named from the program's side as
// the kernel does: a camera has a CAPTURE queue only, a codec takes from OUTPUT
// and gives to CAPTURE.
type Queue uint8

// The queues.
const (
	QueueCapture Queue = iota
	QueueOutput
)

// String implements fmt.Stringer.
func (q Queue) String() string {
	if q == QueueOutput {
		return "OUTPUT"
	}
	return "CAPTURE"
}
