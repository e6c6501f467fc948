package main

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"unsafe"
)

func TestMeasure(t *testing.T) {
	const rate = 48000
	for name, channels := range map[string]int{"mono": 1, "stereo": 2} {
		frames := make([]int16, rate/2*channels)
		source := newTone(1000, rate)
		for i := 0; i < len(frames); i += 960 * channels { // in periods, as it is played
			source.fill(frames[i:i+960*channels], channels)
		}
		samples := shaped(firstChannel(frames, channels), hann(rate/2))
		got := measure(samples, 1000, rate)
		if math.Abs(got.Level+12) > 0.2 || got.Above < 60 {
			t.Errorf("%s: %+v, want -12 dBFS far above the rest", name, got)
		}
		if other := measure(samples, 2000, rate); other.Level > -60 || other.Above > 10 {
			t.Errorf("%s: a tone that is not there: %+v", name, other)
		}
	}
	if got := measure(nil, 440, rate); got.Level != silence {
		t.Errorf("nothing sounds like %+v", got)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		nil, {"play"}, {"play", "/dev/x"}, {"play", "/dev/x", "a"}, {"hear", "/dev/x"}, {"hold-line", "/dev/x"},
		{"hold-sound", "/dev/x", "1"}, {"dance", "/dev/x", "1"}, {"play", "/dev/x", "-1"}, {"echo", "/dev/x"}, {"echo", "/dev/x", "/dev/x", "1"},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), args, &out); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestMissingDevice(t *testing.T) {
	missing := t.TempDir() + "/pcmC0D0c"
	for _, args := range [][]string{{"play", missing, "440"}, {"hear", missing, "440"}, {"echo", missing, missing}, {"hold-sound", missing}, {"hold-line", missing, "17"}} {
		if err := run(t.Context(), args, &bytes.Buffer{}); err == nil || errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// The ioctl numbers carry the sizes of these structures.
func TestSizes(t *testing.T) {
	if unsafe.Sizeof(hwParams{}) != ioctlHWParams>>16&0x3fff || unsafe.Sizeof(transferFrames{}) != ioctlWrite>>16&0x3fff {
		t.Errorf("%d and %d bytes", unsafe.Sizeof(hwParams{}), unsafe.Sizeof(transferFrames{}))
	}
}
