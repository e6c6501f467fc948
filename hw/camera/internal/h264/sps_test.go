package h264

import (
	"image"
	"os"
	"strings"
	"testing"
)

// bitWriter builds SPSs: "0101" are bits, numbers are ue(v) codes.
type bitWriter struct{ out strings.Builder }

func (w *bitWriter) bits(s string) { w.out.WriteString(s) }

func (w *bitWriter) ue(v uint64) {
	v++
	n := 0
	for v>>n > 1 {
		n++
	}
	w.bits(strings.Repeat("0", n))
	for i := n; i >= 0; i-- {
		w.bits(string('0' + byte(v>>i&1)))
	}
}

func (w *bitWriter) bytes() []byte {
	s := w.out.String() + "1"
	s += strings.Repeat("0", (8-len(s)%8)%8)
	b := make([]byte, len(s)/8)
	for i, c := range s {
		b[i/8] |= byte(c-'0') << (7 - i%8)
	}
	return b
}

// makeSPS builds a baseline SPS of whole macroblocks.
func makeSPS(widthMBs, heightUnits uint64, frameOnly bool, crop ...uint64) []byte {
	w := &bitWriter{}
	w.bits("01100111" + "01000010" + "11000000" + "00011111")
	w.ue(0) // seq_parameter_set_id
	w.ue(0) // log2_max_frame_num_minus4
	w.ue(2) // pic_order_cnt_type
	w.ue(1) // max_num_ref_frames
	w.bits("0")
	w.ue(widthMBs - 1)
	w.ue(heightUnits - 1)
	if frameOnly {
		w.bits("1")
	} else {
		w.bits("00")
	}
	w.bits("1")
	if len(crop) == 0 {
		w.bits("0")
	} else {
		w.bits("1")
		for _, c := range crop {
			w.ue(c)
		}
	}
	w.bits("0") // vui_parameters_present_flag
	return w.bytes()
}

func TestParseSPS(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want image.Point
	}{
		{"720p", makeSPS(80, 45, true), image.Pt(1280, 720)},
		{"1080p cropped", makeSPS(120, 68, true, 0, 0, 0, 4), image.Pt(1920, 1080)},
		{"interlaced", makeSPS(120, 34, false, 0, 0, 0, 2), image.Pt(1920, 1080)},
		{"cropped on all sides", makeSPS(10, 10, true, 1, 2, 3, 4), image.Pt(154, 146)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSPS(tt.in)
			if err != nil || got != tt.want {
				t.Errorf("parseSPS = %v, %v, want %v", got, err, tt.want)
			}
			for n := range tt.in {
				if size, err := ParseSPS(tt.in[:n]); err == nil && size != tt.want {
					t.Errorf("first %d bytes: size %v and no error", n, size)
				}
			}
		})
	}
}

func TestParseSPSRefuses(t *testing.T) {
	tests := []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "ends too early"},
		{"header only", []byte{0x67}, "ends too early"},
		{"too wide", makeSPS(1<<30, 4, true), "bigger than"},
		{"too high", makeSPS(4, MaxSize, true), "bigger than"},
		{"cropped away", makeSPS(4, 4, true, 16, 16, 0, 0), "crops the whole"},
		{"cropped by billions", makeSPS(4, 4, true, 1<<31, 1<<31, 0, 0), "crops the whole"},
		{"endless code", append([]byte{0x67, 0x42, 0, 0}, make([]byte, 20)...), "more than 32 bits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseSPS(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestUnescape(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"abc", "abc"},
		{"\x00\x00\x03\x01", "\x00\x00\x01"},
		{"\x00\x00\x03\x00\x00\x03", "\x00\x00\x00\x00"},
		{"\x00\x03", "\x00\x03"},
	}
	for _, tt := range tests {
		if got := string(unescape([]byte(tt.in))); got != tt.want {
			t.Errorf("unescape(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// recording is a stream of high profile.
func recording(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/high.h264")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func FuzzParseSPS(f *testing.F) {
	f.Add(makeSPS(80, 45, true))
	f.Add(makeSPS(120, 34, false, 0, 0, 0, 2))
	for n := range NALs(recording(f)) {
		if n.Kind() == SPS {
			f.Add(n.Unit)
		}
	}
	f.Fuzz(func(t *testing.T, unit []byte) {
		size, err := ParseSPS(unit)
		if err == nil && (size.X < 1 || size.Y < 1 || size.X > MaxSize || size.Y > 2*MaxSize) {
			t.Errorf("size %v", size)
		}
	})
}
