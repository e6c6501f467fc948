package pipeline

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/picture"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// camera is an open camera, set up and not yet streaming.
type camera struct {
	dev    *v4l2.Device
	format v4l2.Format
	thin   thinner
}

// fourCC is the number of a format's four characters.
func fourCC(s string) v4l2.FourCC {
	var b [4]byte
	copy(b[:], s+"    ")
	return v4l2.FourCC(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)
}

// openCamera opens the route's camera and sets its format, rate and controls.
func (s *Stream) openCamera() (*camera, error) {
	r := s.cfg.Route
	dev, err := v4l2.Open(s.cfg.Sys, r.Camera.Path)
	if err != nil {
		return nil, err
	}
	s.onClose(dev.Close)
	c := &camera{dev: dev}
	want := v4l2.Format{FourCC: fourCC(r.Format), Width: r.Width, Height: r.Height}
	if c.format, err = dev.SetFormat(v4l2.QueueCapture, want); err != nil {
		return nil, err
	}
	if c.format.FourCC != want.FourCC || c.format.Width != r.Width || c.format.Height != r.Height {
		return nil, fmt.Errorf("set format of %s: the camera made %v of %v; choose a size that `intercomd devices` lists", dev.Path(), c.format, want)
	}
	interval, err := dev.SetFrameRate(v4l2.QueueCapture, v4l2.Fraction{Numerator: 1, Denominator: uint32(r.FPS)})
	if err == nil && interval.FPS() > 1.2*float64(r.FPS) {
		c.thin.gap = time.Second / time.Duration(r.FPS)
	}
	if err := turn(dev, r.InCamera); err != nil {
		return nil, err
	}
	s.cfg.Settings.apply(dev, s.cfg.Log)
	return c, nil
}

// start starts the camera's stream. Buffers are exported for encoders that can
// import them; a driver that cannot export is fine.
func (s *Stream) start(c *camera, cfg v4l2.CaptureConfig) (*v4l2.Capture, error) {
	cfg.Timeout = s.cfg.FrameTimeout
	capture, err := c.dev.StartCapture(cfg)
	if err != nil && cfg.Export {
		cfg.Export = false
		capture, err = c.dev.StartCapture(cfg)
	}
	if err != nil {
		return nil, err
	}
	s.onClose(capture.Close)
	return capture, nil
}

// layout is how the camera's raw pictures lie in memory.
func (c *camera) layout() picture.Layout {
	return picture.Layout{
		FourCC: c.format.FourCC.String(), Width: c.format.Width, Height: c.format.Height, Stride: c.format.Stride,
	}
}

// each calls f for the pictures of a camera until the context ends. f releases
// the buffer.
func (s *Stream) each(ctx context.Context, c *camera, capture *v4l2.Capture, f func(*v4l2.Buffer) error) error {
	var before v4l2.CaptureStats
	for {
		b, err := capture.Next(ctx)
		stats := capture.Stats()
		s.cfg.Counters.dropped.Add(stats.Dropped - before.Dropped + stats.Missed - before.Missed)
		s.cfg.Counters.damaged.Add(stats.Corrupt - before.Corrupt)
		before = stats
		if err != nil {
			return err
		}
		if c.thin.skip(b.Timestamp) || s.resting() {
			err = b.Release()
		} else {
			err = f(b)
		}
		if err != nil {
			return err
		}
	}
}

// resting reports whether pictures need not be made, as nobody reads them. What
// is passed through is made anyway.
func (s *Stream) resting() bool {
	return s.cfg.Route.Kind != plan.Passthrough && s.out.rest(time.Now())
}

// openRaw runs raw pictures from a camera into an encoder, or out.
func (s *Stream) openRaw() error {
	c, err := s.openCamera()
	if err != nil {
		return err
	}
	out, err := s.openSink(c.layout())
	if err != nil {
		return err
	}
	capture, err := s.start(c, v4l2.CaptureConfig{Export: s.cfg.Route.ZeroCopy})
	if err != nil {
		return err
	}
	s.task(func(ctx context.Context) error {
		return s.each(ctx, c, capture, func(b *v4l2.Buffer) error {
			return out.give(shot{frame: b.Frame(), layout: c.layout(), read: b.Read})
		})
	})
	return nil
}

// thinner leaves out pictures of a camera that is faster than wanted. The zero
// value leaves out none.
type thinner struct {
	gap time.Duration
	due time.Duration
}

func (t *thinner) skip(at time.Duration) bool {
	if t.gap == 0 {
		return false
	}
	if at < t.due-t.gap/4 && at > t.due-4*t.gap {
		return true
	}
	t.due = time.Duration(math.Max(float64(t.due+t.gap), float64(at+t.gap/2)))
	return false
}
