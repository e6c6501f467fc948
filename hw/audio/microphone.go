package audio

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pion/mediadevices/pkg/wave"
	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
	"github.com/intercomd/intercomd/hw/internal/pace"
)

const (
	// captureMargin is how much more than a period lies between what the card
	// has heard and what is handed out: the kernel's and the scheduler's
	// tardiness.
	captureMargin = 5 * time.Millisecond
	// capturePoll is how long a reader sleeps that finds too little sound.
	capturePoll = 2 * time.Millisecond
	// capturePatience is how late a chunk may be before silence takes its place.
	capturePatience = 25 * time.Millisecond
	// captureExcess is how much more than needed may wait before it is skipped.
	captureExcess = 60 * time.Millisecond
	// captureStall is after how long without any sound a card counts as broken.
	captureStall = time.Second
)

// microphone reads a sound card in chunks that follow the system's clock. The
// card's clock is another one: what comes too fast or too slowly is stretched.
// One goroutine reads it; close may come from another.
type microphone struct {
	spec     string
	line     *line
	setup    alsa.Setup
	counters *Counters
	done     <-chan struct{}
	lost     func(*microphone, error)
	target   time.Duration // fill when a chunk is due

	// Of the reader.
	start  time.Time // chunk n is due at start + (n+1) ChunkTime
	next   int64
	heard  time.Time // when the card last gave something
	conv   *stretcher
	follow *follower
	raw    []byte
	mono   []int16

	mu     sync.Mutex // keeps the line open during requests, none of which waits
	closed bool
}

// newMicrophone starts the card.
func newMicrophone(l *line, cfg Config, done <-chan struct{}, lost func(*microphone, error)) (*microphone, error) {
	if err := l.start(func() error { return nil }); err != nil {
		return nil, err
	}
	now := time.Now()
	m := &microphone{
		spec: cfg.Capture, line: l, setup: l.setup, counters: cfg.Counters, done: done, lost: lost,
		target: ChunkTime + l.setup.Duration(l.setup.Period) + captureMargin,
		conv:   newStretcher(l.setup.Rate, SampleRate), heard: now,
		raw: make([]byte, l.setup.Buffer*l.setup.FrameBytes()),
	}
	m.follow = newFollower(m.target)
	m.start = now.Add(m.target - ChunkTime)
	return m, nil
}

// due is when chunk n is handed out.
func (m *microphone) due(n int64) time.Time {
	return m.start.Add(time.Duration(n+1) * ChunkTime)
}

// Read waits until the next chunk is due and returns it as a
// *wave.Int16Interleaved of its own. It returns io.EOF when the driver is
// closed; any other error names the card, and it has to be opened again.
func (m *microphone) Read() (wave.Audio, func(), error) {
	now := time.Now()
	if now.Sub(m.due(m.next)) > maxLate {
		m.next = int64(now.Sub(m.start)/ChunkTime) - 1
		m.heard = now // it is the reader that was away
	}
	if !pace.Until(m.done, m.due(m.next)) {
		return nil, nil, io.EOF
	}
	chunk := wave.NewInt16Interleaved(wave.ChunkInfo{Len: ChunkSize, Channels: 1, SamplingRate: SampleRate})
	if err := m.fill(chunk.Data); err != nil {
		if err == io.EOF {
			return nil, nil, err
		}
		err = fmt.Errorf("read microphone %q: %w", m.spec, m.line.explain(err))
		m.lost(m, err)
		return nil, nil, err
	}
	m.next++
	return chunk, func() {}, nil
}

// fill makes a chunk, waiting a little for a card that is late.
func (m *microphone) fill(out []int16) error {
	for {
		if err := m.pull(); err != nil {
			return err
		}
		now := time.Now()
		if m.conv.ready() >= len(out) {
			break
		}
		if now.Sub(m.heard) > captureStall {
			return errors.New("the card yields no sound")
		}
		if now.Sub(m.due(m.next)) > capturePatience {
			m.conceal(now)
			continue
		}
		if !pace.Until(m.done, now.Add(capturePoll)) {
			return io.EOF
		}
	}
	m.adjust(time.Now())
	m.conv.pull(out)
	return nil
}

// pull takes all that the card has.
func (m *microphone) pull() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return io.EOF
	}
	m.line.half.touch()
	n, err := m.line.pcm.Read(m.raw)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return nil
	case isInterruption(err):
		return m.recover(err)
	case err != nil:
		return err
	}
	m.heard = time.Now()
	m.mono = toMono(m.mono[:0], m.raw[:n*m.setup.FrameBytes()], m.setup.Format, m.setup.Channels)
	m.conv.push(m.mono)
	return nil
}

// recover goes on after an interruption, with silence in place of what was lost.
func (m *microphone) recover(err error) error {
	err = m.line.recover(err, m.counters)
	if errors.Is(err, unix.EAGAIN) {
		return nil // it is still waking up
	}
	if err == nil {
		m.conceal(time.Now())
	}
	return err
}

// level is how much sound there would be if it were exactly when the next chunk
// is due.
func (m *microphone) level(now time.Time) time.Duration {
	return m.setup.Duration(m.conv.pending()) - now.Sub(m.due(m.next))
}

// conceal puts silence in place of what did not come, so much that the chunks
// after it are in time again.
func (m *microphone) conceal(now time.Time) {
	missing := m.target - m.level(now)
	if missing <= 0 {
		return
	}
	m.counters.drop(missing)
	m.conv.pad(int(missing * time.Duration(m.setup.Rate) / time.Second))
	m.follow.restart()
}

// adjust follows the card's clock, and skips what a reader has missed.
func (m *microphone) adjust(now time.Time) {
	level := m.level(now)
	if excess := level - m.target; excess > captureExcess {
		skipped := m.setup.Duration(m.conv.skip(int(excess * time.Duration(m.setup.Rate) / time.Second)))
		m.counters.drop(skipped)
		m.follow.restart()
		level -= skipped
	}
	m.conv.correct(m.follow.update(level, ChunkTime))
	m.counters.observe(m.follow.ppm(), m.setup.Duration(m.conv.pending())+m.pipeline())
}

// pipeline is how much sound is still inside the card.
func (m *microphone) pipeline() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0
	}
	frames, err := m.line.pcm.Delay()
	if err != nil {
		return 0 // the next read says why
	}
	return m.setup.Duration(frames)
}

// close ends the card. It is idempotent.
func (m *microphone) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	return m.line.close()
}
