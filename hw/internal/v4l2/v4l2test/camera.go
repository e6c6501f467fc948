package v4l2test

import (
	"syscall"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// CameraConfig describes a simulated camera.
type CameraConfig struct {
	Options
	// Formats are in the camera's order of preference; none means YUYV and MJPG.
	Formats []v4l2.FourCC
	// Sizes are what it has; none means 640x480 and 1280x720.
	Sizes []v4l2.FrameSize
	// Rates are frames per second; none means 30, 15 and 5.
	Rates []uint32
	// Controls are in no order.
	Controls []Control
	// Picture makes the content of a buffer; nil means [Picture].
	Picture func(f v4l2.Format, number uint32) []byte
	// KeyFrames is how many pictures of H.264 lie between two key frames; 0 means
	// 30.
	KeyFrames uint32
}

// cameraState is what a node of a camera does.
type cameraState struct {
	start time.Time
	made  uint32 // pictures since start
}

// camera is the model of a camera.
type camera struct{ cfg CameraConfig }

// Size is a single size in pixels.
func Size(width, height int) v4l2.FrameSize {
	return v4l2.FrameSize{MinWidth: width, MaxWidth: width, MinHeight: height, MaxHeight: height}
}

// NewCamera makes a camera, to be plugged into a [System].
func NewCamera(cfg CameraConfig) *Device {
	if len(cfg.Formats) == 0 {
		cfg.Formats = []v4l2.FourCC{v4l2.YUYV, v4l2.MJPG}
	}
	if len(cfg.Sizes) == 0 {
		cfg.Sizes = []v4l2.FrameSize{Size(640, 480), Size(1280, 720)}
	}
	if len(cfg.Rates) == 0 {
		cfg.Rates = []uint32{30, 15, 5}
	}
	if cfg.KeyFrames == 0 {
		cfg.KeyFrames = 30
	}
	if cfg.Picture == nil {
		cfg.Picture = func(f v4l2.Format, number uint32) []byte { return picture(f, number, cfg.KeyFrames) }
	}
	if cfg.Driver == "" {
		cfg.Driver, cfg.Card, cfg.Bus = "uvcvideo", "Simulated Camera", "usb-0000:01:00.0-1.1"
	}
	caps := uint32(uapi.V4L2_CAP_VIDEO_CAPTURE)
	if cfg.MultiPlanar {
		caps = uapi.V4L2_CAP_VIDEO_CAPTURE_MPLANE
	}
	d := newDevice(cfg.Options, caps, camera{cfg})
	for _, f := range cfg.Formats {
		d.formats[v4l2.QueueCapture] = append(d.formats[v4l2.QueueCapture], describe(f))
	}
	d.sizes, d.rates, d.controls = cfg.Sizes, cfg.Rates, cfg.Controls
	d.values = initial(cfg.Controls)
	return d
}

// describe says what is known of a format.
func describe(f v4l2.FourCC) v4l2.FormatInfo {
	compressed := f == v4l2.MJPG || f == v4l2.JPEG || f == v4l2.H264
	return v4l2.FormatInfo{FourCC: f, Description: "simulated " + f.String(), Compressed: compressed}
}

// adjust implements model: the size that has the nearest width.
func (c camera) adjust(n *node, _ v4l2.Queue, f v4l2.Format) v4l2.Format {
	best := c.cfg.Sizes[0]
	for _, s := range c.cfg.Sizes {
		if distance(s, f) < distance(best, f) {
			best = s
		}
	}
	f.Width, f.Height = clamp(f.Width, best.MinWidth, best.MaxWidth), clamp(f.Height, best.MinHeight, best.MaxHeight)
	if n.dev.opts.Width != 0 {
		f.Width, f.Height = n.dev.opts.Width, n.dev.opts.Height
	}
	f.Stride, f.SizeImage = rawSize(f.FourCC, f.Width, f.Height)
	if n.dev.opts.SizeImage != 0 {
		f.SizeImage = n.dev.opts.SizeImage
	}
	return f
}

func clamp(v, low, high int) int { return min(max(v, low), high) }

func distance(s v4l2.FrameSize, f v4l2.Format) int {
	w, h := clamp(f.Width, s.MinWidth, s.MaxWidth)-f.Width, clamp(f.Height, s.MinHeight, s.MaxHeight)-f.Height
	return w*w + h*h
}

// rawSize is a picture's stride and size in bytes; compressed ones get room.
func rawSize(f v4l2.FourCC, width, height int) (stride, size int) {
	switch f {
	case v4l2.YUYV, v4l2.UYVY:
		return 2 * width, 2 * width * height
	case v4l2.NV12, v4l2.NV21, v4l2.YU12, v4l2.YV12:
		return width, width * height * 3 / 2
	}
	return 0, width * height
}

// advance implements model: a picture at every interval, lost when no buffer is
// queued.
func (c camera) advance(n *node, now time.Time) time.Time {
	q, s := &n.queues[v4l2.QueueCapture], &n.camera
	if !q.streaming || n.dev.stalled || n.dev.gone {
		s.start, s.made = now, 0
		return time.Time{}
	}
	f := n.interval[v4l2.QueueCapture]
	interval := time.Second * time.Duration(f.Numerator) / time.Duration(f.Denominator)
	for {
		due := s.start.Add(time.Duration(s.made+1) * interval)
		if due.After(now) {
			return due
		}
		s.made++
		b := q.next()
		if b == nil {
			q.sequence++
			continue
		}
		data := c.cfg.Picture(q.format, q.sequence)
		b.used = copy(b.mem.data, data)
		b.flags = uapi.V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC
		if n.dev.corrupt > 0 {
			n.dev.corrupt--
			b.flags |= uapi.V4L2_BUF_FLAG_ERROR
		}
		stamp := due.Sub(time.Time{}.AddDate(1999, 0, 0))
		b.timestamp = uapi.Timeval{Sec: int64(stamp / time.Second), Usec: int64(stamp % time.Second / time.Microsecond)}
		q.finish(b)
	}
}

// command implements model.
func (camera) command(*node, uintptr, uint32) error { return syscall.ENOTTY }

// Picture is what a camera shows by default: a raw picture in which every byte
// is the number, a JPEG or H.264 access unit that carries it.
func Picture(f v4l2.Format, number uint32) []byte { return picture(f, number, 30) }

func picture(f v4l2.Format, number, keyFrames uint32) []byte {
	switch f.FourCC {
	case v4l2.MJPG, v4l2.JPEG:
		return JPEG(byte(number))
	case v4l2.H264:
		return accessUnit(number%keyFrames == 0, number, 0, 0)
	}
	data := make([]byte, f.SizeImage)
	for i := range data {
		data[i] = byte(number)
	}
	return data
}
