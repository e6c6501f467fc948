package playout

// The knee of the soft clipper: samples up to it pass unchanged, louder ones
// are pressed into what is left of the range.
const (
	knee     = 24576
	maxLevel = 32767
)

// mix adds src to the sums in acc; both have one sample per index.
func mix(acc []int32, src []int16) {
	for i, s := range src {
		acc[i] += int32(s)
	}
}

// clip writes the sums to dst, softly limited to 16 bits.
func clip(dst []int16, acc []int32) {
	for i, s := range acc {
		dst[i] = softClip(s)
	}
}

// softClip maps any sum to 16 bits without wrapping: the identity up to the
// knee, then room·x/(x+room) of the excess x, which never reaches the limit.
func softClip(s int32) int16 {
	switch {
	case s > knee:
		return int16(knee + press(int64(s)-knee))
	case s < -knee:
		return int16(-knee - press(-int64(s)-knee))
	}
	return int16(s)
}

func press(excess int64) int64 {
	const room = maxLevel - knee
	return room * excess / (excess + room)
}
