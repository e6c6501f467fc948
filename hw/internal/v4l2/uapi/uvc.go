package uapi

import "unsafe"

// UVCXUControlQuery is struct uvc_xu_control_query. Data points to Size bytes.
type UVCXUControlQuery struct {
	Unit     uint8
	Selector uint8
	Query    uint8
	_        uint8
	Size     uint16
	Data     unsafe.Pointer
}

// Requests of UVC controls (USB Video Class 1.5, table A-8; linux/usb/video.h).
const (
	UVC_SET_CUR  = 0x01
	UVC_GET_CUR  = 0x81
	UVC_GET_MIN  = 0x82
	UVC_GET_MAX  = 0x83
	UVC_GET_RES  = 0x84
	UVC_GET_LEN  = 0x85
	UVC_GET_INFO = 0x86
	UVC_GET_DEF  = 0x87
)
