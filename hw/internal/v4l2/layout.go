package v4l2

import (
	"fmt"
	"slices"
)

// maxSide bounds widths and heights in pixels, so that sizes cannot overflow.
const maxSide = 1 << 14

// plane is a rectangle of samples in a raw picture, in bytes and lines.
type plane struct {
	offset, stride, width, rows int
}

// layout is how a raw picture lies in one piece of memory.
type layout struct {
	planes []plane
	size   int // bytes
}

// minStride is the stride of lines without a gap, in bytes; 0 for formats that
// are not known.
func minStride(format FourCC, width int) int {
	switch format {
	case YUYV, UYVY:
		return 2 * width
	case NV12, NV21, YU12, YV12:
		return width
	}
	return 0
}

// layoutOf computes the layout of a picture whose lines are stride bytes apart
// and whose first plane takes so many rows, of which height are visible
// (Documentation/userspace-api/media/v4l/pixfmt-yuv-planar.rst).
func layoutOf(format FourCC, width, height, stride, rows int) (layout, error) {
	least := minStride(format, width)
	if least == 0 {
		return layout{}, fmt.Errorf("cannot lay out raw pictures of format %s", format)
	}
	if width < 2 || width > maxSide || height < 2 || height > maxSide || rows < height || rows > 2*maxSide || stride < least || stride > 8*maxSide {
		return layout{}, fmt.Errorf("impossible picture: %dx%d %s in %d lines of %d bytes", width, height, format, rows, stride)
	}
	first := plane{0, stride, least, height}
	luma := stride * rows
	switch format {
	case NV12, NV21:
		return layout{[]plane{first, {luma, stride, width, height / 2}}, luma + stride*(rows/2)}, nil
	case YU12, YV12:
		half, chroma := stride/2, stride/2*(rows/2)
		return layout{[]plane{first, {luma, half, width / 2, height / 2}, {luma + chroma, half, width / 2, height / 2}}, luma + 2*chroma}, nil
	}
	return layout{[]plane{first}, luma}, nil
}

// sameOffsets reports whether the planes begin at the same places.
func (l layout) sameOffsets(other layout) bool {
	return slices.EqualFunc(l.planes, other.planes, func(a, b plane) bool { return a.offset == b.offset && a.stride == b.stride })
}

// end is the number of bytes that hold samples.
func (l layout) end() int {
	end := 0
	for _, p := range l.planes {
		end = max(end, p.offset+(p.rows-1)*p.stride+p.width)
	}
	return end
}

// copyPlanes copies a picture between two layouts of the same format and size.
func copyPlanes(dst []byte, to layout, src []byte, from layout) error {
	switch {
	case len(src) < from.end():
		return fmt.Errorf("picture of %d bytes, want %d", len(src), from.end())
	case len(dst) < to.end():
		return fmt.Errorf("buffer of %d bytes for a picture of %d", len(dst), to.end())
	case to.sameOffsets(from):
		copy(dst, src[:min(len(src), to.size)])
		return nil
	}
	for i, p := range from.planes {
		q := to.planes[i]
		for row := range p.rows {
			copy(dst[q.offset+row*q.stride:][:q.width], src[p.offset+row*p.stride:])
		}
	}
	return nil
}

// copyFrame copies a frame into an OUTPUT buffer, line by line where the driver
// wants another stride or height, and returns how many bytes of it count.
func (e *Encoder) copyFrame(dst, src []byte) (int, error) {
	from, err := layoutOf(e.cfg.Input, e.cfg.Width, e.cfg.Height, e.cfg.Stride, e.cfg.Height)
	if err != nil {
		return 0, err
	}
	to, err := layoutOf(e.cfg.Input, e.cfg.Width, e.cfg.Height, e.input.Stride, e.input.Height)
	if err != nil {
		return 0, err
	}
	return min(len(dst), max(to.size, e.input.SizeImage)), copyPlanes(dst, to, src, from)
}
