package audio

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/hw/audio/audiotest"
)

// formatChunk builds a fmt chunk's body.
func formatChunk(tag, channels, bits uint16, rate uint32) []byte {
	b := binary.LittleEndian.AppendUint16(nil, tag)
	b = binary.LittleEndian.AppendUint16(b, channels)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, rate*uint32(channels)*2)
	b = binary.LittleEndian.AppendUint16(b, channels*2)
	return binary.LittleEndian.AppendUint16(b, bits)
}

type riffChunk struct {
	id   string
	body []byte
}

func riff(chunks ...riffChunk) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVE")
	for _, c := range chunks {
		b = append(b, c.id...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(c.body)))
		b = append(b, c.body...)
		if len(c.body)%2 == 1 {
			b = append(b, 0)
		}
	}
	return b
}

func pcm(samples ...int16) []byte {
	var b []byte
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// wavFile builds an ordinary WAV file of interleaved samples.
func wavFile(channels uint16, rate uint32, samples ...int16) []byte {
	return riff(riffChunk{"fmt ", formatChunk(tagPCM, channels, 16, rate)}, riffChunk{"data", pcm(samples...)})
}

func TestDecodeWAV(t *testing.T) {
	extensible := append(formatChunk(tagExtensible, 1, 16, 48000), "\x16\x00\x10\x00\x04\x00\x00\x00\x01\x00"...)
	endless := wavFile(1, 48000, 7, 8)
	binary.LittleEndian.PutUint32(endless[40:], math.MaxUint32)
	tests := []struct {
		name string
		in   []byte
		want []int16
	}{
		{"mono", wavFile(1, 48000, 1, -2, 3), []int16{1, -2, 3}},
		{"stereo", wavFile(2, 48000, 100, 200, -32768, -32768), []int16{150, -32768}},
		{"incomplete last frame", wavFile(2, 48000, 10, 20, 30), []int16{15}},
		{"other chunks", riff(riffChunk{"LIST", []byte("odd")}, riffChunk{"fmt ", formatChunk(tagPCM, 1, 16, 48000)},
			riffChunk{"fact", nil}, riffChunk{"data", pcm(5)}, riffChunk{"LIST", nil}), []int16{5}},
		{"extensible", riff(riffChunk{"fmt ", extensible}, riffChunk{"data", pcm(5)}), []int16{5}},
		{"size of a stream", endless, []int16{7, 8}},
		{"data cut off", wavFile(1, 48000, 1, 2, 3)[:48], []int16{1, 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeWAV(tt.in)
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestDecodeWAVRefuses(t *testing.T) {
	format := func(tag, channels, bits uint16, rate uint32) []byte {
		return riff(riffChunk{"fmt ", formatChunk(tag, channels, bits, rate)}, riffChunk{"data", pcm(1)})
	}
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, "not a WAV file"},
		{"AVI", []byte("RIFF\x00\x00\x00\x00AVI LIST"), "not a WAV file"},
		{"no chunks", riff(), "has no data"},
		{"no data", riff(riffChunk{"fmt ", formatChunk(tagPCM, 1, 16, 48000)}), "has no data"},
		{"data first", riff(riffChunk{"data", pcm(1)}), "data before its format"},
		{"no samples", wavFile(1, 48000), "no samples"},
		{"half a frame", wavFile(2, 48000, 1), "no samples"},
		{"format cut off", riff(riffChunk{"fmt ", []byte("abc")}), "format is cut off"},
		{"float", format(3, 1, 32, 48000), "WAV format 3 with 32 bits, want 16-bit PCM"},
		{"8 bits", format(tagPCM, 1, 8, 48000), "WAV format 1 with 8 bits"},
		{"no channels", format(tagPCM, 0, 16, 48000), "with 0 channels"},
		{"many channels", format(tagPCM, 65535, 16, 48000), "with 65535 channels"},
		{"rate zero", format(tagPCM, 1, 16, 0), "of 0 Hz"},
		{"rate huge", format(tagPCM, 1, 16, math.MaxUint32), "of 4294967295 Hz"},
		{"too long", wavFile(1, 1000, make([]int16, 601_000)...), "WAV file of 10m1s is longer than 10m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeWAV(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// sine makes one second of a tone with peaks of 16000.
func sine(rate int, freq float64) []int16 {
	s := make([]int16, rate)
	for i := range s {
		s[i] = int16(math.Round(16000 * math.Sin(2*math.Pi*freq*float64(i)/float64(rate))))
	}
	return s
}

func TestResampleKeepsTones(t *testing.T) {
	level := 20 * math.Log10(16000.0/32768)
	for _, rate := range []int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000} {
		for _, freq := range []float64{440, 3000} {
			out := resample(sine(rate, freq), rate, SampleRate)
			if len(out) != SampleRate {
				t.Errorf("%d Hz: %d samples from one second", rate, len(out))
			}
			if got := audiotest.ToneLevel(out, SampleRate, freq); math.Abs(got-level) > 0.2 {
				t.Errorf("%d Hz: %.0f Hz at %.2f dBFS, want %.2f", rate, freq, got, level)
			}
			image := math.Abs(float64(rate) - freq)
			if image < SampleRate/2 {
				if got := audiotest.ToneLevel(out, SampleRate, image); got > -60 {
					t.Errorf("%d Hz: %.0f Hz has an image at %.0f Hz of %.1f dBFS", rate, freq, image, got)
				}
			}
		}
	}
}

// What 48 kHz cannot carry must not come back as another tone.
func TestResampleSuppressesAliases(t *testing.T) {
	out := resample(sine(96000, 30000), 96000, SampleRate)
	if got := audiotest.ToneLevel(out, SampleRate, 18000); got > -60 {
		t.Errorf("30 kHz is heard at 18 kHz with %.1f dBFS", got)
	}
}

func TestResampleTinySounds(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		samples := slices.Repeat([]int16{1000}, n)
		for _, rate := range []int{minRate, 44100, maxRate} {
			out := resample(samples, rate, SampleRate)
			if len(out) == 0 {
				t.Fatalf("%d samples of %d Hz: nothing left", n, rate)
			}
			for _, s := range out {
				if s < 999 || s > 1001 {
					t.Errorf("%d samples of %d Hz: level %d, want 1000", n, rate, s)
				}
			}
		}
	}
}

func FuzzDecodeWAV(f *testing.F) {
	f.Add(wavFile(1, 48000, 1, 2, 3))
	f.Add(wavFile(2, 44100, 1, 2, 3, 4))
	f.Add(wavFile(3, 8000, 1, 2, 3, 4))
	f.Add(riff(riffChunk{"LIST", []byte("odd")}, riffChunk{"fmt ", nil}))
	f.Fuzz(func(t *testing.T, file []byte) {
		samples, err := decodeWAV(file)
		if (err == nil) != (len(samples) > 0) {
			t.Errorf("%d samples, %v", len(samples), err)
		}
	})
}
