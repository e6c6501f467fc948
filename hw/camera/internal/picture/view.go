package picture

import (
	"fmt"
	"image"
)

// Layout is how a picture lies in memory.
type Layout struct {
	FourCC string // NV12, YU12 or YUYV, as in videodev2.h
	Width  int    // pixels, even
	Height int    // pixels, even
	// Stride is the distance of two lines of the first plane in bytes; 0 is the
	// least there can be.
	Stride int
	// Lines is the number of lines that the first plane has in memory, padding
	// included; 0 is Height.
	Lines int
}

// maxSide bounds the arithmetic below.
const maxSide = 16384

// normal fills in the defaults and checks the rest.
func (l Layout) normal() (Layout, error) {
	least := l.Width
	if l.FourCC == "YUYV" {
		least = 2 * l.Width
	}
	if l.Stride == 0 {
		l.Stride = least
	}
	if l.Lines == 0 {
		l.Lines = l.Height
	}
	switch {
	case l.Width < 2, l.Height < 2, l.Width > maxSide, l.Height > maxSide, l.Width%2 != 0, l.Height%2 != 0:
		return l, fmt.Errorf("picture of %dx%d pixels", l.Width, l.Height)
	case l.Stride < least, l.Stride > 4*maxSide, l.Lines < l.Height, l.Lines > 2*maxSide:
		return l, fmt.Errorf("picture of %dx%d pixels with lines of %d bytes, %d of them", l.Width, l.Height, l.Stride, l.Lines)
	case l.FourCC != "NV12" && l.FourCC != "YU12" && l.FourCC != "YUYV":
		return l, fmt.Errorf("pixel format %q is not known", l.FourCC)
	}
	return l, nil
}

// Bytes is the length of a picture in memory; 0 for an impossible layout.
func (l Layout) Bytes() int {
	l, err := l.normal()
	if err != nil {
		return 0
	}
	if l.FourCC == "YUYV" {
		return l.Stride * l.Lines
	}
	return l.Stride * l.Lines * 3 / 2
}

// plane is one component of a picture: sample x, y is pix[base+x*dx+y*dy].
type plane struct {
	pix           []byte
	base, dx, dy  int
	width, height int
}

// View is a picture in somebody else's memory. It can be turned by changing how
// it is walked through.
type View struct {
	planes [3]plane // Y, Cb, Cr; chroma is half as wide and high
}

// Of looks at a picture of a layout.
func Of(data []byte, l Layout) (View, error) {
	l, err := l.normal()
	if err != nil {
		return View{}, err
	}
	if need := l.Bytes() - (l.Stride - l.row()); len(data) < need {
		return View{}, fmt.Errorf("picture has %d bytes, want %d", len(data), need)
	}
	halfW, halfH := l.Width/2, l.Height/2
	luma := plane{pix: data, dx: 1, dy: l.Stride, width: l.Width, height: l.Height}
	chroma := plane{pix: data, width: halfW, height: halfH}
	var v View
	switch l.FourCC {
	case "NV12":
		chroma.base, chroma.dx, chroma.dy = l.Stride*l.Lines, 2, l.Stride
		v = View{planes: [3]plane{luma, chroma, chroma}}
		v.planes[2].base++
	case "YU12":
		chroma.base, chroma.dx, chroma.dy = l.Stride*l.Lines, 1, l.Stride/2
		v = View{planes: [3]plane{luma, chroma, chroma}}
		v.planes[2].base += l.Stride / 2 * (l.Lines / 2)
	case "YUYV":
		luma.dx = 2
		chroma.base, chroma.dx, chroma.dy = 1, 4, 2*l.Stride // every other line
		v = View{planes: [3]plane{luma, chroma, chroma}}
		v.planes[2].base = 3
	}
	return v, nil
}

// row is how much of the last line there must be.
func (l Layout) row() int {
	switch l.FourCC {
	case "YUYV":
		return 2 * l.Width
	case "YU12":
		return l.Stride/2 + l.Width/2 // the last line of Cr
	}
	return l.Width
}

// OfImage looks at a 4:2:0 picture.
func OfImage(img *image.YCbCr) View {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	y, c := img.YOffset(img.Rect.Min.X, img.Rect.Min.Y), img.COffset(img.Rect.Min.X, img.Rect.Min.Y)
	return View{planes: [3]plane{
		{pix: img.Y, base: y, dx: 1, dy: img.YStride, width: w, height: h},
		{pix: img.Cb, base: c, dx: 1, dy: img.CStride, width: w / 2, height: h / 2},
		{pix: img.Cr, base: c, dx: 1, dy: img.CStride, width: w / 2, height: h / 2},
	}}
}

// Size is the picture's size in pixels, after it was turned.
func (v View) Size() image.Point { return image.Pt(v.planes[0].width, v.planes[0].height) }

// Turned is the view rotated clockwise by 0, 90, 180 or 270 degrees and then
// mirrored left to right. Nothing is copied.
func (v View) Turned(rotation int, mirror bool) View {
	for i := range v.planes {
		p := &v.planes[i]
		for range rotation / 90 % 4 {
			p.quarter()
		}
		if mirror {
			p.base += (p.width - 1) * p.dx
			p.dx = -p.dx
		}
	}
	return v
}

// quarter rotates by 90 degrees clockwise: the first line becomes the last
// column.
func (p *plane) quarter() {
	p.base += (p.height - 1) * p.dy
	p.dx, p.dy = -p.dy, p.dx
	p.width, p.height = p.height, p.width
}
