package signaling

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/intercomd/intercomd/call"
)

// State is what Run reports when the link goes up or down.
type State struct {
	Online  bool
	JID     string // full JID, when online
	Resumed bool   // the server kept the stream (XEP-0198): nothing was lost
	Err     error  // why it is down; nil when online or stopped
}

// Values of Status.State.
const (
	StatusOnline     = "online"
	StatusOffline    = "offline"    // not running, or waiting for the next attempt
	StatusConnecting = "connecting" // an attempt is under way
)

// Status is the condition of a link.
type Status struct {
	State   string    // StatusOnline, StatusOffline or StatusConnecting
	JID     string    // full JID, when online
	Since   time.Time // when State began
	Err     string    // why the last attempt or stream failed; "" when online
	Queued  int       // signals that wait to be sent
	Invalid uint64    // stanzas received that were no call signals
}

// Link is a client's link to its XMPP server. It implements call.Signaler.
type Link struct {
	cfg    Config
	self   jid.JID
	tls    *tls.Config
	codec  Codec
	log    *slog.Logger
	dialer dialer
	queue  *queue
	pulse  *pulse

	invalid atomic.Uint64
	mu      sync.Mutex
	status  Status
}

// New checks cfg and returns a link that does nothing yet. Errors name the key
// of the configuration file.
func New(cfg Config, codec Codec, log *slog.Logger) (*Link, error) {
	if codec == nil || log == nil {
		return nil, errors.New("signaling: a codec and a logger are required")
	}
	cfg, self, tlsConfig, err := cfg.validated()
	if err != nil {
		return nil, err
	}
	turning := newPulse()
	return &Link{
		cfg:    cfg,
		self:   self,
		tls:    tlsConfig,
		codec:  codec,
		log:    log,
		dialer: newDialer(cfg, turning.waits),
		queue:  newQueue(),
		pulse:  turning,
		status: Status{State: StatusOffline, Since: time.Now()},
	}, nil
}

// Send queues s and returns at once. It is dropped, and that logged, when it
// could not leave within 30 s (hangUp and reject: 60 s) or when more than 64
// signals wait. See [call.Signaler].
func (l *Link) Send(s call.Signal) {
	logLost(l.log, l.queue.put(time.Now(), s))
}

// Flush waits until every queued signal was written to the socket, or ctx ends;
// the error then says how many were not.
func (l *Link) Flush(ctx context.Context) error { return l.queue.wait(ctx) }

// Status returns the present condition. It may be called from anywhere.
func (l *Link) Status() Status {
	l.mu.Lock()
	out := l.status
	l.mu.Unlock()
	out.Queued, out.Invalid = l.queue.len(), l.invalid.Load()
	return out
}

// Run keeps the link up until ctx ends, and returns nil then. recv gets every
// received signal and must not block. state is told when the link comes up,
// goes down, and when the reason for being down changes. The two are called
// from different goroutines; a signal may come a moment before state tells that
// the link is up, but none comes after it was told to be down. Only one Run may
// be active.
func (l *Link) Run(ctx context.Context, recv func(call.Signal), state func(State)) error {
	r := runner{link: l, recv: recv, state: state, backoff: backoff{timing: l.cfg.Timing}}
	for ctx.Err() == nil {
		up, err := r.attempt(ctx)
		if ctx.Err() != nil {
			break
		}
		r.wait(ctx, r.backoff.next(classify(err), up, rand.Float64()), err)
	}
	l.setStatus(StatusOffline, "", "")
	if r.online {
		state(State{})
	}
	return nil
}

func (l *Link) setStatus(state, full, err string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	since := time.Now()
	if l.status.State == state {
		since = l.status.Since
	}
	l.status = Status{State: state, JID: full, Since: since, Err: err}
}

// runner is the state of one Run.
type runner struct {
	link    *Link
	recv    func(call.Signal)
	state   func(State)
	backoff backoff
	online  bool   // what state was told last
	reason  string // why the link is down, as told last
}

// attempt logs in and serves the stream to its end. It returns how long the
// link was up, and why it is not any more.
func (r *runner) attempt(ctx context.Context) (up time.Duration, err error) {
	l := r.link
	l.setStatus(StatusConnecting, "", r.reason)
	conn, err := l.connect(ctx)
	if err != nil {
		return 0, err
	}
	s, err := l.negotiate(ctx, conn)
	if err != nil {
		return 0, err
	}
	s.timing, s.domain, s.queue, s.codec, s.log = l.cfg.Timing, l.self.Domainpart(), l.queue, l.codec, l.log
	s.pulse = l.pulse
	in := &inbound{codec: l.codec, log: l.log, recv: r.recv, invalid: &l.invalid}
	var since time.Time
	err = s.run(ctx, in, func() {
		since = time.Now()
		r.up(s.jid.String())
	})
	if !since.IsZero() {
		up = time.Since(since)
	}
	return up, explainStream(l.cfg.Domain, l.cfg.Resource, err)
}

func (l *Link) connect(ctx context.Context) (net.Conn, error) {
	if l.cfg.Dial == nil {
		return l.dialer.dial(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timing.Dial)
	defer cancel()
	l.pulse.waits(l.cfg.Timing.Dial)
	conn, err := l.cfg.Dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("dial server: %w", err)
	}
	return conn, nil
}

func (r *runner) up(full string) {
	r.online, r.reason = true, ""
	r.link.setStatus(StatusOnline, full, "")
	r.link.log.Info("xmpp online", "jid", full)
	r.state(State{Online: true, JID: full})
}

// wait notes that the link is down because of err and waits for the next
// attempt. A reason is logged as an error once, not on every attempt.
func (r *runner) wait(ctx context.Context, delay time.Duration, err error) {
	reason := err.Error()
	r.link.setStatus(StatusOffline, "", reason)
	level := slog.LevelDebug
	if r.online || reason != r.reason {
		level = slog.LevelError
		r.online, r.reason = false, reason
		r.state(State{Err: err})
	}
	attrs := []any{"error", reason, "retry_in", delay.Round(time.Millisecond)}
	if word := condition(err); word != "" {
		attrs = append(attrs, "condition", word)
	}
	r.link.log.Log(ctx, level, "xmpp offline", attrs...)
	r.link.pulse.waits(0)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-r.link.pulse.asked:
		}
	}
}
