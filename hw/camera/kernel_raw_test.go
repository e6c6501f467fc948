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
		made := l.stats().Raw
		for range 10 {
			coded(l.t, r)
		}
		if now := l.stats().Raw; now != made {
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

// TestShortPictures: raw pictures that were cut short on the way are left out,
// whether they are copied or turned.
func TestShortPictures(t *testing.T) {
	for _, mirror := range []bool{false, true} {
		cam := v4l2test.NewCamera(v4l2test.CameraConfig{
			Formats: []v4l2.FourCC{v4l2.NV12}, Sizes: []v4l2.FrameSize{v4l2test.Size(640, 360)},
			Picture: func(f v4l2.Format, n uint32) []byte {
				if n%2 == 1 {
					return make([]byte, f.SizeImage/2)
				}
				return make([]byte, f.SizeImage)
			},
		})
		bubble(t, devices{"/dev/video0": cam, "/dev/video11": encoder()}, func(l *lab) {
			l.cfg.Height, l.cfg.Mirror = 360, mirror
			r := l.mustOpen()
			for range 10 {
				coded(l.t, r)
			}
			l.close()
			if s := l.stats(); s.Damaged < 9 || s.Fallbacks != 0 {
				l.t.Errorf("mirrored %v: %+v", mirror, s)
			}
		})
	}
}
