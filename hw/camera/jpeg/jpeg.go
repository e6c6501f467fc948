package jpeg

/*
#cgo pkg-config: --static libjpeg
#include "libjpeg.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"image"
	"runtime"
	"unsafe"
)

// Size reads the size of a picture, in pixels, from its header.
func Size(data []byte) (image.Point, error) {
	if len(data) == 0 {
		return image.Point{}, errEmpty
	}
	var width, height C.int
	var message [C.message_size]C.char
	if C.picture_size(bytes(data), C.size_t(len(data)), &width, &height, &message[0]) != 0 {
		return image.Point{}, fmt.Errorf("read JPEG header: %s", C.GoString(&message[0]))
	}
	return image.Pt(int(width), int(height)), nil
}

var errEmpty = errors.New("read JPEG header: the picture is empty")

// Decode writes a picture to dst, which must be 4:2:0 and have its size. It may
// be called from any goroutine, with a dst of its own.
func Decode(dst *image.YCbCr, data []byte) error {
	if len(data) == 0 {
		return errEmpty
	}
	if err := check(dst); err != nil {
		return fmt.Errorf("decode JPEG: %w", err)
	}
	y, c := dst.YOffset(dst.Rect.Min.X, dst.Rect.Min.Y), dst.COffset(dst.Rect.Min.X, dst.Rect.Min.Y)
	var pin runtime.Pinner
	defer pin.Unpin()
	p := C.picture{
		y: bytes(dst.Y[y:]), cb: bytes(dst.Cb[c:]), cr: bytes(dst.Cr[c:]),
		stride_y: C.int(dst.YStride), stride_c: C.int(dst.CStride),
		width: C.int(dst.Rect.Dx()), height: C.int(dst.Rect.Dy()),
	}
	for _, plane := range []*C.uchar{p.y, p.cb, p.cr} {
		pin.Pin(plane)
	}
	var message [C.message_size]C.char
	if C.picture_decode(bytes(data), C.size_t(len(data)), &p, &message[0]) != 0 {
		return fmt.Errorf("decode JPEG: %s", C.GoString(&message[0]))
	}
	return nil
}

// check tells whether C may write to dst: even origin, planes long enough.
func check(dst *image.YCbCr) error {
	size, half := dst.Rect.Size(), dst.Rect.Size().Add(image.Pt(1, 1)).Div(2)
	switch {
	case dst.SubsampleRatio != image.YCbCrSubsampleRatio420, dst.Rect.Empty(), dst.Rect.Min != image.Point{}:
		return fmt.Errorf("destination is %v, %v, want 4:2:0 from the origin", dst.Rect, dst.SubsampleRatio)
	case dst.YStride < size.X, dst.CStride < half.X,
		len(dst.Y) < dst.YStride*(size.Y-1)+size.X,
		len(dst.Cb) < dst.CStride*(half.Y-1)+half.X, len(dst.Cr) < dst.CStride*(half.Y-1)+half.X:
		return errors.New("destination is too small")
	}
	return nil
}

func bytes(b []byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(unsafe.SliceData(b))) }
