package main

import (
	"log/slog"
	"sync"
	"time"

	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/intercom"
)

// speakerRetry is how soon a speaker that did not open is tried again.
const speakerRetry = 5 * time.Second

// speaker is a loudspeaker that may not open, such as a recording on a full
// disk: the sound is thrown away until it does.
type speaker struct {
	open func() (audio.Playback, error)
	log  *slog.Logger

	mu      sync.Mutex
	out     audio.Playback // nil while it is missing
	missing error
	retryAt time.Time
	closed  bool
}

// newSpeaker opens a speaker for the first time.
func newSpeaker(open func() (audio.Playback, error), log *slog.Logger) *speaker {
	s := &speaker{open: open, log: log}
	s.try(time.Now())
	return s
}

// try opens the speaker. The lock is held, or nobody else has s.
func (s *speaker) try(now time.Time) {
	out, err := s.open()
	if err != nil && s.missing == nil {
		s.log.Warn("nothing is heard", "key", "audio.playback", "err", err)
	}
	s.missing, s.retryAt = err, now.Add(speakerRetry)
	if err == nil {
		s.out = out
	}
}

// WritePCM implements media.PCMSink.
func (s *speaker) WritePCM(samples []int16) error {
	s.mu.Lock()
	if now := time.Now(); s.out == nil && !s.closed && !now.Before(s.retryAt) {
		s.try(now)
	}
	out := s.out
	s.mu.Unlock()
	if out == nil {
		return nil
	}
	return out.WritePCM(samples)
}

// status tells how the speaker is.
func (s *speaker) status(source string) intercom.DeviceStatus {
	s.mu.Lock()
	out, err := s.out, s.missing
	s.mu.Unlock()
	state := audio.StateMissing
	if out != nil {
		state, err = out.State()
	}
	status := intercom.DeviceStatus{Source: source, State: intercom.DeviceOpen}
	switch state {
	case audio.StateClosed:
		status.State = intercom.DeviceIdle
	case audio.StateMissing:
		status.State = intercom.DeviceMissing
	}
	if err != nil {
		status.Error = err.Error()
	}
	return status
}

// close gives the speaker back.
func (s *speaker) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.out == nil {
		return
	}
	if err := s.out.Close(); err != nil {
		s.log.Warn("speaker not closed", "err", err)
	}
}
