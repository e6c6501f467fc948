package main

import (
	"net"
	"net/netip"
	"sync"
)

// How many connections the LAN server holds: a browser has up to 6 to a
// server, and one for its signalling. What is beyond would take descriptors that
// calls need.
const (
	gateRoom    = 128 // in all
	gatePerHost = 16  // of one address, of one /64 network in IPv6
)

// gate is a listener that closes connections at once when there are too many,
// in all or from one host.
type gate struct {
	net.Listener

	mu    sync.Mutex
	open  int
	hosts map[netip.Prefix]int
}

func newGate(l net.Listener) *gate {
	return &gate{Listener: l, hosts: make(map[netip.Prefix]int)}
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := hostOf(conn.RemoteAddr())
		if g.enter(host) {
			return &gatedConn{Conn: conn, leave: sync.OnceFunc(func() { g.leave(host) })}, nil
		}
		_ = conn.Close() // nothing was said on it
	}
}

func (g *gate) enter(host netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open >= gateRoom || g.hosts[host] >= gatePerHost {
		return false
	}
	g.open++
	g.hosts[host]++
	return true
}

func (g *gate) leave(host netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	if g.hosts[host]--; g.hosts[host] == 0 {
		delete(g.hosts, host)
	}
}

// hostOf is what counts as one host. What is no address of a host is one of its
// own.
func hostOf(a net.Addr) netip.Prefix {
	port, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := port.Addr().Unmap().WithZone(""), 32
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

// gatedConn gives its place back when it is closed.
type gatedConn struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *gatedConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
