package rig

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestToneFileHoldsItsTone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tone.wav")
	if err := writeTone(path, 880); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseWAV(file)
	if err != nil || r.rate != sampleRate || r.channels != 1 || r.frames() != sampleRate {
		t.Fatalf("parseWAV: %d Hz, %d channels, %d frames, %v", r.rate, r.channels, r.frames(), err)
	}
	samples := r.samples(0, sampleRate)
	if l := toneIn(samples, 880, r.rate); math.Abs(l.Level+12) > 0.5 || l.Above < 60 {
		t.Errorf("880 Hz: %+v, want about -12 dBFS and far above its neighbours", l)
	}
	for _, other := range []int{440, 1320} {
		if l := toneIn(samples, other, r.rate); l.Level > -70 {
			t.Errorf("%d Hz: %+v, want silence", other, l)
		}
	}
}

func TestGoertzelOfNothing(t *testing.T) {
	for name, samples := range map[string][]float64{"none": nil, "zeros": make([]float64, 4800)} {
		if l := goertzel(samples, 440, sampleRate); l > -190 {
			t.Errorf("%s: %v dBFS, want silence", name, l)
		}
	}
}

func TestParseWAV(t *testing.T) {
	format := "fmt \x10\x00\x00\x00\x01\x00\x02\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x04\x00\x10\x00"
	tests := []struct {
		name, file string
		frames     int
		err        error
	}{
		{"empty", "", 0, errNotWAV},
		{"other", "RIFF\x00\x00\x00\x00AVI LIST", 0, errNotWAV},
		{"no samples", "RIFF\x00\x00\x00\x00WAVE" + format, 0, errNotWAV},
		{"samples without format", "RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00abcd", 0, errNotWAV},
		{"cut chunk", "RIFF\x00\x00\x00\x00WAVELIST\xff\x00\x00\x00abcd", 0, errNotWAV},
		{"growing file of unknown size", "RIFF\x00\x00\x00\x00WAVE" + format + "data\x00\x00\x00\x00abcdefgh", 2, nil},
		{"chunk between", "RIFF\x00\x00\x00\x00WAVE" + format + "LIST\x03\x00\x00\x00abc\x00data\x04\x00\x00\x00abcd", 1, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := parseWAV([]byte(test.file))
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err == nil && (r.frames() != test.frames || r.channels != 2 || r.rate != 48000) {
				t.Errorf("%d frames, %d channels, %d Hz", r.frames(), r.channels, r.rate)
			}
		})
	}
}

func FuzzParseWAV(f *testing.F) {
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x02\x00\x10\x00data\x00\x00\x00\x00abcd"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVELIST\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := parseWAV(file)
		if err != nil {
			return
		}
		if got := len(r.samples(0, r.frames()+10)); got != r.frames() {
			t.Errorf("%d samples of %d frames", got, r.frames())
		}
	})
}
