package audio

import (
	"fmt"
	"math"
	"testing"
)

// sineAt is sample n of a sine at a rate, -6 dBFS.
func sineAt(n, rate int, freq float64) int16 {
	return int16(math.Round(16384 * math.Sin(2*math.Pi*freq*float64(n)/float64(rate))))
}

// convertInChunks runs seconds of a sine through s in chunks of input.
func convertInChunks(s *stretcher, from, chunk int, freq, seconds float64) (out []int16) {
	total := int(float64(from) * seconds)
	for n := 0; n < total; n += chunk {
		in := make([]int16, min(chunk, total-n))
		for i := range in {
			in[i] = sineAt(n+i, from, freq)
		}
		s.push(in)
		piece := make([]int16, s.ready())
		s.pull(piece)
		out = append(out, piece...)
	}
	return out
}

// sineSNR fits a sine of a frequency to samples and returns its level in dBFS
// of peaks, and how far everything else is below it in dB: noise, distortion
// and clicks.
func sineSNR(samples []int16, rate int, freq float64) (level, snr float64) {
	var ss, sc, cc, xs, xc float64
	for i, x := range samples {
		s, c := math.Sincos(2 * math.Pi * freq * float64(i) / float64(rate))
		ss, sc, cc = ss+s*s, sc+s*c, cc+c*c
		xs, xc = xs+float64(x)*s, xc+float64(x)*c
	}
	det := ss*cc - sc*sc
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	var signal, noise float64
	for i, x := range samples {
		s, c := math.Sincos(2 * math.Pi * freq * float64(i) / float64(rate))
		fit := a*s + b*c
		signal += fit * fit
		noise += (float64(x) - fit) * (float64(x) - fit)
	}
	return 20 * math.Log10(math.Hypot(a, b)/32768), 10 * math.Log10(signal/math.Max(noise, 1e-9))
}

func TestStretcherKeepsSine(t *testing.T) {
	rates := []int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000}
	for _, rate := range rates {
		for _, dir := range [][2]int{{rate, 48000}, {48000, rate}} {
			for _, freq := range []float64{100, 440, 1000, 3000} {
				t.Run(fmt.Sprintf("%d to %d, %g Hz", dir[0], dir[1], freq), func(t *testing.T) {
					out := convertInChunks(newStretcher(dir[0], dir[1]), dir[0], dir[0]/73, freq, 1)
					if missing := dir[1] - len(out); missing < 0 || missing > dir[1]/50 {
						t.Errorf("%d samples of %d", len(out), dir[1])
					}
					level, snr := sineSNR(out[dir[1]/50:], dir[1], freq)
					if math.Abs(level+6.02) > 0.1 || snr < 70 {
						t.Errorf("level %.2f dBFS with %.1f dB above the rest", level, snr)
					}
				})
			}
		}
	}
}

// What lies above half the lower rate must not be folded into what is heard.
func TestStretcherSuppressesAliases(t *testing.T) {
	for _, freq := range []float64{4600, 6000, 9000} { // to 8 kHz
		out := convertInChunks(newStretcher(48000, 8000), 48000, 480, freq, 1)
		power := 0.0
		for _, x := range out[400:] {
			power += float64(x) * float64(x)
		}
		rms := 20 * math.Log10(math.Sqrt(power/float64(len(out)-400))/32768+1e-9)
		if rms > -60 {
			t.Errorf("%g Hz comes through with %.1f dBFS", freq, rms)
		}
	}
}

// A changing correction bends the pitch without a click: the second difference
// of a sine is bounded, a click's is not.
func TestStretcherFollowsWithoutClicks(t *testing.T) {
	const freq = 440.0
	s := newStretcher(48000, 48000)
	var out []int16
	for n := range 500 {
		s.correct(maxDrift * math.Sin(float64(n)/9))
		in := make([]int16, 480)
		for i := range in {
			in[i] = sineAt(480*n+i, 48000, freq)
		}
		s.push(in)
		piece := make([]int16, s.ready())
		s.pull(piece)
		out = append(out, piece...)
	}
	omega := 2 * math.Pi * freq / 48000
	bound := 16384*omega*omega*1.02 + 3 // plus rounding
	for i := 200; i < len(out)-1; i++ {
		if bend := math.Abs(float64(out[i-1]) - 2*float64(out[i]) + float64(out[i+1])); bend > bound {
			t.Fatalf("click at %d: bend %.0f, a sine has at most %.0f", i, bend, bound)
		}
	}
}

