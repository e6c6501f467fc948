package audiotest

import (
	"math"
	"testing"
)

// sine makes n samples with peaks at an amplitude, 1 being full scale.
func sine(n, rate int, freq, amplitude, phase float64) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(math.Round(32767 * amplitude * math.Sin(2*math.Pi*freq*float64(i)/float64(rate)+phase)))
	}
	return s
}

func TestToneLevel(t *testing.T) {
	tests := []struct {
		name    string
		samples []int16
		rate    int
		freq    float64
		want    float64
	}{
		{"full scale", sine(48000, 48000, 440, 1, 0), 48000, 440, 0},
		{"half", sine(48000, 48000, 440, 0.5, 1), 48000, 440, -6.02},
		{"not a whole number of periods", sine(12345, 48000, 440, 0.25, 2), 48000, 440, -12.04},
		{"other rate", sine(8000, 8000, 1000, 0.1, 0.5), 8000, 1000, -20},
		{"20 ms", sine(960, 48000, 440, 0.25, 0), 48000, 440, -12.04},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ToneLevel(tt.samples, tt.rate, tt.freq); math.Abs(got-tt.want) > 0.1 {
				t.Errorf("level %.2f dBFS, want %.2f", got, tt.want)
			}
		})
	}
}

func TestToneLevelIgnoresTheRest(t *testing.T) {
	direct := make([]int16, 48000)
	for i := range direct {
		direct[i] = 20000
	}
	tests := []struct {
		name    string
		samples []int16
		below   float64
	}{
		{"nothing", nil, Silence},
		{"zeros", make([]int16, 48000), Silence},
		{"another tone", sine(48000, 48000, 550, 1, 0), -60},
		{"a near tone", sine(48000, 48000, 450, 1, 0), -40},
		{"direct current", direct, -60},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ToneLevel(tt.samples, 48000, 440); got > tt.below {
				t.Errorf("level %.1f dBFS, want at most %.1f", got, tt.below)
			}
		})
	}
}
