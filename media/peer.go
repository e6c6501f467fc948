package media

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/webrtc/v4"
)

// peer is one PeerConnection. Its goroutine owns the unmarked fields; pion's
// callbacks post to inbox.
type peer struct {
	engine *Engine       // fixed
	key    call.PeerKey  // fixed
	params call.OpenPeer // fixed
	log    *slog.Logger  // fixed
	inbox  *queue[any]   // call.MediaCommand, or one of the local events below
	ctx    context.Context
	cancel context.CancelFunc
	tasks  tasks

	outlets []*outlet // fixed
	remote  *remoteStream
	stack   *stack                 // nil when it could not be made
	pc      *webrtc.PeerConnection // nil when it could not be made
	broken  error                  // why the connection is of no use, for good
	dead    chan struct{}          // closed when broken is set
	path    path
	offered int // remote candidates passed on; owned by the engine

	described bool                      // a local description was handed over
	told      map[string]bool           // local candidates handed over
	applied   bool                      // the remote description is in force
	early     []call.Candidate          // remote ones that came before it
	filter    candidateFilter           // of remote candidates
	iceState  webrtc.ICEConnectionState // last told
	announced bool                      // RemoteStreamReady was told
	started   bool                      // media may flow
}

// What pion's callbacks post to inbox.
type (
	iceStateChanged struct{ state webrtc.ICEConnectionState }
	connectionIsUp  struct{}
	secureFailed    struct{} // DTLS
	heardAgain      struct{} // after a silence
	tooManyStreams  struct{}
	candidateFound  struct{ candidate webrtc.ICECandidateInit }
	trackArrived    struct{ track *webrtc.TrackRemote }
)

func newPeer(e *Engine, params call.OpenPeer) *peer {
	p := &peer{
		engine: e, key: params.Peer, params: params, inbox: newQueue[any](), told: map[string]bool{}, dead: make(chan struct{}),
		log: e.log.With("session", string(params.Peer.Session), "user", int64(params.Peer.User),
			"generation", params.Peer.Generation),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.remote = newRemoteStream(p)
	if stream, ok := params.Stream.(*localStream); ok {
		for _, kind := range stream.Kinds() {
			if kind == call.KindAudio || params.CallType == call.Video {
				p.outlets = append(p.outlets, newOutlet(kind, stream, params.Bandwidth))
			}
		}
	}
	return p
}

// halt stops the media in both directions at once, from any goroutine.
func (p *peer) halt() {
	p.cancel() // first: startMedia looks at it after starting the outlets
	for _, o := range p.outlets {
		o.stop()
	}
	p.remote.close()
}

// run carries out commands until halt, then closes the PeerConnection and
// waits for all that belongs to it.
func (p *peer) run() {
	if err := p.open(); err != nil {
		p.giveUp(err)
		p.fail(err)
	}
	for p.ctx.Err() == nil {
		select {
		case <-p.ctx.Done():
		case <-p.inbox.ready:
			for _, item := range p.inbox.take() {
				if p.ctx.Err() == nil {
					p.handle(item)
				}
			}
		}
	}
	p.tasks.close()
	if p.pc != nil {
		p.end(p.pc.GracefulClose)
	}
	p.tasks.wait()
}

// handle carries out one command or takes one event of pion. Only CreateOffer
// and CreateAnswer wait, for candidates, bounded by the gather timeout.
func (p *peer) handle(item any) {
	if p.broken != nil {
		p.refuse(item)
		return
	}
	var err error
	switch item := item.(type) {
	case call.CreateOffer:
		err = p.createOffer()
	case call.CreateAnswer:
		err = p.createAnswer(item.Offer)
	case call.ApplyAnswer:
		err = p.applyAnswer(item.Answer)
	case call.AddCandidates:
		p.addCandidates(item.Candidates)
	case call.Probe:
		p.probe()
	case candidateFound:
		p.tellCandidate(item.candidate)
	case iceStateChanged:
		p.stateChanged(item.state)
	case connectionIsUp:
		p.startMedia()
	case trackArrived:
		p.receive(item.track)
	case heardAgain:
		p.refresh(time.Now())
	case secureFailed:
		p.cut(p.secureError())
	case tooManyStreams:
		p.cut(fmt.Errorf("peer uses more than %d streams", maxStreams))
	}
	if err != nil {
		p.fail(err)
	}
}

// refuse answers a command for a connection that is of no use any more.
func (p *peer) refuse(item any) {
	switch cmd := item.(type) {
	case call.Probe:
		p.tell(call.PathProbed{Peer: p.key})
	case call.MediaCommand:
		p.fail(fmt.Errorf("carry out %T: the peer connection is of no use: %w", cmd, p.broken))
	}
}

func (p *peer) tell(event call.MediaEvent) { p.engine.inbox.put(peerEvent{from: p, event: event}) }

func (p *peer) fail(err error) { p.tell(call.PeerError{Peer: p.key, Err: err}) }

// open makes the PeerConnection with one section per kind of media.
func (p *peer) open() error {
	if p.params.Stream != nil {
		if stream, ok := p.params.Stream.(*localStream); !ok {
			return fmt.Errorf("open peer: stream of type %T is not of this package", p.params.Stream)
		} else if stream.closed.Load() {
			return fmt.Errorf("open peer: the stream is closed")
		}
	}
	if err := p.connectable(); err != nil {
		return fmt.Errorf("open peer: %w", err)
	}
	p.observe()
	for _, kind := range p.kinds() {
		if err := p.addTransceiver(kind); err != nil {
			return fmt.Errorf("open peer: add %s: %w", kind, err)
		}
	}
	if p.params.StatsInterval > 0 {
		p.tasks.start(p.reportStats)
	}
	return nil
}

// connectable makes the PeerConnection.
func (p *peer) connectable() error {
	t, err := newStack(p.engine.cfg, &p.engine.offline, p.engine.counters, p.log, watcher{
		heard:   p.path.heard,
		again:   func() { p.inbox.put(heardAgain{}) },
		overrun: func() { p.inbox.put(tooManyStreams{}) },
	})
	if err != nil {
		return err
	}
	p.stack, p.filter.loopback = t, t.loopback
	p.pc, err = t.api.NewPeerConnection(webrtc.Configuration{ICEServers: p.engine.cfg.iceServers()})
	return err
}

// kinds lists the kinds of media of the call.
func (p *peer) kinds() []call.Kind {
	if p.params.CallType == call.Video {
		return []call.Kind{call.KindAudio, call.KindVideo}
	}
	return []call.Kind{call.KindAudio}
}

// addTransceiver adds the section of a kind: both ways if we have something to
// send, else receiving only.
func (p *peer) addTransceiver(kind call.Kind) error {
	for _, o := range p.outlets {
		if o.kind != kind {
			continue
		}
		t, err := p.pc.AddTransceiverFromTrack(o)
		if err != nil {
			return err
		}
		sender := t.Sender() // here: it goes when the peer refuses the kind
		p.tasks.start(func() { p.readFeedback(sender, o) })
		return nil
	}
	_, err := p.pc.AddTransceiverFromKind(webrtc.NewRTPCodecType(string(kind)),
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	return err
}

// observe lets pion's callbacks post to the inbox.
func (p *peer) observe() {
	p.pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c != nil {
			p.inbox.put(candidateFound{c.ToJSON()})
		}
	})
	p.pc.OnICEConnectionStateChange(func(s webrtc.ICEConnectionState) { p.inbox.put(iceStateChanged{s}) })
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			p.inbox.put(connectionIsUp{})
		case webrtc.PeerConnectionStateFailed:
			if p.pc.ICEConnectionState() != webrtc.ICEConnectionStateFailed {
				p.inbox.put(secureFailed{})
			}
		}
	})
	p.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { p.inbox.put(trackArrived{t}) })
}

