package gpio

import (
	"context"
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
	cancelled int // readable once the context is cancelled
	release   func()
}

// newEventFD takes over fd.
func newEventFD(ctx context.Context, fd int) (*eventFD, error) {
	cancelled, release, err := cancelFD(ctx)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &eventFD{fd: fd, cancelled: cancelled, release: release}, nil
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

// eventTime makes a time of a reading of CLOCK_MONOTONIC in nanoseconds; of
// one that cannot be, now.
func eventTime(stamp int64, now time.Time) time.Time {
	var clock unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock); err != nil {
		return now
	}
	age := time.Duration(clock.Nano() - stamp)
	if age < 0 || age > oldest {
		return now
	}
	return now.Add(-age)
}
