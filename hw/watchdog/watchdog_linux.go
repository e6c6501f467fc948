package watchdog

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// magic is what a driver must have been sent last for closing it to stop the
// timer (watchdog-api.rst, "Magic Close feature").
const magic = "V"

// Limits of the timeout that [Open] takes.
const (
	MinTimeout = time.Second
	MaxTimeout = 24 * time.Hour
)

// Timer is a running watchdog timer. It is not safe for concurrent use.
type Timer struct {
	path    string
	node    node
	timeout time.Duration
}

// Open opens a watchdog device, e.g. /dev/watchdog, which starts its timer, and
// asks for a timeout, which is rounded up to whole seconds. A driver that
// cannot have that one keeps its own: see [Timer.Timeout]. The error names the
// device and says what to do.
func Open(path string, timeout time.Duration) (*Timer, error) {
	if timeout < MinTimeout || timeout > MaxTimeout {
		return nil, fmt.Errorf("open watchdog %s: timeout %v is not from %v to %v", path, timeout, MinTimeout, MaxTimeout)
	}
	n, err := openNode(path)
	if err != nil {
		return nil, fmt.Errorf("open watchdog %s: %w", path, explain(err))
	}
	return start(path, n, timeout)
}

func start(path string, n node, timeout time.Duration) (*Timer, error) {
	t := &Timer{path: path, node: n}
	err := t.setTimeout(timeout)
	if err == nil {
		return t, nil
	}
	end := t.Disarm
	if errors.Is(err, unix.ENOTTY) { // somebody's file: it is not written to
		end = t.Abandon
	}
	return nil, errors.Join(fmt.Errorf("open watchdog %s: %w", path, explain(err)), end())
}

// setTimeout asks for a timeout and reads the one that counts. Drivers answer
// EINVAL beyond their range and EOPNOTSUPP when theirs is fixed.
func (t *Timer) setTimeout(want time.Duration) error {
	seconds := int32((want + time.Second - 1) / time.Second)
	err := t.node.Control(unix.WDIOC_SETTIMEOUT, &seconds)
	if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EOPNOTSUPP) {
		return err
	}
	if err := t.node.Control(unix.WDIOC_GETTIMEOUT, &seconds); err != nil {
		return err
	}
	if seconds < 1 {
		return fmt.Errorf("the driver says it has a timeout of %d s", seconds)
	}
	t.timeout = time.Duration(seconds) * time.Second
	return nil
}

// explain says what an installer can do about an error.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: the board has no watchdog, or its driver is not loaded (modprobe bcm2835_wdt, or softdog)", err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: another program holds it; is RuntimeWatchdogSec set in systemd's system.conf?", err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: the user of this process may not open it", err)
	case errors.Is(err, unix.ENOTTY):
		return fmt.Errorf("%w: it is no watchdog", err)
	}
	return err
}

// Timeout is how long after the last [Timer.Feed] the board is reset, in whole
// seconds. It may differ from what was asked for.
func (t *Timer) Timeout() time.Duration { return t.timeout }

// Feed winds the timer up for another timeout.
func (t *Timer) Feed() error {
	var unused int32
	if err := t.node.Control(unix.WDIOC_KEEPALIVE, &unused); err != nil {
		return fmt.Errorf("feed watchdog %s: %w", t.path, explain(err))
	}
	return nil
}

// Disarm stops the timer and closes the device. The Timer must not be used any
// more.
func (t *Timer) Disarm() error {
	if err := t.node.Write([]byte(magic)); err != nil {
		return errors.Join(fmt.Errorf("disarm watchdog %s: %w", t.path, err), t.Abandon())
	}
	return t.Abandon()
}

// Abandon closes the device and lets the timer tick on: unless somebody opens
// and feeds it, the board is reset. The Timer must not be used any more.
func (t *Timer) Abandon() error {
	if err := t.node.Close(); err != nil {
		return fmt.Errorf("close watchdog %s: %w", t.path, err)
	}
	return nil
}
