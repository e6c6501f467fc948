package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/intercomd/intercomd/hw/camera/internal/h264"
	"github.com/intercomd/intercomd/hw/camera/internal/uvc"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// openPassthrough hands out the camera's own access units, one for each buffer
// of the kernel: where pictures begin is not searched for.
func (s *Stream) openPassthrough() error {
	c, err := s.openCamera()
	if err != nil {
		return err
	}
	ctl := s.cameraEncoder(c.dev)
	if err := ctl.SetBitRate(s.cfg.Bitrate); err != nil && s.cfg.Settings.Told.First("bitrate") {
		s.cfg.Log.Warn("camera keeps its bitrate", "camera", s.cfg.Route.Camera.String(), "error", err)
	}
	// Cameras without the control send parameter sets when they like.
	_ = c.dev.SetControl(v4l2.ControlRepeatHeaders, 1)
	capture, err := s.start(c, v4l2.CaptureConfig{KeepAll: true, Buffers: 6})
	if err != nil {
		return err
	}
	_ = ctl.ForceKeyFrame() // they begin with one anyway
	var repeat h264.Repeater
	size := image.Pt(c.format.Width, c.format.Height)
	watch := &watcher{stream: s, keys: ctl}
	s.task(func(ctx context.Context) error {
		defer watch.close()
		return s.each(ctx, c, capture, func(b *v4l2.Buffer) error {
			unit, key := repeat.Add(slices.Clone(b.Data))
			at := b.Timestamp
			if err := b.Release(); err != nil {
				return err
			}
			f := s.frame(unit, key, size, ctl)
			f.raw = watch.see(unit, key, at)
			if s.out.putUnit(f) {
				_ = ctl.ForceKeyFrame()
			}
			return nil
		})
	})
	return nil
}

// cameraEncoder controls the encoder inside a camera: by the UVC extension unit
// or by V4L2 controls.
func (s *Stream) cameraEncoder(dev *v4l2.Device) control {
	if s.cfg.Descriptors != nil {
		if unit, ok := uvc.Unit(s.cfg.Descriptors(dev.Path())); ok {
			return uvc.New(dev, unit)
		}
	}
	return v4l2Control{dev: dev, name: s.cfg.Route.Camera.String()}
}

// v4l2Control controls an encoder inside a camera by the camera's own controls.
type v4l2Control struct {
	dev  *v4l2.Device
	name string
}

// ForceKeyFrame implements control.
func (c v4l2Control) ForceKeyFrame() error {
	if err := c.dev.SetControl(v4l2.ControlForceKeyFrame, 1); err != nil {
		return c.explain("makes no key frames on demand", err)
	}
	return nil
}

// SetBitRate implements control.
func (c v4l2Control) SetBitRate(bps int) error {
	info, err := c.dev.Control(v4l2.ControlBitrate)
	if err == nil {
		err = c.dev.SetControl(v4l2.ControlBitrate, int32(info.Clamp(int64(bps))))
	}
	if err != nil {
		return c.explain("has no control for its bitrate", err)
	}
	return nil
}

func (c v4l2Control) explain(what string, err error) error {
	if errors.Is(err, v4l2.ErrNoControl) {
		return fmt.Errorf("camera %s %s: %w", c.name, what, v4l2.ErrNoControl)
	}
	return err
}
