package v4l2test

import (
	"slices"
	"syscall"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// formatIoctl answers what is about formats and rates.
func (n *node) formatIoctl(request uintptr, arg unsafe.Pointer) error {
	switch request {
	case uapi.VIDIOC_ENUM_FMT:
		return n.enumFormat((*uapi.FmtDesc)(arg))
	case uapi.VIDIOC_ENUM_FRAMESIZES:
		return n.enumSize((*uapi.FrmSizeEnum)(arg))
	case uapi.VIDIOC_ENUM_FRAMEINTERVALS:
		return n.enumInterval((*uapi.FrmIvalEnum)(arg))
	case uapi.VIDIOC_G_PARM, uapi.VIDIOC_S_PARM:
		return n.parm((*uapi.StreamParm)(arg), request == uapi.VIDIOC_S_PARM)
	case uapi.VIDIOC_S_SELECTION:
		return n.selection((*uapi.Selection)(arg))
	}
	return n.format((*uapi.Format)(arg), request == uapi.VIDIOC_S_FMT)
}

func (n *node) enumFormat(f *uapi.FmtDesc) error {
	side, _, err := n.queueOf(f.Type)
	if err != nil {
		return err
	}
	list := n.dev.formats[side]
	if int(f.Index) >= len(list) {
		return syscall.EINVAL
	}
	info := list[f.Index]
	f.PixelFormat = uint32(info.FourCC)
	copy(f.Description[:], info.Description)
	if info.Compressed {
		f.Flags |= uapi.V4L2_FMT_FLAG_COMPRESSED
	}
	if info.Emulated {
		f.Flags |= uapi.V4L2_FMT_FLAG_EMULATED
	}
	return nil
}

// known reports whether the CAPTURE queue has a format.
func (n *node) known(format uint32) bool {
	return slices.ContainsFunc(n.dev.formats[v4l2.QueueCapture], func(f v4l2.FormatInfo) bool { return f.FourCC == v4l2.FourCC(format) })
}

func (n *node) enumSize(e *uapi.FrmSizeEnum) error {
	if int(e.Index) >= len(n.dev.sizes) || !n.known(e.PixelFormat) {
		return syscall.EINVAL
	}
	s := n.dev.sizes[e.Index]
	if s.Discrete() {
		e.Type = uapi.V4L2_FRMSIZE_TYPE_DISCRETE
		*e.Discrete() = uapi.FrmSizeDiscrete{Width: uint32(s.MinWidth), Height: uint32(s.MinHeight)}
		return nil
	}
	e.Type = uapi.V4L2_FRMSIZE_TYPE_STEPWISE
	e.Stepwise = uapi.FrmSizeStepwise{
		MinWidth: uint32(s.MinWidth), MaxWidth: uint32(s.MaxWidth), StepWidth: uint32(s.StepWidth),
		MinHeight: uint32(s.MinHeight), MaxHeight: uint32(s.MaxHeight), StepHeight: uint32(s.StepHeight),
	}
	return nil
}

func (n *node) enumInterval(e *uapi.FrmIvalEnum) error {
	inRange := func(s v4l2.FrameSize) bool { return s.Has(int(e.Width), int(e.Height)) }
	if int(e.Index) >= len(n.dev.rates) || !n.known(e.PixelFormat) || !slices.ContainsFunc(n.dev.sizes, inRange) {
		return syscall.EINVAL
	}
	e.Type = uapi.V4L2_FRMIVAL_TYPE_DISCRETE
	e.Min = uapi.Fract{Numerator: 1, Denominator: n.dev.rates[e.Index]}
	return nil
}

// parm is VIDIOC_G_PARM and VIDIOC_S_PARM. A camera takes the nearest rate that
// it has.
func (n *node) parm(p *uapi.StreamParm, set bool) error {
	side, _, err := n.queueOf(p.Type)
	if err != nil {
		return err
	}
	if set && p.TimePerFrame.Numerator != 0 && p.TimePerFrame.Denominator != 0 {
		n.interval[side] = p.TimePerFrame
		if len(n.dev.rates) > 0 {
			n.interval[side] = uapi.Fract{Numerator: 1, Denominator: nearest(n.dev.rates, p.TimePerFrame)}
		}
	}
	p.Capability, p.TimePerFrame = uapi.V4L2_CAP_TIMEPERFRAME, n.interval[side]
	return nil
}

func nearest(rates []uint32, f uapi.Fract) uint32 {
	want := float64(f.Denominator) / float64(f.Numerator)
	return slices.MinFunc(rates, func(a, b uint32) int {
		da, db := want-float64(a), want-float64(b)
		return int(1000 * (da*da - db*db))
	})
}

func (n *node) selection(s *uapi.Selection) error {
	if !n.dev.isCodec() || s.Target != uapi.V4L2_SEL_TGT_CROP || s.Type != uapi.V4L2_BUF_TYPE_VIDEO_OUTPUT {
		return syscall.EINVAL
	}
	n.crop = s.R
	return nil
}

// format is VIDIOC_G_FMT and VIDIOC_S_FMT.
func (n *node) format(f *uapi.Format, set bool) error {
	side, q, err := n.queueOf(f.Type)
	if err != nil {
		return err
	}
	if set {
		if len(q.buffers) > 0 || !n.dev.isCodec() && n.dev.owner != nil {
			return syscall.EBUSY
		}
		want := n.decode(f)
		if n.dev.opts.Width != 0 {
			want.Width, want.Height = n.dev.opts.Width, n.dev.opts.Height
		}
		list := n.dev.formats[side]
		if !slices.ContainsFunc(list, func(i v4l2.FormatInfo) bool { return i.FourCC == want.FourCC }) {
			want.FourCC = list[0].FourCC
		}
		q.format = n.dev.model.adjust(n, side, want)
	}
	n.encode(f, q.format)
	return nil
}

func (n *node) decode(f *uapi.Format) v4l2.Format {
	if n.dev.multiPlanar() {
		p := f.PixMP()
		return v4l2.Format{
			FourCC: v4l2.FourCC(p.PixelFormat), Width: int(p.Width), Height: int(p.Height),
			Stride: int(p.PlaneFmt[0].BytesPerLine), SizeImage: int(p.PlaneFmt[0].SizeImage),
		}
	}
	p := f.Pix()
	return v4l2.Format{
		FourCC: v4l2.FourCC(p.PixelFormat), Width: int(p.Width), Height: int(p.Height),
		Stride: int(p.BytesPerLine), SizeImage: int(p.SizeImage),
	}
}

func (n *node) encode(f *uapi.Format, format v4l2.Format) {
	if !n.dev.multiPlanar() {
		*f.Pix() = uapi.PixFormat{
			Width: uint32(format.Width), Height: uint32(format.Height), PixelFormat: uint32(format.FourCC), Field: uapi.V4L2_FIELD_NONE,
			BytesPerLine: uint32(format.Stride), SizeImage: uint32(format.SizeImage),
		}
		return
	}
	p := uapi.PixFormatMPlane{
		Width: uint32(format.Width), Height: uint32(format.Height), PixelFormat: uint32(format.FourCC), Field: uapi.V4L2_FIELD_NONE,
		NumPlanes: uint8(max(1, n.dev.opts.Planes)),
	}
	p.PlaneFmt[0] = uapi.PlanePixFormat{SizeImage: uint32(format.SizeImage), BytesPerLine: uint32(format.Stride)}
	*f.PixMP() = p
}
