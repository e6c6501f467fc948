package camera

import (
	"encoding/binary"
	"image"
	"math"
	"strings"
	"testing"
	"time"
)

func vp8KeyFrame(width, height uint16) []byte {
	b := []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a}
	b = binary.LittleEndian.AppendUint16(b, width)
	return binary.LittleEndian.AppendUint16(b, height)
}

func TestParseIVFRecording(t *testing.T) {
	c, err := parseIVF(recording(t, "vp8.ivf"))
	if err != nil {
		t.Fatal(err)
	}
	if c.codec != formatVP8 {
		t.Errorf("codec %s", c.codec)
	}
	checkRecording(t, c)
}

// A recorder that was killed leaves a frame cut off: the rest plays.
func TestParseIVFCutOff(t *testing.T) {
	data := recording(t, "vp8.ivf")
	c, err := parseIVF(data[:len(data)-5])
	if err != nil {
		t.Fatal(err)
	}
	if len(c.pictures) != 11 {
		t.Errorf("%d pictures, want 11", len(c.pictures))
	}
}

func TestParseIVFWithH264(t *testing.T) {
	annexB, err := parseAnnexB(recording(t, "baseline.h264"), gap)
	if err != nil {
		t.Fatal(err)
	}
	var frames []ivfFrame
	for i, p := range annexB.pictures {
		frames = append(frames, ivfFrame{ticks: uint64(i), data: p.data})
	}
	c, err := parseIVF(ivfFile("H264", 10, 1, frames...))
	if err != nil {
		t.Fatal(err)
	}
	if c.codec != formatH264 {
		t.Errorf("codec %s", c.codec)
	}
	checkRecording(t, c)
}

func TestParseIVFTimes(t *testing.T) {
	key, delta := vp8KeyFrame(64, 48), []byte{1}
	c, err := parseIVF(ivfFile("VP80", 1000, 1,
		ivfFrame{0, delta}, ivfFrame{10, key}, ivfFrame{10, delta}, ivfFrame{50, delta}, ivfFrame{75, delta}))
	if err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{0, 40 * time.Millisecond, 25 * time.Millisecond, 25 * time.Millisecond}
	if len(c.pictures) != len(want) {
		t.Fatalf("%d pictures, want %d: the one before the key frame is dropped", len(c.pictures), len(want))
	}
	for i, p := range c.pictures {
		if p.gap != want[i] {
			t.Errorf("gap %d is %v, want %v", i, p.gap, want[i])
		}
	}
	if c.size != image.Pt(64, 48) {
		t.Errorf("size %v", c.size)
	}
}

func TestParseIVFRefuses(t *testing.T) {
	key, delta := vp8KeyFrame(64, 48), []byte{1}
	badLength := ivfFile("VP80", 10, 1)
	badLength[6] = 99
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, "not an IVF file"},
		{"text", []byte(strings.Repeat("hello ", 20)), "not an IVF file"},
		{"header only in part", recording(t, "vp8.ivf")[:20], "not an IVF file"},
		{"other codec", ivfFile("AV01", 10, 1), `IVF holds "AV01"`},
		{"wrong header length", badLength, "IVF header of 99 bytes"},
		{"no time base", ivfFile("VP80", 0, 1), "time base of zero"},
		{"no scale", ivfFile("VP80", 1, 0), "time base of zero"},
		{"no frames", ivfFile("VP80", 10, 1), "no key frame in VP8"},
		{"empty frames", ivfFile("VP80", 10, 1, ivfFrame{0, nil}), "no key frame in VP8"},
		{"no key frame", ivfFile("VP80", 10, 1, ivfFrame{0, delta}, ivfFrame{1, delta}), "no key frame in VP8"},
		{"no key frame in H.264", ivfFile("H264", 10, 1, ivfFrame{0, stream(slice)}), "no IDR picture"},
		{"not VP8 inside", ivfFile("VP80", 10, 1, ivfFrame{0, []byte("\x00hello world")}), "without its start code"},
		{"size zero", ivfFile("VP80", 10, 1, ivfFrame{0, vp8KeyFrame(0, 48)}), "size zero"},
		{"time goes back", ivfFile("VP80", 10, 1, ivfFrame{5, key}, ivfFrame{4, delta}), "picture 1: time goes back"},
		{"time leaps", ivfFile("VP80", 10, 1, ivfFrame{0, key}, ivfFrame{math.MaxUint64, delta}), "more than 10s"},
		{"no time passes", ivfFile("VP80", math.MaxUint32, 1, ivfFrame{0, key}, ivfFrame{0, delta}, ivfFrame{1, delta}), "3 pictures in 0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseIVF(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestIVFDuration(t *testing.T) {
	tests := []struct {
		clock ivfTime
		ticks uint64
		want  time.Duration
	}{
		{ivfTime{30, 1}, 30, time.Second},
		{ivfTime{30000, 1001}, 30000, 1001 * time.Second},
		{ivfTime{1000, 1}, 1, time.Millisecond},
		{ivfTime{1, math.MaxUint32}, math.MaxUint64, math.MaxInt64},
		{ivfTime{1, 1}, math.MaxUint64, math.MaxInt64},
		{ivfTime{math.MaxUint32, 1}, math.MaxUint32 * 3, 3 * time.Second},
	}
	for _, tt := range tests {
		if got := tt.clock.duration(tt.ticks); got != tt.want {
			t.Errorf("%v: %d ticks are %v, want %v", tt.clock, tt.ticks, got, tt.want)
		}
	}
}

func FuzzParseIVF(f *testing.F) {
	f.Add(recording(f, "vp8.ivf"))
	f.Add(ivfFile("H264", 10, 1, ivfFrame{0, recording(f, "baseline.h264")}))
	f.Add(ivfFile("VP80", 1000, 1, ivfFrame{0, vp8KeyFrame(64, 48)}, ivfFrame{0, []byte{1}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseIVF(data)
		checkClip(t, c, err)
	})
}
