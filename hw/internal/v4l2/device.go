package v4l2

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// maxListed bounds what a driver can list: formats, sizes, controls.
const maxListed = 1024

// Capability is what a node says it is.
type Capability struct {
	Driver  string // the driver's name, like uvcvideo
	Card    string // the device's name, meant for people
	Bus     string // where it is plugged in, like usb-0000:01:00.0-1.2
	Version uint32 // of the kernel, a byte for each of its last three numbers
	Flags   uint32 // V4L2_CAP_* of this node
}

// IsCamera reports whether pictures can be streamed from the node. UVC cameras
// have a second node, for metadata, that is none.
func (c Capability) IsCamera() bool {
	const camera = uapi.V4L2_CAP_VIDEO_CAPTURE | uapi.V4L2_CAP_VIDEO_CAPTURE_MPLANE
	return c.Flags&camera != 0 && c.Flags&uapi.V4L2_CAP_STREAMING != 0 && !c.IsCodec()
}

// IsCodec reports whether the node is a memory-to-memory device.
func (c Capability) IsCodec() bool {
	return c.Flags&(uapi.V4L2_CAP_VIDEO_M2M|uapi.V4L2_CAP_VIDEO_M2M_MPLANE) != 0
}

// multiPlanar reports whether the queues use the multi-planar structures.
func (c Capability) multiPlanar() bool {
	return c.Flags&(uapi.V4L2_CAP_VIDEO_M2M_MPLANE|uapi.V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0 &&
		c.Flags&(uapi.V4L2_CAP_VIDEO_M2M|uapi.V4L2_CAP_VIDEO_CAPTURE) == 0
}

// Device is an open video node.
type Device struct {
	sys  System
	node Node
	path string
	cap  Capability
}

// Open opens a node and asks what it is. The error names the path.
func Open(sys System, path string) (*Device, error) {
	node, err := sys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	d := &Device{sys: sys, node: node, path: path}
	var c uapi.Capability
	if err := d.ioctl(uapi.VIDIOC_QUERYCAP, unsafe.Pointer(&c)); err != nil {
		node.Close()
		if errors.Is(err, syscall.ENOTTY) {
			err = errNotADevice
		}
		return nil, d.fail("ask capabilities of", err)
	}
	d.cap = Capability{Driver: text(c.Driver[:]), Card: text(c.Card[:]), Bus: text(c.BusInfo[:]), Version: c.Version, Flags: c.Capabilities}
	if c.Capabilities&uapi.V4L2_CAP_DEVICE_CAPS != 0 {
		d.cap.Flags = c.DeviceCaps
	}
	return d, nil
}

// Close closes the node. A stream or codec on it is closed by its own Close,
// before; waits under way end with os.ErrClosed.
func (d *Device) Close() error {
	if err := d.node.Close(); err != nil {
		return d.fail("close", err)
	}
	return nil
}

// Path is the path the device was opened by.
func (d *Device) Path() string { return d.path }

// Capability is what the node says it is.
func (d *Device) Capability() Capability { return d.cap }

// ioctl calls the driver, again when a signal interrupted it.
func (d *Device) ioctl(request uintptr, arg unsafe.Pointer) error {
	for {
		err := d.node.Ioctl(request, arg)
		if err != error(syscall.EINTR) {
			return err
		}
	}
}

// bufType is the kernel's number of a queue.
func (d *Device) bufType(q Queue) uint32 {
	switch {
	case d.cap.multiPlanar() && q == QueueOutput:
		return uapi.V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
	case d.cap.multiPlanar():
		return uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
	case q == QueueOutput:
		return uapi.V4L2_BUF_TYPE_VIDEO_OUTPUT
	}
	return uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE
}

// text cuts a string of the kernel at its end.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// enumerate calls ask with 0, 1, … until the driver has no more.
func enumerate(ask func(index uint32) error) error {
	for i := range uint32(maxListed) {
		err := ask(i)
		switch {
		case errors.Is(err, syscall.EINVAL), i == 0 && errors.Is(err, syscall.ENOTTY):
			return nil
		case err != nil:
			return err
		}
	}
	return errTooMany
}

// Formats lists what a queue can carry, the driver's preference first.
func (d *Device) Formats(q Queue) ([]FormatInfo, error) {
	var out []FormatInfo
	err := enumerate(func(i uint32) error {
		f := uapi.FmtDesc{Index: i, Type: d.bufType(q)}
		if err := d.ioctl(uapi.VIDIOC_ENUM_FMT, unsafe.Pointer(&f)); err != nil {
			return err
		}
		out = append(out, FormatInfo{
			FourCC:      FourCC(f.PixelFormat),
			Description: text(f.Description[:]),
			Compressed:  f.Flags&uapi.V4L2_FMT_FLAG_COMPRESSED != 0,
			Emulated:    f.Flags&uapi.V4L2_FMT_FLAG_EMULATED != 0,
		})
		return nil
	})
	if err != nil {
		return nil, d.fail("list formats of", err)
	}
	return out, nil
}

// FrameSizes lists the sizes a format comes in; none when the driver does not
// tell.
func (d *Device) FrameSizes(format FourCC) ([]FrameSize, error) {
	var out []FrameSize
	err := enumerate(func(i uint32) error {
		e := uapi.FrmSizeEnum{Index: i, PixelFormat: uint32(format)}
		if err := d.ioctl(uapi.VIDIOC_ENUM_FRAMESIZES, unsafe.Pointer(&e)); err != nil {
			return err
		}
		out = append(out, frameSize(&e))
		return nil
	})
	if err != nil {
		return nil, d.fail("list sizes of", err)
	}
	return out, nil
}

func frameSize(e *uapi.FrmSizeEnum) FrameSize {
	if e.Type == uapi.V4L2_FRMSIZE_TYPE_DISCRETE {
		s := e.Discrete()
		w, h := int(s.Width), int(s.Height)
		return FrameSize{MinWidth: w, MaxWidth: w, MinHeight: h, MaxHeight: h}
	}
	s := e.Stepwise
	return FrameSize{
		MinWidth: int(s.MinWidth), MaxWidth: int(s.MaxWidth), StepWidth: int(s.StepWidth),
		MinHeight: int(s.MinHeight), MaxHeight: int(s.MaxHeight), StepHeight: int(s.StepHeight),
	}
}

// FrameIntervals lists the intervals of a format at a size; none when the
// driver does not tell.
func (d *Device) FrameIntervals(format FourCC, width, height int) ([]FrameInterval, error) {
	var out []FrameInterval
	err := enumerate(func(i uint32) error {
		e := uapi.FrmIvalEnum{Index: i, PixelFormat: uint32(format), Width: uint32(width), Height: uint32(height)}
		if err := d.ioctl(uapi.VIDIOC_ENUM_FRAMEINTERVALS, unsafe.Pointer(&e)); err != nil {
			return err
		}
		interval := FrameInterval{Min: Fraction(e.Min), Max: Fraction(e.Max)}
		if e.Type == uapi.V4L2_FRMIVAL_TYPE_DISCRETE {
			interval.Max = interval.Min
		}
		out = append(out, interval)
		return nil
	})
	if err != nil {
		return nil, d.fail("list frame intervals of", err)
	}
	return out, nil
}
