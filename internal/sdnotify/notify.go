package sdnotify

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Names of the environment's variables, see sd_notify(3) and
// sd_watchdog_enabled(3).
const (
	socketVariable   = "NOTIFY_SOCKET"
	intervalVariable = "WATCHDOG_USEC"
	processVariable  = "WATCHDOG_PID"
)

// State is an assignment that the supervisor acts on, see sd_notify(3).
type State string

// The states of a daemon that the supervisor is told of.
const (
	Ready     State = "READY=1"     // starting or reading the configuration is done
	Reloading State = "RELOADING=1" // the daemon reads its configuration; [Ready] is to follow
	Alive     State = "WATCHDOG=1"  // keeps its watchdog from acting for another [WatchdogInterval]
	Stopping  State = "STOPPING=1"  // the daemon has begun to end
)

// SendTimeout bounds how long a message waits for room in the supervisor's
// queue.
const SendTimeout = time.Second

// Notifier sends messages to the supervisor. It may be used by several
// goroutines.
type Notifier struct {
	address string // "" when nobody listens; an abstract name begins with '@'
}

// New makes a notifier for the environment that getenv reads (os.Getenv). The
// error is about a socket that cannot be spoken to; messages to that notifier
// do nothing.
func New(getenv func(string) string) (*Notifier, error) {
	address := getenv(socketVariable)
	switch {
	case address == "":
		return &Notifier{}, nil
	case !strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "@"), len(address) == 1:
		return &Notifier{}, fmt.Errorf("read %s: %q is neither a path nor an abstract socket", socketVariable, address)
	}
	return &Notifier{address: address}, nil
}

// Tell tells the supervisor of a state, "" for none, and in a line for people
// what the daemon is doing, "" for what was said before.
func (n *Notifier) Tell(state State, status string) error {
	var lines []string
	if state != "" {
		lines = append(lines, string(state))
	}
	if state == Reloading { // Type=notify-reload takes no other, see sd_notify(3)
		now, err := monotonic()
		if err != nil {
			return fmt.Errorf("notify supervisor: %w", err)
		}
		lines = append(lines, fmt.Sprintf("MONOTONIC_USEC=%d", now.Microseconds()))
	}
	if status != "" {
		lines = append(lines, statusLine(status))
	}
	if n.address == "" || len(lines) == 0 {
		return nil
	}
	if err := write(n.address, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("notify supervisor: %w", err)
	}
	return nil
}

// monotonic is the time of CLOCK_MONOTONIC, see clock_gettime(2).
func monotonic() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0, fmt.Errorf("read clock: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}

// statusLine keeps a text within its assignment: lines separate assignments.
func statusLine(text string) string {
	return "STATUS=" + strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
}

func write(address, message string) (err error) {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetWriteDeadline(time.Now().Add(SendTimeout)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(message))
	return err
}

// WatchdogInterval is the longest time between two [Alive] that the
// supervisor of process pid (os.Getpid) puts up with; 0 when it does not watch
// it. The error is about an interval that is no positive number of
// microseconds, or a process id that is none.
func WatchdogInterval(getenv func(string) string, pid int) (time.Duration, error) {
	text := getenv(intervalVariable)
	if text == "" {
		return 0, nil
	}
	if owner := getenv(processVariable); owner != "" {
		id, err := strconv.Atoi(owner)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", processVariable, err)
		}
		if id != pid {
			return 0, nil
		}
	}
	const most = uint64(1<<63-1) / uint64(time.Microsecond)
	usec, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", intervalVariable, err)
	}
	if usec == 0 || usec > most {
		return 0, fmt.Errorf("read %s: %d µs is no interval", intervalVariable, usec)
	}
	return time.Duration(usec) * time.Microsecond, nil
}
