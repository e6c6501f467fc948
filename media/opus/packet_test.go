package opus

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSamples(t *testing.T) {
	for name, tc := range map[string]struct {
		packet []byte
		want   int
	}{
		"empty":                    {nil, 0},
		"CELT 20 ms":               {[]byte{0xf8}, 960},
		"CELT 2.5 ms":              {[]byte{0xe0}, 120},
		"SILK 60 ms":               {[]byte{3 << 3}, 2880},
		"SILK 10 ms":               {[]byte{0}, 480},
		"hybrid 20 ms":             {[]byte{13 << 3}, 960},
		"two frames":               {[]byte{0xf9}, 1920},
		"two of different lengths": {[]byte{0xfa}, 1920},
		"six frames":               {[]byte{0xfb, 6}, 5760},
		"seven are too many":       {[]byte{0xfb, 7}, 0},
		"none":                     {[]byte{0xfb, 0}, 0},
		"count is missing":         {[]byte{0xfb}, 0},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, Samples(tc.packet)) })
	}
}

func TestSamplesAgreesWithTheDecoder(t *testing.T) {
	enc, dec := codec(t)
	pcm := make([]int16, MaxSamples)
	for _, p := range packets(t, enc, 10) {
		n, err := dec.Decode(p, pcm)
		require.NoError(t, err)
		assert.Equal(t, n, Samples(p))
	}
}

func TestHasFEC(t *testing.T) {
	for name, tc := range map[string]struct {
		packet []byte
		want   bool
	}{
		"empty":                {nil, false},
		"nothing but contents": {[]byte{1 << 3}, false},
		"SILK with":            {[]byte{1 << 3, 0x40}, true},
		"SILK without":         {[]byte{1 << 3, 0xbf}, false},
		"60 ms with":           {[]byte{3 << 3, 0x10}, true},
		"60 ms without":        {[]byte{3 << 3, 0xef}, false},
		"hybrid with":          {[]byte{13 << 3, 0x40}, true},
		"stereo, side only":    {[]byte{1<<3 | 4, 0x10}, true},
		"CELT never":           {[]byte{0xf8, 0xff}, false},
		"two frames":           {[]byte{1<<3 | 2, 10, 0x40}, true},
		"two long frames":      {[]byte{1<<3 | 2, 252, 1, 0x40}, true},
		"cut off":              {[]byte{1<<3 | 2, 252, 1}, false},
		"any number of frames": {[]byte{1<<3 | 3, 0x40, 0x40}, false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, tc.want, HasFEC(tc.packet)) })
	}
}

// TestHasFECKnowsOurEncoder: with 10 % expected loss, libopus protects speech.
func TestHasFECKnowsOurEncoder(t *testing.T) {
	enc, _ := codec(t)
	require.NoError(t, enc.SetBitrate(24000))
	with := 0
	for _, p := range packets(t, enc, 50) {
		if HasFEC(p) {
			with++
		}
	}
	assert.Greater(t, with, 25, "of 50 packets")
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte{0xfb, 6})
	f.Add([]byte{1<<3 | 2, 252, 1, 0x40})
	f.Fuzz(func(t *testing.T, packet []byte) {
		if n := Samples(packet); n < 0 || n > MaxSamples || n%120 != 0 {
			t.Fatalf("%d samples in %x", n, packet)
		}
		HasFEC(packet)
	})
}
