package qr

import "image"

// Pixels are black if they are darker than their surroundings by that much: a
// wall has noise, and specks of it would use up what the recognizer can label.
const (
	darker   = 88 // per cent of the mean brightness
	radiusOf = 16 // the surroundings reach a 16th of the width to each side
)

// binary returns a picture of black (0) and white (255), each pixel compared
// with the mean around it, so that light from one side does no harm.
func binary(m *image.Gray) *image.Gray {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sums := integral(m)
	radius := max(4, w/radiusOf)
	out := image.NewGray(m.Rect)
	for y := range h {
		top, bottom := max(0, y-radius), min(h, y+radius+1)
		for x := range w {
			left, right := max(0, x-radius), min(w, x+radius+1)
			sum := sums[bottom*(w+1)+right] - sums[top*(w+1)+right] - sums[bottom*(w+1)+left] + sums[top*(w+1)+left]
			n := uint32((bottom - top) * (right - left))
			if uint32(m.Pix[y*m.Stride+x])*100 >= sum/n*darker {
				out.Pix[y*out.Stride+x] = 255
			}
		}
	}
	return out
}

// integral returns the sums of all pixels above and left of each corner. The
// largest picture of white pixels stays below 2³².
func integral(m *image.Gray) []uint32 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sums := make([]uint32, (w+1)*(h+1))
	for y := range h {
		line := uint32(0)
		for x := range w {
			line += uint32(m.Pix[y*m.Stride+x])
			sums[(y+1)*(w+1)+x+1] = sums[y*(w+1)+x+1] + line
		}
	}
	return sums
}

// soften returns a picture whose pixels are the mean of three by three.
func soften(m *image.Gray) *image.Gray {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	sums := integral(m)
	out := image.NewGray(m.Rect)
	for y := range h {
		top, bottom := max(0, y-1), min(h, y+2)
		for x := range w {
			left, right := max(0, x-1), min(w, x+2)
			sum := sums[bottom*(w+1)+right] - sums[top*(w+1)+right] - sums[bottom*(w+1)+left] + sums[top*(w+1)+left]
			out.Pix[y*out.Stride+x] = byte(sum / uint32((bottom-top)*(right-left)))
		}
	}
	return out
}

// half returns a picture of half the size.
func half(m *image.Gray) *image.Gray {
	size := m.Rect.Size().Div(2)
	out := image.NewGray(image.Rectangle{Max: size})
	for y := range size.Y {
		upper, lower := m.Pix[2*y*m.Stride:], m.Pix[(2*y+1)*m.Stride:]
		for x := range size.X {
			sum := int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1])
			out.Pix[y*out.Stride+x] = byte(sum / 4)
		}
	}
	return out
}
