package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// MaxRecording is how big a written WAV file gets, in bytes: about three hours.
const MaxRecording = 1 << 30

// ErrFull is returned when a recording has reached MaxRecording. What was
// written before stays.
var ErrFull = errors.New("recording is full")

// Playback is an open loudspeaker. Its methods may be called from any
// goroutine.
type Playback interface {
	// WritePCM plays samples of 48 kHz mono. It does not keep the slice, and
	// does not wait. A sound card that is lost is no error: the sound is thrown
	// away until the card is back.
	WritePCM(samples []int16) error
	// State is [StateClosed], [StateOpen], or [StateMissing] with the reason.
	State() (state string, err error)
	// Close ends it; it is idempotent. WritePCM fails afterwards.
	Close() error
}

// PlaybackConfig describes a loudspeaker.
type PlaybackConfig struct {
	// Playback is "null", "file:PATH" of a WAV file, which is created or
	// overwritten, or a sound card: "auto", its number, id or name,
	// "hw:CARD,DEV" or a path as "/dev/snd/pcmC0D0p".
	Playback string

	// What follows is for sound cards.

	Volume   *int          // 0 to 100 percent; nil leaves the mixer alone
	Period   time.Duration // between two interrupts, 10 ms (also for 0) or 20 ms
	Duplex   *Duplex       // joins it with a microphone; may be nil
	Counters *Counters     // may be nil
	Log      *slog.Logger  // nil: silent

	// OnChange is told [StateLost] with the reason when the card cannot be
	// played on, and [StateBack] when it can again. It must not block, nor call
	// the Playback. May be nil.
	OnChange func(state string, err error)
}

// OpenPlayback opens a loudspeaker. A sound card is opened with the first sound
// and closed after 2 s without any, so that a card that is missing is no error
// here. The error names the spec and the reason.
func OpenPlayback(cfg PlaybackConfig) (Playback, error) { return openPlayback(cfg, alsa.Kernel{}) }

func openPlayback(cfg PlaybackConfig, sys alsa.System) (Playback, error) {
	spec := cfg.Playback
	isCard, err := validPlayback(spec)
	if err != nil {
		return nil, fmt.Errorf("open speaker %q: %w", spec, err)
	}
	if isCard {
		s, err := newSpeaker(cfg, sys)
		if err != nil {
			return nil, fmt.Errorf("open speaker %q: %w", spec, err)
		}
		return s, nil
	}
	path, isFile := strings.CutPrefix(spec, filePrefix)
	if !isFile {
		return &silence{}, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600) // what people say is theirs
	if err != nil {
		return nil, fmt.Errorf("open speaker %q: %w", spec, withoutPath(err))
	}
	r, err := newRecorder(f, MaxRecording)
	if err != nil {
		return nil, fmt.Errorf("open speaker %q: %w", spec, errors.Join(withoutPath(err), f.Close()))
	}
	return r, nil
}

// CheckPlayback tells whether a speaker can be opened now: a sound card is
// opened and configured, and nothing is heard of it. A file is left alone, as
// opening would overwrite it. A card that this process plays on is reported as
// held: do not ask then. The error names the spec and the reason, and for a card
// what to do.
func CheckPlayback(spec string) error { return checkPlayback(spec, alsa.Kernel{}) }

func checkPlayback(spec string, sys alsa.System) error {
	isCard, err := validPlayback(spec)
	if err == nil && isCard {
		err = probeSpeaker(spec, sys)
	}
	if err != nil {
		return fmt.Errorf("open speaker %q: %w", spec, err)
	}
	return nil
}

// probeSpeaker opens a card as a speaker does that was not told anything else.
func probeSpeaker(spec string, sys alsa.System) error {
	s, err := newSpeaker(PlaybackConfig{Playback: spec}, sys)
	if err != nil {
		return err
	}
	l, err := openLine(sys, lineConfig{
		spec: s.card, stream: alsa.StreamPlayback, period: s.cfg.Period, duplex: s.cfg.Duplex, log: s.cfg.Log,
	})
	if err != nil {
		return err
	}
	return l.close()
}

// validPlayback tells a card from what is simulated.
func validPlayback(spec string) (isCard bool, err error) {
	path, isFile := strings.CutPrefix(spec, filePrefix)
	switch {
	case isFile && path == "":
		return false, errors.New("file: without a path")
	case isFile || spec == PlaybackNull:
		return false, nil
	case spec == CaptureTest:
		return false, fmt.Errorf("%q is a microphone", spec)
	}
	_, err = parseCard(spec)
	return true, err
}

// silence plays nothing.
type silence struct {
	mu     sync.Mutex
	closed bool
}

func (s *silence) WritePCM([]int16) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return os.ErrClosed
	}
	return nil
}

func (s *silence) State() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return openOrClosed(s.closed), nil
}

func openOrClosed(closed bool) string {
	if closed {
		return StateClosed
	}
	return StateOpen
}

func (s *silence) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// file is what a recorder writes to.
type file interface {
	io.Writer
	io.WriterAt
	io.Closer
}

// recorder writes a WAV file. Its header never promises more samples than are
// there, and is at most a second of sound behind.
type recorder struct {
	limit int64 // bytes of the file

	mu      sync.Mutex
	f       file
	closed  bool
	data    int64 // bytes of samples written
	claimed int64 // bytes of samples in the header
	buf     []byte
}

const (
	wavHeaderSize = 44
	bytesPerSec   = 2 * SampleRate
)

func newRecorder(f file, limit int64) (*recorder, error) {
	r := &recorder{f: f, limit: limit}
	if _, err := f.Write(wavHeader(0)); err != nil {
		return nil, err
	}
	return r, nil
}

// wavHeader is that of 48 kHz mono 16-bit PCM with so many bytes of samples.
func wavHeader(data int64) []byte {
	h := append(make([]byte, 0, wavHeaderSize), "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(wavHeaderSize-8+data))
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, tagPCM)
	h = binary.LittleEndian.AppendUint16(h, 1)
	h = binary.LittleEndian.AppendUint32(h, SampleRate)
	h = binary.LittleEndian.AppendUint32(h, bytesPerSec)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 16)
	h = append(h, "data"...)
	return binary.LittleEndian.AppendUint32(h, uint32(data))
}

func (r *recorder) WritePCM(samples []int16) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("record sound: %w", os.ErrClosed)
	}
	room := max(0, (r.limit-wavHeaderSize-r.data)/2)
	full := int64(len(samples)) > room
	if full {
		samples = samples[:room]
	}
	if err := r.write(samples); err != nil {
		return fmt.Errorf("record sound: %w", err)
	}
	if full {
		return fmt.Errorf("record sound: %w", ErrFull)
	}
	return nil
}

func (r *recorder) write(samples []int16) error {
	r.buf = r.buf[:0]
	for _, s := range samples {
		r.buf = binary.LittleEndian.AppendUint16(r.buf, uint16(s))
	}
	n, err := r.f.Write(r.buf)
	r.data += int64(n)
	if err == nil && r.data-r.claimed >= bytesPerSec {
		err = r.claim()
	}
	return err
}

// claim rewrites the sizes in the header.
func (r *recorder) claim() error {
	data := r.data &^ 1 // a failed write may have left half a sample
	if _, err := r.f.WriteAt(wavHeader(data), 0); err != nil {
		return err
	}
	r.claimed = data
	return nil
}

func (r *recorder) State() (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return openOrClosed(r.closed), nil
}

func (r *recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	if err := errors.Join(r.claim(), r.f.Close()); err != nil {
		return fmt.Errorf("close recording: %w", err)
	}
	return nil
}
