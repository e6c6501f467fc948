package audiotest

import "math"

// Silence is the level of a sound that does not have the tone at all, in dBFS.
const Silence = -120.0

// ToneLevel measures the tone of a frequency (Hz, below half the rate) in mono
// samples of a rate (Hz). It returns the level of its peaks in dBFS: 0 for a
// sine that just reaches full scale, never below [Silence].
//
// It is Goertzel's algorithm over a Hann window: other tones are suppressed by
// more than 40 dB when they are further away than 4·rate/len(samples) Hz.
func ToneLevel(samples []int16, rate int, freq float64) (dBFS float64) {
	coefficient := 2 * math.Cos(2*math.Pi*freq/float64(rate))
	var s1, s2, gain float64
	for i, sample := range samples {
		window := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(samples)))
		gain += window
		s1, s2 = float64(sample)/32768*window+coefficient*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coefficient*s1*s2
	if gain == 0 || power <= 0 {
		return Silence
	}
	return max(Silence, 20*math.Log10(2*math.Sqrt(power)/gain))
}
