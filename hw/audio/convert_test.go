package audio

import (
	"slices"
	"testing"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

var formats = []alsa.Format{alsa.FormatS16LE, alsa.FormatS32LE, alsa.FormatS24LE, alsa.FormatS243LE}

func TestConvertThereAndBack(t *testing.T) {
	want := []int16{0, 1, -1, 255, -256, 12345, -12345, 32767, -32768}
	for _, format := range formats {
		for _, channels := range []int{1, 2, 8} {
			frames := fromMono(nil, want, format, channels)
			if len(frames) != len(want)*format.Bytes()*channels {
				t.Errorf("%v with %d channels: %d bytes", format, channels, len(frames))
			}
			if got := toMono(nil, frames, format, channels); !slices.Equal(got, want) {
				t.Errorf("%v with %d channels: %v, want %v", format, channels, got, want)
			}
		}
	}
}

func TestToMono(t *testing.T) {
	tests := []struct {
		name     string
		format   alsa.Format
		channels int
		frames   []byte
		want     []int16
	}{
		{"average", alsa.FormatS16LE, 2, []byte{100, 0, 200, 0}, []int16{150}},
		{"loud in both", alsa.FormatS16LE, 2, []byte{0, 0x80, 0, 0x80}, []int16{-32768}},
		{"opposite", alsa.FormatS16LE, 2, []byte{1, 0, 0xff, 0xff}, []int16{0}},
		{"rest of a frame", alsa.FormatS16LE, 2, []byte{1, 0, 1, 0, 9, 9}, []int16{1}},
		{"rounded", alsa.FormatS32LE, 1, []byte{0, 0xff, 1, 0, 0, 0x7f, 2, 0}, []int16{2, 2}},
		{"rounded up to the limit", alsa.FormatS32LE, 1, []byte{0xff, 0xff, 0xff, 0x7f}, []int16{32767}},
		{"rubbish in the unused byte", alsa.FormatS24LE, 1, []byte{0, 5, 0, 0xaa}, []int16{5}},
		{"three bytes, negative", alsa.FormatS243LE, 1, []byte{0, 0xff, 0xff}, []int16{-1}},
		{"nothing", alsa.FormatS243LE, 2, nil, nil},
	}
	for _, tt := range tests {
		if got := toMono(nil, tt.frames, tt.format, tt.channels); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
