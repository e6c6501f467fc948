package pipeline

import (
	"context"
	"image"
	"io"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/h264"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/camera/internal/rpicam"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// childKeyFrames is the time between key frames of a child that makes none on
// demand, in seconds: who joins waits half of it in the mean.
const childKeyFrames = 2

// openChild runs the pictures of rpicam-vid.
func (s *Stream) openChild() error {
	r := s.cfg.Route
	cfg := rpicam.Config{
		Program: r.Child, Width: r.Width, Height: r.Height, FPS: r.FPS,
		H264: r.Kind == plan.ChildH264, Bitrate: s.cfg.Bitrate, KeyFrames: childKeyFrames * r.FPS,
		FrameTimeout: s.cfg.FrameTimeout,
	}
	cfg.HFlip, cfg.VFlip, _ = r.InCamera.Flips()
	if cfg.H264 {
		return s.runChild(cfg, func(ctx context.Context, c *rpicam.Child) error { return s.units(ctx, c) })
	}
	out, err := s.openSink(rpicam.Layout(r.Width, r.Height))
	if err != nil {
		return err
	}
	return s.runChild(cfg, func(ctx context.Context, c *rpicam.Child) error { return s.pictures(ctx, c, out) })
}

// runChild starts the child and a task that reads it.
func (s *Stream) runChild(cfg rpicam.Config, read func(context.Context, *rpicam.Child) error) error {
	child, err := rpicam.Start(cfg)
	if err != nil {
		return err
	}
	s.onClose(child.Close)
	s.task(func(ctx context.Context) error {
		defer context.AfterFunc(ctx, child.Stop)()
		return read(ctx, child)
	})
	return nil
}

// pictures reads raw pictures one after another.
func (s *Stream) pictures(ctx context.Context, child io.Reader, out sink) error {
	l := rpicam.Layout(s.cfg.Route.Width, s.cfg.Route.Height)
	memory := make([]byte, l.Bytes())
	start := time.Now()
	for ctx.Err() == nil {
		if _, err := io.ReadFull(child, memory); err != nil {
			return err
		}
		if s.resting() {
			continue
		}
		frame := v4l2.Frame{Data: memory, FD: -1, Timestamp: time.Since(start)}
		if err := out.give(shot{frame: frame, layout: l}); err != nil {
			return err
		}
	}
	return nil
}

// units reads a byte stream of H.264. An access unit is handed out when the
// next one begins.
func (s *Stream) units(ctx context.Context, child io.Reader) error {
	none := noControl{"rpicam-vid takes no orders while it runs"}
	size := image.Pt(s.cfg.Route.Width, s.cfg.Route.Height)
	var split h264.Splitter
	var repeat h264.Repeater
	buf := make([]byte, 64<<10)
	for ctx.Err() == nil {
		n, err := child.Read(buf)
		if err != nil {
			return err
		}
		for _, unit := range split.Write(buf[:n]) {
			unit, key := repeat.Add(unit)
			s.out.putUnit(s.frame(unit, key, size, none))
		}
	}
	return nil
}
