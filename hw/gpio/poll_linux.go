package gpio

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// cancelFD gives a descriptor that becomes readable when ctx is cancelled.
func cancelFD(ctx context.Context) (fd int, release func(), err error) {
	fd, err = unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return -1, nil, err
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		// Adding to an eventfd of zero cannot block or fail.
		_, _ = unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	})
	return fd, func() {
		if !stop() {
			<-fired
		}
		unix.Close(fd)
	}, nil
}

// waitReadable waits until one of the descriptors has input or ended.
func waitReadable(fds ...int) error {
	set := pollSet(fds)
	for {
		_, err := unix.Poll(set, -1)
		if err != unix.EINTR {
			return err
		}
	}
}

func pollSet(fds []int) []unix.PollFd {
	set := make([]unix.PollFd, len(fds))
	for i, fd := range fds {
		set[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	return set
}

// eventFD is a descriptor with events to wait for, and how to stop waiting.
type eventFD struct {
	fd        int
	clock     eventClock
	cancelled int // readable once the context is cancelled
	release   func()
}

// newEventFD takes over fd.
func newEventFD(ctx context.Context, fd int) (*eventFD, error) {
	clock, err := newEventClock()
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	cancelled, release, err := cancelFD(ctx)
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &eventFD{fd: fd, clock: clock, cancelled: cancelled, release: release}, nil
}

// wait waits for an event until a time or the end of the context. ENODEV means
// that the device is gone.
func (e *eventFD) wait(until time.Time) (ready bool, err error) {
	set := pollSet([]int{e.fd, e.cancelled})
	for {
		timeout := unix.NsecToTimespec(int64(max(time.Until(until), 0)))
		_, err := unix.Ppoll(set, &timeout, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return false, err
		case set[1].Revents != 0:
			return false, nil
		case set[0].Revents&unix.POLLIN != 0:
			return true, nil
		case set[0].Revents != 0: // error or hang-up, and nothing left to read
			return false, unix.ENODEV
		}
		return false, nil
	}
}

// close gives both descriptors back.
func (e *eventFD) close() error {
	e.release()
	return unix.Close(e.fd)
}

// oldest is how old an event may be. Kernels before 5.7 stamp edges with the
// wall clock, which gives any age.
const oldest = time.Minute

// eventClock makes times of the kernel's stamps. Go's monotonic clock is
// CLOCK_MONOTONIC too, so the difference between the two is measured once and
// holds: the time between two edges is exact, however busy the machine.
type eventClock struct {
	at    time.Time // a time, and
	stamp int64     // CLOCK_MONOTONIC at that time, in nanoseconds
}

func newEventClock() (eventClock, error) {
	var clock unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock); err != nil {
		return eventClock{}, os.NewSyscallError("clock_gettime", err)
	}
	return eventClock{at: time.Now(), stamp: clock.Nano()}, nil
}

// time is when a stamp was taken; for one that cannot be, now. Its wall clock
// reading is by today's wall clock, which may have been set since.
func (c eventClock) time(stamp int64) time.Time {
	now := time.Now()
	age := now.Sub(c.at.Add(time.Duration(stamp - c.stamp)))
	if age < 0 || age > oldest {
		return now
	}
	return now.Add(-age)
}
