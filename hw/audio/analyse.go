package audio

import (
	"math"
	"time"
)

// leastLikeness is what counts as heard: noise has less than 0.05.
const leastLikeness = 0.15

// How the delay is looked for: on every coarseStep-th sample of a decimated
// sound, then around the best.
const (
	decimation = 4  // to 12 kHz
	coarseStep = 2  // of the decimated samples
	fineReach  = 64 // samples of 48 kHz
)

// analyse compares what was played, with its silence before the sweep, and what
// was heard since the same time.
func analyse(played, heard []int16) Measurement {
	from := samplesOf(warmUp)
	pattern := played[from : from+samplesOf(SweepTime)]
	heard = heard[min(from, len(heard)):]
	noise := math.Inf(-1)
	if quiet := heard[:min(ChunkSize, len(heard))]; len(quiet) > 0 {
		noise = peakLevel(quiet)
	}
	at, likeness := locate(pattern, heard)
	m := Measurement{
		Delay: durationOf(at), Likeness: likeness, Noise: max(noise, silenceLevel),
	}
	for low := sweepLow; low < sweepHigh; low *= 2 {
		a, b := at+sweepAt(low), at+sweepAt(2*low)
		level := silenceLevel
		if a < len(heard) {
			level = peakLevel(heard[a:min(b, len(heard))])
		}
		m.Bands = append(m.Bands, Band{Low: low, High: 2 * low, Level: level})
	}
	return m
}

// silenceLevel stands for no sound at all, in dBFS.
const silenceLevel = -120.0

// peakLevel is that of a sine with the same power, in dBFS.
func peakLevel(samples []int16) float64 {
	power := 0.0
	for _, s := range samples {
		power += float64(s) * float64(s)
	}
	if power == 0 || len(samples) == 0 {
		return silenceLevel
	}
	return max(silenceLevel, 10*math.Log10(2*power/float64(len(samples))/32768/32768))
}

// locate finds where in heard the pattern is, and how like it is to it: the
// greatest normalised correlation, whatever its sign.
func locate(pattern, heard []int16) (at int, likeness float64) {
	coarsePattern, coarseHeard := decimate(pattern), decimate(heard)
	best := 0
	for lag := 0; lag < samplesOf(longestEcho)/decimation; lag += coarseStep {
		if l := correlation(coarsePattern, coarseHeard, lag); l > likeness {
			best, likeness = lag*decimation, l
		}
	}
	at, likeness = best, 0
	full, sound := floats(pattern), floats(heard)
	for lag := max(0, best-fineReach); lag <= best+fineReach; lag++ {
		if l := correlation(full, sound, lag); l > likeness {
			at, likeness = lag, l
		}
	}
	return at, likeness
}

// correlation of a pattern with the sound a lag later, 1 for the same but for
// its loudness.
func correlation(pattern, sound []float64, lag int) float64 {
	if lag >= len(sound) {
		return 0
	}
	part := sound[lag:min(lag+len(pattern), len(sound))]
	var xy, xx, yy float64
	for i, y := range part {
		x := pattern[i]
		xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return math.Abs(xy) / math.Sqrt(xx*yy)
}

// decimate averages groups of samples.
func decimate(samples []int16) []float64 {
	out := make([]float64, len(samples)/decimation)
	for i := range out {
		for _, s := range samples[i*decimation:][:decimation] {
			out[i] += float64(s) / decimation
		}
	}
	return out
}

func floats(samples []int16) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = float64(s)
	}
	return out
}

// durationOf samples of 48 kHz.
func durationOf(samples int) time.Duration { return time.Duration(samples) * time.Second / SampleRate }
