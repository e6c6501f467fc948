package call

import (
	"slices"
	"strconv"
	"time"
)

// Times of the links to the server. The SDK pings each 5 s with a time-out of
// 1 s; three misses, or one before a reconnect offer, end its stream, and it
// tries each 3 s to make another.
const (
	chatNoticeMin  = 15 * time.Second
	chatNoticeMax  = 18 * time.Second
	chatRetry      = 3 * time.Second
	chatPing       = time.Second
	chatStall      = 2 * time.Second  // at most, until TCP goes on after a cut
	linkNoticeMin  = 5 * time.Second  // our link in a call, without word from the kernel
	linkNoticeMax  = 10 * time.Second // as above
	linkBackMax    = 3 * time.Second  // until our link is back once it can be
	linkBackAtOnce = 500 * time.Millisecond
	linkFlush      = 120 * time.Millisecond // until what waited in the meantime has passed
	linkAck        = time.Second            // until a signal of ours is confirmed
	shortSignal    = 30 * time.Second       // how long signals wait in our link
	longSignal     = 60 * time.Second       // how long hangUp and reject do
)

// modelHost is a machine's access to the network.
type modelHost struct {
	name    string
	up      bool
	network int              // its addresses; another number after it moved
	changed func(moved bool) // tells of it, if anybody listens
}

// modelStanza is a signal on its way; Signal.Peer is its receiver.
type modelStanza struct {
	from   Address
	signal Signal
	sent   modelTime
	life   time.Duration // our link gives it up when it waited so long
}

// modelChat is a client's stream to the XMPP server. That of the SDK loses
// what is under way when the stream is replaced, and has another resource
// then. Ours (durable) keeps what it has to send and can resume the stream.
type modelChat struct {
	world    *modelWorld
	host     *modelHost
	user     UserID
	device   string // which of the user's devices
	resource string
	streams  int
	durable  bool
	told     bool // the kernel tells of cuts of the network
	online   bool // there is a stream as far as the client knows
	broken   bool // the server cannot be reached although the network is there
	inbound  []modelStanza
	outbound []modelStanza
	unacked  []modelStanza // ours: sent in the last second before a cut
	receive  func(Signal)
	changed  func(online, resumed bool)
	waiting  []func()  // for the next stream
	latest   modelTime // when the last signal to it arrives
	timer    *modelTimer
}

func (c *modelChat) reachable() bool { return c.host.up && !c.broken }

// login makes a new stream.
func (c *modelChat) login() {
	c.online, c.resource = true, c.device
	if !c.durable {
		c.streams++
		c.resource += strconv.Itoa(c.streams)
	}
}

// send hands a signal to the server, or keeps it if that can help.
func (c *modelChat) send(s Signal) {
	st := modelStanza{Address{c.user, c.resource}, s, c.world.clock.now, lifeOf(s.Type)}
	switch {
	case c.online && c.reachable() && len(c.outbound) == 0:
		c.world.route(st)
		if c.durable {
			c.unacked = append(c.recent(), st)
		}
	case c.durable:
		c.outbound = slices.DeleteFunc(c.outbound, func(w modelStanza) bool {
			return w.signal.Type == SignalCall && w.signal.Session == s.Session && w.signal.Peer.User == s.Peer.User &&
				(s.Type == SignalCall || s.Type == SignalHangUp)
		})
		c.outbound = append(c.outbound, st)
	case c.online:
		c.outbound = append(c.outbound, st)
	}
}

// recent are the signals that the server may not have confirmed by now.
func (c *modelChat) recent() []modelStanza {
	return slices.DeleteFunc(c.unacked, func(s modelStanza) bool { return s.sent < c.world.clock.now-linkAck })
}

func lifeOf(t SignalType) time.Duration {
	if t == SignalHangUp || t == SignalReject {
		return longSignal
	}
	return shortSignal
}

// arrive takes a signal at the server's end of the stream.
func (c *modelChat) arrive(s modelStanza) {
	switch {
	case c.online && c.reachable() && len(c.inbound) == 0:
		c.deliver(s)
	case c.online || c.durable:
		c.inbound = append(c.inbound, s)
	}
}

func (c *modelChat) deliver(s modelStanza) {
	received := s.signal
	received.Peer = s.from
	c.world.logf("%d/%s receives %s of %d", c.user, c.resource, describe(received), s.from.User)
	c.receive(received)
}

// cut follows the loss of the server.
func (c *modelChat) cut() {
	c.unacked = c.recent()
	if c.online && c.durable && c.told && !c.host.up {
		c.lose()
		return
	}
	rand := c.world.rand
	switch {
	case c.online && c.durable:
		c.later(rand.between(linkNoticeMin, linkNoticeMax), c.lose)
	case c.online:
		c.later(rand.between(chatNoticeMin, chatNoticeMax), c.lose)
	case c.durable:
		c.timer.stop() // it was about to be back
	}
}

// lose ends the stream. An SDK goes on trying each 3 s.
func (c *modelChat) lose() {
	c.online = false
	if c.changed != nil {
		c.changed(false, false)
	}
	if !c.durable {
		c.inbound, c.outbound = nil, nil
		c.later(0, c.retry)
	}
}

// moved ends the stream: it is of an address that is gone.
func (c *modelChat) moved() {
	if c.online {
		c.lose()
	}
}

// restored follows the return of the server.
func (c *modelChat) restored() {
	rand := c.world.rand
	switch {
	case c.online:
		c.later(rand.between(0, chatStall), c.flush)
	case c.durable && c.told:
		c.later(rand.between(0, linkBackAtOnce), c.back)
	case c.durable:
		c.later(rand.between(0, linkBackMax), c.back)
	}
}

// back is our link's return, by resumption or by a new login that loses what
// the server held for us and doubles what it had not confirmed.
func (c *modelChat) back() {
	resumed := c.world.rand.chance(60)
	c.login()
	if !resumed {
		c.inbound, c.outbound = nil, append(c.unacked, c.outbound...)
	}
	c.unacked = nil
	if c.changed != nil {
		c.changed(true, resumed)
	}
	c.later(c.world.rand.between(0, linkFlush), c.flush)
}

// flush lets what waited on both sides of a stream go on.
func (c *modelChat) flush() {
	if !c.reachable() {
		return
	}
	in, out := c.inbound, c.outbound
	c.inbound, c.outbound = nil, nil
	for _, s := range out {
		if c.world.clock.now < s.sent+s.life || !c.durable {
			c.world.route(s)
		}
	}
	for _, s := range in {
		c.deliver(s)
	}
}

// retry is one of the SDK's attempts at a new stream.
func (c *modelChat) retry() {
	if !c.reachable() {
		c.later(chatRetry, c.retry)
		return
	}
	c.later(c.world.rand.between(50*time.Millisecond, 500*time.Millisecond), func() {
		if !c.reachable() {
			c.later(chatRetry, c.retry)
			return
		}
		c.login()
		waiting := c.waiting
		c.waiting = nil
		for _, f := range waiting {
			f()
		}
	})
}

// ping is the SDK's look at its stream before it calls or offers: with no
// answer in a second the stream is replaced first.
func (c *modelChat) ping(then func()) {
	if c.online && c.reachable() {
		c.world.clock.after(c.world.rand.between(10*time.Millisecond, 200*time.Millisecond), then)
		return
	}
	c.world.clock.after(chatPing, func() {
		c.waiting = append(c.waiting, then)
		if c.online || !c.timer.armed() {
			c.lose()
		}
	})
}

// later arms the stream's one timer.
func (c *modelChat) later(d time.Duration, f func()) {
	c.timer.stop()
	c.timer = c.world.clock.after(d, f)
}
