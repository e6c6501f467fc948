package site

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/e2e/faults/relay"
)

// Network is a device's network: a namespace, joined with that of this process
// by a wire.
type Network struct {
	Address string // of the device, IPv4
	Gateway string // of this process, in the same subnet
	Outside string // name of this process's interface to it
	Wire    *relay.Wire
	name    string // as `ip netns` knows it
	stop    context.CancelFunc
	ended   chan error // of the wire
}

// NewNetwork makes the n-th network, 1 to 250. Faults of its wire are drawn
// from seed.
func NewNetwork(ctx context.Context, n int, seed uint64) (*Network, error) {
	removeAbandoned()
	w := &Network{
		Address: fmt.Sprintf("10.77.%d.2", n), Gateway: fmt.Sprintf("10.77.%d.1", n),
		Outside: fmt.Sprintf("out%d", n), name: fmt.Sprintf("%s%d-%d", namePrefix, os.Getpid(), n),
	}
	if err := ip("netns add "+w.name, "-n "+w.name+" link set lo up"); err != nil {
		return nil, err
	}
	var err error
	w.Wire, err = relay.NewWire(ctx,
		relay.Port{Namespace: w.name, Interface: "eth0", Address: w.Address + "/24"},
		relay.Port{Interface: w.Outside, Address: w.Gateway + "/24"}, seed)
	if err != nil {
		return nil, errors.Join(err, ip("netns del "+w.name))
	}
	carry, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop, w.ended = stop, make(chan error, 1)
	go func() { w.ended <- w.Wire.Run(carry) }()
	return w, nil
}

// Args puts a command line into the network.
func (w *Network) Args(command ...string) []string {
	return append([]string{"ip", "netns", "exec", w.name}, command...)
}

// Do calls f on a thread that is in the network. Sockets opened there stay
// there.
func (w *Network) Do(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
		result <- func() error {
			namespace, err := os.Open("/run/netns/" + w.name)
			if err != nil {
				return fmt.Errorf("open network namespace: %w", err)
			}
			defer namespace.Close()
			if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("enter network namespace %s: %w", w.name, err)
			}
			return f()
		}()
	}()
	return <-result
}

// Close removes the network. The processes in it should have ended.
func (w *Network) Close() error {
	w.stop()
	return errors.Join(<-w.ended, ip("netns del "+w.name))
}

// namePrefix begins the name of every namespace; the id of the process that
// made it follows.
const namePrefix = "site"

// removeAbandoned removes the networks of tests that were killed.
func removeAbandoned() {
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		return // nobody has made one yet
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), namePrefix)
		maker, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(maker)
		if !ours || err != nil || unix.Kill(pid, 0) == nil {
			continue
		}
		_ = ip("netns del " + e.Name()) // another test may be quicker
	}
}

func ip(commands ...string) error {
	for _, c := range commands {
		if out, err := exec.Command("ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
