package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/intercomd/intercomd/hw/camera/internal/picture"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/camera/jpeg"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// maxBroken is how many broken JPEG pictures in a row are an error: a second's
// worth. Single ones are cut short on a busy bus.
const maxBroken = 30

// openSoftJPEG runs JPEG pictures through libjpeg-turbo.
func (s *Stream) openSoftJPEG() error {
	c, err := s.openCamera()
	if err != nil {
		return err
	}
	l := picture.Layout{FourCC: plan.YU12, Width: c.format.Width, Height: c.format.Height}
	memory := make([]byte, l.Bytes())
	room, err := picture.Into(memory, l)
	if err != nil {
		return err
	}
	out, err := s.openSink(l)
	if err != nil {
		return err
	}
	capture, err := s.start(c, v4l2.CaptureConfig{})
	if err != nil {
		return err
	}
	broken := 0
	s.task(func(ctx context.Context) error {
		return s.each(ctx, c, capture, func(b *v4l2.Buffer) error {
			if err := s.decode(room, b); err != nil {
				if broken++; broken > maxBroken {
					err = fmt.Errorf("read %s: %d broken pictures in a row, last: %w", c.dev.Path(), broken, err)
					return errors.Join(err, b.Release())
				}
				return b.Release()
			}
			broken = 0
			frame := v4l2.Frame{Data: memory, FD: -1, Timestamp: b.Timestamp}
			if err := b.Release(); err != nil {
				return err
			}
			return out.give(shot{frame: frame, layout: l})
		})
	})
	return nil
}

// decode decodes a JPEG picture and counts broken ones.
func (s *Stream) decode(dst *image.YCbCr, b *v4l2.Buffer) error {
	err := jpeg.Decode(dst, b.Data)
	if err != nil {
		s.cfg.Counters.damaged.Add(1)
	}
	return err
}

// openJPEG runs JPEG pictures through a hardware decoder.
func (s *Stream) openJPEG() error {
	r := s.cfg.Route
	c, err := s.openCamera()
	if err != nil {
		return err
	}
	dec, err := v4l2.OpenDecoder(s.cfg.Sys, r.Decoder.Path, v4l2.DecoderConfig{
		Width: c.format.Width, Height: c.format.Height, Input: decoderInput(r), Output: decoderOutput(r), Export: r.ZeroCopy,
	})
	if err != nil {
		return codecError(err)
	}
	s.onClose(dec.Close)
	layout := func() picture.Layout {
		f := dec.Format()
		return picture.Layout{FourCC: f.FourCC.String(), Width: c.format.Width, Height: c.format.Height, Stride: f.Stride, Lines: f.Height}
	}
	out, err := s.openSink(layout())
	if err != nil {
		return err
	}
	capture, err := s.start(c, v4l2.CaptureConfig{})
	if err != nil {
		return err
	}
	s.task(func(ctx context.Context) error {
		return s.each(ctx, c, capture, func(b *v4l2.Buffer) error { return s.feed(dec, b) })
	})
	s.task(func(ctx context.Context) error { return decoded(ctx, dec, layout(), out) })
	return nil
}

// decoderInput is the name the decoder has for JPEG pictures.
func decoderInput(r plan.Route) v4l2.FourCC {
	for _, f := range r.Decoder.Inputs {
		if f == plan.MJPG {
			return v4l2.MJPG
		}
	}
	return v4l2.JPEG
}

// decoderOutput is the raw format between decoder and encoder: the encoder's,
// or for pictures that are converted anyway whatever the decoder has.
func decoderOutput(r plan.Route) v4l2.FourCC {
	for _, f := range r.Decoder.Formats {
		if f.FourCC == r.Input {
			return fourCC(r.Input)
		}
	}
	return 0
}

// feed gives a JPEG picture to a decoder.
func (s *Stream) feed(dec *v4l2.Decoder, b *v4l2.Buffer) error {
	taken, err := dec.Decode(b.Frame())
	if err != nil {
		return codecError(err)
	}
	if !taken {
		s.cfg.Counters.dropped.Add(1)
	}
	return nil
}

// decoded carries a decoder's pictures on until the context ends.
func decoded(ctx context.Context, dec *v4l2.Decoder, l picture.Layout, out sink) error {
	for {
		b, err := dec.Next(ctx)
		if err != nil {
			return codecError(err)
		}
		f := dec.Format()
		if f.Stride != l.Stride || f.Height != l.Lines || f.FourCC.String() != l.FourCC {
			_ = b.Release() // the error below says more
			return codecError(fmt.Errorf("decode with %s: it changed its pictures to %v", dec.Device().Path(), f))
		}
		if err := out.give(shot{frame: b.Frame(), layout: l, read: b.Read}); err != nil {
			return err
		}
	}
}
