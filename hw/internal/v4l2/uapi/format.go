package uapi

import "unsafe"

// word is the size of a C long and of a pointer, in bytes.
const word = unsafe.Sizeof(uintptr(0))

// Capability is struct v4l2_capability.
type Capability struct {
	Driver       [16]byte
	Card         [32]byte
	BusInfo      [32]byte
	Version      uint32
	Capabilities uint32
	DeviceCaps   uint32
	_            [3]uint32
}

// Capability flags.
const (
	V4L2_CAP_VIDEO_CAPTURE        = 0x00000001
	V4L2_CAP_VIDEO_OUTPUT         = 0x00000002
	V4L2_CAP_VIDEO_CAPTURE_MPLANE = 0x00001000
	V4L2_CAP_VIDEO_OUTPUT_MPLANE  = 0x00002000
	V4L2_CAP_VIDEO_M2M_MPLANE     = 0x00004000
	V4L2_CAP_VIDEO_M2M            = 0x00008000
	V4L2_CAP_META_CAPTURE         = 0x00800000
	V4L2_CAP_STREAMING            = 0x04000000
	V4L2_CAP_DEVICE_CAPS          = 0x80000000
)

// FmtDesc is struct v4l2_fmtdesc.
type FmtDesc struct {
	Index       uint32
	Type        uint32
	Flags       uint32
	Description [32]byte
	PixelFormat uint32
	MbusCode    uint32
	_           [3]uint32
}

// Flags of a format.
const (
	V4L2_FMT_FLAG_COMPRESSED = 0x0001
	V4L2_FMT_FLAG_EMULATED   = 0x0002
)

// PixFormat is struct v4l2_pix_format.
type PixFormat struct {
	Width        uint32
	Height       uint32
	PixelFormat  uint32
	Field        uint32
	BytesPerLine uint32
	SizeImage    uint32
	Colorspace   uint32
	Priv         uint32
	Flags        uint32
	YcbcrEnc     uint32
	Quantization uint32
	XferFunc     uint32
}

// PlanePixFormat is struct v4l2_plane_pix_format.
type PlanePixFormat struct {
	SizeImage    uint32
	BytesPerLine uint32
	_            [6]uint16
}

// VIDEO_MAX_PLANES bounds the planes of a buffer.
const VIDEO_MAX_PLANES = 8

// PixFormatMPlane is struct v4l2_pix_format_mplane, which is packed in C; its
// order makes it packed here too.
type PixFormatMPlane struct {
	Width        uint32
	Height       uint32
	PixelFormat  uint32
	Field        uint32
	Colorspace   uint32
	PlaneFmt     [VIDEO_MAX_PLANES]PlanePixFormat
	NumPlanes    uint8
	Flags        uint8
	YcbcrEnc     uint8
	Quantization uint8
	XferFunc     uint8
	_            [7]uint8
}

// Format is struct v4l2_format. The union is aligned like a pointer.
type Format struct {
	Type uint32
	_    [word - 4]byte
	Fmt  [200]byte
}

// Pix is the union's member for single-planar queues.
func (f *Format) Pix() *PixFormat { return (*PixFormat)(unsafe.Pointer(&f.Fmt)) }

// PixMP is the union's member for multi-planar queues.
func (f *Format) PixMP() *PixFormatMPlane { return (*PixFormatMPlane)(unsafe.Pointer(&f.Fmt)) }

// Field orders and colour spaces.
const (
	V4L2_FIELD_ANY            = 0
	V4L2_FIELD_NONE           = 1
	V4L2_COLORSPACE_SMPTE170M = 1
	V4L2_COLORSPACE_REC709    = 3
	V4L2_COLORSPACE_JPEG      = 7
)

// Pixel formats.
const (
	V4L2_PIX_FMT_YUYV   = 'Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24
	V4L2_PIX_FMT_UYVY   = 'U' | 'Y'<<8 | 'V'<<16 | 'Y'<<24
	V4L2_PIX_FMT_NV12   = 'N' | 'V'<<8 | '1'<<16 | '2'<<24
	V4L2_PIX_FMT_NV21   = 'N' | 'V'<<8 | '2'<<16 | '1'<<24
	V4L2_PIX_FMT_YUV420 = 'Y' | 'U'<<8 | '1'<<16 | '2'<<24
	V4L2_PIX_FMT_YVU420 = 'Y' | 'V'<<8 | '1'<<16 | '2'<<24
	V4L2_PIX_FMT_MJPEG  = 'M' | 'J'<<8 | 'P'<<16 | 'G'<<24
	V4L2_PIX_FMT_JPEG   = 'J' | 'P'<<8 | 'E'<<16 | 'G'<<24
	V4L2_PIX_FMT_H264   = 'H' | '2'<<8 | '6'<<16 | '4'<<24
)

// FrmSizeEnum is struct v4l2_frmsizeenum. For a discrete size only MinWidth and
// MaxWidth are set, and mean width and height: see [FrmSizeEnum.Discrete].
type FrmSizeEnum struct {
	Index       uint32
	PixelFormat uint32
	Type        uint32
	Stepwise    FrmSizeStepwise
	_           [2]uint32
}

// FrmSizeStepwise is struct v4l2_frmsize_stepwise.
type FrmSizeStepwise struct {
	MinWidth   uint32
	MaxWidth   uint32
	StepWidth  uint32
	MinHeight  uint32
	MaxHeight  uint32
	StepHeight uint32
}

// FrmSizeDiscrete is struct v4l2_frmsize_discrete.
type FrmSizeDiscrete struct {
	Width  uint32
	Height uint32
}

// Discrete is the union's other member.
func (e *FrmSizeEnum) Discrete() *FrmSizeDiscrete {
	return (*FrmSizeDiscrete)(unsafe.Pointer(&e.Stepwise))
}

// Kinds of enumerated sizes; those of intervals have the same numbers.
const (
	V4L2_FRMSIZE_TYPE_DISCRETE   = 1
	V4L2_FRMSIZE_TYPE_CONTINUOUS = 2
	V4L2_FRMSIZE_TYPE_STEPWISE   = 3
	V4L2_FRMIVAL_TYPE_DISCRETE   = 1
)

// Fract is struct v4l2_fract, in seconds.
type Fract struct {
	Numerator   uint32
	Denominator uint32
}

// FrmIvalEnum is struct v4l2_frmivalenum. For a discrete interval only Min is
// set, which lies where the union's other member is.
type FrmIvalEnum struct {
	Index       uint32
	PixelFormat uint32
	Width       uint32
	Height      uint32
	Type        uint32
	Min         Fract
	Max         Fract
	Step        Fract
	_           [2]uint32
}

// StreamParm is struct v4l2_streamparm with its members for capture and output,
// which differ in name only.
type StreamParm struct {
	Type         uint32
	Capability   uint32
	Mode         uint32
	TimePerFrame Fract
	Extended     uint32
	Buffers      uint32
	_            [176]byte
}

// V4L2_CAP_TIMEPERFRAME says that the frame rate can be set.
const V4L2_CAP_TIMEPERFRAME = 0x1000

// Rect is struct v4l2_rect, in pixels.
type Rect struct {
	Left   int32
	Top    int32
	Width  uint32
	Height uint32
}

// Selection is struct v4l2_selection.
type Selection struct {
	Type   uint32
	Target uint32
	Flags  uint32
	R      Rect
	_      [9]uint32
}

// V4L2_SEL_TGT_CROP is the part of a raw picture that is meant to be seen.
const V4L2_SEL_TGT_CROP = 0
