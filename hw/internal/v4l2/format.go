package v4l2

import (
	"fmt"
	"strings"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// FourCC names a pixel format (V4L2_PIX_FMT_*).
type FourCC uint32

// Formats that cameras and codecs of boards have. YU12 is I420: planes Y, Cb,
// Cr.
const (
	YUYV FourCC = uapi.V4L2_PIX_FMT_YUYV
	UYVY FourCC = uapi.V4L2_PIX_FMT_UYVY
	NV12 FourCC = uapi.V4L2_PIX_FMT_NV12
	NV21 FourCC = uapi.V4L2_PIX_FMT_NV21
	YU12 FourCC = uapi.V4L2_PIX_FMT_YUV420
	YV12 FourCC = uapi.V4L2_PIX_FMT_YVU420
	MJPG FourCC = uapi.V4L2_PIX_FMT_MJPEG
	JPEG FourCC = uapi.V4L2_PIX_FMT_JPEG
	H264 FourCC = uapi.V4L2_PIX_FMT_H264
)

// String spells the four characters; what is not printable is a dot.
func (f FourCC) String() string {
	b := []byte{byte(f), byte(f >> 8), byte(f >> 16), byte(f >> 24)}
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '.'
		}
	}
	return strings.TrimRight(string(b), " ")
}

// Format is how pictures lie in a queue's buffers.
type Format struct {
	FourCC FourCC
	// Width and Height are in pixels. A codec may have rounded them up; what is
	// visible is then the upper left part.
	Width, Height int
	// Stride is the distance of two lines of the first plane in bytes; 0 for
	// compressed formats.
	Stride int
	// SizeImage is how many bytes a buffer must have room for.
	SizeImage int
	// Colorspace is the kernel's V4L2_COLORSPACE_*; 0 leaves it to the driver.
	Colorspace uint32
}

// String describes the format like 640x480 YUYV.
func (f Format) String() string { return fmt.Sprintf("%dx%d %s", f.Width, f.Height, f.FourCC) }

// FormatInfo is a format a queue can have.
type FormatInfo struct {
	FourCC      FourCC
	Description string // the driver's words
	Compressed  bool
	Emulated    bool // converted by a library, not by the device
}

// FrameSize is a size or a range of sizes in pixels; a single size has equal
// limits and steps of 0.
type FrameSize struct {
	MinWidth, MaxWidth, StepWidth    int
	MinHeight, MaxHeight, StepHeight int
}

// Discrete reports whether it is one size.
func (s FrameSize) Discrete() bool { return s.MinWidth == s.MaxWidth && s.MinHeight == s.MaxHeight }

// Has reports whether a size is in the range.
func (s FrameSize) Has(width, height int) bool {
	return onStep(width, s.MinWidth, s.MaxWidth, s.StepWidth) && onStep(height, s.MinHeight, s.MaxHeight, s.StepHeight)
}

func onStep(v, low, high, step int) bool {
	return v >= low && v <= high && (step <= 1 || (v-low)%step == 0)
}

// Fraction is a rational number; intervals are in seconds.
type Fraction struct {
	Numerator, Denominator uint32
}

// FPS is the frame rate of an interval in 1/s; 0 when it is none.
func (f Fraction) FPS() float64 {
	if f.Numerator == 0 {
		return 0
	}
	return float64(f.Denominator) / float64(f.Numerator)
}

// FrameInterval is an interval between pictures, or a range of them; a single
// one has equal limits.
type FrameInterval struct {
	Min, Max Fraction
}
