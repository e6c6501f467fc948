package camera

import (
	"image"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

// TestRawOnDemand: raw pictures come while somebody asks for them.
func TestRawOnDemand(t *testing.T) {
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.YUYV), "/dev/video11": encoder()}, func(l *lab) {
		l.cfg.Width, l.cfg.Height = 1280, 720
		r := l.mustOpen()
		defer l.close()
		if coded(l.t, r).Raw() != nil {
			l.t.Error("a raw picture before anybody asked")
		}
		coded(l.t, r)
		var last *image.YCbCr
		for range 5 {
			raw, ok := coded(l.t, r).Raw().(*image.YCbCr)
			if !ok || raw.Rect != image.Rect(0, 0, 640, 360) {
				l.t.Fatalf("raw picture %T", raw)
			}
			if last != nil && raw.Y[0] == last.Y[0] {
				l.t.Error("the picture stands still")
			}
			last = raw
		}
		for start := time.Now(); time.Since(start) < 3*time.Second; {
			coded(l.t, r)
		}
		made := l.cfg.Counters.Stats().Raw
		for range 10 {
			coded(l.t, r)
		}
		if now := l.cfg.Counters.Stats().Raw; now != made {
			l.t.Errorf("%d raw pictures that nobody wants", now-made)
		}
	})
}

// TestRawOfPassthrough: without a decoder that works the stream goes on, and the
// log says who gets no picture.
func TestRawOfPassthrough(t *testing.T) {
	raws := func(l *lab) (n int) {
		r := l.mustOpen()
		defer l.close()
		for range 60 {
			if raw := coded(l.t, r).Raw(); raw != nil && raw.Bounds() == image.Rect(0, 0, 640, 480) {
				n++
			}
		}
		return n
	}
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.H264)}, func(l *lab) {
		if n := raws(l); n != 0 || !strings.Contains(l.log.String(), "peers without H.264 get no picture") {
			l.t.Errorf("%d raw pictures: %s", n, l.log.String())
		}
	})
	broken := v4l2test.NewDecoder(v4l2test.CodecConfig{Coded: v4l2.H264})
	broken.Fail(uapi.VIDIOC_STREAMON, syscall.EIO, 0)
	bubble(t, devices{"/dev/video0": usbCamera(v4l2.H264), "/dev/video10": broken}, func(l *lab) {
		if n := raws(l); n != 0 || strings.Count(l.log.String(), "the decoder failed") != 1 {
			l.t.Errorf("%d raw pictures: %s", n, l.log.String())
		}
	})
}
