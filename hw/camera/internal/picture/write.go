package picture

import (
	"fmt"
	"image"
)

// Reduced is the size of a picture made smaller by a whole factor, until it is
// at most maxWidth wide, and that factor.
func Reduced(size image.Point, maxWidth int) (image.Point, int) {
	factor := max(1, (size.X+maxWidth-1)/maxWidth)
	return image.Pt(size.X/factor&^1, size.Y/factor&^1), factor
}

// New makes an I420 picture.
func New(size image.Point) *image.YCbCr {
	return image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
}

// Into wraps memory of an I420 layout as a picture to write to.
func Into(data []byte, l Layout) (*image.YCbCr, error) {
	l, err := l.normal()
	if err != nil {
		return nil, err
	}
	if l.FourCC != "YU12" || len(data) < l.Bytes() {
		return nil, fmt.Errorf("write %s picture: %d bytes of room, want %d in YU12", l.FourCC, len(data), l.Bytes())
	}
	y, c := l.Stride*l.Lines, l.Stride/2*(l.Lines/2)
	return &image.YCbCr{
		Y: data[:y], Cb: data[y : y+c], Cr: data[y+c : y+2*c],
		YStride: l.Stride, CStride: l.Stride / 2,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, l.Width, l.Height),
	}, nil
}

// Write copies the picture to dst, a 4:2:0 picture from the origin: factor
// pixels in each direction become one, their mean. dst may be smaller than the
// result, which is then cut at the right and the bottom.
func (v View) Write(dst *image.YCbCr, factor int) error {
	w, h := dst.Rect.Dx(), dst.Rect.Dy()
	if size := v.Size(); factor < 1 || w*factor > size.X || h*factor > size.Y || dst.Rect.Min != (image.Point{}) {
		return fmt.Errorf("write picture of %v, reduced by %d, to %v: does not fit", v.Size(), factor, dst.Rect)
	}
	v.planes[0].write(dst.Y, dst.YStride, w, h, factor)
	v.planes[1].write(dst.Cb, dst.CStride, w/2, h/2, factor)
	v.planes[2].write(dst.Cr, dst.CStride, w/2, h/2, factor)
	return nil
}

// write copies w × h samples.
func (p plane) write(dst []byte, stride, w, h, factor int) {
	for y := range h {
		row := dst[y*stride : y*stride+w]
		from := p.base + y*factor*p.dy
		switch {
		case factor == 1 && p.dx == 1:
			copy(row, p.pix[from:from+w])
		case factor == 1:
			p.walk(row, from)
		default:
			p.average(row, from, factor)
		}
	}
}

// walk copies samples that are not beside one another.
func (p plane) walk(row []byte, from int) {
	pix, dx := p.pix, p.dx
	for x := range row {
		row[x] = pix[from]
		from += dx
	}
}

// average takes the mean of two lines of a block: all its first and its last
// line have to say for a picture that is encoded anyway.
func (p plane) average(row []byte, from, factor int) {
	below := from + (factor-1)*p.dy
	for x := range row {
		sum := 0
		for i := range factor {
			sum += int(p.pix[from+i*p.dx]) + int(p.pix[below+i*p.dx])
		}
		row[x] = byte(sum / (2 * factor))
		from += factor * p.dx
		below += factor * p.dx
	}
}
