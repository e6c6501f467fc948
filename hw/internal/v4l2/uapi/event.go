package uapi

import "unsafe"

// Timespec is struct timespec of the 64-bit kernel interface.
type Timespec struct {
	Sec  int64
	Nsec int64
}

// Event is struct v4l2_event. The union is aligned like a 64-bit number.
type Event struct {
	Type      uint32
	_         uint32
	U         [64]byte
	Pending   uint32
	Sequence  uint32
	Timestamp Timespec
	ID        uint32
	_         [8]uint32
	_         [4]byte
}

// SrcChanges is the union's member of a V4L2_EVENT_SOURCE_CHANGE.
func (e *Event) SrcChanges() *uint32 { return (*uint32)(unsafe.Pointer(&e.U)) }

// EventSubscription is struct v4l2_event_subscription.
type EventSubscription struct {
	Type  uint32
	ID    uint32
	Flags uint32
	_     [5]uint32
}

// Events.
const (
	V4L2_EVENT_EOS                   = 2
	V4L2_EVENT_SOURCE_CHANGE         = 5
	V4L2_EVENT_SRC_CH_RESOLUTION     = 1
	V4L2_EVENT_SUB_FL_SEND_INITIAL   = 1
	V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK = 2
)

// EncoderCmd is struct v4l2_encoder_cmd.
type EncoderCmd struct {
	Cmd   uint32
	Flags uint32
	Raw   [8]uint32
}

// DecoderCmd is struct v4l2_decoder_cmd.
type DecoderCmd struct {
	Cmd   uint32
	Flags uint32
	Raw   [16]uint32
}

// Commands of codecs.
const (
	V4L2_ENC_CMD_START = 0
	V4L2_ENC_CMD_STOP  = 1
	V4L2_DEC_CMD_START = 0
	V4L2_DEC_CMD_STOP  = 1
)
