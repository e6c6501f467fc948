package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Side is one of the two ends of a proxied connection.
type Side int

// The sides.
const (
	Client Side = iota
	Server
)

// Proxy is a TCP proxy that spoils what passes. Its methods may be called from
// anywhere, also while it does not run.
type Proxy struct {
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	seed     uint64

	mu       sync.Mutex
	rules    [2]Rule
	pairs    map[*pair]struct{} // open connections
	accepted uint64
	past     [2]Counts // of connections that are closed
}

// NewProxy listens on a free port of 127.0.0.1. For each connection to it, dial
// makes one to the server; where that fails, the client's is reset.
func NewProxy(dial func(context.Context) (net.Conn, error), seed uint64) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for proxy: %w", err)
	}
	return NewProxyAt(listener, dial, seed), nil
}

// NewProxyAt is [NewProxy] with a listener of the caller's, which Run closes.
func NewProxyAt(listener net.Listener, dial func(context.Context) (net.Conn, error), seed uint64) *Proxy {
	return &Proxy{listener: listener, dial: dial, seed: seed, pairs: map[*pair]struct{}{}}
}

// To returns the dial function for a server at host:port.
func To(address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
}

// Address is where the proxy listens, host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Run serves until ctx ends, which resets every connection.
func (p *Proxy) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	stop := context.AfterFunc(ctx, func() { _ = p.listener.Close() })
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		conn, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept connection: %w", err)
		}
		group.Go(func() { p.serve(ctx, conn) })
	}
}

// Close ends a proxy that does not run.
func (p *Proxy) Close() error { return p.listener.Close() }

// Set puts a rule in force for present and future connections.
func (p *Proxy) Set(d Direction, r Rule) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules[d] = r
	for c := range p.pairs {
		c.lanes[d].set(r)
	}
}

// SetBoth does the same for both directions.
func (p *Proxy) SetBoth(r Rule) {
	p.Set(Up, r)
	p.Set(Down, r)
}

// Reset resets both ends (RST) of every present connection.
func (p *Proxy) Reset() { p.each((*pair).reset) }

// CutAfter resets both ends of every present connection once n more bytes of
// a direction have passed, wherever in a stanza that is; n must be positive.
func (p *Proxy) CutAfter(d Direction, n int) {
	p.each(func(c *pair) { c.allowances[d].Store(int64(n)) })
}

// Vanish makes one side of every present connection vanish without a word:
// its own end is reset, while the other side's stays open, takes what is
// written and never says anything again. New connections work.
func (p *Proxy) Vanish(s Side) { p.each(func(c *pair) { c.vanish(s) }) }

// Connections says how many connections are open, and how many there were.
func (p *Proxy) Connections() (open int, accepted uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs), p.accepted
}

// Counts says what a direction has done so far, in all connections. A frame is
// a piece of a stream, at most one Ethernet frame long.
func (p *Proxy) Counts(d Direction) Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := p.past[d]
	for c := range p.pairs {
		sum = sum.plus(c.lanes[d].counts())
	}
	return sum
}

func (p *Proxy) each(do func(*pair)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		do(c)
	}
}

// serve carries one client's connection to its end.
func (p *Proxy) serve(ctx context.Context, client net.Conn) {
	server, err := p.dial(ctx)
	if err != nil {
		reset(client)
		return
	}
	c := p.add(client, server)
	c.run(ctx)
	p.remove(c)
}

func (p *Proxy) add(client, server net.Conn) *pair {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := newPair(client, server, p.seed, p.accepted, p.rules)
	p.accepted++
	p.pairs[c] = struct{}{}
	return c
}

func (p *Proxy) remove(c *pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pairs, c)
	for d := range p.past {
		p.past[d] = p.past[d].plus(c.lanes[d].counts())
	}
}

func (c Counts) plus(other Counts) Counts {
	return Counts{c.Frames + other.Frames, c.Bytes + other.Bytes, c.Dropped + other.Dropped}
}
