package picture

import (
	"fmt"
	"image"
	"testing"
)

// sample is what the test pictures have at a place: different for each plane.
func sample(plane, x, y int) byte { return byte(plane*80 + x*7 + y*13) }

// memory lays a picture out.
func memory(l Layout) []byte {
	l, err := l.normal()
	if err != nil {
		panic(err)
	}
	b := make([]byte, l.Bytes())
	for y := range l.Height {
		for x := range l.Width {
			switch l.FourCC {
			case "YUYV":
				b[y*l.Stride+2*x] = sample(0, x, y)
				b[y*l.Stride+2*x+1] = sample(1+x%2, x/2, y/2)
			default:
				b[y*l.Stride+x] = sample(0, x, y)
			}
		}
	}
	for y := range l.Height / 2 {
		for x := range l.Width / 2 {
			switch c := l.Stride * l.Lines; l.FourCC {
			case "NV12":
				b[c+y*l.Stride+2*x], b[c+y*l.Stride+2*x+1] = sample(1, x, y), sample(2, x, y)
			case "YU12":
				b[c+y*l.Stride/2+x], b[c+c/4+y*l.Stride/2+x] = sample(1, x, y), sample(2, x, y)
			}
		}
	}
	return b
}

var layouts = []Layout{
	{FourCC: "NV12", Width: 8, Height: 6},
	{FourCC: "NV12", Width: 8, Height: 6, Stride: 16, Lines: 8},
	{FourCC: "YU12", Width: 8, Height: 6},
	{FourCC: "YU12", Width: 8, Height: 6, Stride: 16, Lines: 8},
	{FourCC: "YUYV", Width: 8, Height: 6},
	{FourCC: "YUYV", Width: 8, Height: 6, Stride: 32},
}

