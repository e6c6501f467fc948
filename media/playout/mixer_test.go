package playout

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/media/opus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSoftClip(t *testing.T) {
	for in, want := range map[int32]int16{
		0: 0, 1: 1, -1: -1, 1000: 1000, knee: knee, -knee: -knee,
	} {
		assert.Equal(t, want, softClip(in), "%d", in)
	}
	last := int16(math.MinInt16)
	for s := int32(-200000); s <= 200000; s += 100 {
		got := softClip(s)
		assert.GreaterOrEqual(t, got, last, "louder in is never softer out: %d", s)
		assert.LessOrEqual(t, math.Abs(float64(got)), float64(maxLevel))
		last = got
	}
	assert.Equal(t, -softClip(math.MaxInt32), softClip(-math.MaxInt32))
}

func TestMixAddsUp(t *testing.T) {
	acc := make([]int32, 3)
	for range 3 {
		mix(acc, []int16{100, -200, 32767})
	}
	out := make([]int16, 3)
	clip(out, acc)
	assert.Equal(t, []int16{300, -600}, out[:2])
	assert.Greater(t, out[2], int16(31000), "three shouts are one shout, not noise")
}

// tonePackets encodes n frames of a sine.
func tonePackets(t *testing.T, n int) [][]byte {
	t.Helper()
	return encode(t, n, func(i int) float64 { return 10000 * math.Sin(2*math.Pi*500*float64(i)/opus.SampleRate) })
}

// encode makes n packets of a sound given by its samples.
func encode(t *testing.T, n int, sample func(i int) float64) [][]byte {
	t.Helper()
	enc, err := opus.NewEncoder()
	require.NoError(t, err)
	defer enc.Close()
	pcm := make([]int16, opus.FrameSamples)
	out := make([][]byte, n)
	for i := range out {
		for j := range pcm {
			pcm[j] = int16(sample(i*len(pcm) + j))
		}
		packet := make([]byte, opus.MaxPacket)
		size, err := enc.Encode(pcm, packet)
		require.NoError(t, err)
		out[i] = packet[:size]
	}
	return out
}

func level(pcm []int16) (mean float64) {
	for _, s := range pcm {
		mean += math.Abs(float64(s)) / float64(len(pcm))
	}
	return mean
}

func newVoice(t *testing.T) *Voice {
	t.Helper()
	v, err := NewVoice()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, v.Close()) })
	return v
}

// ears is a sink.
type ears struct {
	mu     sync.Mutex
	frames [][]int16
	err    error
}

func (e *ears) WritePCM(pcm []int16) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return e.err
	}
	e.frames = append(e.frames, append([]int16(nil), pcm...))
	return nil
}

func (e *ears) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.frames)
}

func (e *ears) frame(i int) []int16 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.frames[i]
}

func runMixer(t *testing.T, sink Sink, f func(m *Mixer)) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMixer(sink, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		f(m)
		cancel()
		assert.NoError(t, <-done)
	})
}

func TestMixerPlaysVoicesOnItsClock(t *testing.T) {
	sink := &ears{}
	packets := tonePackets(t, 50)
	voices := []*Voice{newVoice(t), newVoice(t), newVoice(t)}
	runMixer(t, sink, func(m *Mixer) {
		time.Sleep(time.Second)
		assert.Zero(t, sink.count(), "without voices nothing is written")
		for _, v := range voices {
			m.Add(v)
			m.Add(v)
		}
		for i, p := range packets {
			for _, v := range voices {
				v.Push(time.Now(), uint16(i), uint32(i*opus.FrameSamples), p)
			}
			time.Sleep(Period)
		}
		assert.InDelta(t, 50, sink.count(), 2)
		assert.Greater(t, level(sink.frame(30)), 12000.0, "three voices are louder than one")
		for _, v := range voices {
			m.Remove(v)
		}
		time.Sleep(Period)
		before := sink.count()
		time.Sleep(time.Second)
		assert.Equal(t, before, sink.count(), "after the last voice nothing is written")
	})
}

func TestMixerGoesOnWhenTheSinkFails(t *testing.T) {
	sink := &ears{err: errors.New("unplugged")}
	v := newVoice(t)
	runMixer(t, sink, func(m *Mixer) {
		m.Add(v)
		time.Sleep(10 * Period)
		assert.InDelta(t, 10, m.Failures(), 1)
		m.Remove(v)
	})
}

func TestMixerWithoutSink(t *testing.T) {
	v := newVoice(t)
	runMixer(t, nil, func(m *Mixer) {
		m.Add(v)
		for i := range 10 {
			v.Push(time.Now(), uint16(2*i), uint32(2*i*opus.FrameSamples), []byte{0xf8, 0xff, 0xfe})
			time.Sleep(2 * Period)
		}
		assert.NotZero(t, m.Stats().Concealed, "every other packet is lost")
		m.Remove(v)
	})
}
