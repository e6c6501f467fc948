package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/intercomd/intercomd/intercom"
)

// errStreamed says that an endpoint has written its answer itself.
var errStreamed = errors.New("answer is streamed")

// events streams what the device tells until the follower or the device goes.
func (s *Server) events(w http.ResponseWriter, r *http.Request) (any, error) {
	if n := s.followers.Add(1); n > maxFollowers {
		s.followers.Add(-1)
		return nil, &statusError{http.StatusServiceUnavailable, fmt.Sprintf("%d followers of the events already", maxFollowers)}
	}
	defer s.followers.Add(-1)

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	f := newFollower(s.dev.Subscribe(ctx))
	pumped := make(chan struct{})
	go func() {
		defer close(pumped)
		defer cancel() // the device need not offer events nobody takes
		f.pump(ctx)
	}()
	err := f.deliver(w)
	cancel()
	<-pumped
	if err != nil {
		s.log.Debug("event follower gone", "error", err)
	}
	return nil, errStreamed
}

// follower is the queue between the device and one reader of events.
//
//	device ──from──▶ pump ──queue──▶ deliver ──▶ socket
//
// pump never waits for the queue, so the device never waits for the socket.
type follower struct {
	from  <-chan intercom.Event
	queue chan intercom.Event
	slow  bool // queue overflowed; set before queue is closed
}

func newFollower(from <-chan intercom.Event) *follower {
	return &follower{from: from, queue: make(chan intercom.Event, queueLength)}
}

// pump fills the queue until ctx ends, the device ends or the queue is full.
func (f *follower) pump(ctx context.Context) {
	defer close(f.queue)
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-f.from:
			if !ok {
				return
			}
			select {
			case f.queue <- ev:
			default:
				f.slow = true
				return
			}
		}
	}
}

// deliver writes the queue to the socket, a line and a flush for each event,
// and returns when the queue is closed and empty.
func (f *follower) deliver(w http.ResponseWriter) error {
	rc := http.NewResponseController(w)
	// The deadlines of ordinary requests would end the stream.
	if err := rc.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("lift read deadline: %w", err)
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	enc := encoder(w)
	if err := flushWithin(rc, func() error { return nil }); err != nil {
		return err
	}
	for ev := range f.queue {
		if err := flushWithin(rc, func() error { return enc.Encode(ev) }); err != nil {
			return err
		}
	}
	if !f.slow {
		return nil
	}
	return flushWithin(rc, func() error { return encodeDropped(enc) })
}

func encodeDropped(enc *json.Encoder) error {
	return enc.Encode(intercom.Event{
		Time:  time.Now(),
		Event: EventDropped,
		Error: fmt.Sprintf("follower too slow: more than %d events waiting", queueLength),
	})
}

// flushWithin writes and flushes one line before its deadline.
func flushWithin(rc *http.ResponseController, write func() error) error {
	if err := rc.SetWriteDeadline(time.Now().Add(lineTimeout)); err != nil {
		return fmt.Errorf("set write deadline: %w", err)
	}
	if err := write(); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := rc.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
