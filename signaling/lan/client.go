package lan

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/jid"
)

// client is one connection, from accepting it to its end.
//
//	negotiating ──bound──▶ online ──end(reason)──▶ ending ──▶ closed
//
// While negotiating, one goroutine reads and writes in turn. Once online, it
// only reads and routes, and a second one writes what waits in the queue.
type client struct {
	srv     *Server
	log     *slog.Logger
	remote  netip.Addr // zero for the pipe
	framing framing
	frames  frames
	private bool // the transport hides passwords
	secured bool // by StartTLS
	tries   int  // logins begun

	user string  // authenticated user; "" before SASL
	jid  jid.JID // full JID; zero before binding

	presence []byte // last available presence, nil if unavailable; owned by hub

	start  time.Time
	heard  atomic.Int64 // nanoseconds from start to the last bytes that came in
	queue  chan []byte
	queued atomic.Int64 // bytes in queue

	once   sync.Once
	ended  chan struct{} // closed by end
	reason streamError   // why; set before ended is closed
	doom   *time.Timer   // closes the transport after endGrace; set likewise
}

func (s *Server) newClient(remote netip.Addr, f framing, private bool) *client {
	log := s.log.With("remote", "pipe")
	if remote.IsValid() {
		log = s.log.With("remote", remote.String())
	}
	return &client{
		srv: s, log: log, remote: remote, framing: f, private: private,
		start: time.Now(),
		queue: make(chan []byte, s.cfg.Limits.QueueStanzas),
		ended: make(chan struct{}),
	}
}

// setTCP makes conn the transport.
func (c *client) setTCP(conn net.Conn) {
	c.frames = newTCPFrames(conn, c.srv.cfg.Limits, c.alive)
}

// alive notes that the client gave a sign of life.
func (c *client) alive() { c.heard.Store(int64(time.Since(c.start))) }

// run serves the connection until it ends or ctx is done, and closes it.
func (c *client) run(ctx context.Context) {
	defer func() { c.frames.close() }()
	if err := c.negotiateWithin(ctx, c.srv.cfg.Limits.NegotiationTimeout); err != nil {
		c.log.Info("client not admitted", "error", err)
		c.sayEnd(reasonOf(err))
		return
	}
	c.serve(ctx)
}

// negotiateWithin negotiates; when the time is over or ctx done, it closes the
// transport, because nothing else unblocks a read everywhere.
func (c *client) negotiateWithin(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	defer context.AfterFunc(ctx, c.frames.close)()
	err := c.negotiate(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// serve is the online life of a client.
func (c *client) serve(ctx context.Context) {
	replaced, ok := c.srv.hub.add(c, c.srv.cfg.Limits.Resources)
	if !ok {
		c.sayEnd("policy-violation")
		return
	}
	if replaced != nil {
		replaced.end("conflict")
	}
	log := c.log.With("jid", c.jid.String())
	log.Info("client online")
	stop := context.AfterFunc(ctx, func() { c.end("system-shutdown") })
	var writing sync.WaitGroup
	writing.Go(c.writeLoop)
	err := c.readLoop(ctx)
	stop()
	c.end(reasonOf(err))
	writing.Wait()
	c.doom.Stop()
	if was, others := c.srv.hub.remove(c); was {
		gone := newElement(nsClient, "presence").with("type", "unavailable").with("from", c.jid.String())
		sendAll(others, gone.marshal())
	}
	log.Info("client offline", "reason", string(c.reason))
}

// reasonOf returns the stream error that an error of the connection calls for.
func reasonOf(err error) streamError {
	reason, _ := errors.AsType[streamError](err)
	return reason
}

// readLoop routes what the client sends until the stream ends.
func (c *client) readLoop(ctx context.Context) error {
	limits := c.srv.cfg.Limits
	rate := newBucket(time.Now(), limits.StanzaRate, limits.StanzaBurst)
	for {
		e, err := c.frames.read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if c.isEnding() {
			continue // only waiting for the client to close
		}
		if wait := rate.take(time.Now()); wait > 0 {
			sleep(ctx, wait)
		}
		if err := c.route(e); err != nil {
			return err
		}
	}
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// writeLoop sends what is queued, pings a silent client and, at the end, says
// why. It then lets the client close the connection first, for at most
// endGrace.
func (c *client) writeLoop() {
	idle := newIdleTimer(c.srv.cfg.Limits)
	timer := time.NewTimer(idle.interval)
	defer timer.Stop()
	for {
		select {
		case b := <-c.queue:
			c.queued.Add(-int64(len(b)))
			if c.frames.write(b) != nil {
				c.end("")
				c.frames.close()
				return
			}
		case <-timer.C:
			act, next := idle.check(time.Since(c.start), time.Duration(c.heard.Load()))
			switch act {
			case idlePing:
				c.send(c.ping())
			case idleGiveUp:
				c.end("connection-timeout")
			case idleWait:
			}
			timer.Reset(next)
		case <-c.ended:
			c.drain()
			c.sayEnd(c.reason)
			return
		}
	}
}

// drain sends what was queued before the end.
func (c *client) drain() {
	for {
		select {
		case b := <-c.queue:
			if c.frames.write(b) != nil {
				return
			}
		default:
			return
		}
	}
}

// sayEnd writes the end of the stream; it is all the same if that fails.
func (c *client) sayEnd(reason streamError) {
	for _, b := range c.framing.ending(reason) {
		if c.frames.write(b) != nil {
			return
		}
	}
}

// end ends an online client; the first reason counts. It doesn't wait.
func (c *client) end(reason streamError) {
	c.once.Do(func() {
		c.reason = reason
		c.doom = time.AfterFunc(endGrace, c.frames.close)
		close(c.ended)
	})
}

func (c *client) isEnding() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// offer queues a stanza of somebody else; false means there is no room.
func (c *client) offer(b []byte) bool {
	if c.queued.Add(int64(len(b))) > int64(c.srv.cfg.Limits.QueueBytes) {
		c.queued.Add(-int64(len(b)))
		return false
	}
	select {
	case c.queue <- b:
		return true
	default:
		c.queued.Add(-int64(len(b)))
		return false
	}
}

// send queues the server's own answer. A client that asks without reading the
// answers is ended.
func (c *client) send(b []byte) {
	if !c.offer(b) {
		c.end("policy-violation")
	}
}

// sendAll offers a stanza that may get lost to several clients.
func sendAll(cs []*client, b []byte) {
	for _, c := range cs {
		c.offer(b)
	}
}
