package call

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxInbox bounds the inputs that wait for the loop before signals and
	// statistics are dropped, and maxInboxLarge those before signals with a
	// large description are. Other media events are few and never dropped.
	maxInbox      = 1024
	maxInboxLarge = 128
	largeSignal   = 8 << 10 // bytes
	// dropLogInterval is the least time between two log lines about drops.
	dropLogInterval = time.Second
)

// Client owns all sessions of one user. Make it with [NewClient] and run
// [Client.Run]; all other methods may be called from any goroutine, also from
// inside a [Listener].
type Client struct {
	cfg      Config
	signaler Signaler
	media    Media
	listener Listener
	log      *slog.Logger

	inbox    *mailbox[input]
	outbox   *mailbox[delivery]
	done     chan struct{}              // closed when the loop has ended
	live     atomic.Pointer[[]*Session] // for Sessions
	counters counters
	releases sync.WaitGroup // goroutines that close streams

	// Of the loop alone:
	board     *switchboard
	sessions  map[SessionID]*Session
	dropsSeen uint64
	dropsAt   time.Time
}

// Counters count what a [Client] did not act on since it was made.
type Counters struct {
	Dropped uint64 // signals and events that found a queue full
	Ignored uint64 // signals that meant nothing or were not permitted
	Limited uint64 // signals beyond the rate a user may send at
}

type counters struct{ dropped, ignored, limited atomic.Uint64 }

// input is what the loop is given; one field is set.
type input struct {
	signal  *Signal
	event   MediaEvent
	around  event               // networkChanged or signalingChanged
	request func(now time.Time) // run by the loop
}

// NewClient makes a client; it starts nothing. An error names the setting that
// is wrong. log may be nil.
func NewClient(cfg Config, s Signaler, m Media, l Listener, log *slog.Logger) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("make call client: %w", err)
	}
	if s == nil || m == nil {
		return nil, errors.New("make call client: a Signaler and a Media are required")
	}
	if l == nil {
		l = NopListener{}
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Client{
		cfg: cfg, signaler: s, media: m, listener: l, log: log,
		inbox: newMailbox[input](), outbox: newMailbox[delivery](), done: make(chan struct{}),
		board: newSwitchboard(cfg), sessions: make(map[SessionID]*Session),
	}, nil
}

// Run works until ctx ends, then hangs up every session, releases all media,
// delivers the last events and returns nil. It can be run once. Methods called
// before it wait for it; methods called after it fail with [ErrClosed].
func (c *Client) Run(ctx context.Context) error {
	var delivering sync.WaitGroup
	delivering.Go(c.deliverAll)
	c.loop(ctx)
	c.perform(c.board.stopAll(time.Now(), nil))
	c.inbox.close()
	close(c.done)
	c.outbox.close()
	delivering.Wait()
	c.releases.Wait()
	return nil
}

// loop takes inputs and fires deadlines until ctx ends.
func (c *Client) loop(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Stop()
		if next := c.board.NextTimeout(); !next.IsZero() {
			timer.Reset(time.Until(next))
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.inbox.wake:
		}
		inputs, _ := c.inbox.take()
		for _, in := range inputs {
			c.handle(in)
		}
		c.perform(c.board.Advance(time.Now()))
		c.logDrops(time.Now())
	}
}

func (c *Client) handle(in input) {
	now := time.Now()
	switch {
	case in.signal != nil:
		seed := ""
		if in.signal.Type == SignalCall {
			seed = newUUID()
		}
		c.perform(c.board.receive(now, *in.signal, seed))
	case in.event != nil:
		c.perform(c.board.mediaEvent(now, in.event))
	case in.around != nil:
		c.perform(c.board.broadcast(now, in.around))
	case in.request != nil:
		in.request(now)
	}
}

// Receive takes a signal from the network; it never blocks. Signals that come
// faster than they are looked at are dropped and counted.
func (c *Client) Receive(s Signal) {
	size, limit := len(s.SDP), maxInbox
	if s.Reconnect != nil {
		size += len(s.Reconnect.SDP)
	}
	if size > largeSignal {
		limit = maxInboxLarge
	}
	if !c.inbox.put(input{signal: &s}, limit) {
		c.counters.dropped.Add(1)
	}
}

// MediaEvent takes an event of the Media; it never blocks.
func (c *Client) MediaEvent(e MediaEvent) {
	limit := 0
	if _, ok := e.(PeerStats); ok {
		limit = maxInbox
	}
	if !c.inbox.put(input{event: e}, limit) {
		c.counters.dropped.Add(1)
	}
}

