package uapi

// Control is struct v4l2_control.
type Control struct {
	ID    uint32
	Value int32
}

// QueryCtrl is struct v4l2_queryctrl.
type QueryCtrl struct {
	ID           uint32
	Type         uint32
	Name         [32]byte
	Minimum      int32
	Maximum      int32
	Step         int32
	DefaultValue int32
	Flags        uint32
	_            [2]uint32
}

// QueryExtCtrl is struct v4l2_query_ext_ctrl.
type QueryExtCtrl struct {
	ID           uint32
	Type         uint32
	Name         [32]byte
	Minimum      int64
	Maximum      int64
	Step         uint64
	DefaultValue int64
	Flags        uint32
	ElemSize     uint32
	Elems        uint32
	NrOfDims     uint32
	Dims         [4]uint32
	_            [32]uint32
}

// QueryMenu is struct v4l2_querymenu, packed in C. Name holds the value of an
// integer menu's entry.
type QueryMenu struct {
	ID    uint32
	Index uint32
	Name  [32]byte
	_     uint32
}

// Types and flags of controls, and the flag that walks through them.
const (
	V4L2_CTRL_TYPE_INTEGER      = 1
	V4L2_CTRL_TYPE_BOOLEAN      = 2
	V4L2_CTRL_TYPE_MENU         = 3
	V4L2_CTRL_TYPE_BUTTON       = 4
	V4L2_CTRL_TYPE_INTEGER64    = 5
	V4L2_CTRL_TYPE_CTRL_CLASS   = 6
	V4L2_CTRL_TYPE_INTEGER_MENU = 9
	V4L2_CTRL_FLAG_DISABLED     = 0x0001
	V4L2_CTRL_FLAG_READ_ONLY    = 0x0004
	V4L2_CTRL_FLAG_INACTIVE     = 0x0010
	V4L2_CTRL_FLAG_WRITE_ONLY   = 0x0040
	V4L2_CTRL_FLAG_NEXT_CTRL    = 0x80000000
)

// Controls of cameras (v4l2-controls.h).
const (
	V4L2_CID_BRIGHTNESS                    = 0x00980900
	V4L2_CID_HFLIP                         = 0x00980914
	V4L2_CID_VFLIP                         = 0x00980915
	V4L2_CID_POWER_LINE_FREQUENCY          = 0x00980918
	V4L2_CID_ROTATE                        = 0x00980922
	V4L2_CID_MIN_BUFFERS_FOR_CAPTURE       = 0x00980927
	V4L2_CID_EXPOSURE_AUTO                 = 0x009a0901
	V4L2_CID_EXPOSURE_ABSOLUTE             = 0x009a0902
	V4L2_CID_EXPOSURE_AUTO_PRIORITY        = 0x009a0903
	V4L2_CID_POWER_LINE_FREQUENCY_DISABLED = 0
	V4L2_EXPOSURE_AUTO                     = 0
	V4L2_EXPOSURE_MANUAL                   = 1
	V4L2_EXPOSURE_APERTURE_PRIORITY        = 3

	V4L2_CID_POWER_LINE_FREQUENCY_50HZ = 1
	V4L2_CID_POWER_LINE_FREQUENCY_60HZ = 2
	V4L2_CID_POWER_LINE_FREQUENCY_AUTO = 3
)

// Controls of encoders (v4l2-controls.h).
const (
	V4L2_CID_MPEG_VIDEO_GOP_SIZE                      = 0x009909cb
	V4L2_CID_MPEG_VIDEO_BITRATE_MODE                  = 0x009909ce
	V4L2_CID_MPEG_VIDEO_BITRATE                       = 0x009909cf
	V4L2_CID_MPEG_VIDEO_HEADER_MODE                   = 0x009909d8
	V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER             = 0x009909e2
	V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME               = 0x009909e5
	V4L2_CID_MPEG_VIDEO_H264_MIN_QP                   = 0x00990a61
	V4L2_CID_MPEG_VIDEO_H264_MAX_QP                   = 0x00990a62
	V4L2_CID_MPEG_VIDEO_H264_I_PERIOD                 = 0x00990a66
	V4L2_CID_MPEG_VIDEO_H264_LEVEL                    = 0x00990a67
	V4L2_CID_MPEG_VIDEO_H264_PROFILE                  = 0x00990a6b
	V4L2_MPEG_VIDEO_BITRATE_MODE_VBR                  = 0
	V4L2_MPEG_VIDEO_BITRATE_MODE_CBR                  = 1
	V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE              = 0
	V4L2_MPEG_VIDEO_H264_LEVEL_3_1                    = 9
	V4L2_MPEG_VIDEO_H264_LEVEL_4_0                    = 11
	V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE             = 0
	V4L2_MPEG_VIDEO_H264_PROFILE_MAIN                 = 2
	V4L2_MPEG_VIDEO_H264_PROFILE_HIGH                 = 4
	V4L2_CID_JPEG_COMPRESSION_QUALITY                 = 0x009d0903
	V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME = 1
	V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE = 1
)
