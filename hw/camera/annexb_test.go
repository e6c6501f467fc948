package camera

import (
	"bytes"
	"errors"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/h264"
)

const gap = 100 * time.Millisecond

func TestNALs(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want []string
	}{
		{"nothing", "", nil},
		{"no start code", "abc", nil},
		{"one", "\x00\x00\x01A", []string{"A"}},
		{"long start code", "\x00\x00\x00\x01A", []string{"A"}},
		{"two", "\x00\x00\x01A\x00\x00\x01B", []string{"A", "B"}},
		{"two long", "\x00\x00\x00\x01A\x00\x00\x00\x01B", []string{"A", "B"}},
		{"empty left out", "\x00\x00\x01\x00\x00\x01B\x00\x00\x01", []string{"B"}},
		{"zeros inside", "\x00\x00\x01A\x00\x00B", []string{"A\x00\x00B"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for n := range h264.NALs([]byte(tt.in)) {
				got = append(got, string(n.Unit))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// NAL units for grouping: the letter after the header tells them apart. The
// high bit of the byte after a slice's header is first_mb_in_slice = 0.
const (
	aud       = "\x09a"
	sps       = "\x67s"
	pps       = "\x68p"
	sei       = "\x06i"
	idr       = "\x65\x80I"
	idrMore   = "\x65\x40J"
	slice     = "\x61\x80S"
	sliceMore = "\x61\x40T"
	partB     = "\x23\x80B"
)

func TestAccessUnits(t *testing.T) {
	join := func(units ...string) string { return string(stream(units...)) }
	tests := []struct {
		name  string
		units []string
		want  []string
		keys  []int
	}{
		{"single slices", []string{sps, pps, idr, slice, slice},
			[]string{join(sps, pps, idr), join(slice), join(slice)}, []int{0}},
		{"several slices", []string{sps, pps, idr, idrMore, slice, sliceMore, sliceMore},
			[]string{join(sps, pps, idr, idrMore), join(slice, sliceMore, sliceMore)}, []int{0}},
		{"access unit delimiters", []string{aud, sps, pps, idr, aud, slice, aud, slice},
			[]string{join(aud, sps, pps, idr), join(aud, slice), join(aud, slice)}, []int{0}},
		{"SEI belongs to the next", []string{sps, pps, idr, sei, slice},
			[]string{join(sps, pps, idr), join(sei, slice)}, []int{0}},
		{"data partitions stay", []string{sps, pps, idr, "\x62\x80A", partB, slice},
			[]string{join(sps, pps, idr), join("\x62\x80A", partB), join(slice)}, []int{0}},
		{"parameter sets repeated", []string{sps, pps, idr, slice, idr},
			[]string{join(sps, pps, idr), join(slice), join(sps, pps, idr)}, []int{0, 2}},
		{"newest parameter sets repeated", []string{"\x67old", pps, idr, "\x67new", pps, idr, slice, idr},
			[]string{join("\x67old", pps, idr), join("\x67new", pps, idr), join(slice), join("\x67new", pps, idr)}, []int{0, 1, 3}},
		{"nothing after the last slice", []string{sps, pps, idr, sps, pps},
			[]string{join(sps, pps, idr)}, []int{0}},
		{"IDR without parameter sets is no key", []string{idr, slice, sps, pps, idr},
			[]string{join(idr), join(slice), join(sps, pps, idr)}, []int{2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := stream(tt.units...)
			var got []string
			var keys []int
			g := &grouper{stream: data}
			add := func(p picture) {
				if p.key {
					keys = append(keys, len(got))
				}
				got = append(got, string(p.payload()))
			}
			for n := range h264.NALs(data) {
				if p, ok := g.add(n); ok {
					add(p)
				}
			}
			if g.slices {
				add(g.finish(len(data)))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("access units\n got %q\nwant %q", got, tt.want)
			}
			if !slices.Equal(keys, tt.keys) {
				t.Errorf("key frames %v, want %v", keys, tt.keys)
			}
		})
	}
}

func TestParseAnnexBRecordings(t *testing.T) {
	for _, name := range []string{"baseline.h264", "high.h264"} {
		t.Run(name, func(t *testing.T) {
			c, err := parseAnnexB(recording(t, name), gap)
			if err != nil {
				t.Fatal(err)
			}
			checkRecording(t, c)
			var all []byte
			for _, p := range c.pictures {
				all = append(all, p.payload()...)
			}
			if !bytes.Equal(all, recording(t, name)) {
				t.Error("the access units are not the file")
			}
		})
	}
}

func checkRecording(t *testing.T, c *clip) {
	t.Helper()
	if c.size != image.Pt(98, 66) {
		t.Errorf("size %v, want 98 × 66", c.size)
	}
	if len(c.pictures) != 12 {
		t.Fatalf("%d pictures, want 12", len(c.pictures))
	}
	for i, p := range c.pictures {
		if p.key != (i%5 == 0) {
			t.Errorf("picture %d: key %v", i, p.key)
		}
		if p.gap != gap {
			t.Errorf("picture %d: gap %v, want %v", i, p.gap, gap)
		}
	}
}

// A stream whose encoder writes its headers once gets them at every IDR.
func TestParameterSetsOfRealStreamAreRepeated(t *testing.T) {
	full := recording(t, "high.h264")
	seen := 0
	once := only(full, func(_ int, n h264.NAL) bool {
		if n.Kind() == h264.SPS || n.Kind() == h264.PPS {
			seen++
			return seen <= 2
		}
		return true
	})
	c, err := parseAnnexB(once, gap)
	if err != nil {
		t.Fatal(err)
	}
	checkRecording(t, c)
	for i, p := range c.pictures {
		if p.key && !bytes.HasPrefix(p.payload(), once[:20]) {
			t.Errorf("key frame %d does not begin with the SPS", i)
		}
	}
}

func TestParseAnnexBRefuses(t *testing.T) {
	baseline := recording(t, "baseline.h264")
	without := func(kind int) []byte {
		return only(baseline, func(_ int, n h264.NAL) bool { return n.Kind() != kind })
	}
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"nothing", nil, "no start code at the beginning"},
		{"zeros", make([]byte, 100), "no start code at the beginning"},
		{"text", []byte("hello, world"), "no start code at the beginning"},
		{"junk before the first start code", append([]byte("junk"), baseline...), "no start code at the beginning"},
		{"no IDR", without(h264.IDR), "no key frame"},
		{"no SPS", without(h264.SPS), "no key frame"},
		{"only start codes", bytes.Repeat([]byte{0, 0, 1}, 50), "no key frame"},
		{"SPS cut off", stream("\x67\x42", pps, idr), "SPS ends too early"},
		{"too many pictures", bytes.Repeat([]byte("\x00\x00\x01\x61\x80"), MaxPictures+2), "more than 262144 pictures"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseAnnexB(tt.in, gap)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := parseAnnexB(without(h264.IDR), gap); !errors.Is(err, errNoKeyFrame) {
		t.Errorf("error %v is not errNoKeyFrame", err)
	}
}

func FuzzParseAnnexB(f *testing.F) {
	f.Add(recording(f, "baseline.h264"))
	f.Add(recording(f, "high.h264"))
	f.Add(stream(sps, pps, idr, slice))
	f.Add(bytes.Repeat([]byte{0, 0, 1}, 9))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseAnnexB(data, gap)
		checkClip(t, c, err)
	})
}

// checkClip checks what holds for every clip, whatever the file.
func checkClip(t *testing.T, c *clip, err error) {
	t.Helper()
	if err != nil {
		if c != nil {
			t.Error("a clip and an error")
		}
		return
	}
	if len(c.pictures) == 0 || !c.pictures[0].key {
		t.Fatal("does not begin with a key frame")
	}
	if c.size.X < 1 || c.size.Y < 1 || c.duration() <= 0 {
		t.Fatalf("size %v, duration %v", c.size, c.duration())
	}
	for i, p := range c.pictures {
		if len(p.payload()) == 0 || p.gap < 0 {
			t.Fatalf("picture %d: %d bytes, gap %v", i, len(p.payload()), p.gap)
		}
	}
}
