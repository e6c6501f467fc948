package media

import (
	"context"
	"errors"
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

// errNotRunning is the answer of an engine whose Run has returned.
var errNotRunning = errors.New("the media engine has stopped")

// devices hands out shares in the camera and the microphone, each of which has
// an owner of its own: one that hangs does not hold up the other.
type devices struct {
	owners map[call.Kind]*owner // fixed

	mu      sync.Mutex
	streams map[*localStream]struct{}
}

func newDevices(cfg Config, c *counters, log *slog.Logger) *devices {
	d := &devices{owners: map[call.Kind]*owner{}, streams: map[*localStream]struct{}{}}
	for _, kind := range []call.Kind{call.KindAudio, call.KindVideo} {
		d.owners[kind] = newOwner(kind, cfg, c, log)
	}
	return d
}

// open joins or opens the devices. After an error what was opened closes again.
func (d *devices) open(ctx context.Context, session call.SessionID, params call.MediaParams) (call.LocalStream, error) {
	s := &localStream{id: uuid.NewString(), session: session, release: d.release}
	s.audioMuted.Store(params.Muted)
	var err error
	if params.Video {
		if s.camera, err = d.owners[call.KindVideo].use(ctx); err != nil {
			return nil, err
		}
	}
	if params.Audio {
		if s.mic, err = d.owners[call.KindAudio].use(ctx); err != nil {
			d.leave(s)
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

// run owns the devices until ctx ends, then closes them.
func (d *devices) run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, o := range d.owners {
		wg.Go(func() { o.run(ctx) })
	}
	wg.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.streams {
		s.closed.Store(true)
	}
	clear(d.streams)
}

// release takes back a stream that was closed. It does not block.
func (d *devices) release(s *localStream) {
	d.mu.Lock()
	_, known := d.streams[s]
	delete(d.streams, s)
	d.mu.Unlock()
	if known {
		d.leave(s)
	}
}

// leave gives the shares of a stream back.
func (d *devices) leave(s *localStream) {
	if s.camera != nil {
		d.owners[call.KindVideo].leave(s.camera)
	}
	if s.mic != nil {
		d.owners[call.KindAudio].leave(s.mic)
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
func (d *devices) state(kind call.Kind) (string, error) { return d.owners[kind].state() }
