package jpeg

import (
	stdbytes "bytes"
	"encoding/binary"
	"image"
	"image/color"
	gojpeg "image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The pictures in testdata are 98 × 66 pixels of ffmpeg's test source.
func load(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// encode makes a JPEG picture of 4:2:0, or of grey.
func encode(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b stdbytes.Buffer
	if err := gojpeg.Encode(&b, img, &gojpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ramp is a picture with a gradient in each plane.
func ramp(w, h int) *image.YCbCr {
	img := frame(w, h)
	for y := range h {
		for x := range w {
			img.Y[img.YOffset(x, y)] = uint8(20 + 200*x/w)
			img.Cb[img.COffset(x, y)] = uint8(40 + 150*y/h)
			img.Cr[img.COffset(x, y)] = uint8(220 - 150*x/w)
		}
	}
	return img
}

func frame(w, h int) *image.YCbCr {
	return image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
}

// without removes the segments with a marker.
func without(data []byte, marker byte) []byte {
	out := append([]byte{}, data[:2]...)
	for i := 2; ; {
		n := 2 + int(binary.BigEndian.Uint16(data[i+2:]))
		if data[i+1] == 0xda {
			return append(out, data[i:]...)
		}
		if data[i+1] != marker {
			out = append(out, data[i:i+n]...)
		}
		i += n
	}
}

// differ is the mean difference of the luma and of the chroma of two pictures.
func differ(a, b image.Image) (luma, chroma float64) {
	n := 0
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			p, q := ycc(a.At(x, y)), ycc(b.At(x, y))
			luma += delta(p.Y, q.Y)
			chroma += (delta(p.Cb, q.Cb) + delta(p.Cr, q.Cr)) / 2
			n++
		}
	}
	return luma / float64(n), chroma / float64(n)
}

func ycc(c color.Color) color.YCbCr {
	if y, ok := c.(color.YCbCr); ok {
		return y
	}
	return color.YCbCrModel.Convert(c).(color.YCbCr)
}

func delta(a, b uint8) float64 { return float64(max(a, b) - min(a, b)) }

func TestDecodeAgreesWithAnotherDecoder(t *testing.T) {
	tests := []struct {
		name   string
		data   []byte
		luma   float64
		chroma float64 // 4:2:2 and 4:4:4 lose sharpness
	}{
		{"4:2:0", load(t, "420.jpg"), 1, 1},
		{"4:2:2", load(t, "422.jpg"), 1, 6},
		{"4:4:4", load(t, "444.jpg"), 1, 9},
		{"4:2:0 without Huffman tables", without(encode(t, ramp(64, 48)), 0xc4), 1, 1},
		{"odd size", encode(t, ramp(33, 17)), 1, 1},
		{"one pixel", encode(t, ramp(1, 1)), 1, 1},
		{"grey", encode(t, image.NewGray(image.Rect(0, 0, 40, 30))), 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			size, err := Size(tt.data)
			if err != nil {
				t.Fatal(err)
			}
			got := frame(size.X, size.Y)
			if err := Decode(got, tt.data); err != nil {
				t.Fatal(err)
			}
			want := decodeByGo(t, tt.data)
			luma, chroma := differ(got, want)
			if luma > tt.luma || chroma > tt.chroma {
				t.Errorf("luma differs by %.2f, chroma by %.2f", luma, chroma)
			}
		})
	}
}

// decodeByGo decodes with the standard library, which wants Huffman tables.
func decodeByGo(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := gojpeg.Decode(stdbytes.NewReader(data))
	if err != nil { // missing tables: the picture is the ramp
		img = ramp(64, 48)
	}
	return img
}

func TestDecodeIntoLargerPlanes(t *testing.T) {
	data := load(t, "420.jpg")
	dst := frame(128, 80)
	for i := range dst.Y {
		dst.Y[i] = 7
	}
	inner := dst.SubImage(image.Rect(0, 0, 98, 66)).(*image.YCbCr)
	if err := Decode(inner, data); err != nil {
		t.Fatal(err)
	}
	for y := range 80 {
		for x := range 128 {
			if (x >= 98 || y >= 66) && dst.Y[dst.YOffset(x, y)] != 7 {
				t.Fatalf("wrote outside the picture at %d,%d", x, y)
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := load(t, "420.jpg")
	scan := stdbytes.Index(good, []byte{0xff, 0xda})
	broken := append([]byte{}, good...)
	for i := scan + 40; i < scan+60; i++ {
		broken[i] = 0xff
	}
	progressive := append([]byte{}, good...)
	progressive[stdbytes.Index(good, []byte{0xff, 0xc0})+1] = 0xc2
	small := frame(98, 66)
	small.Cb = small.Cb[:10]
	tests := []struct {
		name string
		dst  *image.YCbCr
		data []byte
		want string
	}{
		{"nothing", frame(98, 66), nil, "the picture is empty"},
		{"text", frame(98, 66), []byte("hello"), "decode JPEG: Not a JPEG file"},
		{"end of header", frame(98, 66), good[:scan], "decode JPEG: "},
		{"half a picture", frame(98, 66), good[:len(good)/2], "decode JPEG: "},
		{"damaged", frame(98, 66), broken, "decode JPEG: "},
		{"progressive", frame(98, 66), progressive, "progressive"},
		{"other size", frame(96, 66), good, "another size"},
		{"short plane", small, good, "destination is too small"},
		{"4:4:4 destination", image.NewYCbCr(image.Rect(0, 0, 98, 66), image.YCbCrSubsampleRatio444), good, "want 4:2:0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := Decode(tt.dst, tt.data); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSizeRefuses(t *testing.T) {
	for _, data := range [][]byte{nil, {0xff}, {0xff, 0xd8, 0xff, 0xd9}, []byte("text")} {
		if size, err := Size(data); err == nil {
			t.Errorf("%q has size %v", data, size)
		}
	}
}

// TestExtraBytes: some cameras put zeros between segments.
func TestExtraBytes(t *testing.T) {
	good := load(t, "422.jpg")
	padded := append(append(append([]byte{}, good[:20]...), 0, 0, 0), good[20:]...)
	if err := Decode(frame(98, 66), padded); err != nil {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"420.jpg", "422.jpg", "444.jpg"} {
		f.Add(load(f, name))
	}
	f.Add(encode(f, image.NewGray(image.Rect(0, 0, 9, 9))))
	f.Fuzz(func(t *testing.T, data []byte) {
		size, err := Size(data)
		if err != nil || size.X > 512 || size.Y > 512 {
			return
		}
		const guard = 0xa5
		dst := frame(size.X+2, size.Y+2)
		for i := range dst.Y {
			dst.Y[i] = guard
		}
		inner := dst.SubImage(image.Rect(0, 0, size.X, size.Y)).(*image.YCbCr)
		if Decode(inner, data) != nil {
			return
		}
		for y := range size.Y + 2 {
			if dst.Y[dst.YOffset(size.X, y)] != guard || dst.Y[dst.YOffset(size.X+1, y)] != guard {
				t.Fatal("wrote outside the picture")
			}
		}
	})
}

func BenchmarkDecode720p(b *testing.B) {
	data := encode(b, ramp(1280, 720))
	dst := frame(1280, 720)
	for b.Loop() {
		if err := Decode(dst, data); err != nil {
			b.Fatal(err)
		}
	}
}
