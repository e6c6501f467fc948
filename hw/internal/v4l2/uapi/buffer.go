package uapi

import "unsafe"

// Buffer types.
const (
	V4L2_BUF_TYPE_VIDEO_CAPTURE        = 1
	V4L2_BUF_TYPE_VIDEO_OUTPUT         = 2
	V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE = 9
	V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE  = 10
)

// Where the memory of buffers comes from.
const (
	V4L2_MEMORY_MMAP   = 1
	V4L2_MEMORY_DMABUF = 4
)

// Flags of a buffer.
const (
	V4L2_BUF_FLAG_MAPPED              = 0x00000001
	V4L2_BUF_FLAG_QUEUED              = 0x00000002
	V4L2_BUF_FLAG_DONE                = 0x00000004
	V4L2_BUF_FLAG_KEYFRAME            = 0x00000008
	V4L2_BUF_FLAG_PFRAME              = 0x00000010
	V4L2_BUF_FLAG_ERROR               = 0x00000040
	V4L2_BUF_FLAG_TIMESTAMP_MASK      = 0x0000e000
	V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC = 0x00002000
	V4L2_BUF_FLAG_TIMESTAMP_COPY      = 0x00004000
	V4L2_BUF_FLAG_LAST                = 0x00100000
)

// RequestBuffers is struct v4l2_requestbuffers.
type RequestBuffers struct {
	Count        uint32
	Type         uint32
	Memory       uint32
	Capabilities uint32
	Flags        uint8
	_            [3]uint8
}

// Timeval is struct timeval of the 64-bit kernel interface.
type Timeval struct {
	Sec  int64
	Usec int64
}

// Buffer is struct v4l2_buffer of a multi-planar queue: M points to Length
// planes. It is a pointer and no number, so that the planes are neither freed
// nor left behind when a stack grows.
type Buffer struct {
	Index     uint32
	Type      uint32
	BytesUsed uint32
	Flags     uint32
	Field     uint32
	_         uint32
	Timestamp Timeval
	Timecode  [16]byte
	Sequence  uint32
	Memory    uint32
	M         unsafe.Pointer
	Length    uint32
	_         uint32
	RequestFD int32
	_         [word - 4]byte
}

// BufferWord is struct v4l2_buffer of a single-planar queue: M is the offset
// for mmap or the descriptor of a dma-buf. See [Buffer] for why there are two.
type BufferWord struct {
	Index     uint32
	Type      uint32
	BytesUsed uint32
	Flags     uint32
	Field     uint32
	_         uint32
	Timestamp Timeval
	Timecode  [16]byte
	Sequence  uint32
	Memory    uint32
	M         uintptr
	Length    uint32
	_         uint32
	RequestFD int32
	_         [word - 4]byte
}

// Plane is struct v4l2_plane. M is the offset for mmap or the descriptor of a
// dma-buf.
type Plane struct {
	BytesUsed  uint32
	Length     uint32
	M          uintptr
	DataOffset uint32
	_          [11]uint32
}

// Offset reads an mmap offset or a descriptor, which are 32 bits wide, from the
// union of a word.
func Offset(m *uintptr) uint32 { return *(*uint32)(unsafe.Pointer(m)) }

// SetOffset writes what [Offset] reads and clears the rest.
func SetOffset(m *uintptr, v uint32) {
	*m = 0
	*(*uint32)(unsafe.Pointer(m)) = v
}

// ExportBuffer is struct v4l2_exportbuffer.
type ExportBuffer struct {
	Type  uint32
	Index uint32
	Plane uint32
	Flags uint32
	FD    int32
	_     [11]uint32
}

// DMABufSync is struct dma_buf_sync.
type DMABufSync struct {
	Flags uint64
}

// Flags of DMA_BUF_IOCTL_SYNC.
const (
	DMA_BUF_SYNC_READ  = 1
	DMA_BUF_SYNC_WRITE = 2
	DMA_BUF_SYNC_START = 0
	DMA_BUF_SYNC_END   = 4
)
