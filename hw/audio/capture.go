package audio

import (
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	mdaudio "github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"

	"github.com/intercomd/intercomd/hw/internal/pace"
)

// maxLate is how much sound a late reader still finds waiting; what is older is
// lost, like in the ring buffer of a sound card.
const maxLate = 200 * time.Millisecond

// adapter is the microphone as mediadevices wants it. The manager's wrapper
// around it keeps the order: Open, Properties, AudioRecord, Close.
type adapter struct {
	spec string

	mu    sync.Mutex
	sound []int16 // repeated; nil when closed or when opening failed
	err   error   // why opening failed
	done  chan struct{}
}

var (
	_ driver.Adapter       = (*adapter)(nil)
	_ driver.AudioRecorder = (*adapter)(nil)
)

// Open opens the source. It keeps the error for AudioRecord: mediadevices opens
// every driver to compare properties, and would leave out one that fails and
// report no more than that it found none.
func (a *adapter) Open() error {
	sound, err := openCapture(a.spec)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sound, a.err = sound, err
	a.done = make(chan struct{})
	return nil
}

// Close ends the readers. It is idempotent.
func (a *adapter) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done != nil {
		close(a.done)
	}
	a.sound, a.err, a.done = nil, nil, nil
	return nil
}

// Properties is the same for every source.
func (a *adapter) Properties() []prop.Media {
	return []prop.Media{{Audio: prop.Audio{
		ChannelCount:  1,
		Latency:       ChunkTime,
		SampleRate:    SampleRate,
		SampleSize:    2, // bytes
		IsInterleaved: true,
	}}}
}

// AudioRecord starts the sound. The error names the source and why it could
// not be opened.
func (a *adapter) AudioRecord(prop.Media) (mdaudio.Reader, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.err != nil:
		return nil, a.err
	case a.sound == nil:
		return nil, fmt.Errorf("record microphone %q: not open", a.spec)
	}
	return &reader{sound: a.sound, done: a.done, start: time.Now()}, nil
}

// reader repeats a sound in real time. One goroutine reads it.
type reader struct {
	sound []int16
	done  <-chan struct{}
	start time.Time
	next  int64 // number of the chunk to come
}

// Read waits until the next chunk has been spoken and returns it as a
// *wave.Int16Interleaved of its own.
func (r *reader) Read() (wave.Audio, func(), error) {
	now := time.Now()
	if now.Sub(r.due(r.next)) > maxLate {
		r.next = int64(now.Sub(r.start)/ChunkTime) - 1
	}
	if !pace.Until(r.done, r.due(r.next)) {
		return nil, nil, io.EOF
	}
	chunk := wave.NewInt16Interleaved(wave.ChunkInfo{Len: ChunkSize, Channels: 1, SamplingRate: SampleRate})
	pos := int(r.next * ChunkSize % int64(len(r.sound)))
	for n := 0; n < ChunkSize; pos = 0 {
		n += copy(chunk.Data[n:], r.sound[pos:])
	}
	r.next++
	return chunk, func() {}, nil
}

// due is when chunk n is complete.
func (r *reader) due(n int64) time.Time {
	return r.start.Add(time.Duration(n+1) * ChunkTime)
}

// tone is one second of the test tone, which is a whole number of periods.
func tone() []int16 {
	peak := math.MaxInt16 * math.Pow(10, ToneLevel/20.0)
	samples := make([]int16, SampleRate)
	for i := range samples {
		phase := 2 * math.Pi * ToneFrequency * float64(i) / SampleRate
		samples[i] = int16(math.Round(peak * math.Sin(phase)))
	}
	return samples
}
