package audio

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

const (
	// playbackTarget is how much sound waits in the card, on average.
	playbackTarget = 40 * time.Millisecond
	// playbackExcess is how much more than that may wait before it is skipped.
	playbackExcess = 50 * time.Millisecond
	// playbackFull is when a burst is thrown away as a whole.
	playbackFull = 160 * time.Millisecond
	// playbackTick is how often that is looked after while no sound comes.
	playbackTick = 10 * time.Millisecond
	// playbackLow is when silence takes the place of sound that is late.
	playbackLow = playbackTick + 5*time.Millisecond
)

// output plays on a card that runs. The sound comes by the system's clock and
// goes by the card's: the stretcher between them holds the fill of the card's
// buffer. One goroutine uses it.
type output struct {
	line     *line
	setup    alsa.Setup
	counters *Counters
	conv     *stretcher
	follow   *follower
	mono     []int16
	raw      []byte
}

// newOutput starts the card with silence.
func newOutput(l *line, c *Counters) (*output, error) {
	o := &output{
		line: l, setup: l.setup, counters: c,
		conv: newStretcher(SampleRate, l.setup.Rate), follow: newFollower(playbackTarget),
	}
	o.conv.rise = stretchFade
	silence := fromMono(nil, make([]int16, o.frames(playbackTarget-ChunkTime/2)), l.setup.Format, l.setup.Channels)
	if err := l.start(func() error { return send(l.pcm, silence) }); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *output) frames(d time.Duration) int {
	return int(d * time.Duration(o.setup.Rate) / time.Second)
}

// send writes frames; those that find no room are lost.
func send(pcm *alsa.PCM, frames []byte) error {
	size := pcm.Setup().FrameBytes()
	for len(frames) >= size {
		n, err := pcm.Write(frames)
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if err != nil {
			return err
		}
		frames = frames[n*size:]
	}
	return nil
}

// play plays samples of 48 kHz. An error is final.
func (o *output) play(samples []int16) error {
	queued, err := o.queued()
	if err != nil {
		return err
	}
	length := durationOf(len(samples))
	if queued > playbackFull || queued+length > o.setup.Duration(o.setup.Buffer) {
		o.counters.drop(length)
		o.conv.rise = stretchFade
		return nil
	}
	level := queued + durationOf(o.conv.pending()) + length/2
	o.conv.push(samples)
	if excess := level - playbackTarget; excess > playbackExcess {
		skipped := durationOf(o.conv.skip(samplesOf(excess)))
		o.counters.drop(skipped)
		o.follow.restart()
		level -= skipped
	}
	o.conv.correct(o.follow.update(level, length))
	return o.flush()
}

// bridge plays silence when the card is about to run dry, so much that there
// is a reserve again when sound comes.
func (o *output) bridge() error {
	queued, err := o.queued()
	if err != nil || queued >= playbackLow {
		return err
	}
	o.conv.pad(int((playbackTarget - ChunkTime/2 - queued) * SampleRate / time.Second))
	o.follow.restart()
	return o.flush()
}

// queued is how much sound waits to be played. It brings a card back that has
// stopped.
func (o *output) queued() (time.Duration, error) {
	o.line.half.touch()
	status, err := o.line.pcm.Status()
	if err != nil {
		return 0, err
	}
	if interruption := stopped(status.State); interruption != nil {
		if err := o.recover(interruption); err != nil {
			return 0, err
		}
		if status, err = o.line.pcm.Status(); err != nil {
			return 0, err
		}
	}
	queued := o.setup.Duration(o.setup.Buffer - int(min(status.Avail, uint(o.setup.Buffer))))
	pipeline := o.setup.Duration(max(0, status.Delay))
	o.counters.observe(-o.follow.ppm(), max(pipeline, queued))
	return queued, nil
}

// stopped is the error that a request would have in a state.
func stopped(s alsa.State) error {
	switch s {
	case alsa.StateXrun:
		return unix.EPIPE
	case alsa.StateSuspended:
		return unix.ESTRPIPE
	case alsa.StateDisconnected:
		return errGone
	}
	return nil
}

// recover lets the card run again. While it wakes up that is not yet so.
func (o *output) recover(err error) error {
	if !isInterruption(err) {
		return err
	}
	o.follow.restart()
	if err := o.line.recover(err, o.counters); err != nil && !errors.Is(err, unix.EAGAIN) {
		return err
	}
	return nil
}

// flush writes all that the stretcher has. An xrun that comes in between loses
// it.
func (o *output) flush() error {
	n := o.conv.ready()
	if cap(o.mono) < n {
		o.mono = make([]int16, n)
	}
	o.conv.pull(o.mono[:n])
	o.raw = fromMono(o.raw[:0], o.mono[:n], o.setup.Format, o.setup.Channels)
	if err := send(o.line.pcm, o.raw); err != nil {
		return o.recover(err)
	}
	return nil
}
