package v4l2

import (
	"fmt"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// Format is what a queue carries now.
func (d *Device) Format(q Queue) (Format, error) {
	f := uapi.Format{Type: d.bufType(q)}
	if err := d.ioctl(uapi.VIDIOC_G_FMT, unsafe.Pointer(&f)); err != nil {
		return Format{}, d.fail("ask format of", err)
	}
	return d.decodeFormat(&f)
}

// SetFormat asks for a format and returns what the driver made of it, which may
// be another size and even another pixel format. It fails with EBUSY while the
// device streams.
func (d *Device) SetFormat(q Queue, want Format) (Format, error) {
	f := uapi.Format{Type: d.bufType(q)}
	if d.cap.multiPlanar() {
		p := f.PixMP()
		p.Width, p.Height, p.PixelFormat = uint32(want.Width), uint32(want.Height), uint32(want.FourCC)
		p.Field, p.Colorspace, p.NumPlanes = uapi.V4L2_FIELD_NONE, want.Colorspace, 1
		p.PlaneFmt[0] = uapi.PlanePixFormat{SizeImage: uint32(want.SizeImage), BytesPerLine: uint32(want.Stride)}
	} else {
		p := f.Pix()
		p.Width, p.Height, p.PixelFormat = uint32(want.Width), uint32(want.Height), uint32(want.FourCC)
		p.Field, p.Colorspace = uapi.V4L2_FIELD_NONE, want.Colorspace
		p.SizeImage, p.BytesPerLine = uint32(want.SizeImage), uint32(want.Stride)
	}
	if err := d.ioctl(uapi.VIDIOC_S_FMT, unsafe.Pointer(&f)); err != nil {
		return Format{}, d.fail(fmt.Sprintf("set %s format %v of", q, want), err)
	}
	return d.decodeFormat(&f)
}

// decodeFormat refuses what cannot be handled: several planes of memory.
func (d *Device) decodeFormat(f *uapi.Format) (Format, error) {
	if !d.cap.multiPlanar() {
		p := f.Pix()
		return Format{
			FourCC: FourCC(p.PixelFormat), Width: int(p.Width), Height: int(p.Height),
			Stride: int(p.BytesPerLine), SizeImage: int(p.SizeImage), Colorspace: p.Colorspace,
		}, nil
	}
	p := f.PixMP()
	if p.NumPlanes != 1 {
		return Format{}, d.fail("use format of", fmt.Errorf("%s has %d planes of memory, only 1 is supported", FourCC(p.PixelFormat), p.NumPlanes))
	}
	return Format{
		FourCC: FourCC(p.PixelFormat), Width: int(p.Width), Height: int(p.Height),
		Stride: int(p.PlaneFmt[0].BytesPerLine), SizeImage: int(p.PlaneFmt[0].SizeImage), Colorspace: p.Colorspace,
	}, nil
}

// SetFrameRate asks for an interval between pictures and returns what the driver
// made of it. A codec needs it on its OUTPUT queue to meet its bitrate. Drivers
// without a settable rate fail with ENOTTY or return another interval.
func (d *Device) SetFrameRate(q Queue, interval Fraction) (Fraction, error) {
	p := uapi.StreamParm{Type: d.bufType(q), TimePerFrame: uapi.Fract(interval)}
	if err := d.ioctl(uapi.VIDIOC_S_PARM, unsafe.Pointer(&p)); err != nil {
		return Fraction{}, d.fail("set frame rate of", err)
	}
	return Fraction(p.TimePerFrame), nil
}

// FrameRate is the interval between pictures now.
func (d *Device) FrameRate(q Queue) (Fraction, error) {
	p := uapi.StreamParm{Type: d.bufType(q)}
	if err := d.ioctl(uapi.VIDIOC_G_PARM, unsafe.Pointer(&p)); err != nil {
		return Fraction{}, d.fail("ask frame rate of", err)
	}
	return Fraction(p.TimePerFrame), nil
}

// setCrop says which part of a queue's pictures is visible, from the upper left.
func (d *Device) setCrop(q Queue, width, height int) error {
	s := uapi.Selection{Type: d.selectionType(q), Target: uapi.V4L2_SEL_TGT_CROP, R: uapi.Rect{Width: uint32(width), Height: uint32(height)}}
	if err := d.ioctl(uapi.VIDIOC_S_SELECTION, unsafe.Pointer(&s)); err != nil {
		return d.fail("crop pictures of", err)
	}
	return nil
}

// selectionType is the queue's number in selections, which know no multi-planar
// types (vidioc-g-selection).
func (d *Device) selectionType(q Queue) uint32 {
	if q == QueueOutput {
		return uapi.V4L2_BUF_TYPE_VIDEO_OUTPUT
	}
	return uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE
}

// subscribe asks for an event.
func (d *Device) subscribe(event uint32) error {
	s := uapi.EventSubscription{Type: event}
	if err := d.ioctl(uapi.VIDIOC_SUBSCRIBE_EVENT, unsafe.Pointer(&s)); err != nil {
		return d.fail("subscribe to events of", err)
	}
	return nil
}
