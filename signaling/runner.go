package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/intercomd/intercomd/call"
)

// runner is the state of one Run.
type runner struct {
	link     *Link
	recv     func(call.Signal)
	state    func(State)
	backoff  backoff
	redirect redirect
	rival    rival
	resource string

	session *session  // of the last stream; nil before the first
	been    bool      // it was up before
	online  bool      // what state was told last
	reason  string    // why the link is down, as told last
	since   time.Time // when the present stream came up; zero if it did not
}

func newRunner(l *Link, recv func(call.Signal), state func(State)) *runner {
	return &runner{
		link: l, recv: recv, state: state, resource: l.cfg.Resource,
		backoff: backoff{timing: l.cfg.Timing}, session: &session{},
	}
}

// run logs in and serves streams until ctx ends.
func (r *runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		up, err := r.attempt(ctx)
		r.link.unacked.Store(int64(len(r.session.unacked)))
		if ctx.Err() != nil {
			break
		}
		if r.redirect.follow(r.link.dialer, err, up >= r.link.cfg.Timing.StableAfter) {
			r.link.log.Info("xmpp server names another", "address", r.redirect.address)
			r.down(ctx, err, 0)
			continue
		}
		r.contend(err)
		f := classify(err)
		delay := r.backoff.next(f, up, r.link.calls.active.Load(), rand.Float64())
		if f.ofNetwork() && r.link.network.isDown() {
			delay = r.link.cfg.Timing.BackoffMax // in case that is not true
		}
		r.down(ctx, err, delay)
		r.wait(ctx, f, delay)
	}
	r.link.unacked.Store(0)
	r.link.setStatus(StatusOffline, "", "")
	if r.online {
		r.state(State{})
	}
}

// attempt logs in and serves the stream to its end. It returns how long the
// link was up, and why it is not any more.
func (r *runner) attempt(ctx context.Context) (up time.Duration, err error) {
	l := r.link
	l.setStatus(StatusConnecting, "", r.reason)
	s, err := r.login(ctx)
	if err != nil {
		return 0, err
	}
	up, err = r.serve(ctx, s)
	return up, explainStream(l.cfg.Domain, l.cfg.Resource, err)
}

// serve serves a stream to its end. What the session before it left
// unacknowledged goes first.
func (r *runner) serve(ctx context.Context, s *stream) (up time.Duration, err error) {
	l := r.link
	signals, others := r.session.take()
	logLost(l.log, l.queue.putBack(signals))
	if s.resumed {
		s.resend = others
	}
	r.session = s.session
	in := &inbound{codec: l.codec, log: l.log, recv: r.recv, invalid: &l.invalid}
	if s.resumed {
		in.held = held{resumed: true, self: s.session.jid, away: time.Since(s.session.heard)}
	}
	r.since = time.Time{}
	err = s.run(ctx, in, func() { r.up(s.session.jid.String(), s.resumed) })
	if !r.since.IsZero() {
		up = time.Since(r.since)
	}
	return up, err
}

// login tries the addresses of the server in order until one lets the link in.
// It goes on to the next after failures of the network, and no longer than
// Timing.Attempt. The error names every address that failed.
func (r *runner) login(ctx context.Context) (*stream, error) {
	l := r.link
	if l.cfg.TLS != NoTLS {
		if err := checkClock(l.now()); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	ctx, done := l.network.attempt(ctx)
	defer done()
	old := r.session
	if !old.resumable(began) {
		old = nil
	}
	route := r.route(old)
	var failures []error
	for {
		address, err := route.next(ctx)
		if err != nil || address == "" {
			return nil, joined(failures, err)
		}
		s, err := r.loginAt(ctx, address, old)
		switch {
		case err == nil:
			return s, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case classify(err) != failedNetwork || errors.As(err, new(*redirectError)):
			return nil, err
		}
		route.failed(address, err)
		failures = append(failures, err)
		if time.Since(began) >= l.cfg.Timing.Attempt {
			return nil, joined(failures, nil)
		}
		if old != nil && old.id == "" {
			old = nil // the server has let it go
		}
	}
}

// joined words the failures of an attempt.
func joined(failures []error, last error) error {
	if last != nil {
		failures = append(failures, last)
	}
	if len(failures) == 1 {
		return failures[0]
	}
	var words []string
	for _, f := range failures {
		words = append(words, f.Error())
	}
	return errors.New(strings.Join(words, "; "))
}

func (r *runner) loginAt(ctx context.Context, address string, old *session) (*stream, error) {
	conn, err := r.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	s, err := r.negotiate(ctx, conn, old)
	if err == nil {
		r.link.dialer.remember(conn)
	}
	return s, err
}

func (r *runner) connect(ctx context.Context, address string) (net.Conn, error) {
	l := r.link
	if l.cfg.Dial == nil {
		return l.dialer.dial(ctx, address, l.network.isFresh())
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

func (r *runner) up(full string, resumed bool) {
	l := r.link
	if !r.been {
		r.been = true
	} else if l.reconnects.Add(1); resumed {
		l.resumptions.Add(1)
	}
	r.online, r.reason, r.since = true, "", time.Now()
	l.setStatus(StatusOnline, full, "")
	l.log.Info("xmpp online", "jid", full, "resumed", resumed)
	r.state(State{Online: true, JID: full, Resumed: resumed})
}

// down notes that the link is down because of err. A reason is logged as an
// error once, not on every attempt.
func (r *runner) down(ctx context.Context, err error, delay time.Duration) {
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
}

// wait waits for the next attempt. A network that comes back or changes ends a
// wait that it is the reason for; what the server refused it still refuses.
func (r *runner) wait(ctx context.Context, f failure, delay time.Duration) {
	r.link.pulse.waits(0)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-r.link.network.changed:
			if news := r.link.network.take(); news.up && f.ofNetwork() {
				r.backoff.changed()
				return
			}
		case <-r.link.pulse.asked:
		}
	}
}
