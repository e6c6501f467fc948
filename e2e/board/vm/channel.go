package vm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// ErrRestarted says that the board booted anew while something ran on it.
var ErrRestarted = errors.New("the board restarted")

// channel is the host's side of package wire.
type channel struct {
	to    io.ReadWriteCloser
	ended chan struct{} // closed when nothing more can come

	writing sync.Mutex // one line at a time

	mu      sync.Mutex
	last    uint64
	pending map[uint64]*pending
	boots   []wire.Reply  // the hellos
	booted  chan struct{} // closed and replaced at every hello
}

// pending is a request on its way. out is called by the reader.
type pending struct {
	out  func([]byte)
	done chan wire.Reply // holds one
}

// newChannel reads from to until it ends; see [channel.close].
func newChannel(to io.ReadWriteCloser) *channel {
	c := &channel{to: to, ended: make(chan struct{}), pending: map[uint64]*pending{}, booted: make(chan struct{})}
	go c.readAll()
	return c
}

// close ends the channel and waits for its reader.
func (c *channel) close() error {
	err := c.to.Close()
	<-c.ended
	return err
}

func (c *channel) readAll() {
	defer close(c.ended)
	lines := bufio.NewScanner(c.to)
	lines.Buffer(make([]byte, 64<<10), wire.MaxLine)
	for lines.Scan() {
		var r wire.Reply
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // cut off by a restart
		}
		c.hear(r)
	}
}

func (c *channel) hear(r wire.Reply) {
	if r.Hello {
		c.restart(r)
		return
	}
	c.mu.Lock()
	p := c.pending[r.ID]
	if r.Done {
		delete(c.pending, r.ID)
	}
	c.mu.Unlock()
	if p == nil {
		return // nobody waits any more
	}
	if len(r.Out) > 0 && p.out != nil {
		p.out(r.Out)
	}
	if r.Done {
		p.done <- r
	}
}

// restart begins a boot: whatever was asked before is lost.
func (c *channel) restart(hello wire.Reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boots = append(c.boots, hello)
	close(c.booted)
	c.booted = make(chan struct{})
	for id, p := range c.pending {
		delete(c.pending, id)
		p.done <- wire.Reply{ID: id, Hello: true, Done: true}
	}
}

// awaitBoot waits for the hello of the n-th boot, counted from 1.
func (c *channel) awaitBoot(ctx context.Context, n int) (wire.Reply, error) {
	for {
		c.mu.Lock()
		boots, booted := c.boots, c.booted
		c.mu.Unlock()
		if len(boots) >= n {
			return boots[n-1], nil
		}
		select {
		case <-booted:
		case <-c.ended:
			return wire.Reply{}, errEnded
		case <-ctx.Done():
			return wire.Reply{}, context.Cause(ctx)
		}
	}
}

var errEnded = errors.New("the board has ended")

// bootCount says how often the board has booted.
func (c *channel) bootCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.boots)
}

// begin sends a request; its ID is set here. out, which may be nil, gets what
// the board sends before it is done.
func (c *channel) begin(q wire.Request, out func([]byte)) (uint64, *pending, error) {
	p := &pending{out: out, done: make(chan wire.Reply, 1)}
	c.mu.Lock()
	c.last++
	q.ID = c.last
	c.pending[q.ID] = p
	c.mu.Unlock()
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := wire.Encode(c.to, q); err != nil {
		c.forget(q.ID)
		return 0, nil, fmt.Errorf("ask the board: %w", err)
	}
	return q.ID, p, nil
}

func (c *channel) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}

// wait waits for the end of a request. At the end of ctx the request goes on;
// the caller must stop or forget it.
func (c *channel) wait(ctx context.Context, p *pending) (wire.Reply, error) {
	select {
	case r := <-p.done:
		return r, replyError(r)
	case <-c.ended:
		return wire.Reply{}, errEnded
	case <-ctx.Done():
		return wire.Reply{}, context.Cause(ctx)
	}
}

func replyError(r wire.Reply) error {
	switch {
	case r.Hello:
		return ErrRestarted
	case r.Error != "":
		return errors.New(r.Error)
	}
	return nil
}

// ask does one request that takes no longer than the board needs for it.
func (c *channel) ask(ctx context.Context, q wire.Request, out func([]byte)) error {
	id, p, err := c.begin(q, out)
	if err != nil {
		return err
	}
	defer c.forget(id)
	_, err = c.wait(ctx, p)
	return err
}
