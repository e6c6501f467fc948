package audio

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	mdaudio "github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/wave"
)

// The sweep that Measure plays: from low to high in equal times per octave, as
// rooms and loudspeakers are even on that scale.
const (
	sweepLow    = 200.0  // Hz
	sweepHigh   = 6400.0 // Hz
	sweepLevel  = -12.0  // dBFS of the peaks
	SweepTime   = 1500 * time.Millisecond
	sweepFade   = SampleRate / 100
	longestEcho = 500 * time.Millisecond // between playing and hearing
	warmUp      = 300 * time.Millisecond // of silence before it
)

// ErrNotHeard is returned when the microphone does not hear the speaker.
var ErrNotHeard = errors.New("the microphone does not hear the speaker")

// Band is an octave of what the microphone heard.
type Band struct {
	Low   float64 `json:"low_hz"`
	High  float64 `json:"high_hz"`
	Level float64 `json:"dbfs"` // of the peaks; what was played has -12
}

// Measurement is what came of playing a sweep.
type Measurement struct {
	// Delay lies between writing sound and reading it again, both buffers
	// included.
	Delay time.Duration `json:"delay"`
	// Likeness of what was heard to what was played, from 0 to 1.
	Likeness float64 `json:"likeness"`
	Bands    []Band  `json:"bands"`
	// Noise is the level before the sweep, dBFS of the peaks of a sine with the
	// same power.
	Noise float64 `json:"noise_dbfs"`
	// Rate is how many samples the microphone gave in a second, in Hz.
	Rate float64 `json:"rate_hz"`
}

// Measure plays a sweep of 1.5 s and tells what the microphone hears of it.
// [ErrNotHeard] comes together with what was measured. It takes about 2.5 s, and
// ends one chunk after ctx does. The microphone's reader must give the chunks of
// this package.
func Measure(ctx context.Context, speaker Playback, microphone mdaudio.Reader) (Measurement, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	played := sweep()
	played = append(append(make([]int16, samplesOf(warmUp)), played...), make([]int16, samplesOf(longestEcho))...)
	playing := make(chan error, 1)
	go func() { playing <- playPaced(ctx, speaker, played) }()
	start := time.Now()
	heard, first, err := hear(ctx, microphone, len(played))
	took := time.Since(first) + ChunkTime
	if err != nil {
		cancel()
	}
	if err := errors.Join(err, <-playing); err != nil {
		return Measurement{}, fmt.Errorf("measure speaker and microphone: %w", err)
	}
	m := analyse(played, heard)
	m.Delay += first.Sub(start)
	m.Rate = float64(len(heard)) / took.Seconds()
	if m.Likeness < leastLikeness {
		return m, ErrNotHeard
	}
	return m, nil
}

// playPaced writes samples in real time.
func playPaced(ctx context.Context, speaker Playback, samples []int16) error {
	ticker := time.NewTicker(ChunkTime)
	defer ticker.Stop()
	for len(samples) > 0 {
		n := min(len(samples), ChunkSize)
		if err := speaker.WritePCM(samples[:n]); err != nil {
			return err
		}
		samples = samples[n:]
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// hear reads so many samples and tells when the first chunk came.
func hear(ctx context.Context, microphone mdaudio.Reader, samples int) (heard []int16, first time.Time, err error) {
	for len(heard) < samples {
		if err := ctx.Err(); err != nil {
			return nil, first, err
		}
		chunk, release, err := microphone.Read()
		if err != nil {
			return nil, first, err
		}
		if first.IsZero() {
			first = time.Now()
		}
		pcm, ok := chunk.(*wave.Int16Interleaved)
		if !ok || pcm.Size.Channels != 1 || pcm.Size.SamplingRate != SampleRate {
			release()
			return nil, first, fmt.Errorf("microphone gives %T of %+v", chunk, chunk.ChunkInfo())
		}
		heard = append(heard, pcm.Data...)
		release()
	}
	return heard, first, nil
}

// sweep is the sound that is played.
func sweep() []int16 {
	out := make([]int16, samplesOf(SweepTime))
	peak := 32768 * math.Pow(10, sweepLevel/20)
	total := SweepTime.Seconds()
	octaves := math.Log(sweepHigh / sweepLow)
	for i := range out {
		t := float64(i) / SampleRate
		phase := 2 * math.Pi * sweepLow * total / octaves * (math.Exp(t/total*octaves) - 1)
		fade := min(1, float64(i)/sweepFade, float64(len(out)-1-i)/sweepFade)
		out[i] = int16(math.Round(peak * fade * math.Sin(phase)))
	}
	return out
}

// sweepAt is when the sweep passes a frequency, in samples after its begin.
func sweepAt(freq float64) int {
	return int(SweepTime.Seconds() * SampleRate * math.Log(freq/sweepLow) / math.Log(sweepHigh/sweepLow))
}

func samplesOf(d time.Duration) int { return int(d * SampleRate / time.Second) }
