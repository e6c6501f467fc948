package v4l2

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

func TestNALTypes(t *testing.T) {
	const sps, pps, idr, slice, aud, sei = "\x00\x00\x00\x01\x67ab", "\x00\x00\x01\x68c", "\x00\x00\x01\x65d", "\x00\x00\x00\x01\x41e", "\x00\x00\x00\x01\x09f", "\x00\x00\x01\x06g"
	tests := []struct {
		name    string
		unit    string
		types   []byte
		only    bool   // nothing but parameter sets
		headers string // what stands before the first slice
	}{
		{"key frame", sps + pps + idr, []byte{7, 8, 5}, false, sps + pps},
		{"with delimiter", aud + sps + pps + sei + idr, []byte{9, 7, 8, 6, 5}, false, aud + sps + pps + sei},
		{"key frame without", idr, []byte{5}, false, ""},
		{"slice", slice, []byte{1}, false, ""},
		{"parameter sets", sps + pps, []byte{7, 8}, true, ""},
		{"delimiter", aud, []byte{9}, false, ""},
		{"nothing", "", nil, false, ""},
		{"no start code", "hello", nil, false, ""},
		{"cut after the start code", "\x00\x00\x01", nil, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			unit := []byte(tt.unit)
			if got := nalTypes(unit); !slices.Equal(got, tt.types) {
				t.Errorf("types %v", got)
			}
			if got := onlyParameterSets(unit); got != tt.only {
				t.Errorf("only parameter sets: %v", got)
			}
			if got := parameterSets(unit); string(got) != tt.headers {
				t.Errorf("headers %q", got)
			}
		})
	}
}

// FuzzNAL feeds what a broken encoder or camera may deliver.
func FuzzNAL(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x67\x00\x00\x01\x68\x00\x00\x01\x65"))
	f.Add([]byte("\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		head := parameterSets(data)
		if !bytes.HasPrefix(data, head) {
			t.Errorf("headers are not the beginning")
		}
		if types := nalTypes(data); len(head) > 0 && !slices.Contains(types, nalSPS) {
			t.Errorf("headers %q, but NAL units %v", head, types)
		}
		if onlyParameterSets(data) && head != nil {
			t.Errorf("%q has a slice and has none", data)
		}
	})
}

func TestLayoutOf(t *testing.T) {
	tests := []struct {
		format                      FourCC
		width, height, stride, rows int
		planes                      []plane
		size                        int
	}{
		{YUYV, 640, 360, 1280, 368, []plane{{0, 1280, 1280, 360}}, 1280 * 368},
		{NV12, 640, 360, 704, 368, []plane{{0, 704, 640, 360}, {704 * 368, 704, 640, 180}}, 704 * 368 * 3 / 2},
		{YU12, 640, 360, 704, 368, []plane{{0, 704, 640, 360}, {704 * 368, 352, 320, 180}, {704*368 + 352*184, 352, 320, 180}}, 704 * 368 * 3 / 2},
	}
	for _, tt := range tests {
		l, err := layoutOf(tt.format, tt.width, tt.height, tt.stride, tt.rows)
		if err != nil || !slices.Equal(l.planes, tt.planes) || l.size != tt.size {
			t.Errorf("%v: %+v, %v", tt.format, l, err)
		}
	}
}

// FuzzCopyPlanes copies between any two layouts: no panic, and every visible
// sample arrives.
func FuzzCopyPlanes(f *testing.F) {
	f.Add(uint32(NV12), 64, 36, 64, 36, 96, 48)
	f.Add(uint32(YU12), 64, 36, 80, 36, 64, 48)
	f.Add(uint32(YUYV), -1, 36, 0, 1<<40, 64, 48)
	f.Fuzz(func(t *testing.T, format uint32, width, height, stride1, rows1, stride2, rows2 int) {
		from, err1 := layoutOf(FourCC(format), width, height, stride1, rows1)
		to, err2 := layoutOf(FourCC(format), width, height, stride2, rows2)
		if err1 != nil || err2 != nil || from.size > 1<<20 || to.size > 1<<20 {
			return
		}
		src, dst := make([]byte, from.size), make([]byte, to.size)
		random := rand.New(rand.NewPCG(1, 2))
		for i := range src {
			src[i] = byte(random.Uint32())
		}
		if err := copyPlanes(dst, to, src, from); err != nil {
			t.Fatal(err)
		}
		for i, p := range from.planes {
			for row := range p.rows {
				q := to.planes[i]
				if !bytes.Equal(src[p.offset+row*p.stride:][:p.width], dst[q.offset+row*q.stride:][:q.width]) {
					t.Fatalf("plane %d, line %d differs", i, row)
				}
			}
		}
		if copyPlanes(dst[:to.end()-1], to, src, from) == nil || copyPlanes(dst, to, src[:from.end()-1], from) == nil {
			t.Error("memory that is too short is no error")
		}
	})
}

// TestChecked keeps a driver that lies about lengths from being believed.
func TestChecked(t *testing.T) {
	q := &queue{slots: []*slot{{data: make([]byte, 100)}}}
	tests := []struct {
		name   string
		index  uint32
		in     done
		damage bool
		fails  bool
	}{
		{"fits", 0, done{used: 90, offset: 10}, false, false},
		{"too long", 0, done{used: 101}, true, false},
		{"beyond the end", 0, done{used: 91, offset: 10}, true, false},
		{"offset beyond what is used", 0, done{used: -5, offset: 10}, true, false},
		{"no such buffer", 1, done{}, false, true},
	}
	for _, tt := range tests {
		d, err := q.checked(tt.index, tt.in)
		if (err != nil) != tt.fails || (d.flags&uapi.V4L2_BUF_FLAG_ERROR != 0) != tt.damage {
			t.Errorf("%s: %+v, %v", tt.name, d, err)
		}
		if err == nil && len(d.content()) != d.used {
			t.Errorf("%s: %d bytes of content, want %d", tt.name, len(d.content()), d.used)
		}
	}
}

func TestLevelFor(t *testing.T) {
	tests := []struct{ width, height, fps, want int }{
		{640, 480, 30, 31}, {1280, 720, 30, 31}, {1280, 720, 60, 40}, {1920, 1080, 30, 40},
	}
	for _, tt := range tests {
		if got := levelFor(tt.width, tt.height, tt.fps); got != tt.want {
			t.Errorf("%dx%d at %d: %d, want %d", tt.width, tt.height, tt.fps, got, tt.want)
		}
	}
	if v, ok := kernelLevel(31); v != uapi.V4L2_MPEG_VIDEO_H264_LEVEL_3_1 || !ok {
		t.Errorf("level 3.1 is %d", v)
	}
	if v, ok := kernelLevel(40); v != uapi.V4L2_MPEG_VIDEO_H264_LEVEL_4_0 || !ok {
		t.Errorf("level 4.0 is %d", v)
	}
	if _, ok := kernelLevel(33); ok {
		t.Error("there is no level 3.3")
	}
}