func TestStretcherRatio(t *testing.T) {
	for _, part := range []float64{-maxDrift, -100e-6, 0, 100e-6, maxDrift} {
		s := newStretcher(44100, 48000)
		s.correct(part)
		out := convertInChunks(s, 44100, 441, 440, 20)
		want := 20 * 48000 / (1 + part)
		if off := math.Abs(float64(len(out)) - want); off > 60 {
			t.Errorf("corrected by %g: %d samples, want %.0f", part, len(out), want)
		}
		if _, snr := sineSNR(out[9600:57600], 48000, 440*(1+part)); snr < 70 {
			t.Errorf("corrected by %g: %.1f dB", part, snr)
		}
	}
}

// ready and pending account for every sample.
func TestStretcherCounts(t *testing.T) {
	s := newStretcher(48000, 48000)
	if s.ready() != 0 || s.pending() != 0 {
		t.Errorf("empty: ready %d, pending %d", s.ready(), s.pending())
	}
	s.push(make([]int16, 480))
	before := s.pending()
	if before != 480 {
		t.Errorf("pending %d, want 480", before)
	}
	n := s.ready()
	s.pull(make([]int16, n))
	if s.pending() != before-n || s.ready() != 0 {
		t.Errorf("after %d: pending %d, ready %d", n, s.pending(), s.ready())
	}
	if held := 480 - n; held > s.taps/2+1 {
		t.Errorf("%d samples are held back, want at most half the filter, %d", held, s.taps/2)
	}
}

// Skipping and padding move the sound by what they say, and do not click.
func TestStretcherCuts(t *testing.T) {
	const freq = 300.0
	omega := 2 * math.Pi * freq / 48000
	tests := []struct {
		name string
		cut  func(s *stretcher)
		want int // samples of output more than input
	}{
		{"skip", func(s *stretcher) {
			if n := s.skip(1000); n != 1000 {
				t.Errorf("skipped %d, want 1000", n)
			}
		}, -1000},
		{"pad", func(s *stretcher) { s.pad(1000) }, 1000},
		{"pad a fade", func(s *stretcher) { s.pad(stretchFade) }, stretchFade},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStretcher(48000, 48000)
			var out []int16
			for n := range 20 {
				in := make([]int16, 2400)
				for i := range in {
					in[i] = sineAt(2400*n+i, 48000, freq)
				}
				s.push(in)
				if n == 10 {
					tt.cut(s)
				}
				piece := make([]int16, s.ready())
				s.pull(piece)
				out = append(out, piece...)
			}
			if got := len(out) + s.taps/2 - 20*2400; got != tt.want && got != tt.want-1 && got != tt.want+1 {
				t.Errorf("%d samples more, want %d", got, tt.want)
			}
			for i := 100; i < len(out)-1; i++ {
				bend := math.Abs(float64(out[i-1]) - 2*float64(out[i]) + float64(out[i+1]))
				if bend > 16384*omega*0.75 { // a hard cut of the sine bends by up to 32768
					t.Fatalf("click at %d of %d: bend %.0f", i, len(out), bend)
				}
			}
		})
	}
}

func TestSkipLeavesWhatItNeeds(t *testing.T) {
	s := newStretcher(48000, 48000)
	s.push(make([]int16, s.taps+stretchFade))
	if n := s.skip(1000); n > s.taps/2 {
		t.Errorf("skipped %d", n)
	}
	s.pull(make([]int16, s.ready()))
	if n := s.skip(1000); n != 0 {
		t.Errorf("skipped %d of nothing", n)
	}
}

func TestFadeInAfterSilence(t *testing.T) {
	s := newStretcher(48000, 48000)
	s.pad(480)
	loud := make([]int16, 480)
	for i := range loud {
		loud[i] = 10000
	}
	s.push(loud)
	out := make([]int16, s.ready())
	s.pull(out)
	for i := 1; i < len(out); i++ {
		if step := int(out[i]) - int(out[i-1]); step > 400 {
			t.Fatalf("step of %d at %d", step, i)
		}
	}
	if out[len(out)-1] < 9900 {
		t.Errorf("ends at %d", out[len(out)-1])
	}
}

func BenchmarkStretcher(b *testing.B) {
	for _, rate := range []int{48000, 44100, 16000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			s := newStretcher(rate, 48000)
			in, out := make([]int16, rate/50), make([]int16, 2*ChunkSize)
			for b.Loop() {
				s.push(in)
				s.pull(out[:s.ready()])
			}
		})
	}
}

func BenchmarkNewStretcher(b *testing.B) {
	for b.Loop() {
		newStretcher(48000, 8000)
	}
}
