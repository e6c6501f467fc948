package relay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Port is an end of a Wire: a TAP interface that is made for it.
type Port struct {
	Namespace string // as `ip netns` knows it; "" is the caller's own
	Interface string // its name there, such as eth0
	Address   string // with prefix length, such as 10.97.0.1/24; "" gives none
}

// maxFrame is the longest Ethernet frame of an interface with the usual MTU.
const maxFrame = 1500 + 18

// openTAP makes the interface of a port and brings it up. Closing the file
// removes it.
func openTAP(ctx context.Context, p Port) (*os.File, error) {
	var file *os.File
	err := InNamespace(p.Namespace, func() (err error) {
		file, err = newTAP(p.Interface)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make interface %s: %w", p.Interface, err)
	}
	if err := p.configure(ctx); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func newTAP(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("attach: %w", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

// configure gives the interface its address and brings it up.
func (p Port) configure(ctx context.Context) error {
	var commands []string
	if p.Address != "" {
		commands = append(commands, "addr add "+p.Address+" dev "+p.Interface)
	}
	commands = append(commands, "link set "+p.Interface+" up")
	for _, c := range commands {
		args := strings.Fields(c)
		if p.Namespace != "" {
			args = append([]string{"-n", p.Namespace}, args...)
		}
		if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// InNamespace calls do on a thread that is in a network namespace, as `ip netns`
// knows it; "" is the caller's own. Sockets that do makes stay there; what it
// starts in other goroutines does not. Root is needed.
func InNamespace(name string, do func() error) error {
	if name == "" {
		return do()
	}
	// The thread must live on: a child process that it has started may be set to
	// die with it. Only one that cannot return stays locked and ends.
	runtime.LockOSThread()
	leave, err := enterNamespace(name)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	err = do()
	if leaveErr := leave(); leaveErr != nil {
		return errors.Join(err, leaveErr)
	}
	runtime.UnlockOSThread()
	return err
}

// enterNamespace moves this thread and returns what moves it back.
func enterNamespace(name string) (leave func() error, err error) {
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("open own network namespace: %w", err)
	}
	other, err := os.Open("/run/netns/" + name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open network namespace: %w", err), own.Close())
	}
	defer other.Close()
	if err := unix.Setns(int(other.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, errors.Join(fmt.Errorf("enter network namespace %s: %w", name, err), own.Close())
	}
	return func() error {
		defer own.Close()
		if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("leave network namespace %s: %w", name, err)
		}
		return nil
	}, nil
}

// setCarrier tells the kernel whether the cable is in (TUNSETCARRIER).
func setCarrier(tap *os.File, on bool) error {
	raw, err := tap.SyscallConn()
	if err != nil {
		return fmt.Errorf("set carrier of %s: %w", tap.Name(), err)
	}
	value := 0
	if on {
		value = 1
	}
	var ioctlErr error
	err = raw.Control(func(fd uintptr) { ioctlErr = unix.IoctlSetPointerInt(int(fd), unix.TUNSETCARRIER, value) })
	if err = errors.Join(err, ioctlErr); err != nil {
		return fmt.Errorf("set carrier of %s: %w", tap.Name(), err)
	}
	return nil
}
