package sending

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/camera"
	"github.com/intercomd/intercomd/media"
)

// h264Type is the payload type of H.264 in descriptions of package media.
const h264Type = 102

// engineSender sends as the device does.
type engineSender struct {
	job     job
	watch   *stopwatch
	engine  *media.Engine
	peer    call.PeerKey
	offers  chan string
	cancel  context.CancelFunc
	ended   chan error
	cleanup []func()
}

func newEngineSender(j job) (s *engineSender, err error) {
	s = &engineSender{
		job: j, watch: newStopwatch(), peer: call.PeerKey{Session: "bench", User: 1},
		offers: make(chan string, 1), ended: make(chan error, 1),
	}
	defer func() {
		if err != nil {
			s.tidy()
		}
	}()
	tap, err := newNetTap(s.watch, h264Type)
	if err != nil {
		return nil, err
	}
	cfg := media.Config{
		Width: clipWidth, Height: clipHeight, FPS: clipFPS, Bitrate: clipBitrate,
		Net: tap, IncludeLoopback: true,
		Settings: onLoopback,
	}
	if cfg.VideoDevice, err = s.openCamera(); err != nil {
		return nil, err
	}
	if cfg.AudioDevice, err = s.openMicrophone(); err != nil {
		return nil, err
	}
	s.engine, err = media.NewEngine(cfg, slog.New(slog.DiscardHandler))
	return s, err
}

func (s *engineSender) openCamera() (label string, err error) {
	id, unregister, err := camera.Register(camera.Config{
		Source: s.job.source, Width: clipWidth, Height: clipHeight, FPS: clipFPS, Bitrate: clipBitrate,
	})
	if err != nil {
		return "", err
	}
	s.cleanup = append(s.cleanup, unregister)
	label, remove, err := tapCamera(id, s.watch)
	if err != nil {
		return "", err
	}
	s.cleanup = append(s.cleanup, remove)
	return label, nil
}

func (s *engineSender) openMicrophone() (id string, err error) {
	if !s.job.sound {
		return "", nil
	}
	id, unregister, err := audio.Register(audio.Config{Capture: audio.CaptureTest})
	if err != nil {
		return "", err
	}
	s.cleanup = append(s.cleanup, unregister)
	return id, nil
}

func (s *engineSender) offer(ctx context.Context) (string, error) {
	running, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() { s.ended <- s.engine.Run(running, s.note) }()
	stream, err := s.engine.GetUserMedia(ctx, s.peer.Session, call.MediaParams{Video: true, Audio: s.job.sound})
	if err != nil {
		return "", err
	}
	s.engine.Do(call.OpenPeer{Peer: s.peer, CallType: call.Video, Stream: stream})
	s.engine.Do(call.CreateOffer{Peer: s.peer})
	select {
	case sdp := <-s.offers:
		return sdp, nil
	case <-time.After(10 * time.Second):
		return "", errors.New("make offer: the engine does not answer")
	case <-ctx.Done():
		return "", fmt.Errorf("make offer: %w", ctx.Err())
	}
}

func (s *engineSender) note(e call.MediaEvent) {
	if d, ok := e.(call.LocalDescription); ok {
		s.offers <- d.SDP
	}
}

func (s *engineSender) accept(answer string) error {
	s.engine.Do(call.ApplyAnswer{Peer: s.peer, Answer: answer})
	return nil
}

func (s *engineSender) latencies() []time.Duration { return s.watch.take() }

func (s *engineSender) close() error {
	var err error
	if s.cancel != nil {
		s.cancel()
		err = <-s.ended
	}
	s.tidy()
	return err
}

func (s *engineSender) tidy() {
	for i := len(s.cleanup) - 1; i >= 0; i-- {
		s.cleanup[i]()
	}
	s.cleanup = nil
}
