package camera

import (
	"image"
	"image/color"
	"io"
	"math"
	"time"

	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/internal/pace"
)

// poolSize is the number of pictures a pattern reader goes round with. Readers
// behind mediadevices' broadcaster share them and never give them back, so a
// picture has to stay as it is while a slow encoder works on it: that one may
// be poolSize-1 pictures late, 233 ms at 30 per second, before it sees a newer
// picture in place of the one it wanted.
const poolSize = 8

// Levels of the pattern (ITU-R BT.601, limited range).
const (
	black   = 16
	white   = 235
	neutral = 128
)

// The strip at the bottom of the pattern carries the frame number for programs:
// StripCells cells of equal width, 1/StripHeight of the picture high, each
// white (1) or black (0). They are 1, 0, the number modulo 2^StripBits with its
// highest bit first, the bit that makes the number of ones in all even, and 1.
const (
	StripBits   = 24
	StripCells  = StripBits + 4
	StripHeight = 16
)

// pattern is the test picture: bars of colour, and before them a block that
// moves and changes colour, the time of day and the frame number.
type pattern struct {
	width, height int
	fps           int
	background    *image.YCbCr
}

func newPattern(width, height, fps int) *pattern {
	p := &pattern{width: width, height: height, fps: fps}
	p.background = p.blank()
	bars := []color.YCbCr{
		{Y: 180, Cb: 128, Cr: 128}, {Y: 162, Cb: 44, Cr: 142}, {Y: 131, Cb: 156, Cr: 44},
		{Y: 112, Cb: 72, Cr: 58}, {Y: 84, Cb: 184, Cr: 198}, {Y: 65, Cb: 100, Cr: 212}, {Y: 35, Cb: 212, Cr: 114},
	}
	for i, c := range bars {
		bar := image.Rect(i*width/len(bars), 0, (i+1)*width/len(bars), height)
		fill(p.background, bar, c)
	}
	return p
}

func (p *pattern) blank() *image.YCbCr {
	return image.NewYCbCr(image.Rect(0, 0, p.width, p.height), image.YCbCrSubsampleRatio420)
}

func (p *pattern) properties() prop.Video {
	return prop.Video{
		Width: p.width, Height: p.height,
		FrameRate: float32(p.fps), FrameFormat: frame.FormatI420,
	}
}

func (p *pattern) close() error { return nil }

func (p *pattern) record(done <-chan struct{}) (video.Reader, error) {
	r := &patternReader{pattern: p, done: done, start: time.Now()}
	for i := range r.pool {
		r.pool[i] = p.blank()
	}
	return r, nil
}

// draw paints picture number n, taken at a time.
func (p *pattern) draw(dst *image.YCbCr, n uint64, at time.Time) {
	copy(dst.Y, p.background.Y)
	copy(dst.Cb, p.background.Cb)
	copy(dst.Cr, p.background.Cr)

	side := p.height / 4
	corner := image.Pt(bounce(n*uint64(p.width)/128, p.width-side), bounce(n*uint64(p.height)/160, p.height-side))
	fill(dst, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(side, side))}, hue(n))

	scale := max(1, p.width/160)
	line := (glyphHeight + 4) * scale
	drawText(dst, image.Pt(2*scale, 2*scale), scale, at.Format("15:04:05.000"))
	drawText(dst, image.Pt(2*scale, 2*scale+line), scale, frameNumber(n))
	p.drawStrip(dst, n)
}

// drawStrip paints the frame number as [StripCells] describes.
func (p *pattern) drawStrip(dst *image.YCbCr, n uint64) {
	bits, ones := uint64(0b10), uint64(0)
	for i := StripBits - 1; i >= 0; i-- {
		bit := n >> i & 1
		bits, ones = bits<<1|bit, ones+bit
	}
	bits = bits<<2 | ones&1<<1 | 1
	top := p.height - p.height/StripHeight
	for i := range StripCells {
		c := color.YCbCr{Y: black, Cb: neutral, Cr: neutral}
		if bits>>(StripCells-1-i)&1 == 1 {
			c.Y = white
		}
		fill(dst, image.Rect(i*p.width/StripCells, top, (i+1)*p.width/StripCells, p.height), c)
	}
}

