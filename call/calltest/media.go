package calltest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/intercomd/intercomd/call"
)

// Media is a call.Media without devices or network. Unless it is manual, it
// answers each command at once, as if the peer were reachable: a description
// with one candidate, then CONNECTING, CONNECTED and the remote stream.
type Media struct {
	mu       sync.Mutex
	manual   bool
	dead     bool
	fail     error
	emit     func(call.MediaEvent)
	commands []call.MediaCommand
	open     map[call.PeerKey]bool
	faults   []string
	streams  []*Stream
}

var _ call.Media = (*Media)(nil)

// SetManual leaves the events to the test, by Emit.
func (m *Media) SetManual(manual bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.manual = manual
}

// SetDead says whether probes find the paths to peers dead; at first they do
// not.
func (m *Media) SetDead(dead bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = dead
}

// SetError makes GetUserMedia fail with err, or work again.
func (m *Media) SetError(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// Connect sets where events go, normally Client.MediaEvent.
func (m *Media) Connect(emit func(call.MediaEvent)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.emit = emit
}

// Emit sends an event to the client.
func (m *Media) Emit(e call.MediaEvent) {
	m.mu.Lock()
	emit := m.emit
	m.mu.Unlock()
	emit(e)
}

// Do notes the command and, unless manual, answers it.
func (m *Media) Do(c call.MediaCommand) {
	manual, dead := m.note(c)
	if manual {
		return
	}
	for _, e := range answers(c, dead) {
		m.Emit(e)
	}
}

// note keeps the command, and says whether the test answers it and whether
// paths are dead.
func (m *Media) note(c call.MediaCommand) (manual, dead bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commands = append(m.commands, c)
	if m.open == nil {
		m.open = make(map[call.PeerKey]bool)
	}
	switch c := c.(type) {
	case call.OpenPeer:
		if m.open[c.Peer] {
			m.faults = append(m.faults, fmt.Sprintf("opened twice: %+v", c.Peer))
		}
		m.open[c.Peer] = true
	case call.ClosePeer:
		if !m.open[c.Peer] {
			m.faults = append(m.faults, fmt.Sprintf("closed but not open: %+v", c.Peer))
		}
		delete(m.open, c.Peer)
	}
	return m.manual, m.dead
}

// answers are the events of a command in a call that works.
func answers(c call.MediaCommand, dead bool) []call.MediaEvent {
	switch c := c.(type) {
	case call.CreateOffer:
		return []call.MediaEvent{description(c.Peer, call.Offer)}
	case call.CreateAnswer:
		return append([]call.MediaEvent{description(c.Peer, call.Answer)}, connected(c.Peer)...)
	case call.ApplyAnswer:
		return connected(c.Peer)
	case call.Probe:
		return []call.MediaEvent{call.PathProbed{Peer: c.Peer, Alive: !dead}}
	}
	return nil
}

func description(k call.PeerKey, t call.DescriptionType) call.LocalDescription {
	return call.LocalDescription{
		Peer: k, Type: t, SDP: fmt.Sprintf("v=0 %s %d/%d", t, k.User, k.Generation),
		Candidates: []call.Candidate{{Candidate: "candidate:1 1 udp 1 127.0.0.1 9 typ host", SDPMid: "0"}},
	}
}

func connected(k call.PeerKey) []call.MediaEvent {
	return []call.MediaEvent{
		call.PeerState{Peer: k, State: call.ConnectionConnecting},
		call.PeerState{Peer: k, State: call.ConnectionConnected},
		call.RemoteStreamReady{Peer: k, Stream: Remote{Key: k}},
	}
}

// GetUserMedia returns a new stream, or the error that was set.
func (m *Media) GetUserMedia(_ context.Context, id call.SessionID, p call.MediaParams) (call.LocalStream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return nil, m.fail
	}
	s := &Stream{params: p, id: "stream-" + string(id)}
	m.streams = append(m.streams, s)
	return s, nil
}

// Attach takes any stream and sink.
func (m *Media) Attach(r call.RemoteStream, s call.Sink) error {
	if r == nil || s == nil {
		return errors.New("attach: nothing to attach")
	}
	return nil
}

// Commands returns all commands so far, in order.
func (m *Media) Commands() []call.MediaCommand {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.commands)
}

// Open returns the PeerConnections that were opened and not closed.
func (m *Media) Open() []call.PeerKey {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Keys(m.open))
}

// Faults returns what the client did wrong: opened twice, closed twice.
func (m *Media) Faults() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.faults)
}

// Streams returns the local streams handed out.
func (m *Media) Streams() []*Stream {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.streams)
}

// Stream is a local stream.
type Stream struct {
	id     string
	params call.MediaParams
	mu     sync.Mutex
	closed int
}

// ID returns the stream's id.
func (s *Stream) ID() string { return s.id }

// Kinds returns what GetUserMedia was asked for.
func (s *Stream) Kinds() []call.Kind {
	var k []call.Kind
	if s.params.Audio {
		k = append(k, call.KindAudio)
	}
	if s.params.Video {
		k = append(k, call.KindVideo)
	}
	return k
}

// Close counts.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

// Closed returns how often Close was called.
func (s *Stream) Closed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Remote is a remote stream with audio and video.
type Remote struct{ Key call.PeerKey }

// Peer returns Key.
func (r Remote) Peer() call.PeerKey { return r.Key }

// Kinds returns audio and video.
func (r Remote) Kinds() []call.Kind { return []call.Kind{call.KindAudio, call.KindVideo} }

// Sink is a sink that keeps nothing.
type Sink struct{}

// SinkName returns "test".
func (Sink) SinkName() string { return "test" }
