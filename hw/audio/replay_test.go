package audio

import (
	"io"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	mdaudio "github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"

	"github.com/intercomd/intercomd/hw/internal/alsa/alsatest"
)

// record opens a microphone without the manager. It closes with the test.
func record(t *testing.T, spec string) (*adapter, mdaudio.Reader) {
	t.Helper()
	a, err := newAdapter(Config{Capture: spec}, alsatest.NewSystem())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	r, err := a.AudioRecord(prop.Media{})
	if err != nil {
		t.Fatal(err)
	}
	return a, r
}

func chunk(t *testing.T, r mdaudio.Reader) []int16 {
	t.Helper()
	c, release, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	got := c.(*wave.Int16Interleaved)
	if got.Size != (wave.ChunkInfo{Len: ChunkSize, Channels: 1, SamplingRate: SampleRate}) || len(got.Data) != ChunkSize {
		t.Fatalf("chunk %+v of %d samples", got.Size, len(got.Data))
	}
	return got.Data
}

func TestCaptureKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := record(t, "test")
		start := time.Now()
		var heard []int16
		for n := 1; n <= 3001; n++ {
			heard = append(heard, chunk(t, r)...)
			if took, want := time.Since(start), time.Duration(n)*ChunkTime; took != want {
				t.Fatalf("chunk %d after %v, want %v", n, took, want)
			}
		}
		// The tone goes on without a click.
		peak := math.MaxInt16 * math.Pow(10, ToneLevel/20.0)
		for i, sample := range heard {
			want := peak * math.Sin(2*math.Pi*ToneFrequency*float64(i)/SampleRate)
			if math.Abs(float64(sample)-want) > 1 {
				t.Fatalf("sample %d is %d, want %.1f", i, sample, want)
			}
		}
	})
}

func TestCaptureRepeatsFile(t *testing.T) {
	samples := make([]int16, 700) // shorter than a chunk
	for i := range samples {
		samples[i] = int16(i)
	}
	path := writeWAV(t, wavFile(1, 48000, samples...))
	synctest.Test(t, func(t *testing.T) {
		_, r := record(t, "file:"+path)
		var heard []int16
		for range 7 {
			heard = append(heard, chunk(t, r)...)
		}
		for i, sample := range heard {
			if want := int16(i % 700); sample != want {
				t.Fatalf("sample %d is %d, want %d", i, sample, want)
			}
		}
	})
}

// A reader that is a little late catches up; one that is very late gets the
// present sound.
func TestCaptureForLateReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, r := record(t, "test")
		start := time.Now()
		for _, step := range []struct {
			work, at time.Duration
			number   int64
		}{
			{0, 20 * time.Millisecond, 0},
			{150 * time.Millisecond, 170 * time.Millisecond, 1},
			{0, 170 * time.Millisecond, 2},
			{time.Second, 1170 * time.Millisecond, 57},
			{0, 1180 * time.Millisecond, 58},
		} {
			time.Sleep(step.work)
			heard := chunk(t, r)
			if at := time.Since(start); at != step.at {
				t.Errorf("chunk at %v, want %v", at, step.at)
			}
			pos := step.number * ChunkSize % SampleRate
			if want := tone()[pos : pos+ChunkSize]; !slices.Equal(heard, want) {
				t.Errorf("at %v: not chunk %d", step.at, step.number)
			}
		}
	})
}

func TestCaptureEndsWhenClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r := record(t, "test")
		start := time.Now()
		time.AfterFunc(time.Millisecond, func() { a.Close() })
		for range 2 {
			if _, _, err := r.Read(); err != io.EOF {
				t.Errorf("Read ended with %v, want io.EOF", err)
			}
		}
		if took := time.Since(start); took != time.Millisecond {
			t.Errorf("ended after %v, want 1ms", took)
		}
		if _, err := a.AudioRecord(prop.Media{}); err == nil {
			t.Error("recording of a closed microphone")
		}
		if err := a.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}
