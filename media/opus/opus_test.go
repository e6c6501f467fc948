package opus

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const toneHz = 600

// tone fills pcm with frame n of a sine at half of full scale.
func tone(pcm []int16, n int) {
	for i := range pcm {
		t := float64(n*FrameSamples+i) / SampleRate
		pcm[i] = int16(16384 * math.Sin(2*math.Pi*toneHz*t))
	}
}

// toneShare is the part of pcm's energy that lies at hz, 0…1 (one DFT bin).
func toneShare(pcm []int16, hz float64) float64 {
	var re, im, total float64
	for i, s := range pcm {
		phase := 2 * math.Pi * hz * float64(i) / SampleRate
		re += float64(s) * math.Cos(phase)
		im += float64(s) * math.Sin(phase)
		total += float64(s) * float64(s)
	}
	if total == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / (float64(len(pcm)) * total)
}

func rms(pcm []int16) float64 {
	var sum float64
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

func codec(t *testing.T) (*Encoder, *Decoder) {
	t.Helper()
	enc, err := NewEncoder()
	require.NoError(t, err)
	dec, err := NewDecoder()
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, enc.Close())
		assert.NoError(t, dec.Close())
	})
	return enc, dec
}

func packets(t *testing.T, enc *Encoder, n int) [][]byte {
	t.Helper()
	pcm := make([]int16, FrameSamples)
	var out [][]byte
	for i := range n {
		tone(pcm, i)
		buf := make([]byte, MaxPacket)
		size, err := enc.Encode(pcm, buf)
		require.NoError(t, err)
		require.Positive(t, size)
		out = append(out, buf[:size])
	}
	return out
}

func TestToneSurvivesTheCodec(t *testing.T) {
	enc, dec := codec(t)
	out := make([]int16, MaxSamples)
	for i, p := range packets(t, enc, 50) {
		n, err := dec.Decode(p, out)
		require.NoError(t, err)
		require.Equal(t, FrameSamples, n)
		if i < 5 {
			continue // the codec starts from silence
		}
		assert.Greater(t, toneShare(out[:n], toneHz), 0.9, "frame %d", i)
		assert.InDelta(t, 16384/math.Sqrt2, rms(out[:n]), 3000, "frame %d", i)
	}
}

func TestLostPacketIsMadeUp(t *testing.T) {
	for name, conceal := range map[string]func(*Decoder, []byte, []int16) (int, error){
		"concealment":              func(d *Decoder, _ []byte, pcm []int16) (int, error) { return d.Conceal(pcm) },
		"forward error correction": func(d *Decoder, next []byte, pcm []int16) (int, error) { return d.DecodeFEC(next, pcm) },
		"no next packet":           func(d *Decoder, _ []byte, pcm []int16) (int, error) { return d.DecodeFEC(nil, pcm) },
	} {
		t.Run(name, func(t *testing.T) {
			enc, dec := codec(t)
			ps := packets(t, enc, 30)
			out := make([]int16, MaxSamples)
			for _, p := range ps[:20] {
				_, err := dec.Decode(p, out)
				require.NoError(t, err)
			}
			n, err := conceal(dec, ps[21], out[:FrameSamples])
			require.NoError(t, err)
			require.Equal(t, FrameSamples, n)
			assert.Greater(t, rms(out[:n]), 3000.0, "a lost packet must not be a hole")
			assert.Greater(t, toneShare(out[:n], toneHz), 0.5)
		})
	}
}

func TestBitrateIsKept(t *testing.T) {
	enc, _ := codec(t)
	require.NoError(t, enc.SetBitrate(16000))
	var size int
	for _, p := range packets(t, enc, 100) {
		size += len(p)
	}
	assert.InDelta(t, 16000, size*8/2, 6000, "bit/s over 2 s")
	assert.Error(t, enc.SetBitrate(-5))
}

func TestWrongArguments(t *testing.T) {
	enc, dec := codec(t)
	_, err := enc.Encode(make([]int16, 10), make([]byte, MaxPacket))
	assert.ErrorContains(t, err, "10 samples instead of 960")
	_, err = enc.Encode(make([]int16, FrameSamples), nil)
	assert.ErrorContains(t, err, "no room")
	_, err = dec.Decode(nil, make([]int16, MaxSamples))
	assert.ErrorContains(t, err, "empty")
	_, err = dec.Decode([]byte{0xff, 0xff, 0xff}, make([]int16, MaxSamples))
	assert.Error(t, err)
	_, err = dec.Decode([]byte{0xf8, 0xff, 0xfe}, nil)
	assert.ErrorContains(t, err, "no room")
}

func TestUseAfterClose(t *testing.T) {
	enc, dec := codec(t)
	for range 2 {
		require.NoError(t, enc.Close())
		require.NoError(t, dec.Close())
	}
	_, err := enc.Encode(make([]int16, FrameSamples), make([]byte, MaxPacket))
	assert.ErrorIs(t, err, ErrClosed)
	assert.ErrorIs(t, enc.SetBitrate(32000), ErrClosed)
	_, err = dec.Conceal(make([]int16, FrameSamples))
	assert.ErrorIs(t, err, ErrClosed)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0xf8, 0xff, 0xfe})
	f.Add([]byte{0x03, 0x3f, 0xff})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packet []byte) {
		dec, err := NewDecoder()
		require.NoError(t, err)
		pcm := make([]int16, MaxSamples)
		n, err := dec.Decode(packet, pcm)
		if err == nil && (n <= 0 || n > MaxSamples) {
			t.Fatalf("%d samples", n)
		}
		_, _ = dec.DecodeFEC(packet, pcm[:FrameSamples])
		require.NoError(t, dec.Close())
		if _, err = dec.Decode(packet, pcm); len(packet) > 0 && !errors.Is(err, ErrClosed) {
			t.Fatalf("after Close: %v", err)
		}
	})
}