// startMedia lets packets out: ICE and DTLS are done.
func (p *peer) startMedia() {
	p.started = true
	for _, o := range p.outlets {
		o.start()
	}
	if p.ctx.Err() != nil { // halt came in between
		for _, o := range p.outlets {
			o.stop()
		}
	}
}

// connectionState maps ICE's states to those of the SDK; ok is false for those
// nobody is told of.
func connectionState(s webrtc.ICEConnectionState) (state call.ConnectionState, ok bool) {
	switch s {
	case webrtc.ICEConnectionStateNew, webrtc.ICEConnectionStateChecking:
		return call.ConnectionConnecting, true
	case webrtc.ICEConnectionStateConnected:
		return call.ConnectionConnected, true
	case webrtc.ICEConnectionStateCompleted:
		return call.ConnectionCompleted, true
	case webrtc.ICEConnectionStateDisconnected:
		return call.ConnectionDisconnected, true
	case webrtc.ICEConnectionStateFailed:
		return call.ConnectionFailed, true
	}
	return call.ConnectionClosed, false
}

// stateChanged takes a new state of ICE. That it is closed is not our own
// doing, which comes after the last event.
func (p *peer) stateChanged(s webrtc.ICEConnectionState) {
	if s == webrtc.ICEConnectionStateClosed {
		p.leave()
		return
	}
	p.tellState(s)
}

func (p *peer) tellState(s webrtc.ICEConnectionState) {
	state, ok := connectionState(s)
	if !ok || s == p.iceState {
		return
	}
	p.iceState = s
	p.log.Debug("ice state", "state", s.String())
	p.tell(call.PeerState{Peer: p.key, State: state})
	p.announce()
}

// announce tells once of the remote stream, when ICE is connected and the
// remote description applied.
func (p *peer) announce() {
	up := p.iceState == webrtc.ICEConnectionStateConnected || p.iceState == webrtc.ICEConnectionStateCompleted
	if !up || !p.applied || p.announced {
		return
	}
	p.announced = true
	p.tell(call.RemoteStreamReady{Peer: p.key, Stream: p.remote})
}
