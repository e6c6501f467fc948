package audio

import "math"

// zeroCrossings of the windowed sinc on each side: more make the transition
// band narrower and cost more.
const zeroCrossings = 16

// resample converts between sample rates with a Hann-windowed sinc, cut off at
// 0.95 of the lower Nyquist frequency. The sound is taken as repeated for ever,
// so that it has no seam where it goes round.
func resample(in []int16, from, to int) []int16 {
	if from == to {
		return in
	}
	k := newKernel(from, to)
	out := make([]int16, max(1, int(int64(len(in))*int64(to)/int64(from))))
	for i := range out {
		at := int64(i) * int64(from)
		out[i] = k.at(in, int(at/int64(to)), int(at%int64(to)))
	}
	return out
}

// kernel holds the filter for each position between two input samples that
// occurs.
type kernel struct {
	half  int // input samples on each side
	to    int
	taps  map[int][]float64 // by position, in 1/to input samples
	scale float64           // cut-off relative to the input's Nyquist frequency
}

func newKernel(from, to int) *kernel {
	scale := 0.95 * math.Min(1, float64(to)/float64(from))
	return &kernel{
		half: int(math.Ceil(zeroCrossings / scale)), to: to,
		taps: make(map[int][]float64), scale: scale,
	}
}

// at interpolates at input position index + fraction/to.
func (k *kernel) at(in []int16, index, fraction int) int16 {
	taps, ok := k.taps[fraction]
	if !ok {
		taps = k.filter(float64(fraction) / float64(k.to))
		k.taps[fraction] = taps
	}
	sum := 0.0
	pos := (index - k.half + 1) % len(in)
	if pos < 0 {
		pos += len(in)
	}
	for _, tap := range taps {
		sum += tap * float64(in[pos])
		if pos++; pos == len(in) {
			pos = 0
		}
	}
	return int16(math.Round(max(math.MinInt16, min(math.MaxInt16, sum))))
}

// filter computes the taps for one fraction, normalised to unit gain at 0 Hz.
func (k *kernel) filter(fraction float64) []float64 {
	taps := make([]float64, 2*k.half)
	sum := 0.0
	for i := range taps {
		x := float64(i-k.half+1) - fraction
		window := 0.5 + 0.5*math.Cos(math.Pi*x/float64(k.half))
		taps[i] = k.scale * sinc(k.scale*x) * window
		sum += taps[i]
	}
	for i := range taps {
		taps[i] /= sum
	}
	return taps
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
