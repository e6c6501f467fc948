package main

import (
	"errors"
	"io"
	"net"
	"testing"
)

// fakeListener hands out connections that tests make.
type fakeListener struct{ incoming chan net.Conn }

func (l fakeListener) Accept() (net.Conn, error) {
	conn, ok := <-l.incoming
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (fakeListener) Close() error   { return nil }
func (fakeListener) Addr() net.Addr { return &net.TCPAddr{} }

// fromHost is a connection from an address.
type fromHost struct {
	net.Conn
	address string
}

func (c fromHost) RemoteAddr() net.Addr {
	addr, err := net.ResolveTCPAddr("tcp", c.address)
	if err != nil {
		panic(err)
	}
	return addr
}

// caller is the far end of a connection.
func (l fakeListener) dial(address string) (caller net.Conn) {
	near, far := net.Pipe()
	l.incoming <- fromHost{near, address}
	return far
}

func TestGate(t *testing.T) {
	const one, other, third = "192.0.2.1:1000", "192.0.2.2:1000", "[2001:db8::1]:1000"
	l := fakeListener{make(chan net.Conn, 1000)}
	g := newGate(l)
	admitted := func(address string) net.Conn {
		t.Helper()
		l.dial(address)
		conn, err := g.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got := conn.RemoteAddr().String(); got != address {
			t.Fatalf("admitted %s, want %s", got, address)
		}
		return conn
	}
	refused := func(address string) {
		t.Helper()
		far := l.dial(address)
		admitted(third).Close() // the next that has a place
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v, want the end of the connection", address, err)
		}
	}
	var conns []net.Conn
	for range gatePerHost {
		conns = append(conns, admitted(one))
	}
	refused(one)
	refused("[::ffff:192.0.2.1]:7")
	conns = append(conns, admitted(other))
	for range 2 { // closing twice gives one place back
		if err := conns[0].Close(); err != nil {
			t.Error(err)
		}
	}
	conns[0] = admitted(one)
	refused(one)

	for range gatePerHost - 1 {
		conns = append(conns, admitted("[2001:db8:0:1::1]:1"))
	}
	conns = append(conns, admitted("[2001:db8:0:1::2]:1"))
	refused("[2001:db8:0:1::3]:1")

	for _, conn := range conns {
		conn.Close()
	}
	if g.open != 0 || len(g.hosts) != 0 {
		t.Errorf("%d connections of %v are still counted", g.open, g.hosts)
	}
	close(l.incoming)
	if _, err := g.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestGateIsFull takes every place, a host at a time.
func TestGateIsFull(t *testing.T) {
	g := newGate(nil)
	admitted := 0
	for host := range 2 * gateRoom {
		if g.enter(hostOf(&net.TCPAddr{IP: net.IPv4(10, 0, 0, byte(host))})) {
			admitted++
		}
	}
	if admitted != gateRoom {
		t.Errorf("%d places, want %d", admitted, gateRoom)
	}
	if g.enter(hostOf(&net.UnixAddr{Name: "x"})) {
		t.Error("there is one place more")
	}
}
