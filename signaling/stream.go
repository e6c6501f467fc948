package signaling

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"
)

const (
	maxAnswers = 16 // answers to IQs that wait to be written
	readBuffer = 16 << 10
)

// stream is a negotiated stream. Two goroutines work on it: the one of run
// writes and keeps the time, the one of read reads and hands signals on.
type stream struct {
	conn    net.Conn // carries the plain text, through the framer
	raw     net.Conn // the socket under it; closing it ends every wait
	framer  *framer
	session *session
	resumed bool     // session began on an earlier connection
	resend  [][]byte // of its stanzas, those that are no signals
	acks    *acks

	timing    Timing
	domain    string
	queue     *queue
	codec     Codec
	log       *slog.Logger
	pulse     *pulse // of the loop
	network   *network
	calls     *calls
	addresses func() ([]net.Addr, error) // of this machine
	unacked   *atomic.Int64              // shows the size of the session's window

	heard   chan struct{} // something was read; capacity 1
	ready   chan struct{} // the server answered hello; capacity 1
	answers chan string   // to IQs

	// Of the loop.
	life    liveness
	up      bool      // signals may be sent
	asking  bool      // <r/> was sent and not answered
	owed    bool      // signals were sent since
	probing bool      // the server is to show that it is reached over a changed network
	pause   time.Time // the network is down, and the stream over then; zero is not
	told    time.Time // when <a/> was sent last
	due     time.Time // when the next one is to be sent; zero is never
	stuck   time.Time // since when the window is full; zero is not
}

// run serves the stream until it fails or ctx ends. It calls online once the
// server is known to route messages to the device. It returns the reason for
// the end, or nil for ctx. The socket is closed and the reader has returned by
// then; the session knows what is unacknowledged.
func (s *stream) run(ctx context.Context, in *inbound, online func()) error {
	s.heard, s.ready = make(chan struct{}, 1), make(chan struct{}, 1)
	s.answers = make(chan string, maxAnswers)
	in.reply, in.ready, in.acks = s.answer, func() { token(s.ready) }, s.acks
	readerDone := make(chan error, 1)
	go func() { readerDone <- s.read(in) }()

	readerGone, err := s.loop(ctx, readerDone, online)
	if ctx.Err() != nil && !readerGone {
		readerGone, err = s.goodbye(ctx, readerDone), nil
	}
	s.raw.Close()
	if !readerGone {
		<-readerDone
	}
	s.settle()
	return err
}

// loop writes what is queued and watches for life. It tells whether the
// reader's result was consumed.
func (s *stream) loop(ctx context.Context, readerDone <-chan error, online func()) (readerGone bool, err error) {
	idle, timeout := s.timing.liveness(s.calls.active.Load())
	s.life = newLiveness(time.Now(), idle, timeout)
	greeting := time.NewTimer(s.timing.Negotiate)
	defer greeting.Stop()
	timer := time.NewTimer(idle)
	defer timer.Stop()
	if s.resumed {
		greeting.Stop()
		err = s.goOn(ctx, online)
	} else {
		err = s.hello(ctx)
	}
	for err == nil {
		s.unacked.Store(int64(len(s.session.unacked)))
		timer.Reset(time.Until(s.deadline()))
		select {
		case <-ctx.Done():
			return false, nil
		case err := <-readerDone:
			return true, err
		case <-greeting.C:
			err = fmt.Errorf("negotiate presence: no answer within %s", s.timing.Negotiate)
		case <-s.ready:
			greeting.Stop()
			err = s.begin(ctx, online)
		case <-s.heard:
			s.life.heard(time.Now())
			s.probing = false
			err = s.tellUnasked(ctx)
		case <-timer.C:
			err = s.expire(ctx)
		case e := <-s.acks.answered:
			s.manage(e)
		case <-s.unlessPaused(s.acks.requested):
			err = s.tell(ctx)
		case <-s.unlessPaused(s.acks.told):
			err = s.acknowledged(ctx)
		case answer := <-s.unlessFull(s.answers):
			err = s.writeStanza(ctx, []byte(answer), nil)
		case <-s.queued():
			err = s.drain(ctx)
		case <-s.network.changed:
			err = s.move(ctx, s.network.take())
		case <-s.calls.changed:
			idle, timeout := s.timing.liveness(s.calls.active.Load())
			s.life.change(time.Now(), idle, timeout)
		case <-s.pulse.asked:
		}
	}
	return false, err
}

// begin begins to send signals, after the answer to <enable/> was taken: it came
// before that to hello, but a select has no order.
func (s *stream) begin(ctx context.Context, online func()) error {
	if s.up {
		return nil
	}
	select {
	case e := <-s.acks.answered:
		s.manage(e)
	default:
	}
	s.up = true
	online()
	return s.drain(ctx)
}

