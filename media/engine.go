package media

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/media/playout"
)

// Engine owns all PeerConnections and devices. It implements call.Media.
type Engine struct {
	cfg      Config
	log      *slog.Logger
	counters *counters
	devices  *devices
	mixer    *playout.Mixer
	inbox    *queue[any] // call.MediaCommand or peerEvent
	offline  atomic.Bool // there is no network

	// Owned by Run.
	peers   map[call.PeerKey]*peer
	closing tasks // peers on their way out
}

var _ call.Media = (*Engine)(nil)

// peerEvent is an event together with the peer it comes from, which may have
// been closed since.
type peerEvent struct {
	from  *peer
	event call.MediaEvent
}

// NewEngine checks cfg and makes an engine. It starts nothing: see
// [Engine.Run].
func NewEngine(cfg Config, log *slog.Logger) (*Engine, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure media: %w", err)
	}
	c := newCounters()
	return &Engine{
		cfg: cfg, log: log, counters: c,
		devices: newDevices(cfg, c, log),
		mixer:   playout.NewMixer(cfg.Speaker, log),
		inbox:   newQueue[any](),
		peers:   map[call.PeerKey]*peer{},
	}, nil
}

// Run carries out commands and reports events until ctx ends, then closes all
// PeerConnections and devices, waits for every goroutine and returns nil. It
// may be called once. Every call of events comes from Run's goroutine; it must
// not block, and may call Do.
func (e *Engine) Run(ctx context.Context, events func(call.MediaEvent)) error {
	inner, stop := context.WithCancel(context.Background())
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { e.devices.run(inner) })
	wg.Go(func() {
		if err := e.mixer.Run(inner); err != nil {
			e.log.Error("mixer ended", "error", err)
		}
	})
	e.loop(ctx, events)
	for _, p := range e.peers {
		e.closePeer(p)
	}
	e.closing.wait()
	stop()
	wg.Wait()
	return nil
}

func (e *Engine) loop(ctx context.Context, events func(call.MediaEvent)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.inbox.ready:
		}
		for _, item := range e.inbox.take() {
			switch item := item.(type) {
			case peerEvent:
				if e.peers[item.from.key] == item.from {
					events(item.event)
				}
			case call.MediaCommand:
				e.do(item)
			}
		}
	}
}

// Do implements call.Media. A command given before Run waits for it; one given
// after Run returned is lost.
func (e *Engine) Do(cmd call.MediaCommand) { e.inbox.put(cmd) }

// do passes a command to the goroutine of its peer.
func (e *Engine) do(cmd call.MediaCommand) {
	switch cmd := cmd.(type) {
	case call.OpenPeer:
		e.openPeer(cmd)
	case call.CreateOffer:
		e.forward(cmd.Peer, cmd)
	case call.CreateAnswer:
		e.forward(cmd.Peer, cmd)
	case call.ApplyAnswer:
		e.forward(cmd.Peer, cmd)
	case call.AddCandidates:
		e.forwardCandidates(cmd)
	case call.Probe:
		e.forward(cmd.Peer, cmd)
	case call.ClosePeer:
		if p := e.peers[cmd.Peer]; p != nil {
			e.closePeer(p)
		}
	case call.SetMuted:
		e.devices.mute(cmd.Session, cmd.Kind, cmd.Muted)
	}
}

// maxWaiting bounds the commands that wait for a peer, which may be busy with
// others for some hundred ms.
const maxWaiting = 64

func (e *Engine) forward(key call.PeerKey, cmd call.MediaCommand) {
	p := e.peers[key]
	if p == nil {
		return
	}
	if p.inbox.len() >= maxWaiting {
		p.log.Warn("too many commands at once", "dropped", fmt.Sprintf("%T", cmd))
		return
	}
	p.inbox.put(cmd)
}

// forwardCandidates passes on as many candidates as a peer may ever have
// looked at.
func (e *Engine) forwardCandidates(cmd call.AddCandidates) {
	p := e.peers[cmd.Peer]
	if p == nil {
		return
	}
	room := max(maxToldOf-p.offered, 0)
	cmd.Candidates = cmd.Candidates[:min(room, len(cmd.Candidates))]
	if len(cmd.Candidates) == 0 {
		return
	}
	p.offered += len(cmd.Candidates)
	e.forward(cmd.Peer, cmd)
}

// openPeer starts the goroutine of a new peer. A key that is in use is left
// alone.
func (e *Engine) openPeer(cmd call.OpenPeer) {
	if e.peers[cmd.Peer] != nil {
		e.log.Warn("peer is open already", "session", cmd.Peer.Session, "user", cmd.Peer.User)
		return
	}
	p := newPeer(e, cmd)
	e.peers[cmd.Peer] = p
	e.counters.peers.Add(1)
	e.closing.start(func() {
		p.run()
		e.counters.peers.Add(-1)
	})
}

// closePeer stops sending at once; the rest is torn down by the peer's own
// goroutine.
func (e *Engine) closePeer(p *peer) {
	delete(e.peers, p.key)
	p.halt()
}

// GetUserMedia implements call.Media. It waits for Run to be started.
func (e *Engine) GetUserMedia(
	ctx context.Context, session call.SessionID, params call.MediaParams,
) (call.LocalStream, error) {
	return e.devices.open(ctx, session, params)
}

// SetNetwork tells whether the machine has a network, as it is taken to have at
// first. While it has none, peers are sent nothing, so that the first packets
// afterwards find their way at once. It may be called at any time.
func (e *Engine) SetNetwork(up bool) { e.offline.Store(!up) }

// PlayTone plays t on the speaker, mixed with the voices of the peers or alone,
// in place of the tone before. It does not block.
func (e *Engine) PlayTone(t Tone) { e.mixer.PlayTone(t) }

// StopTone ends a looped tone, and any other but [Announce]. It does not block.
func (e *Engine) StopTone() { e.mixer.StopTone() }

// CameraState tells how the camera is: idle, open or missing with the reason.
func (e *Engine) CameraState() (state string, err error) { return e.devices.state(call.KindVideo) }

// AudioState tells how the microphone is: idle, open or missing with the
// reason.
func (e *Engine) AudioState() (state string, err error) { return e.devices.state(call.KindAudio) }
