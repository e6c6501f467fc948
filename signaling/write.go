package signaling

import (
	"context"
	"fmt"
	"time"
)

const (
	// readyID is the id of the ping that hello sends.
	readyID = "ready"

	requestAck = `<r xmlns='` + nsManagement + `'/>`

	tellEvery = 16                    // stanzas handled after which the server is told unasked
	tellGap   = 50 * time.Millisecond // least time between two <a/> of the same count
)

// hello announces the device, so that the server routes messages to it (RFC
// 6121 section 4.2), and asks for an answer: as a server works in order, that
// comes when messages find the way, and after that to <enable/>.
func (s *stream) hello(ctx context.Context) error {
	if s.session.state == smAsked {
		if err := s.write(ctx, []byte(`<enable xmlns='`+nsManagement+`' resume='true'/>`)); err != nil {
			return err
		}
	}
	if err := s.writeStanza(ctx, []byte(`<presence/>`), nil); err != nil {
		return err
	}
	return s.writeStanza(ctx, []byte(s.ping(readyID)), nil)
}

// goOn goes on with a session of an earlier connection. What is left of its
// signals is at the head of the queue already.
func (s *stream) goOn(ctx context.Context, online func()) error {
	for _, raw := range s.resend {
		if err := s.writeStanza(ctx, raw, nil); err != nil {
			return err
		}
	}
	return s.begin(ctx, online)
}

func (s *stream) ping(id string) string {
	return fmt.Sprintf(`<iq type='get' id='%s' to='%s'><ping xmlns='%s'/></iq>`, id, escape(s.domain), nsPing)
}

// ask asks the server for a sign of life.
func (s *stream) ask(ctx context.Context) error {
	if s.session.state == smOn {
		return s.request(ctx)
	}
	return s.writeStanza(ctx, []byte(s.ping("ping")), nil)
}

// request asks the server for its count. It has to answer at once, so this is
// the ping of a managed stream.
func (s *stream) request(ctx context.Context) error {
	s.asking, s.owed = true, false
	if err := s.write(ctx, []byte(requestAck)); err != nil {
		return err
	}
	s.life.ask(time.Now(), s.life.timeout)
	return nil
}

// manage takes the answer to <enable/>. A server that offers stream management
// and then refuses it is one without.
func (s *stream) manage(e enabled) {
	if !e.ok {
		s.session.take()
		s.session.forget()
		return
	}
	s.session.enabled(e)
	s.log.Debug("stream managed", "resumable", e.id != "", "max", s.session.max)
}

// acknowledged takes the server's count, and goes on with what it held up.
func (s *stream) acknowledged(ctx context.Context) error {
	if err := s.session.handled(s.acks.latest.Load()); err != nil {
		s.session.forget()
		return err
	}
	s.asking = false
	if s.up {
		if err := s.drain(ctx); err != nil {
			return err
		}
	}
	if s.owed && !s.asking {
		return s.request(ctx)
	}
	return nil
}

// settle takes what the server told last, once nothing more is read.
func (s *stream) settle() {
	select {
	case <-s.acks.told:
		if s.session.handled(s.acks.latest.Load()) != nil {
			s.session.forget()
		}
	default:
	}
	s.session.heard, s.session.ended = s.life.last, time.Now()
}

// stuckUntil is when a window that is full is too long so, or zero.
func (s *stream) stuckUntil() time.Time {
	if !s.session.full() {
		s.stuck = time.Time{}
		return time.Time{}
	}
	if s.stuck.IsZero() {
		s.stuck = time.Now()
	}
	return s.stuck.Add(s.timing.PingIdle + s.timing.PingTimeout)
}

func (s *stream) count() string {
	s.session.reported = s.session.received.Load()
	return fmt.Sprintf(`<a xmlns='%s' h='%d'/>`, nsManagement, s.session.reported)
}

// tell answers <r/>. One who asks all the time is not told the same all the
// time.
func (s *stream) tell(ctx context.Context) error {
	now := time.Now()
	if next := s.told.Add(tellGap); now.Before(next) && s.session.received.Load() == s.session.reported {
		s.due = next
		return nil
	}
	s.told, s.due = now, time.Time{}
	return s.write(ctx, []byte(s.count()))
}

// tellUnasked keeps the server from holding stanzas for a client that never
// says that it has them.
func (s *stream) tellUnasked(ctx context.Context) error {
	if s.session.state != smOn || !s.pause.IsZero() || s.session.received.Load()-s.session.reported < tellEvery {
		return nil
	}
	return s.tell(ctx)
}

// drain writes every queued signal, as far as the window allows, and asks
// whether they arrived.
func (s *stream) drain(ctx context.Context) error {
	wrote := false
	for !s.session.full() && !s.network.isDown() {
		it, ok, gone := s.queue.next(time.Now())
		logLost(s.log, gone)
		if !ok {
			break
		}
		err := s.writeSignal(ctx, &it)
		logLost(s.log, s.queue.done(it, err == nil))
		if err != nil {
			return err
		}
		wrote = true
	}
	if !wrote || s.session.state != smOn {
		return nil
	}
	if s.asking {
		s.owed = true
		return nil
	}
	return s.request(ctx)
}

// writeSignal encodes and writes a signal. One that cannot be encoded is
// dropped: it would fail again.
func (s *stream) writeSignal(ctx context.Context, it *item) error {
	sig := it.signal
	if it.stanza == nil {
		stanza, err := s.codec.Encode(sig)
		if err != nil {
			s.log.Error("dropped signal", "type", sig.Type, "session", sig.Session, "to", sig.Peer.User, "error", err)
			return nil
		}
		it.stanza = stanza
	}
	if err := s.writeStanza(ctx, it.stanza, it); err != nil {
		return err
	}
	s.log.Debug("signal sent", "type", sig.Type, "session", sig.Session, "to", sig.Peer.User, "bytes", len(it.stanza))
	return nil
}

// writeStanza writes a stanza, which the server counts; it is the signal it, or
// none.
func (s *stream) writeStanza(ctx context.Context, stanza []byte, it *item) error {
	if err := s.write(ctx, stanza); err != nil {
		return err
	}
	s.session.record(stanza, it)
	return nil
}

// write writes bytes. Only the goroutine of run calls it, so stanzas never mix.
// A peer that stops reading is given up after Timing.Write, or soon once ctx
// has ended.
func (s *stream) write(ctx context.Context, raw []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timing.Write)); err != nil {
		return fmt.Errorf("write stanza: %w", withoutAddresses(err))
	}
	stop := context.AfterFunc(ctx, func() {
		_ = s.conn.SetWriteDeadline(time.Now().Add(s.timing.Close)) // fails only on a closed socket
	})
	defer stop()
	s.pulse.waits(s.timing.Write)
	_, err := s.conn.Write(raw)
	s.pulse.waits(0)
	switch {
	case err == nil:
		return nil
	case isTimeout(err):
		return fmt.Errorf("the server does not read: nothing written for %s", s.timing.Write)
	}
	return fmt.Errorf("write stanza: %w", withoutAddresses(err))
}
