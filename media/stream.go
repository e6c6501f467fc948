package media

import (
	"sync/atomic"

	"github.com/intercomd/intercomd/call"
)

// localStream is what GetUserMedia returns: a share in the camera and the
// microphone, and the mute switches of one session. It implements
// call.LocalStream.
type localStream struct {
	id      string
	session call.SessionID
	camera  *capture // nil without video
	mic     *capture // nil without audio

	audioMuted atomic.Bool
	videoMuted atomic.Bool
	closed     atomic.Bool
	release    func(*localStream) // posts; does not block
}

// ID implements call.LocalStream.
func (s *localStream) ID() string { return s.id }

// Kinds implements call.LocalStream.
func (s *localStream) Kinds() []call.Kind {
	var kinds []call.Kind
	if s.mic != nil {
		kinds = append(kinds, call.KindAudio)
	}
	if s.camera != nil {
		kinds = append(kinds, call.KindVideo)
	}
	return kinds
}

// Close implements call.LocalStream. It does not block: the devices close
// shortly afterwards if nobody else uses them.
func (s *localStream) Close() error {
	if !s.closed.Swap(true) {
		s.release(s)
	}
	return nil
}

// source is the encoder of a codec, nil when the stream lacks the kind.
func (s *localStream) source(name codecName) *source {
	c := s.camera
	if name.kind() == call.KindAudio {
		c = s.mic
	}
	if c == nil {
		return nil
	}
	return c.sources[name]
}

func (s *localStream) switchOf(kind call.Kind) *atomic.Bool {
	if kind == call.KindAudio {
		return &s.audioMuted
	}
	return &s.videoMuted
}

// muted also holds for a closed stream: its session has ended.
func (s *localStream) muted(kind call.Kind) bool {
	return s.closed.Load() || s.switchOf(kind).Load()
}