// queued has a token when there are signals to send and they may be sent.
func (s *stream) queued() <-chan struct{} {
	if !s.up || s.session.full() {
		return nil
	}
	return s.unlessPaused(s.queue.ready)
}

// unlessPaused returns c as long as something may be written.
func (s *stream) unlessPaused(c <-chan struct{}) <-chan struct{} {
	if !s.pause.IsZero() {
		return nil
	}
	return c
}

func (s *stream) unlessFull(c <-chan string) <-chan string {
	if s.session.full() || !s.pause.IsZero() {
		return nil
	}
	return c
}

// deadline is when expire has something to do.
func (s *stream) deadline() time.Time {
	if !s.pause.IsZero() {
		return s.pause
	}
	next := s.life.deadline
	for _, t := range []time.Time{s.due, s.stuckUntil()} {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	return next
}

// expire does what is to be done at the present time.
func (s *stream) expire(ctx context.Context) error {
	now := time.Now()
	if !s.pause.IsZero() {
		return s.leave(now)
	}
	if until := s.stuckUntil(); !until.IsZero() && !now.Before(until) {
		return fmt.Errorf("the server acknowledges nothing for %s", now.Sub(s.stuck).Round(time.Second))
	}
	if !s.due.IsZero() && !now.Before(s.due) {
		if err := s.tell(ctx); err != nil {
			return err
		}
	}
	switch s.life.expired(now) {
	case lifePing:
		return s.ask(ctx)
	case lifeOver:
		if s.probing {
			return errNetworkChanged
		}
		return fmt.Errorf("the server is silent for %s", s.life.silence(now))
	}
	return nil
}

// move looks whether the connection survived a change of the network. One whose
// local address is gone did not. For another the server is asked: TCP itself may
// try again only seconds after the network is back, as its timers have grown.
func (s *stream) move(ctx context.Context, news change) error {
	now := time.Now()
	if !news.up {
		if s.pause.IsZero() {
			s.pause = now.Add(downFor)
		}
		return nil
	}
	if !s.pause.IsZero() {
		s.pause = time.Time{}
		s.life.restart(now)
	}
	token(s.queue.ready) // drain may have left something
	if !news.moved && !news.restored {
		return nil
	}
	if news.moved && localGone(s.raw, s.addresses) {
		return errNetworkChanged
	}
	within := s.timing.Probe
	if s.session.id == "" {
		within = s.timing.PingTimeoutInCall // what is on its way would be lost with the stream
	}
	s.probing = true
	if err := s.ask(ctx); err != nil {
		return err
	}
	s.life.ask(now, within)
	return nil
}

// leave ends a stream whose network is down for too long. The kernel forgets at
// once what it still holds for it: the session has it.
func (s *stream) leave(now time.Time) error {
	if now.Before(s.pause) {
		return nil
	}
	if tcp, ok := s.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a closed socket
	}
	return errNetworkDown
}

// goodbye closes the stream and waits for the server to do the same, so that
// what was written last is not lost with the socket. The session ends with it:
// no ghost of the device stays behind at the server. It tells whether the
// reader has returned.
func (s *stream) goodbye(ctx context.Context, readerDone <-chan error) bool {
	last := `</stream:stream>`
	if s.session.state == smOn {
		last = s.count() + last
	}
	if err := s.write(ctx, []byte(last)); err != nil {
		return false
	}
	timer := time.NewTimer(s.timing.Close)
	defer timer.Stop()
	select {
	case <-readerDone:
		return true
	case <-timer.C:
		return false
	}
}

// read reads until the stream ends and says why.
func (s *stream) read(in *inbound) error {
	buf := make([]byte, readBuffer)
	var failed error
	for {
		for _, f := range s.framer.take() {
			if err := in.handle(f); err != nil {
				return err
			}
		}
		switch {
		case s.framer.ended:
			return errStreamEnded
		case failed != nil:
			return withoutAddresses(failed)
		}
		// The connection shows what it reads to the framer.
		n, err := s.conn.Read(buf)
		if n > 0 {
			token(s.heard)
		}
		failed = err
	}
}

// answer queues the answer to an IQ. Who asks faster than the link can write
// gets none.
func (s *stream) answer(stanza string) {
	select {
	case s.answers <- stanza:
	default:
		s.log.Debug("dropped answer to a request: too many wait")
	}
}

// token puts a token into a channel of capacity 1, unless there is one.
func token(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func logLost(log *slog.Logger, gone []lost) {
	for _, g := range gone {
		level := slog.LevelWarn
		if g.reason == lostSuperseded {
			level = slog.LevelDebug
		}
		log.Log(context.Background(), level, "dropped signal", "type", g.signal.Type,
			"session", g.signal.Session, "to", g.signal.Peer.User, "reason", g.reason)
	}
}
