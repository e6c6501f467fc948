package signaling

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/intercomd/intercomd/call"
)

const (
	maxAnswers = 16 // answers to IQs that wait to be written
	readBuffer = 16 << 10
)

// stream is a negotiated stream. Two goroutines work on it: the one of run
// writes and keeps the time, the one of read reads and hands signals on.
type stream struct {
	conn   net.Conn // carries the plain text, through the framer
	raw    net.Conn // the socket under it; closing it ends every wait
	framer *framer
	jid    jid.JID
	timing Timing
	domain string
	queue  *queue
	codec  Codec
	log    *slog.Logger
	pulse  *pulse // of the loop

	heard   chan struct{} // something was read; capacity 1
	ready   chan struct{} // the server answered hello; capacity 1
	answers chan string   // to IQs
}

// readyID is the id of the ping that hello sends.
const readyID = "ready"

// hello announces the device, so that the server routes messages to it (RFC
// 6121 section 4.2), and asks for an answer: as a server works in order, that
// comes when messages find the way.
func (s *stream) hello(ctx context.Context) error {
	return s.write(ctx, []byte(`<presence/>`+s.ping(readyID)))
}

func (s *stream) ping(id string) string {
	return fmt.Sprintf(`<iq type='get' id='%s' to='%s'><ping xmlns='%s'/></iq>`, id, escape(s.domain), nsPing)
}

// run serves the stream until it fails or ctx ends. It calls online once the
// server is known to route messages to the device. It returns the reason for
// the end, or nil for ctx. The socket is closed and the reader has returned by
// then.
func (s *stream) run(ctx context.Context, in *inbound, online func()) error {
	s.heard, s.ready = make(chan struct{}, 1), make(chan struct{}, 1)
	s.answers = make(chan string, maxAnswers)
	in.reply, in.ready = s.answer, func() { token(s.ready) }
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
	return err
}

// loop writes what is queued and watches for life. It tells whether the
// reader's result was consumed.
func (s *stream) loop(ctx context.Context, readerDone <-chan error, online func()) (readerGone bool, err error) {
	if err := s.hello(ctx); err != nil {
		return false, err
	}
	greeting := time.NewTimer(s.timing.Negotiate)
	defer greeting.Stop()
	var queued <-chan struct{} // nil until online: nothing is sent before
	life := newLiveness(time.Now(), s.timing)
	timer := time.NewTimer(s.timing.PingIdle)
	defer timer.Stop()
	for err == nil {
		select {
		case <-ctx.Done():
			return false, nil
		case err := <-readerDone:
			return true, err
		case <-greeting.C:
			return false, fmt.Errorf("negotiate presence: no answer within %s", s.timing.Negotiate)
		case <-s.ready:
			greeting.Stop()
			queued = s.queue.ready
			online()
			err = s.drain(ctx)
		case <-s.heard:
			life.heard(time.Now())
		case <-timer.C:
			err = s.checkLife(ctx, &life)
		case answer := <-s.answers:
			err = s.write(ctx, []byte(answer))
		case <-queued:
			err = s.drain(ctx)
		case <-s.pulse.asked:
		}
		timer.Reset(time.Until(life.deadline))
	}
	return false, err
}

func (s *stream) checkLife(ctx context.Context, life *liveness) error {
	switch life.expired(time.Now()) {
	case lifePing:
		return s.write(ctx, []byte(s.ping("ping")))
	case lifeOver:
		return fmt.Errorf("the server is silent for %s", s.timing.PingIdle+s.timing.PingTimeout)
	}
	return nil
}

// drain writes every queued signal.
func (s *stream) drain(ctx context.Context) error {
	for {
		it, ok, gone := s.queue.next(time.Now())
		logLost(s.log, gone)
		if !ok {
			return nil
		}
		err := s.writeSignal(ctx, it.signal)
		logLost(s.log, s.queue.done(it, err == nil))
		if err != nil {
			return err
		}
	}
}

// writeSignal encodes and writes sig. A signal that cannot be encoded is
// dropped: it would fail again.
func (s *stream) writeSignal(ctx context.Context, sig call.Signal) error {
	stanza, err := s.codec.Encode(sig)
	if err != nil {
		s.log.Error("dropped signal", "type", sig.Type, "session", sig.Session, "to", sig.Peer.User, "error", err)
		return nil
	}
	if err := s.write(ctx, stanza); err != nil {
		return err
	}
	s.log.Debug("signal sent", "type", sig.Type, "session", sig.Session, "to", sig.Peer.User, "bytes", len(stanza))
	return nil
}

// write writes one stanza. Only the goroutine of run calls it, so stanzas never
// mix. A peer that stops reading is given up after Timing.Write, or soon once
// ctx has ended.
func (s *stream) write(ctx context.Context, stanza []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timing.Write)); err != nil {
		return fmt.Errorf("write stanza: %w", withoutAddresses(err))
	}
	stop := context.AfterFunc(ctx, func() {
		_ = s.conn.SetWriteDeadline(time.Now().Add(s.timing.Close)) // fails only on a closed socket
	})
	defer stop()
	s.pulse.waits(s.timing.Write)
	_, err := s.conn.Write(stanza)
	s.pulse.waits(0)
	switch {
	case err == nil:
		return nil
	case isTimeout(err):
		return fmt.Errorf("the server does not read: nothing written for %s", s.timing.Write)
	}
	return fmt.Errorf("write stanza: %w", withoutAddresses(err))
}

// goodbye closes the stream and waits for the server to do the same, so that
// what was written last is not lost with the socket. It tells whether the
// reader has returned.
func (s *stream) goodbye(ctx context.Context, readerDone <-chan error) bool {
	if err := s.write(ctx, []byte(`</stream:stream>`)); err != nil {
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
