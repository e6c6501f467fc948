package playout

import "math"

// How sound is made shorter or longer without a click: a stretch of it is left
// out or repeated, as long as the sound's own period, and faded over.
const (
	overlap  = 5 * ticksPerMS // of the fade
	shortest = 5 * ticksPerMS / 2
	longest  = 15 * ticksPerMS // of the stretch
	needed   = longest + overlap
	coarse   = 6   // samples that the search takes together
	alike    = 0.6 // likeness that passes unnoticed
	hushed   = 200 // root mean square of what counts as silence
	overshot = 10 * ticksPerMS
)

// Adjust plays sound that waits too long (excess > 0, in samples at 48 kHz)
// faster, and sound that waits too little (excess < 0) more slowly, by one
// stretch of at most 15 ms, without a click. When nothing fits, samples is
// returned as it is; with anyway, the best that is found is taken even if it is
// heard. It needs 20 ms of sound, uses its memory, and keeps its first and last
// samples.
func Adjust(samples []int16, excess int, anyway bool) []int16 {
	if len(samples) < needed {
		return samples
	}
	switch {
	case excess >= shortest:
		if lag := findLag(samples, min(excess, longest), anyway); lag > 0 {
			return shorten(samples, lag)
		}
	case excess < 0:
		if lag := findLag(samples, min(overshot-excess, longest), anyway); lag > 0 {
			return lengthen(samples, lag)
		}
	}
	return samples
}

// shorten leaves lag samples out.
func shorten(s []int16, lag int) []int16 {
	var bridge [overlap]int16
	copy(bridge[:], s[lag:lag+overlap])
	crossfade(bridge[:], s[:overlap])
	copy(s[lag:], bridge[:])
	return s[:copy(s, s[lag:])]
}

// lengthen repeats lag samples.
func lengthen(s []int16, lag int) []int16 {
	var bridge [overlap]int16
	copy(bridge[:], s[:overlap])
	crossfade(bridge[:], s[lag:lag+overlap])
	s = append(s, make([]int16, lag)...)
	copy(s[lag:], s[:len(s)-lag]) // s[lag:] is the repetition of s
	copy(s[lag:], bridge[:])
	return s
}

// crossfade turns to into a way from the sound of from to its own.
func crossfade(to, from []int16) {
	n := int32(len(to))
	for i := range to {
		k := int32(i)
		to[i] = int16((int32(from[i])*(n-k) + int32(to[i])*k) / n)
	}
}

// findLag looks for the lag, up to limit, at which the sound is most like its
// beginning; 0 when none is alike. Silence may be cut anywhere.
func findLag(s []int16, limit int, anyway bool) int {
	if loudness(s[:overlap]) < hushed && loudness(s[limit:limit+overlap]) < hushed {
		return limit
	}
	var thin [needed / coarse]float64
	for i := range thin {
		for _, v := range s[i*coarse : (i+1)*coarse] {
			thin[i] += float64(v)
		}
	}
	best, likeness := 0, -1.0
	for lag := shortest / coarse; lag <= limit/coarse; lag++ {
		if l := correlation(thin[:overlap/coarse], thin[lag:lag+overlap/coarse]); l > likeness {
			best, likeness = lag*coarse, l
		}
	}
	if likeness < alike && !anyway {
		return 0
	}
	return best
}

// correlation is how alike two sounds are, −1…1.
func correlation(a, b []float64) float64 {
	var ab, aa, bb float64
	for i, x := range a {
		ab += x * b[i]
		aa += x * x
		bb += b[i] * b[i]
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// loudness is the root mean square.
func loudness(s []int16) float64 {
	var sum float64
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(s)))
}
