package call

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Session is one call, with one user or with several (SDK: WebRTCSession).
// Its methods may be used from any goroutine. A request that is illegal in the
// session's state is an [ErrState], data that cannot be sent an
// *[ExtensionError]; after the client has ended it is an [ErrClosed]. None of
// them changes anything.
//
// What State, Peers and LastError return is what the last event of the
// listener told, or the last request of the app brought about: inside
// OnStopCall a session is still ACTIVE, inside OnSessionClose it is CLOSED.
type Session struct {
	client    *Client
	machine   *machine // of the client's loop alone
	posted    uint64   // of the loop alone: newest view on its way to the listener
	id        SessionID
	callType  Type
	initiator UserID
	incoming  bool
	opponents []UserID
	bandwidth int
	since     time.Time
	view      atomic.Pointer[view]
}

func newSession(c *Client, m *machine) *Session {
	s := &Session{
		client: c, machine: m, id: m.id, callType: m.callType, initiator: m.initiator,
		incoming: m.incoming(), opponents: m.opponents, bandwidth: m.bandwidth, since: m.rangAt,
	}
	s.publish(m.snapshot())
	return s
}

// publish shows v unless something newer is shown already.
func (s *Session) publish(v *view) {
	for {
		old := s.view.Load()
		if old != nil && old.version >= v.version || s.view.CompareAndSwap(old, v) {
			return
		}
	}
}

// ID returns the session's id, the same at every member.
func (s *Session) ID() SessionID { return s.id }

// Type returns what the session was announced as.
func (s *Session) Type() Type { return s.callType }

// Initiator returns who made the session.
func (s *Session) Initiator() UserID { return s.initiator }

// Incoming says whether somebody else made the session.
func (s *Session) Incoming() bool { return s.incoming }

// Opponents returns the initiator's callees as announced. In an incoming group
// call it may name users who are not allowed; those are not among Peers.
func (s *Session) Opponents() []UserID { return slices.Clone(s.opponents) }

// Bandwidth returns the limit of video in kbit/s, 0 if there is none.
func (s *Session) Bandwidth() int { return s.bandwidth }

// Since returns when the session was made here; it has a monotonic reading.
func (s *Session) Since() time.Time { return s.since }

// State returns the session's state.
func (s *Session) State() SessionState { return s.view.Load().state }

// Peers returns everybody we talk or may talk to, sorted by user.
func (s *Session) Peers() []PeerInfo { return slices.Clone(s.view.Load().peers) }

// LastError returns the last failure of a connection in this session, or nil.
func (s *Session) LastError() error { return s.view.Load().err }

// GetUserMedia opens camera and microphone, and sends them to everybody who
// joins from now on (SDK: getUserMedia). It belongs before Call or Accept: a
// session without it only receives. A second call replaces the stream. The
// session closes the stream. Legal in NEW; the error of the device is wrapped.
func (s *Session) GetUserMedia(ctx context.Context, p MediaParams) (LocalStream, error) {
	if state := s.State(); state != StateNew {
		return nil, &StateError{Session: s.id, State: state, Verb: "get user media"}
	}
	stream, err := s.client.media.GetUserMedia(ctx, s.id, p)
	if err != nil {
		return nil, fmt.Errorf("get user media: %w", err)
	}
	if err := s.client.request(s, streamRequest{stream}); err != nil {
		return nil, closeAfter(err, stream)
	}
	return stream, nil
}

// closeAfter closes a stream that nobody took, and returns why.
func closeAfter(err error, stream LocalStream) error {
	if closing := stream.Close(); closing != nil {
		return fmt.Errorf("%w (close local stream: %w)", err, closing)
	}
	return err
}

// AttachMediaStream connects what a peer of this session sends with a sink
// (SDK: attachMediaStream). Legal in ACTIVE.
func (s *Session) AttachMediaStream(r RemoteStream, sink Sink) error {
	if state := s.State(); state != StateActive {
		return &StateError{Session: s.id, State: state, Verb: "attach media stream"}
	}
	if r.Peer().Session != s.id {
		return fmt.Errorf("attach media stream: it is of session %s, not %s", r.Peer().Session, s.id)
	}
	if err := s.client.media.Attach(r, sink); err != nil {
		return fmt.Errorf("attach media stream of user %d to %s: %w", r.Peer().User, sink.SinkName(), err)
	}
	return nil
}

// Call rings the opponents (SDK: call). The session is ACTIVE at once. Legal
// in NEW for the initiator.
func (s *Session) Call(ext Extension) error {
	return s.send(ext, callRequest{maps.Clone(ext)})
}

// Accept answers an incoming call (SDK: accept). The session is ACTIVE at
// once. Legal in NEW for a callee.
func (s *Session) Accept(ext Extension) error {
	return s.send(ext, acceptRequest{maps.Clone(ext)})
}

// Reject declines an incoming call (SDK: reject). Legal in NEW for a callee.
func (s *Session) Reject(ext Extension) error {
	return s.send(ext, rejectRequest{maps.Clone(ext)})
}

// Stop hangs up (SDK: stop). Legal in NEW and ACTIVE.
func (s *Session) Stop(ext Extension) error {
	return s.send(ext, stopRequest{maps.Clone(ext)})
}

// Update sends the app's own data to every peer that answered (SDK: update).
// Legal in ACTIVE.
func (s *Session) Update(ext Extension) error {
	return s.send(ext, updateRequest{maps.Clone(ext)})
}

// send makes a request that carries the app's data. Data that cannot travel
// would take the whole signal along with it.
func (s *Session) send(ext Extension, e event) error {
	if err := ext.Validate(); err != nil {
		return err
	}
	return s.client.request(s, e)
}

// Mute stops sending one kind of media to everybody (SDK: mute). The others
// are not told. It holds for a stream that GetUserMedia opens later, too. Legal
// in NEW and ACTIVE.
func (s *Session) Mute(k Kind) error { return s.setMuted(k, true) }

// Unmute undoes Mute (SDK: unmute).
func (s *Session) Unmute(k Kind) error { return s.setMuted(k, false) }

func (s *Session) setMuted(k Kind, muted bool) error {
	if k != KindAudio && k != KindVideo {
		return fmt.Errorf("mute or unmute %q: must be %s or %s", k, KindAudio, KindVideo)
	}
	return s.client.request(s, muteRequest{k, muted})
}
