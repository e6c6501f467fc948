package media

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// gatedNet is the network as one PeerConnection sees it: every UDP socket it
// opens has the gate before it.
type gatedNet struct {
	transport.Net
	gate *gate
}

// newGatedNet puts g before inner; nil is the machine's own network as it is
// now.
func newGatedNet(inner transport.Net, g *gate) (*gatedNet, error) {
	if inner == nil {
		own, err := stdnet.NewNet()
		if err != nil {
			return nil, fmt.Errorf("look at network interfaces: %w", err)
		}
		inner = own
	}
	return &gatedNet{Net: inner, gate: g}, nil
}

// ListenUDP implements transport.Net. Sockets for mDNS are passed through:
// their reader needs the real one.
func (n *gatedNet) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, addr)
	if err != nil || addr != nil && addr.IP.IsMulticast() {
		return conn, err
	}
	if udp, ok := conn.(*net.UDPConn); ok {
		return &gatedSocket{UDPConn: udp, gate: n.gate}, nil
	}
	return &gatedUDP{UDPConn: conn, gate: n.gate}, nil
}

// ListenPacket implements transport.Net; the way to a TURN server is read from
// it.
func (n *gatedNet) ListenPacket(network, address string) (net.PacketConn, error) {
	conn, err := n.Net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return &gatedPackets{PacketConn: conn, gate: n.gate}, nil
}

// ResolveUDPAddr implements transport.Net. pion resolves the configured
// servers with it, and nothing else.
func (n *gatedNet) ResolveUDPAddr(network, address string) (*net.UDPAddr, error) {
	addr, err := n.Net.ResolveUDPAddr(network, address)
	if err == nil {
		n.gate.addServer(addr.AddrPort())
	}
	return addr, err
}

// gatedSocket is a socket of the kernel behind the gate. Its AddrPort methods
// are those pion prefers since they need no memory.
type gatedSocket struct {
	*net.UDPConn
	gate *gate
}

// ReadFromAddrPort implements ice.AddrPortReaderWriter.
func (s *gatedSocket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		n, from, err := s.ReadFromUDPAddrPort(b)
		if err != nil || s.gate.pass(from, b[:n]) {
			return n, from, err
		}
	}
}

// WriteToAddrPort implements ice.AddrPortReaderWriter.
func (s *gatedSocket) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if !s.gate.mayContact(to, b, time.Now) {
		return len(b), nil
	}
	return s.WriteToUDPAddrPort(b, to)
}

// ReadFrom implements net.PacketConn.
func (s *gatedSocket) ReadFrom(b []byte) (int, net.Addr, error) { return s.gate.read(s.UDPConn, b) }

// WriteTo implements net.PacketConn.
func (s *gatedSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	return s.gate.write(s.UDPConn, b, to)
}

// gatedUDP is any other UDP socket behind the gate.
type gatedUDP struct {
	transport.UDPConn
	gate *gate
}

// ReadFrom implements net.PacketConn.
func (s *gatedUDP) ReadFrom(b []byte) (int, net.Addr, error) { return s.gate.read(s.UDPConn, b) }

// WriteTo implements net.PacketConn.
func (s *gatedUDP) WriteTo(b []byte, to net.Addr) (int, error) { return s.gate.write(s.UDPConn, b, to) }

// gatedPackets is a packet socket behind the gate.
type gatedPackets struct {
	net.PacketConn
	gate *gate
}

// ReadFrom implements net.PacketConn.
func (s *gatedPackets) ReadFrom(b []byte) (int, net.Addr, error) { return s.gate.read(s.PacketConn, b) }

// WriteTo implements net.PacketConn.
func (s *gatedPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	return s.gate.write(s.PacketConn, b, to)
}

// pass reports whether a packet is let in, after a rest if it is not.
func (g *gate) pass(from netip.AddrPort, packet []byte) bool {
	ok, rest := g.admit(from, packet, time.Now())
	if rest > 0 {
		time.Sleep(rest)
	}
	return ok
}

// read reads the next packet that is let in.
func (g *gate) read(conn net.PacketConn, b []byte) (int, net.Addr, error) {
	for {
		n, from, err := conn.ReadFrom(b)
		if err != nil || g.pass(addrPort(from), b[:n]) {
			return n, from, err
		}
	}
}

// write sends a packet if it may be sent. One that may not is as good as lost
// on the way, which ICE is used to.
func (g *gate) write(conn net.PacketConn, b []byte, to net.Addr) (int, error) {
	if !g.mayContact(addrPort(to), b, time.Now) {
		return len(b), nil
	}
	return conn.WriteTo(b, to)
}

// addrPort is the address of a UDP packet; of another kind it is the zero
// value, which nobody knows.
func addrPort(addr net.Addr) netip.AddrPort {
	if udp, ok := addr.(*net.UDPAddr); ok {
		return udp.AddrPort()
	}
	return netip.AddrPort{}
}
