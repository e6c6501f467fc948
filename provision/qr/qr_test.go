package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample is a text of n bytes as a configuration has them.
func sample(n int) string {
	text := strings.Repeat(`INTERCOM1:{"name":"Anna","user_id":101,"password":"Äpfel & \"Birnen\""}`, 1+n/60)
	for !isWhole(text[:n]) {
		n--
	}
	return text[:n]
}

func isWhole(s string) bool {
	return !strings.ContainsRune(s, '\ufffd') && s == strings.ToValidUTF8(s, "")
}

func draw(t testing.TB, text string) Code {
	t.Helper()
	c, err := Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// scenes are what an installer does with a telephone in front of a door.
func scenes() map[string]scene {
	return map[string]scene{
		"straight":             {},
		"turned, noise":        {turn: 5, noise: 10},
		"turned, dark side":    {turn: 15, noise: 20, light: true},
		"leaning, unsharp":     {turn: 8, tilt: 0.1, blur: 1, noise: 15, light: true},
		"on its side, unsharp": {turn: 90, blur: 1, noise: 10},
	}
}

func TestReadsUpToMaxReadable(t *testing.T) {
	for _, tt := range []struct {
		bytes int
		part  float64 // of the picture's height
	}{{50, 0.9}, {50, 0.5}, {250, 0.7}, {MaxReadable, 0.9}, {MaxReadable, 0.5}} {
		text := sample(tt.bytes)
		c := draw(t, text)
		for name, s := range scenes() {
			s.module = tt.part * height / float64(c.Modules()+2*quiet)
			if got := Decode(s.shoot(c)); !slices.Equal(got, []string{text}) {
				t.Errorf("%d bytes, %s, %.1f of the height: read %q", tt.bytes, name, tt.part, got)
			}
		}
	}
}

func TestReadsItsPNG(t *testing.T) {
	for _, n := range []int{1, 100, MaxReadable, 1500} {
		for _, scale := range []int{4, 8} {
			text := sample(n)
			img, err := png.Decode(bytes.NewReader(draw(t, text).PNG(scale)))
			if err != nil {
				t.Fatal(err)
			}
			if got := Decode(img); !slices.Equal(got, []string{text}) {
				t.Errorf("%d bytes, scale %d: read %q", n, scale, got)
			}
		}
	}
}

// TestOthersReadItsPNG has another program read the picture.
func TestOthersReadItsPNG(t *testing.T) {
	for _, n := range []int{100, MaxReadable, 1500} {
		text := strings.Repeat("abc{}:01", n/8)
		file := filepath.Join(t.TempDir(), "code.png")
		if err := os.WriteFile(file, draw(t, text).PNG(8), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := exec.Command("zbarimg", "--quiet", "--raw", "--nodbus", file).Output()
		if err != nil {
			t.Fatalf("zbarimg of the package zbar-tools: %v", err)
		}
		if string(got) != text+"\n" {
			t.Errorf("zbarimg read %q", got)
		}
	}
}

func TestReadsItsTerminal(t *testing.T) {
	text := sample(200)
	c := draw(t, text)
	drawn := strings.NewReplacer("\x1b[97;40m", "", "\x1b[0m", "").Replace(c.Terminal())
	lines := strings.Split(strings.TrimSuffix(drawn, "\n"), "\n")
	const scale = 6
	side := c.Modules() + 2*quiet
	img := image.NewGray(image.Rect(0, 0, side*scale, side*scale))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			cell := []rune(lines[y/scale/2])[x/scale]
			upper := y/scale%2 == 0
			if cell == '█' || cell == '▀' && upper || cell == '▄' && !upper {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	if got := Decode(img); !slices.Equal(got, []string{text}) {
		t.Errorf("read %q", got)
	}
}

func TestReadsPicturesOfCameras(t *testing.T) {
	text := sample(100)
	img, err := png.Decode(bytes.NewReader(draw(t, text).PNG(6)))
	if err != nil {
		t.Fatal(err)
	}
	r := img.Bounds().Add(image.Pt(100, 50))
	video := image.NewYCbCr(r.Inset(-50), image.YCbCrSubsampleRatio420)
	for i := range video.Y {
		video.Y[i] = 255
	}
	coloured := image.NewRGBA(r)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			grey, _ := color.GrayModel.Convert(img.At(x, y)).(color.Gray)
			video.Y[video.YOffset(x+r.Min.X, y+r.Min.Y)] = grey.Y
			coloured.SetRGBA(x+r.Min.X, y+r.Min.Y, color.RGBA{R: grey.Y, G: grey.Y, B: 90, A: 255})
		}
	}
	for _, img := range []image.Image{video, coloured} {
		if got := Decode(img); !slices.Equal(got, []string{text}) {
			t.Errorf("%T: read %q", img, got)
		}
	}
}

func TestLargePicturesAreReduced(t *testing.T) {
	text := sample(100)
	img, err := png.Decode(bytes.NewReader(draw(t, text).PNG(60)))
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X*size.Y <= MaxPixels {
		t.Fatalf("%v is not large", size)
	}
	if size := reduce(img).Rect.Size(); size.X*size.Y > MaxPixels {
		t.Errorf("reduced to %v", size)
	}
	if got := Decode(img); !slices.Equal(got, []string{text}) {
		t.Errorf("read %q", got)
	}
}

func TestNoCode(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	noise := image.NewGray(image.Rect(0, 0, 640, 480))
	for i := range noise.Pix {
		noise.Pix[i] = byte(random.IntN(256))
	}
	for name, img := range map[string]image.Image{
		"empty": image.NewGray(image.Rectangle{}), "one pixel": image.NewGray(image.Rect(0, 0, 1, 1)),
		"a line": image.NewGray(image.Rect(0, 0, 3000, 1)), "black": image.NewGray(image.Rect(0, 0, 64, 64)),
		"noise": noise,
	} {
		if got := Decode(img); len(got) > 0 {
			t.Errorf("%s: read %q", name, got)
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := Encode(strings.Repeat("ä", 2000)); err == nil || !strings.Contains(err.Error(), "make QR code of 4000 bytes") {
		t.Errorf("error %v", err)
	}
	if _, err := Encode(sample(2900)); err != nil {
		t.Errorf("2900 bytes: %v", err)
	}
}

// FuzzDecode looks for pictures that end the program or take it for ever.
func FuzzDecode(f *testing.F) {
	small := draw(f, "INTERCOM1:{}")
	f.Add(small.PNG(2), uint16(41))
	f.Add(bytes.Repeat([]byte{0, 255}, 500), uint16(25))
	f.Fuzz(func(t *testing.T, pixels []byte, width uint16) {
		w := int(width)
		if w == 0 || len(pixels) < w {
			return
		}
		img := &image.Gray{Pix: pixels, Stride: w, Rect: image.Rect(0, 0, w, len(pixels)/w)}
		for _, text := range Decode(img) {
			if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
				t.Errorf("read %q", text)
			}
		}
	})
}

// FuzzDamaged reads codes with pixels that are wrong.
func FuzzDamaged(f *testing.F) {
	f.Add("text", []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, text string, damage []byte) {
		c, err := Encode(text)
		if err != nil || c.Modules() > 60 {
			return
		}
		img, err := png.Decode(bytes.NewReader(c.PNG(3)))
		if err != nil {
			t.Fatal(err)
		}
		grey := reduce(img)
		for i, d := range damage {
			grey.Pix[(i*7919+int(d)*31)%len(grey.Pix)] ^= 255
		}
		for _, got := range Decode(grey) {
			if len(got) > 2953 {
				t.Errorf("read %d bytes", len(got))
			}
		}
	})
}

// BenchmarkNoCode is what a picture of 1280x720 costs that shows no code, the
// most that one can.
func BenchmarkNoCode(b *testing.B) {
	code, err := Encode("x")
	if err != nil {
		b.Fatal(err)
	}
	img := scene{module: 0.5, noise: 20, light: true}.shoot(code)
	for b.Loop() {
		if texts := Decode(img); len(texts) > 0 {
			b.Fatalf("read %q", texts)
		}
	}
}