// bounce goes from 0 to limit and back again.
func bounce(n uint64, limit int) int {
	if limit <= 0 {
		return 0
	}
	i := int(n % uint64(2*limit))
	if i > limit {
		i = 2*limit - i
	}
	return i
}

// hue goes round the colour circle once in 32 pictures.
func hue(n uint64) color.YCbCr {
	sin, cos := math.Sincos(2 * math.Pi * float64(n%32) / 32)
	return color.YCbCr{Y: 140, Cb: uint8(neutral + 90*cos), Cr: uint8(neutral + 90*sin)}
}

// frameNumber is "#" and the last seven digits of the number.
func frameNumber(n uint64) string {
	digits := []byte("#0000000")
	for i := len(digits) - 1; i > 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return string(digits)
}

// drawText writes white on black. Each pixel of a glyph is a square of scale
// pixels.
func drawText(dst *image.YCbCr, at image.Point, scale int, text string) {
	margin := image.Pt(scale, scale)
	size := image.Pt(len(text)*glyphAdvance*scale, glyphHeight*scale)
	box := image.Rectangle{Min: at.Sub(margin), Max: at.Add(size).Add(margin)}
	fill(dst, box, color.YCbCr{Y: black, Cb: neutral, Cr: neutral})
	for i := range len(text) {
		for row, pixels := range glyph(text[i]) {
			for col := range glyphWidth {
				if pixels>>(glyphWidth-1-col)&1 == 1 {
					corner := at.Add(image.Pt((i*glyphAdvance+col)*scale, row*scale))
					square := image.Rectangle{Min: corner, Max: corner.Add(margin)}
					fillPlane(dst.Y, dst.YStride, square.Intersect(dst.Rect), white)
				}
			}
		}
	}
}

// fill paints what of a rectangle is inside the picture. The chroma of its odd
// edges is painted as well.
func fill(dst *image.YCbCr, r image.Rectangle, c color.YCbCr) {
	r = r.Intersect(dst.Rect)
	if r.Empty() {
		return
	}
	half := image.Rect(r.Min.X/2, r.Min.Y/2, (r.Max.X+1)/2, (r.Max.Y+1)/2)
	fillPlane(dst.Y, dst.YStride, r, c.Y)
	fillPlane(dst.Cb, dst.CStride, half, c.Cb)
	fillPlane(dst.Cr, dst.CStride, half, c.Cr)
}

func fillPlane(pix []byte, stride int, r image.Rectangle, value byte) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := pix[y*stride+r.Min.X : y*stride+r.Max.X]
		for i := range row {
			row[i] = value
		}
	}
}

// patternReader takes pictures of the pattern. One goroutine reads it.
type patternReader struct {
	pattern *pattern
	done    <-chan struct{}
	start   time.Time
	next    uint64 // number of the picture to come
	pool    [poolSize]*image.YCbCr
	turn    int
}

// Read waits for the next picture. A picture whose time is over when Read is
// called was missed; its number is left out.
func (r *patternReader) Read() (image.Image, func(), error) {
	if now := r.numberAt(time.Now()); now > r.next {
		r.next = now
	}
	if !pace.Until(r.done, r.due(r.next)) {
		return nil, nil, io.EOF
	}
	dst := r.pool[r.turn]
	r.turn = (r.turn + 1) % poolSize
	r.pattern.draw(dst, r.next, time.Now())
	r.next++
	return dst, func() {}, nil
}

// due is when picture n is taken. Counting from the start keeps the rate exact.
func (r *patternReader) due(n uint64) time.Time {
	fps := uint64(r.pattern.fps)
	return r.start.Add(time.Duration(n/fps)*time.Second + time.Duration(n%fps)*time.Second/time.Duration(fps))
}

// numberAt is the number of the picture whose time includes t.
func (r *patternReader) numberAt(t time.Time) uint64 {
	since := max(0, t.Sub(r.start))
	fps := time.Duration(r.pattern.fps)
	return uint64(since/time.Second*fps + since%time.Second*fps/time.Second)
}
