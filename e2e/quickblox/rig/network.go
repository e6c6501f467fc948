package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// The lab's network: one bridge in the hub's namespace, one veth pair for each
// other party.
const (
	hubAddress = "10.99.0.1"
	hosts      = "10.99.0.%d"
	subnet     = hosts + "/24"
)

// Network is a set of network namespaces around a hub.
type Network struct {
	run     string
	Hub     *Namespace
	members map[string]*Namespace
	moves   int // addresses given by ChangeAddress
}

// Namespace is one party's network: an interface eth0 to the hub, and lo; see
// [Network.ChangeAddress] for a second one.
type Namespace struct {
	Name    string // as `ip netns` knows it
	Address string // IPv4, without the prefix length
	port    string // its end at the hub's bridge; none for the hub itself

	second string // the end of its second interface at the bridge, once it has one
	moved  bool   // the second one is in use
}

// NewNetwork makes the hub of the run.
func NewNetwork(ctx context.Context, run string) (*Network, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("make network namespaces: root is needed")
	}
	n := &Network{run: run, members: map[string]*Namespace{}}
	hub, err := n.add(ctx, "hub", hubAddress)
	if err != nil {
		return nil, err
	}
	n.Hub = hub
	// Without an address of its own the bridge takes one of its ports', and
	// another one when that port is cut off: nobody would find the hub then.
	err = ip(ctx,
		"-n "+hub.Name+" link add br0 address 02:00:00:00:00:01 type bridge",
		"-n "+hub.Name+" addr add "+fmt.Sprintf(subnet, 1)+" dev br0",
		"-n "+hub.Name+" link set br0 up",
	)
	return n, err
}

// Join returns the namespace of a party, made at the first call.
func (n *Network) Join(ctx context.Context, party string) (*Namespace, error) {
	if ns := n.members[party]; ns != nil {
		return ns, nil
	}
	host := len(n.members) + 1 // the hub is 1, the first to join is 2
	ns, err := n.add(ctx, party, fmt.Sprintf(hosts, host))
	if err != nil {
		return nil, err
	}
	ns.port = fmt.Sprintf("v%d", host)
	if err := n.wire(ctx, ns, ns.port, "eth0"); err != nil {
		return nil, err
	}
	err = ip(ctx,
		"-n "+ns.Name+" addr add "+fmt.Sprintf(subnet, host)+" dev eth0",
		"-n "+ns.Name+" link set eth0 up",
	)
	return ns, err
}

// wire joins a new interface of a party to the bridge.
func (n *Network) wire(ctx context.Context, ns *Namespace, port, name string) error {
	return ip(ctx,
		"-n "+n.Hub.Name+" link add "+port+" type veth peer name "+name+" netns "+ns.Name,
		"-n "+n.Hub.Name+" link set "+port+" master br0 up",
	)
}

func (n *Network) add(ctx context.Context, party, address string) (*Namespace, error) {
	ns := &Namespace{Name: n.run + "-" + party, Address: address}
	if err := ip(ctx, "netns add "+ns.Name); err != nil {
		return nil, err
	}
	n.members[party] = ns
	return ns, ip(ctx, "-n "+ns.Name+" link set lo up")
}

// Close removes the namespaces. The processes in them should have ended.
func (n *Network) Close() error {
	var errs []error
	for _, ns := range n.members {
		errs = append(errs, ip(context.Background(), "netns del "+ns.Name))
	}
	clear(n.members)
	return errors.Join(errs...)
}

// Args puts a command line into the namespace.
func (ns *Namespace) Args(command ...string) []string {
	return append([]string{"ip", "netns", "exec", ns.Name}, command...)
}

// Dial connects from inside the namespace to a literal address.
func (ns *Namespace) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread() // never unlocked on failure: the thread then ends with its goroutine
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("open own network namespace: %w", err)
	}
	defer own.Close()
	other, err := os.Open("/run/netns/" + ns.Name)
	if err != nil {
		return nil, fmt.Errorf("open network namespace: %w", err)
	}
	defer other.Close()
	if err := unix.Setns(int(other.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("enter network namespace %s: %w", ns.Name, err)
	}
	conn, dialErr := (&net.Dialer{}).DialContext(ctx, network, address)
	if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, errors.Join(dialErr, fmt.Errorf("leave network namespace %s: %w", ns.Name, err))
	}
	runtime.UnlockOSThread()
	return conn, dialErr
}

func ip(ctx context.Context, commands ...string) error {
	for _, c := range commands {
		out, err := exec.CommandContext(ctx, "ip", strings.Fields(c)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
