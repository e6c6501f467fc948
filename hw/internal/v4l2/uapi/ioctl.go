package uapi

import "unsafe"

// Directions of an ioctl, seen from the caller (asm-generic/ioctl.h).
const (
	iocWrite = 1
	iocRead  = 2
)

const video = 'V'

// The ioctls of videodev2.h.
const (
	VIDIOC_QUERYCAP            = iocRead<<30 | unsafe.Sizeof(Capability{})<<16 | video<<8
	VIDIOC_ENUM_FMT            = iowr | unsafe.Sizeof(FmtDesc{})<<16 | 2
	VIDIOC_G_FMT               = iowr | unsafe.Sizeof(Format{})<<16 | 4
	VIDIOC_S_FMT               = iowr | unsafe.Sizeof(Format{})<<16 | 5
	VIDIOC_REQBUFS             = iowr | unsafe.Sizeof(RequestBuffers{})<<16 | 8
	VIDIOC_QUERYBUF            = iowr | unsafe.Sizeof(Buffer{})<<16 | 9
	VIDIOC_QBUF                = iowr | unsafe.Sizeof(Buffer{})<<16 | 15
	VIDIOC_EXPBUF              = iowr | unsafe.Sizeof(ExportBuffer{})<<16 | 16
	VIDIOC_DQBUF               = iowr | unsafe.Sizeof(Buffer{})<<16 | 17
	VIDIOC_STREAMON            = iow | unsafe.Sizeof(int32(0))<<16 | 18
	VIDIOC_STREAMOFF           = iow | unsafe.Sizeof(int32(0))<<16 | 19
	VIDIOC_G_PARM              = iowr | unsafe.Sizeof(StreamParm{})<<16 | 21
	VIDIOC_S_PARM              = iowr | unsafe.Sizeof(StreamParm{})<<16 | 22
	VIDIOC_G_CTRL              = iowr | unsafe.Sizeof(Control{})<<16 | 27
	VIDIOC_S_CTRL              = iowr | unsafe.Sizeof(Control{})<<16 | 28
	VIDIOC_QUERYCTRL           = iowr | unsafe.Sizeof(QueryCtrl{})<<16 | 36
	VIDIOC_QUERYMENU           = iowr | unsafe.Sizeof(QueryMenu{})<<16 | 37
	VIDIOC_TRY_FMT             = iowr | unsafe.Sizeof(Format{})<<16 | 64
	VIDIOC_ENUM_FRAMESIZES     = iowr | unsafe.Sizeof(FrmSizeEnum{})<<16 | 74
	VIDIOC_ENUM_FRAMEINTERVALS = iowr | unsafe.Sizeof(FrmIvalEnum{})<<16 | 75
	VIDIOC_ENCODER_CMD         = iowr | unsafe.Sizeof(EncoderCmd{})<<16 | 77
	VIDIOC_DQEVENT             = iocRead<<30 | unsafe.Sizeof(Event{})<<16 | video<<8 | 89
	VIDIOC_SUBSCRIBE_EVENT     = iow | unsafe.Sizeof(EventSubscription{})<<16 | 90
	VIDIOC_UNSUBSCRIBE_EVENT   = iow | unsafe.Sizeof(EventSubscription{})<<16 | 91
	VIDIOC_G_SELECTION         = iowr | unsafe.Sizeof(Selection{})<<16 | 94
	VIDIOC_S_SELECTION         = iowr | unsafe.Sizeof(Selection{})<<16 | 95
	VIDIOC_DECODER_CMD         = iowr | unsafe.Sizeof(DecoderCmd{})<<16 | 96
	VIDIOC_QUERY_EXT_CTRL      = iowr | unsafe.Sizeof(QueryExtCtrl{})<<16 | 103

	iow  = iocWrite<<30 | video<<8
	iowr = (iocRead|iocWrite)<<30 | video<<8
)

// UVCIOC_CTRL_QUERY asks a control of a UVC extension unit (uvcvideo.h).
const UVCIOC_CTRL_QUERY = (iocRead|iocWrite)<<30 | unsafe.Sizeof(UVCXUControlQuery{})<<16 | 'u'<<8 | 0x21

// DMA_BUF_IOCTL_SYNC brackets access by the CPU to a dma-buf (dma-buf.h).
const DMA_BUF_IOCTL_SYNC = iocWrite<<30 | unsafe.Sizeof(DMABufSync{})<<16 | 'b'<<8
