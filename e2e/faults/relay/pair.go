package relay

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// segment is the most that is read at once: a TCP segment on Ethernet.
const segment = 1460

// errCut ends a direction whose allowance is used up.
var errCut = errors.New("cut on purpose")

// pair is one proxied connection: the client's and the server's.
type pair struct {
	conns      [2]net.Conn     // by Side
	lanes      [2]*lane        // by Direction
	allowances [2]atomic.Int64 // by Direction: bytes that may still pass, when positive
	gone       [2]atomic.Bool  // by Side: has vanished
}

func newPair(client, server net.Conn, seed, number uint64, rules [2]Rule) *pair {
	c := &pair{conns: [2]net.Conn{Client: client, Server: server}}
	for d := range c.lanes {
		c.lanes[d] = newLane(newSchedule(true, seed, number<<1|uint64(d)), rules[d])
	}
	return c
}

// sides returns which side sends in a direction, and which receives.
func sides(d Direction) (from, to Side) {
	if d == Up {
		return Client, Server
	}
	return Server, Client
}

// run carries both directions until both have ended, which closes both ends,
// or one has failed or ctx has ended, which resets them.
func (c *pair) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, c.reset) // ends reads and writes
	var group sync.WaitGroup
	for d := range c.lanes {
		arrivals := make(chan []byte)
		group.Go(func() {
			defer close(arrivals)
			c.read(ctx, Direction(d), arrivals)
		})
		group.Go(func() {
			write := func(data []byte) error { return c.write(Direction(d), data) }
			if err := c.lanes[d].run(ctx, arrivals, write); err != nil {
				cancel()
			}
		})
	}
	group.Wait()
	stop()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// read takes pieces of a direction's stream, then nil for its end. A stream
// that was reset comes to its end like any other.
func (c *pair) read(ctx context.Context, d Direction, arrivals chan<- []byte) {
	from, _ := sides(d)
	for {
		buffer := make([]byte, segment)
		n, err := c.conns[from].Read(buffer)
		if n == 0 && err != nil {
			buffer = nil
		}
		select {
		case arrivals <- buffer[:n]:
		case <-ctx.Done():
			return
		}
		if buffer == nil {
			return
		}
	}
}

// write delivers a piece of a direction's stream, nil being its end. What
// concerns a side that has vanished is swallowed.
func (c *pair) write(d Direction, data []byte) error {
	from, to := sides(d)
	if c.gone[from].Load() || c.gone[to].Load() {
		return nil
	}
	err := c.pass(d, c.conns[to], data)
	if c.gone[to].Load() {
		return nil
	}
	return err
}

// pass writes what the allowance lets through.
func (c *pair) pass(d Direction, to net.Conn, data []byte) error {
	if data == nil {
		return closeWrite(to)
	}
	left := c.allowances[d].Load()
	cut := left > 0 && left <= int64(len(data))
	if cut {
		data = data[:left]
	}
	if _, err := to.Write(data); err != nil {
		return err
	}
	if cut {
		return errCut
	}
	if left > 0 {
		c.allowances[d].Add(-int64(len(data)))
	}
	return nil
}

func (c *pair) vanish(s Side) {
	c.gone[s].Store(true)
	reset(c.conns[s])
}

func (c *pair) reset() {
	for s := range c.gone {
		c.gone[s].Store(true) // so that neither end is closed in good order before
	}
	for _, conn := range c.conns {
		reset(conn)
	}
}

// reset closes a connection so that its peer gets a reset, not an end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// closeWrite ends a stream in one direction where the transport can.
func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return conn.Close()
}