// NetworkChanged takes what happened to the device's own network; it never
// blocks. Connections that broke with it are repaired at once, without waiting
// for timers.
func (c *Client) NetworkChanged(e NetworkEvent) {
	c.inbox.put(input{around: networkChanged{e}}, 0)
}

// SignalingChanged takes whether the Signaler's link to the server is up; it
// never blocks. resumed says that the link goes on where it broke off, so that
// no signal was lost; otherwise those that may have been are sent again. A link
// that nothing was told of is up.
func (c *Client) SignalingChanged(online, resumed bool) {
	c.inbox.put(input{around: signalingChanged{online, resumed}}, 0)
}

// Counters returns the counters.
func (c *Client) Counters() Counters {
	return Counters{
		Dropped: c.counters.dropped.Load(),
		Ignored: c.counters.ignored.Load(),
		Limited: c.counters.limited.Load(),
	}
}

// SessionOptions are the options of [Client.NewSession].
type SessionOptions struct {
	// Bandwidth limits the video in both directions, kbit/s; 0 is no limit.
	Bandwidth int
}

// NewSession makes a session in NEW to ring opponents, at most [MaxOpponents]
// (SDK: createNewSession). Naming somebody here lets them take part in this
// session, whatever Config.Allowed says. Errors: [ErrNoOpponents],
// [ErrTooManyOpponents], [ErrInvalidOpponent], [ErrSessionExists], [ErrClosed].
func (c *Client) NewSession(opponents []UserID, t Type, o SessionOptions) (*Session, error) {
	if t != Video && t != Audio {
		return nil, fmt.Errorf("make session: call type %v: must be video or audio", t)
	}
	info := sessionInfo{
		id: SessionID(newUUID()), seed: newUUID(), callType: t,
		initiator: c.cfg.Self, opponents: slices.Clone(opponents), bandwidth: o.Bandwidth,
	}
	var session *Session
	err := c.do(func(now time.Time) error {
		acts, err := c.board.newSession(now, info)
		c.perform(acts)
		session = c.sessions[info.id]
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make session: %w", err)
	}
	return session, nil
}

// SetPolicy replaces the intervals, AutoReject and IncomingLimit of the
// configuration by those of p; its other fields are not looked at. Sessions that
// live keep theirs. The error names the setting that is wrong, then nothing has
// changed, or is [ErrClosed].
func (c *Client) SetPolicy(p Config) error {
	return c.do(func(time.Time) error { return c.board.setPolicy(p) })
}

// Sessions returns the sessions that are not CLOSED, oldest first.
func (c *Client) Sessions() []*Session {
	if live := c.live.Load(); live != nil {
		return slices.Clone(*live)
	}
	return nil
}

// StopAll ends every session: incoming ones in NEW are rejected, all others
// hung up. It returns once the signals were handed to the Signaler. An
// extension that cannot be sent is left out: stopping does not fail.
func (c *Client) StopAll(ext Extension) {
	if ext.Validate() != nil {
		ext = nil
	}
	// After Run there is nothing left to stop, so ErrClosed means success.
	_ = c.do(func(now time.Time) error {
		c.perform(c.board.stopAll(now, ext))
		return nil
	})
}

// do has the loop run f, and waits for it.
func (c *Client) do(f func(now time.Time) error) error {
	reply := make(chan error, 1)
	if !c.inbox.put(input{request: func(now time.Time) { reply <- f(now) }}, 0) {
		return ErrClosed
	}
	select {
	case err := <-reply:
		return err
	case <-c.done:
	}
	select { // the loop may have run f just before it ended
	case err := <-reply:
		return err
	default:
		return ErrClosed
	}
}

// request hands a request of a session to the loop. What the session shows is
// up to date when it returns.
func (c *Client) request(s *Session, e event) error {
	return c.do(func(now time.Time) error {
		acts, err := c.board.request(now, s.id, e)
		c.perform(acts)
		if err == nil {
			s.publish(s.machine.snapshot())
		}
		return err
	})
}

// Ping returns once the client's loop has answered, which it does within
// milliseconds unless something is very wrong: a watchdog asks it. The error is
// that of ctx, or [ErrClosed] after Run.
func (c *Client) Ping(ctx context.Context) error {
	answer := make(chan struct{})
	if !c.inbox.put(input{request: func(time.Time) { close(answer) }}, 0) {
		return fmt.Errorf("ping call client: %w", ErrClosed)
	}
	select {
	case <-answer:
		return nil
	case <-c.done:
		return fmt.Errorf("ping call client: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("ping call client: %w", ctx.Err())
	}
}
