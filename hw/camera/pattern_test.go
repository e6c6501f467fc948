package camera

import (
	"bytes"
	"image"
	"image/color"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatternKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := started(t, newPattern(64, 64, 30), make(chan struct{}))
		for n := range 91 {
			if _, _, err := r.Read(); err != nil {
				t.Fatal(err)
			}
			want := time.Duration(n) * time.Second / 30
			if took := time.Since(start); took != want {
				t.Fatalf("picture %d after %v, want %v", n, took, want)
			}
		}
	})
}

// A late reader loses what it missed: it gets the present picture at once and
// the next one in its time.
func TestPatternDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := started(t, newPattern(64, 64, 10), make(chan struct{})).(*patternReader)
		for _, step := range []struct{ work, at time.Duration }{
			{0, 0},
			{250 * time.Millisecond, 250 * time.Millisecond}, // number 2, late
			{0, 300 * time.Millisecond},
			{99 * time.Millisecond, 400 * time.Millisecond},
			{10 * time.Second, 10400 * time.Millisecond},
			{0, 10500 * time.Millisecond},
		} {
			time.Sleep(step.work)
			if _, _, err := r.Read(); err != nil {
				t.Fatal(err)
			}
			if at := time.Since(start); at != step.at {
				t.Errorf("picture at %v, want %v", at, step.at)
			}
			if want := uint64(step.at / (100 * time.Millisecond)); r.next != want+1 {
				t.Errorf("number %d, want %d", r.next-1, want)
			}
		}
	})
}

func TestPatternEndsWhenClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		r := started(t, newPattern(64, 64, 1), done)
		if _, _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		time.AfterFunc(10*time.Millisecond, func() { close(done) })
		wantEOF(t, r)
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("Read ended %v after the start, want at once after 10ms", took)
		}
		wantEOF(t, r)
	})
}

// Shared pictures stay as they are until poolSize-1 newer ones were read.
func TestPatternKeepsPictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := started(t, newPattern(320, 240, 30), make(chan struct{}))
		img, release, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		release()
		before := bytes.Clone(img.(*image.YCbCr).Y)
		for range poolSize - 1 {
			if _, _, err := r.Read(); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(before, img.(*image.YCbCr).Y) {
			t.Error("the picture changed too early")
		}
	})
}

func TestPatternPicturesDiffer(t *testing.T) {
	sizes := []image.Point{{MinSize, MinSize}, {66, 98}, {640, 360}, {1280, 720}}
	at := time.Date(2020, 1, 2, 3, 4, 5, 678e6, time.UTC)
	for _, size := range sizes {
		p := newPattern(size.X, size.Y, 30)
		last := p.blank()
		p.draw(last, 0, at)
		pictures := uint64(100)
		if size.X > 100 { // the pattern is the same, only slower to draw
			pictures = 20
		}
		for n := uint64(1); n < pictures; n++ {
			img := p.blank()
			p.draw(img, n, at)
			if d := difference(last, img); d < 0.2 {
				t.Fatalf("%v: pictures %d and %d differ by %.2f levels a pixel, want 0.2", size, n-1, n, d)
			}
			last = img
		}
	}
}

// difference is the mean of the absolute differences of all samples.
func difference(a, b *image.YCbCr) float64 {
	sum, count := 0, 0
	for _, planes := range [][2][]byte{{a.Y, b.Y}, {a.Cb, b.Cb}, {a.Cr, b.Cr}} {
		for i := range planes[0] {
			sum += max(int(planes[0][i])-int(planes[1][i]), int(planes[1][i])-int(planes[0][i]))
		}
		count += len(planes[0])
	}
	return float64(sum) / float64(count)
}

// The clock can be read back from the picture, glyph by glyph.
func TestPatternShowsClock(t *testing.T) {
	p := newPattern(640, 360, 30)
	img := p.blank()
	p.draw(img, 1234567, time.Date(2020, 1, 2, 13, 4, 59, 678e6, time.UTC))
	scale := 640 / 160
	for _, line := range []struct {
		row  int
		want string
	}{
		{2 * scale, "13:04:59.678"},
		{2*scale + (glyphHeight+4)*scale, "#1234567"},
	} {
		if got := readText(img, image.Pt(2*scale, line.row), scale, len(line.want)); got != line.want {
			t.Errorf("picture shows %q, want %q", got, line.want)
		}
	}
}

// readText compares every cell with every glyph.
func readText(img *image.YCbCr, at image.Point, scale, length int) string {
	var text []byte
	for i := range length {
		var cell [glyphHeight]byte
		for row := range cell {
			for col := range glyphWidth {
				x, y := at.X+(i*glyphAdvance+col)*scale, at.Y+row*scale
				cell[row] = cell[row]<<1 | img.Y[img.YOffset(x, y)]>>7
			}
		}
		found := byte('?')
		for _, c := range []byte("0123456789:.#") {
			if glyph(c) == cell {
				found = c
			}
		}
		text = append(text, found)
	}
	return string(text)
}

func TestGlyphsDiffer(t *testing.T) {
	seen := map[[glyphHeight]byte]byte{{}: ' '}
	for _, c := range []byte("0123456789:.#") {
		if other, ok := seen[glyph(c)]; ok {
			t.Errorf("%q looks like %q", c, other)
		}
		seen[glyph(c)] = c
	}
}

func TestFillStaysInside(t *testing.T) {
	p := newPattern(64, 64, 1)
	for _, r := range []image.Rectangle{
		image.Rect(-10, -10, 5, 5), image.Rect(60, 60, 100, 100), image.Rect(100, 100, 110, 110), image.Rect(63, 63, 64, 64),
	} {
		fill(p.background, r, color.YCbCr{Y: 1, Cb: 2, Cr: 3})
	}
	if y := p.background.Y[0]; y != 1 {
		t.Errorf("corner is %d, want 1", y)
	}
}

func TestBounce(t *testing.T) {
	for n, want := range []int{0, 1, 2, 3, 2, 1, 0, 1} {
		if got := bounce(uint64(n), 3); got != want {
			t.Errorf("bounce(%d) = %d, want %d", n, got, want)
		}
	}
	if got := bounce(5, 0); got != 0 {
		t.Errorf("bounce without room = %d, want 0", got)
	}
}

func BenchmarkPattern720p(b *testing.B) {
	p := newPattern(1280, 720, 30)
	img := p.blank()
	for n := range b.N {
		p.draw(img, uint64(n), time.Unix(0, 0))
	}
}
