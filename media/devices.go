package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/google/uuid"
	"github.com/intercomd/intercomd/call"
)

// The states of a device, for status displays.
const (
	stateIdle    = "idle"    // nobody uses it
	stateOpen    = "open"    // in use
	stateMissing = "missing" // it could not be opened, or was lost
)

// devices owns the camera and the microphone. Its goroutine opens and closes
// them, which may take long; everybody else posts requests.
type devices struct {
	cfg      Config
	counters *counters
	log      *slog.Logger
	requests *queue[any] // *openRequest or *localStream (to be released)
	done     chan struct{}

	mu       sync.Mutex
	captures map[call.Kind]*capture
	failed   map[call.Kind]error // of the last attempt to open
	streams  map[*localStream]struct{}
}

type openRequest struct {
	ctx     context.Context
	session call.SessionID
	params  call.MediaParams
	reply   chan openReply // unbuffered: the taker has it or has given up
}

type openReply struct {
	stream *localStream
	err    error
}

func newDevices(cfg Config, c *counters, log *slog.Logger) *devices {
	return &devices{
		cfg: cfg, counters: c, log: log, requests: newQueue[any](), done: make(chan struct{}),
		captures: map[call.Kind]*capture{}, failed: map[call.Kind]error{}, streams: map[*localStream]struct{}{},
	}
}

// errNotRunning is the answer of an engine whose Run has returned.
var errNotRunning = errors.New("the media engine has stopped")

// open asks the owner for a stream.
func (d *devices) open(ctx context.Context, session call.SessionID, params call.MediaParams) (call.LocalStream, error) {
	req := &openRequest{ctx: ctx, session: session, params: params, reply: make(chan openReply)}
	d.requests.put(req)
	select {
	case r := <-req.reply:
		if r.err != nil {
			return nil, r.err
		}
		return r.stream, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("get user media: %w", ctx.Err())
	case <-d.done:
		return nil, fmt.Errorf("get user media: %w", errNotRunning)
	}
}

// run serves requests until ctx ends, then closes the devices.
func (d *devices) run(ctx context.Context) {
	defer close(d.done)
	for {
		select {
		case <-ctx.Done():
			d.closeAll()
			return
		case <-d.requests.ready:
		}
		for _, r := range d.requests.take() {
			switch r := r.(type) {
			case *openRequest:
				d.serve(ctx, r)
			case *localStream:
				d.release(r)
			}
		}
	}
}

// serve opens what a request wants and hands it over.
func (d *devices) serve(ctx context.Context, r *openRequest) {
	if r.ctx.Err() != nil || ctx.Err() != nil {
		return // given up while it waited
	}
	stream, err := d.newStream(r.session, r.params)
	select {
	case r.reply <- openReply{stream, err}:
		return
	case <-r.ctx.Done():
	case <-ctx.Done():
	}
	if stream != nil {
		stream.closed.Store(true)
		d.release(stream)
	}
}

// newStream joins or opens the devices. On error nothing stays open for it.
func (d *devices) newStream(session call.SessionID, params call.MediaParams) (*localStream, error) {
	s := &localStream{id: uuid.NewString(), session: session, release: func(s *localStream) { d.requests.put(s) }}
	s.audioMuted.Store(params.Muted)
	var err error
	if params.Video {
		if s.camera, err = d.use(call.KindVideo); err != nil {
			return nil, err
		}
	}
	if params.Audio {
		if s.mic, err = d.use(call.KindAudio); err != nil {
			d.drop(s.camera)
			return nil, err
		}
	}
	if s.camera == nil && s.mic == nil {
		return nil, errors.New("get user media: neither audio nor video is asked for")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.streams[s] = struct{}{}
	return s, nil
}

// use counts one more user of a device, opening it for the first.
func (d *devices) use(kind call.Kind) (*capture, error) {
	d.mu.Lock()
	c := d.captures[kind]
	d.mu.Unlock()
	if c == nil {
		var err error
		c, err = openCapture(kind, d.cfg, d.counters, d.log)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.failed[kind] = err
		if err != nil {
			return nil, err
		}
		d.captures[kind] = c
	}
	c.users++
	return c, nil
}

// release takes back a stream that was closed.
func (d *devices) release(s *localStream) {
	d.mu.Lock()
	_, known := d.streams[s]
	delete(d.streams, s)
	d.mu.Unlock()
	if known {
		d.drop(s.camera)
		d.drop(s.mic)
	}
}

// drop counts one user less, closing the device after the last.
func (d *devices) drop(c *capture) {
	if c == nil {
		return
	}
	if c.users--; c.users > 0 {
		return
	}
	d.mu.Lock()
	delete(d.captures, c.kind)
	d.mu.Unlock()
	if err := c.close(); err != nil {
		d.log.Warn("device does not close", "error", err)
	}
}

func (d *devices) closeAll() {
	d.mu.Lock()
	streams := d.streams
	d.streams = map[*localStream]struct{}{}
	d.mu.Unlock()
	for s := range streams {
		s.closed.Store(true)
		d.drop(s.camera)
		d.drop(s.mic)
	}
}

// mute sets a switch of every stream of a session.
func (d *devices) mute(session call.SessionID, kind call.Kind, muted bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.streams {
		if s.session == session {
			s.switchOf(kind).Store(muted)
		}
	}
}

// state tells how a device is.
func (d *devices) state(kind call.Kind) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.captures[kind]; c != nil {
		return c.state()
	}
	if err := d.failed[kind]; err != nil {
		return stateMissing, err
	}
	return stateIdle, nil
}
