package media

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/pion/mediadevices"
	"github.com/pion/rtp"
)

// frameDuration is the length of an Opus packet.
const frameDuration = 20 * time.Millisecond

// maxPayload is the room for RTP payload in a packet: 1200 bytes pass every
// path in practice; 12 of them are the RTP header.
const maxPayload = 1200 - 12

// How long a source waits before it builds an encoder again after a failure.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// packets is one encoded frame, cut for RTP.
type packets struct {
	payloads  [][]byte // shared by all peers; not to be changed
	timestamp uint32
	key       bool
}

// source is the encoder of one codec of a camera or microphone. It runs while
// it has outlets, and gives them all the same packets.
type source struct {
	name     codecName
	capture  *capture
	builder  *videoBuilder // nil for sound
	counters *counters
	log      *slog.Logger
	limit    int // bit/s without the limits of peers

	control control

	mu      sync.Mutex
	outlets []*outlet // replaced, never changed in place
	running bool

	// Owned by the encoding goroutine.
	payloader rtp.Payloader
	epoch     time.Time
	base      uint32      // RTP timestamp at epoch
	told      bool        // that the camera's encoding is not for these peers
	sound     *soundClock // nil for video
}

// newSource makes a source at rest.
func newSource(name codecName, c *capture) *source {
	s := &source{
		name: name, capture: c, counters: c.counters, limit: c.cfg.Bitrate,
		log:       c.log.With("codec", string(name)),
		payloader: name.payloader(), epoch: time.Now(), base: rand.Uint32(),
	}
	s.control.hurry = make(chan struct{}, 1)
	s.control.wantBitrate(s.limit)
	if name.kind() == call.KindVideo {
		s.builder = &videoBuilder{name: name, fps: c.cfg.FPS, control: &s.control, counters: c.counters, log: s.log}
	} else {
		s.sound = &soundClock{epoch: s.epoch}
	}
	return s
}

// add gives o the packets from now on, and starts the encoder for the first.
func (s *source) add(o *outlet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outlets = append(slices.Clone(s.outlets), o)
	s.control.wantBitrate(s.targetBitrate())
	if !s.running {
		s.running = true
		s.capture.tasks.start(s.run)
	}
}

// remove takes o off. The encoder stops after its current frame when o was the
// last.
func (s *source) remove(o *outlet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outlets = slices.DeleteFunc(slices.Clone(s.outlets), func(x *outlet) bool { return x == o })
	s.control.wantBitrate(s.targetBitrate())
}

// retarget gives the encoder the bitrate of the moment.
func (s *source) retarget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.control.wantBitrate(s.targetBitrate())
}

// targetBitrate is the least of the configured bitrate, the peers' limits and
// what the ways to them take.
func (s *source) targetBitrate() int {
	target := s.limit
	for _, o := range s.outlets {
		for _, limit := range []int{o.limit, o.pace.limit()} {
			if limit > 0 {
				target = min(target, max(limit, minBitrate))
			}
		}
	}
	return target
}

// wanted returns the outlets, or marks the source as stopped when there are
// none.
func (s *source) wanted() []*outlet {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.outlets) == 0 {
		s.running = false
	}
	return s.outlets
}

// run encodes while there are outlets and the device is not closed.
func (s *source) run() {
	retry := firstRetry
	for len(s.wanted()) > 0 {
		track, err := s.capture.current()
		if err != nil {
			return
		}
		began := time.Now()
		if err = s.encode(track); err == nil {
			continue
		}
		if s.capture.replaced(track) {
			continue // the device was lost, which is told and repaired elsewhere
		}
		if time.Since(began) > lastRetry {
			retry = firstRetry
		}
		s.fail(err, retry)
		retry = min(2*retry, lastRetry)
	}
}

// fail logs why the encoder ended and waits before the next try.
func (s *source) fail(err error, wait time.Duration) {
	switch {
	case s.capture.ctx.Err() != nil:
		return
	case errors.Is(err, errNoTranscoding):
		if !s.told {
			s.log.Warn("peers that need this codec get no video", "error", err)
		}
		s.told, wait = true, lastRetry
	default:
		s.log.Warn("encoder failed", "error", err, "retry", wait)
	}
	s.capture.pause(wait)
}

// encode runs one encoder until it fails or nobody needs it (nil).
func (s *source) encode(track mediadevices.Track) error {
	reader, err := track.NewEncodedReader(string(s.name))
	if err != nil {
		return err
	}
	s.counters.running[s.name].Add(1)
	s.counters.started[s.name].Add(1)
	defer s.counters.running[s.name].Add(-1)
	for _, o := range s.wanted() {
		o.restart()
	}
	for {
		outlets := s.wanted()
		if len(outlets) == 0 {
			return reader.Close()
		}
		frame, release, err := reader.Read()
		if err != nil {
			return errors.Join(err, reader.Close())
		}
		s.capture.yielded(track)
		s.deliver(frame.Data, outlets)
		release()
	}
}

// deliver cuts a frame and writes it to the outlets.
func (s *source) deliver(frame []byte, outlets []*outlet) {
	if len(frame) == 0 {
		return // the encoder dropped a frame to keep its bitrate
	}
	now := time.Now()
	p := packets{payloads: s.payloader.Payload(maxPayload, frame), timestamp: s.timestamp(now), key: true}
	if s.builder != nil {
		s.counters.videoFrames.Add(1)
		if p.key = isKeyFrame(s.name, frame); p.key {
			s.control.keyFrameCame(now)
		}
	}
	for _, o := range outlets {
		o.write(s, &p)
	}
}

// timestamp is the RTP time of the frame of now. Video follows the clock, sound
// its samples, which are kept in step with the clock.
func (s *source) timestamp(now time.Time) uint32 {
	if s.builder != nil {
		return s.base + uint32(now.Sub(s.epoch).Microseconds()*9/100)
	}
	return s.base + uint32(s.sound.stamp)
}
