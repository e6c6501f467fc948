package rig

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Fault is a way in which a party's link stops carrying anything.
type Fault int

const (
	// Pulled is a cable without the other end: the party's interface has no
	// carrier, and its kernel says so. The address stays.
	Pulled Fault = iota
	// Silent is a break farther away: the party notices nothing but silence.
	Silent
)

// String names the fault in tables.
func (f Fault) String() string {
	if f == Silent {
		return "silent"
	}
	return "pulled"
}

// command is what `ip -batch` does to a port of the bridge.
func (f Fault) command(port string, up bool) string {
	switch {
	case f == Silent && up:
		return "link set " + port + " master br0"
	case f == Silent:
		return "link set " + port + " nomaster"
	case up:
		return "link set " + port + " up"
	default:
		return "link set " + port + " down"
	}
}

// SetLink cuts a party off silently, or joins it again.
func (n *Network) SetLink(ctx context.Context, ns *Namespace, up bool) error {
	return n.Set(ctx, Silent, up, ns)
}

// SetCarrier pulls a party's cable, or plugs it in again. Netlink tells the
// party.
func (n *Network) SetCarrier(ctx context.Context, ns *Namespace, up bool) error {
	return n.Set(ctx, Pulled, up, ns)
}

// Set begins or ends a fault of several parties at the same moment, give or
// take the time of a system call.
func (n *Network) Set(ctx context.Context, fault Fault, up bool, parties ...*Namespace) error {
	var lines []string
	for _, ns := range parties {
		lines = append(lines, fault.command(ns.current(), up))
	}
	return batch(ctx, n.Hub, lines...)
}

// current is the port of the interface in use.
func (ns *Namespace) current() string {
	if ns.moved {
		return ns.second
	}
	return ns.port
}

// ChangeAddress moves a party from one network to another: the interface in
// use loses its carrier and its address, and at the same moment another one
// gets a carrier and another address. eth0 and wlan0 take turns; wlan0 is made
// at the first move unless [Network.AddInterface] did.
func (n *Network) ChangeAddress(ctx context.Context, ns *Namespace) error {
	if err := n.AddInterface(ctx, ns); err != nil {
		return err
	}
	leave, arrive := "eth0", "wlan0"
	port, free := ns.port, ns.second
	if ns.moved {
		leave, arrive, port, free = arrive, leave, free, port
	}
	address := n.nextAddress()
	err := batch(ctx, n.Hub, Pulled.command(port, false), Pulled.command(free, true))
	if err != nil {
		return err
	}
	ns.moved, ns.Address = !ns.moved, address
	return batch(ctx, ns, "addr flush dev "+leave, "addr add "+address+"/24 dev "+arrive)
}

// AddInterface gives a party a second interface, wlan0, without a carrier and
// without an address. It does nothing if there is one.
func (n *Network) AddInterface(ctx context.Context, ns *Namespace) error {
	if ns.second != "" {
		return nil
	}
	second := "w" + strings.TrimPrefix(ns.port, "v")
	if err := n.wire(ctx, ns, second, "wlan0"); err != nil {
		return err
	}
	ns.second = second
	return errors.Join(
		batch(ctx, n.Hub, Pulled.command(second, false)),
		batch(ctx, ns, "link set wlan0 up"),
	)
}

// nextAddress returns an address in the lab's network that nobody has; the one
// that was left longest ago comes first.
func (n *Network) nextAddress() string {
	const first, last = 100, 254 // parties join below
	for {
		address := fmt.Sprintf(hosts, first+n.moves%(last-first+1))
		n.moves++
		if !n.taken(address) {
			return address
		}
	}
}

func (n *Network) taken(address string) bool {
	for _, ns := range n.members {
		if ns.Address == address {
			return true
		}
	}
	return false
}

// batch does several things to a namespace's network in one process.
func batch(ctx context.Context, ns *Namespace, lines ...string) error {
	cmd := exec.CommandContext(ctx, "ip", "-n", ns.Name, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip in %s: %s: %w: %s", ns.Name, strings.Join(lines, "; "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
