package playout

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/media/opus"
)

// Period is the clock of the mixer.
const Period = 20 * time.Millisecond

// Sink takes 20 ms of sound at a time: 960 samples, 48 kHz mono. It may block
// for as long as the hardware needs.
type Sink interface {
	WritePCM(samples []int16) error
}

// Mixer plays voices to a sink.
type Mixer struct {
	sink Sink
	log  *slog.Logger

	mu     sync.Mutex
	voices map[*Voice]struct{}
	tones  tones
	wake   chan struct{} // holds a token when there may be something to play
	past   VoiceStats    // of the voices that were removed

	failures atomic.Uint64
}

// NewMixer makes a mixer that writes to sink; nil throws the sound away.
func NewMixer(sink Sink, log *slog.Logger) *Mixer {
	return &Mixer{sink: sink, log: log, voices: map[*Voice]struct{}{}, wake: make(chan struct{}, 1)}
}

// Add lets a voice be heard. A voice that is there already is not added twice.
func (m *Mixer) Add(v *Voice) {
	m.mu.Lock()
	m.voices[v] = struct{}{}
	m.mu.Unlock()
	m.signal()
}

// PlayTone plays t, with the voices or alone, in place of the tone before. It
// does not wait for its end.
func (m *Mixer) PlayTone(t Tone) {
	m.mu.Lock()
	m.tones.play(t)
	m.mu.Unlock()
	m.signal()
}

// StopTone ends the tone that sounds, unless it is Announce.
func (m *Mixer) StopTone() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tones.stop()
}

// signal wakes the goroutine that plays.
func (m *Mixer) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Remove silences a voice; after it returns the mixer does not touch it.
func (m *Mixer) Remove(v *Voice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.voices[v]; known {
		m.past = m.past.plus(v.Stats())
		delete(m.voices, v)
	}
}

// Stats adds up the voices of past and present; Delay and Target are the
// longest of those present.
func (m *Mixer) Stats() VoiceStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	sum := m.past
	sum.Delay, sum.Target = 0, 0
	for v := range m.voices {
		sum = sum.plus(v.Stats())
	}
	return sum
}

// Failures is the number of frames the sink refused.
func (m *Mixer) Failures() uint64 { return m.failures.Load() }

// Run plays until ctx ends. Without voices and tones it sleeps and writes
// nothing.
func (m *Mixer) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-m.wake:
			m.play(ctx)
		}
	}
}

// maxBehind is how much sound is made up for when the clock stood still: what a
// busy machine delays is played, so that the hardware does not run dry.
const maxBehind = 5 * Period

// play runs the 20 ms clock while there is something to play.
func (m *Mixer) play(ctx context.Context) {
	timer := time.NewTimer(Period)
	defer timer.Stop()
	acc := make([]int32, opus.FrameSamples)
	out := make([]int16, opus.FrameSamples)
	for due := time.Now().Add(Period); ; due = due.Add(Period) {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if late := time.Since(due); late > maxBehind {
			due = due.Add(late)
		}
		if !m.sum(due, acc, out) {
			return
		}
		m.write(out)
		timer.Reset(time.Until(due.Add(Period)))
	}
}

// sum mixes the 20 ms from now into out; it reports false when neither a voice
// nor a tone is left.
func (m *Mixer) sum(now time.Time, acc []int32, out []int16) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.voices) == 0 && m.tones.silent() {
		return false
	}
	clear(acc)
	for v := range m.voices {
		if v.Read(now, out) {
			mix(acc, out)
		}
	}
	m.tones.add(acc)
	clip(out, acc)
	return true
}

// write hands the sound to the sink and logs the first of a row of failures.
func (m *Mixer) write(out []int16) {
	if m.sink == nil {
		return
	}
	if err := m.sink.WritePCM(out); err != nil {
		if m.failures.Add(1) == 1 {
			m.log.Warn("speaker does not take sound", "error", err)
		}
	}
}
