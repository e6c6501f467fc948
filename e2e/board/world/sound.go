package main

import "math"

// tone is a sine at a quarter of full scale whose phase goes on from one fill
// to the next.
type tone struct{ phase, step float64 }

func newTone(hertz, rate int) *tone {
	return &tone{step: 2 * math.Pi * float64(hertz) / float64(rate)}
}

// fill writes interleaved frames with the same sample on all channels.
func (t *tone) fill(frames []int16, channels int) {
	for i := 0; i < len(frames); i += channels {
		v := int16(math.Sin(t.phase) * math.MaxInt16 / 4)
		t.phase = math.Mod(t.phase+t.step, 2*math.Pi)
		for c := range channels {
			frames[i+c] = v
		}
	}
}

// firstChannel takes it out of interleaved frames, scaled to 1.
func firstChannel(frames []int16, channels int) []float64 {
	out := make([]float64, 0, len(frames)/channels)
	for i := 0; i < len(frames); i += channels {
		out = append(out, float64(frames[i])/math.MaxInt16)
	}
	return out
}

// hann is the window that samples are shaped with before they are measured.
func hann(n int) []float64 {
	window := make([]float64, n)
	for i := range window {
		window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n))
	}
	return window
}

// shaped puts samples through a window of the same length.
func shaped(samples, window []float64) []float64 {
	out := make([]float64, len(samples))
	for i, v := range samples {
		out[i] = v * window[i]
	}
	return out
}

// measure compares a tone with what is 100 and 150 Hz beside it. The samples
// have been shaped by a Hann window.
func measure(samples []float64, hertz, rate int) heard {
	level := levelAt(samples, float64(hertz), rate)
	beside := silence
	for _, offset := range []float64{-150, -100, 100, 150} {
		beside = max(beside, levelAt(samples, float64(hertz)+offset, rate))
	}
	return heard{Hertz: hertz, Level: round(level), Above: round(level - beside)}
}

// silence is the lowest level, dBFS.
const silence = -200.0

// levelAt is the level of one frequency in dBFS, by Goertzel's algorithm.
func levelAt(samples []float64, hertz float64, rate int) float64 {
	k := 2 * math.Cos(2*math.Pi*hertz/float64(rate))
	var s1, s2 float64
	for _, v := range samples {
		s1, s2 = v+k*s1-s2, s1
	}
	power := max(s1*s1+s2*s2-k*s1*s2, 0)
	return max(20*math.Log10(4*math.Sqrt(power)/float64(max(len(samples), 1))+1e-12), silence)
}

func round(v float64) float64 { return math.Round(v*10) / 10 }
