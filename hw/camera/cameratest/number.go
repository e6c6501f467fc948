package cameratest

import (
	"image"
	"image/color"

	"github.com/intercomd/intercomd/hw/camera"
)

// FrameNumber reads the frame number, modulo 2^24, from the strip at the bottom
// of a picture of the test pattern (camera.StripCells). The picture may have
// been encoded and scaled, but not cropped or mirrored. It returns false when
// there is no readable strip.
func FrameNumber(img image.Image) (uint32, bool) {
	var cells [camera.StripCells]bool
	bounds := img.Bounds()
	if bounds.Dx() < 2*camera.StripCells || bounds.Dy() < 2*camera.StripHeight {
		return 0, false
	}
	for i := range cells {
		x := bounds.Min.X + (2*i+1)*bounds.Dx()/(2*camera.StripCells)
		y := bounds.Max.Y - bounds.Dy()/(2*camera.StripHeight)
		cells[i] = luma(img.At(x, y)) >= 128
	}
	return decode(cells)
}

func luma(c color.Color) uint8 {
	return color.GrayModel.Convert(c).(color.Gray).Y
}

// decode undoes the layout that camera.StripCells documents.
func decode(cells [camera.StripCells]bool) (uint32, bool) {
	const first, parity, last = 2, camera.StripCells - 2, camera.StripCells - 1
	if !cells[0] || cells[1] || !cells[last] {
		return 0, false
	}
	var n uint32
	odd := false
	for _, one := range cells[first:parity] {
		n <<= 1
		if one {
			n |= 1
			odd = !odd
		}
	}
	return n, odd == cells[parity]
}