func view(t *testing.T, l Layout) View {
	t.Helper()
	v, err := Of(memory(l), l)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWrite(t *testing.T) {
	for _, l := range layouts {
		t.Run(fmt.Sprint(l), func(t *testing.T) {
			dst := New(image.Pt(8, 6))
			if err := view(t, l).Write(dst, 1); err != nil {
				t.Fatal(err)
			}
			for y := range 6 {
				for x := range 8 {
					c := dst.YCbCrAt(x, y)
					if c.Y != sample(0, x, y) || c.Cb != sample(1, x/2, y/2) || c.Cr != sample(2, x/2, y/2) {
						t.Fatalf("at %d,%d: %v", x, y, c)
					}
				}
			}
		})
	}
}

func TestTurned(t *testing.T) {
	type place struct{ x, y int } // in the original, for the corner at 1,0 of the result
	tests := []struct {
		rotation int
		mirror   bool
		size     image.Point
		from     place
	}{
		{0, false, image.Pt(8, 6), place{1, 0}},
		{0, true, image.Pt(8, 6), place{6, 0}},
		{90, false, image.Pt(6, 8), place{0, 4}},
		{180, false, image.Pt(8, 6), place{6, 5}},
		{180, true, image.Pt(8, 6), place{1, 5}},
		{270, false, image.Pt(6, 8), place{7, 1}},
		{90, true, image.Pt(6, 8), place{0, 1}},
	}
	for _, tt := range tests {
		for _, l := range layouts {
			v := view(t, l).Turned(tt.rotation, tt.mirror)
			if v.Size() != tt.size {
				t.Fatalf("%v: size %v", tt, v.Size())
			}
			dst := New(tt.size)
			if err := v.Write(dst, 1); err != nil {
				t.Fatal(err)
			}
			if got := dst.Y[1]; got != sample(0, tt.from.x, tt.from.y) {
				t.Errorf("%d %v of %v: sample %d, want that of %v", tt.rotation, tt.mirror, l, got, tt.from)
			}
		}
	}
}

// TestTurnedFourTimes: chroma moves with luma.
func TestTurnedFourTimes(t *testing.T) {
	v := view(t, layouts[0])
	want, got := New(v.Size()), New(v.Size())
	for range 4 {
		v = v.Turned(90, false)
	}
	if err := v.Write(got, 1); err != nil {
		t.Fatal(err)
	}
	if err := view(t, layouts[0]).Write(want, 1); err != nil {
		t.Fatal(err)
	}
	if string(got.Y) != string(want.Y) || string(got.Cb) != string(want.Cb) || string(got.Cr) != string(want.Cr) {
		t.Error("the picture changed")
	}
}

func TestReduced(t *testing.T) {
	tests := []struct {
		size, want image.Point
		factor     int
	}{
		{image.Pt(640, 480), image.Pt(640, 480), 1},
		{image.Pt(1280, 720), image.Pt(640, 360), 2},
		{image.Pt(1920, 1080), image.Pt(640, 360), 3},
		{image.Pt(642, 482), image.Pt(320, 240), 2},
		{image.Pt(320, 240), image.Pt(320, 240), 1},
	}
	for _, tt := range tests {
		if got, factor := Reduced(tt.size, 640); got != tt.want || factor != tt.factor {
			t.Errorf("%v: %v by %d, want %v by %d", tt.size, got, factor, tt.want, tt.factor)
		}
	}
}

func TestWriteReduced(t *testing.T) {
	l := Layout{FourCC: "YU12", Width: 16, Height: 16}
	data := memory(l)
	for i := range 256 {
		data[i] = byte(i % 16 / 2 * 10) // columns of two pixels
	}
	v, err := Of(data, l)
	if err != nil {
		t.Fatal(err)
	}
	dst := New(image.Pt(8, 8))
	if err := v.Write(dst, 2); err != nil {
		t.Fatal(err)
	}
	for x := range 8 {
		if dst.Y[x] != byte(x*10) {
			t.Errorf("column %d is %d", x, dst.Y[x])
		}
	}
	if err := v.Write(New(image.Pt(10, 8)), 2); err == nil {
		t.Error("wrote a picture larger than there is")
	}
}

func TestInto(t *testing.T) {
	l := Layout{FourCC: "YU12", Width: 8, Height: 6, Stride: 16, Lines: 16}
	data := make([]byte, l.Bytes())
	dst, err := Into(data, l)
	if err != nil {
		t.Fatal(err)
	}
	if err := view(t, layouts[0]).Write(dst, 1); err != nil {
		t.Fatal(err)
	}
	back, err := Of(data, l)
	if err != nil {
		t.Fatal(err)
	}
	again := New(image.Pt(8, 6))
	if err := back.Write(again, 1); err != nil {
		t.Fatal(err)
	}
	if again.Cr[5] != sample(2, 1, 1) {
		t.Error("chroma is at another place")
	}
	if _, err := Into(data[:100], l); err == nil {
		t.Error("wrapped too little memory")
	}
}

func TestOfRefuses(t *testing.T) {
	for _, l := range []Layout{
		{FourCC: "YU12", Width: 8, Height: 6, Stride: 4},
		{FourCC: "YU12", Width: 7, Height: 6},
		{FourCC: "YU12", Width: 8, Height: 6, Lines: 4},
		{FourCC: "RGB3", Width: 8, Height: 6},
		{FourCC: "YUYV", Width: 1 << 30, Height: 6},
		{FourCC: "YUYV", Width: -2, Height: 6},
	} {
		if _, err := Of(make([]byte, 1000), l); err == nil {
			t.Errorf("looked at %v", l)
		}
		if l.Bytes() != 0 {
			t.Errorf("%v has %d bytes", l, l.Bytes())
		}
	}
	for _, l := range layouts {
		if _, err := Of(memory(l)[:40], l); err == nil {
			t.Errorf("looked at 40 bytes of %v", l)
		}
	}
}

// FuzzOf: a view never reaches outside its memory.
func FuzzOf(f *testing.F) {
	f.Add(8, 6, 0, 0, 72, uint8(0), 90)
	f.Add(16, 16, 64, 18, 4000, uint8(2), 270)
	f.Fuzz(func(t *testing.T, w, h, stride, lines, size int, format uint8, rotation int) {
		if size < 0 || size > 1<<16 || rotation < 0 {
			return
		}
		l := Layout{FourCC: []string{"NV12", "YU12", "YUYV"}[format%3], Width: w, Height: h, Stride: stride, Lines: lines}
		v, err := Of(make([]byte, size), l)
		if err != nil {
			return
		}
		v = v.Turned(rotation, rotation%2 == 1)
		if err := v.Write(New(v.Size()), 1); err != nil {
			t.Fatal(err)
		}
	})
}
