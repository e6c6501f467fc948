package audio

import "math"

// The streaming resampler's filter: a sinc in a Kaiser window, sampled at
// phases between two input samples, and interpolated between the phases. The
// numbers keep what it adds to a sine below −70 dB (measured by its tests).
const (
	stretchZeros  = 16 // zero crossings on each side
	stretchPhases = 1 << phaseBits
	phaseBits     = 7
	stretchBeta   = 8.0  // of the window
	stretchCutoff = 0.92 // of the lower Nyquist frequency

	stretchFade = 120 // samples of input

	coefBits = 18 // of fraction in a coefficient
	blendBit = 15 // of fraction between two phases
)

// stretcher converts a stream of sound between sample rates, and follows a
// clock by changing the ratio slightly. Changes make no clicks: the position
// between the input samples goes on. It works in integers, which the smallest
// boards are good at.
type stretcher struct {
	taps  int       // of each phase
	coefs [][]int32 // stretchPhases + 1 rows
	base  float64   // input samples for one of output, nominal

	step uint64 // input samples for one of output, 32 bits of fraction
	pos  uint64 // of the next output in in, likewise
	in   []int16
	rise int // how many samples of a fade in are to come
}

// newStretcher converts from a rate to a rate, both in Hz.
func newStretcher(from, to int) *stretcher {
	s := &stretcher{base: float64(from) / float64(to)}
	scale := stretchCutoff * math.Min(1, float64(to)/float64(from))
	half := int(math.Ceil(stretchZeros / scale))
	s.taps = 2 * half
	window := kaiserWindow()
	for phase := range stretchPhases + 1 {
		s.coefs = append(s.coefs, windowedSinc(window, half, scale, float64(phase)/stretchPhases))
	}
	s.in = make([]int16, stretchFade+half-1, stretchFade+4*s.taps+from/4) // silence before the beginning
	s.pos = stretchFade << 32
	s.correct(0)
	return s
}

// windowedSinc computes the coefficients for a position between two samples,
// normalised to a gain of exactly 1 at 0 Hz.
func windowedSinc(window []float64, half int, scale, fraction float64) []int32 {
	exact := make([]float64, 2*half)
	sum := 0.0
	for i := range exact {
		x := float64(i-half+1) - fraction
		r := math.Min(math.Abs(x)/float64(half), 1) * (windowSteps - 1)
		n := int(r)
		exact[i] = sinc(scale*x) * (window[n] + (window[n+1]-window[n])*(r-float64(n)))
		sum += exact[i]
	}
	row := make([]int32, len(exact))
	for i, c := range exact {
		row[i] = int32(math.Round(c / sum * (1 << coefBits)))
	}
	return row
}

// windowSteps is how finely the window is sampled. Computing it for every
// coefficient would take a small board a second.
const windowSteps = 512

// kaiserWindow samples one half of a Kaiser window, from its middle to its end
// and one step further.
func kaiserWindow() []float64 {
	window := make([]float64, windowSteps+1)
	for i := range windowSteps {
		r := float64(i) / (windowSteps - 1)
		window[i] = bessel0(stretchBeta*math.Sqrt(1-r*r)) / bessel0(stretchBeta)
	}
	return window
}

// bessel0 is the modified Bessel function of the first kind, order 0.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1; term > 1e-12*sum; k++ {
		term *= x * x / float64(4*k*k)
		sum += term
	}
	return sum
}

// correct makes the stretcher take its input faster than nominal by a small
// part, 100e-6 being 100 ppm.
func (s *stretcher) correct(part float64) {
	s.step = uint64(math.Round(s.base * (1 + part) * (1 << 32)))
}

// push adds input. After silence it is faded in.
func (s *stretcher) push(samples []int16) {
	start := len(s.in)
	s.in = append(s.in, samples...)
	for i := start; i < len(s.in) && s.rise > 0; i++ {
		s.in[i] = int16(int(s.in[i]) * (stretchFade - s.rise) / stretchFade)
		s.rise--
	}
}

// pending is how many input samples are not used up.
func (s *stretcher) pending() int {
	return max(0, len(s.in)-s.taps/2+1-int(s.pos>>32))
}

// ready is how many output samples the input is enough for.
func (s *stretcher) ready() int {
	last := int64(len(s.in)-s.taps)<<32 | 0xffffffff // the last position that has all its taps
	if last < int64(s.pos) {
		return 0
	}
	return int((uint64(last)-s.pos)/s.step) + 1
}

// pull fills out, which must not be longer than ready.
func (s *stretcher) pull(out []int16) {
	for i := range out {
		out[i] = s.at(int(s.pos>>32), uint32(s.pos))
		s.pos += s.step
	}
	s.compact()
}

// at interpolates between in[index+taps/2-1] and the sample after it.
func (s *stretcher) at(index int, fraction uint32) int16 {
	const phaseShift = 32 - phaseBits
	phase := fraction >> phaseShift
	blend := int64(fraction&(1<<phaseShift-1)) >> (phaseShift - blendBit)
	in := s.in[index:][:s.taps]
	low, high := s.coefs[phase][:len(in)], s.coefs[phase+1][:len(in)]
	var a, b int64
	for i, x := range in {
		a += int64(low[i]) * int64(x)
		b += int64(high[i]) * int64(x)
	}
	sum := a + (b-a)*blend>>blendBit
	return saturate((sum + 1<<(coefBits-1)) >> coefBits)
}

func saturate(v int64) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }

// compact forgets the input that neither an output nor pad needs any more.
func (s *stretcher) compact() {
	done := int(s.pos>>32) - stretchFade
	if done < s.taps {
		return
	}
	s.in = s.in[:copy(s.in, s.in[done:])]
	s.pos -= uint64(done) << 32
}

// skip throws input away without a click: the sound before the cut becomes the
// sound after it. It leaves what the filter sees already and one fade.
func (s *stretcher) skip(samples int) (skipped int) {
	start := int(s.pos>>32) + s.taps
	samples = min(samples, len(s.in)-start-stretchFade)
	if samples <= 0 {
		return 0
	}
	rest := s.in[start:]
	for i := range stretchFade {
		rest[i] = int16((int(rest[i])*(stretchFade-i) + int(rest[i+samples])*i) / stretchFade)
	}
	s.in = append(s.in[:start+stretchFade], rest[stretchFade+samples:]...)
	return samples
}

// pad adds silence, a fade or more. Nobody knows how the sound would have gone
// on: its end is repeated backwards and upside down, which is smooth, while it
// fades out.
func (s *stretcher) pad(samples int) {
	end := len(s.in)
	for i := range min(samples, stretchFade) {
		echo := int64(0)
		if back := end - 2 - i; back >= 0 && s.rise == 0 {
			echo = (2*int64(s.in[end-1]) - int64(s.in[back])) * int64(stretchFade-i) / stretchFade
		}
		s.in = append(s.in, saturate(echo))
	}
	s.in = append(s.in, make([]int16, max(0, samples-stretchFade))...)
	s.rise = stretchFade
}
