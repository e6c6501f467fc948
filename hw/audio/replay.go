package audio

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/pion/mediadevices/pkg/wave"

	"github.com/intercomd/intercomd/hw/internal/pace"
)

// maxLate is how much sound a late reader still finds waiting; what is older is
// lost, like in the ring buffer of a sound card.
const maxLate = 200 * time.Millisecond

// openReplay returns the sound that a simulated microphone repeats.
func openReplay(spec string) ([]int16, error) {
	path, isFile := strings.CutPrefix(spec, filePrefix)
	if !isFile {
		return tone(), nil
	}
	samples, err := loadWAV(path)
	if err != nil {
		return nil, fmt.Errorf("open microphone %q: %w", spec, withoutPath(err))
	}
	return samples, nil
}

// replay repeats a sound in real time. One goroutine reads it.
type replay struct {
	sound []int16
	done  <-chan struct{}
	start time.Time
	next  int64 // number of the chunk to come
}

// Read waits until the next chunk has been spoken and returns it as a
// *wave.Int16Interleaved of its own.
func (r *replay) Read() (wave.Audio, func(), error) {
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
func (r *replay) due(n int64) time.Time {
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
