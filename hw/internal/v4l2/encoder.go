package v4l2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// Profile is an H.264 profile (ITU-T H.264 annex A).
type Profile uint8

// Profiles.
const (
	ConstrainedBaseline Profile = iota
	Main
	High
)

// EncoderConfig says what to encode and how.
type EncoderConfig struct {
	// Width and Height are of the visible picture in pixels, even numbers.
	Width, Height int
	// Stride is the distance of two lines of the first plane of the given frames
	// in bytes; 0 means that lines follow one another without a gap.
	Stride int
	// Input is the raw format of the frames, Output the coded one; 0 means
	// [H264].
	Input, Output FourCC
	// FPS is how many frames a second will come, at least 1. The rate control
	// depends on it.
	FPS int
	// Bitrate is in bit/s; 0 leaves it to the driver.
	Bitrate int
	// Profile is [ConstrainedBaseline] when 0.
	Profile Profile
	// Level is ten times the level of H.264, like 31; 0 means the lowest of 3.1
	// and 4.0 that takes the size and rate.
	Level int
	// KeyFrameInterval is in frames; 0 leaves it to the driver.
	KeyFrameInterval int
	// DMABuf takes frames as dma-bufs, without a copy. See [Encoder.Suits].
	DMABuf bool
	// Buffers is how many frames can be in the encoder; 0 means
	// [DefaultCodecBuffers].
	Buffers int
	// StallAfter is how long frames without a result are an error; 0 means
	// [DefaultStallAfter].
	StallAfter time.Duration
	// Log hears of controls the driver lacks; nil is silent.
	Log *slog.Logger
}

// Packet is an access unit of H.264 in Annex-B format. It belongs to the
// receiver.
type Packet struct {
	Data      []byte
	KeyFrame  bool          // an IDR picture, with its parameter sets
	Timestamp time.Duration // of the frame it was made from
}

// Encoder is a stateful hardware encoder (Documentation/userspace-api/media/
// v4l/dev-encoder.rst).
//
//	OpenEncoder ─▶ Encode ⇄ Next ─▶ Drain ─▶ Next … io.EOF ─▶ Close
//	                 └──────────────── Close ─────────────────┘
type Encoder struct {
	m2m
	cfg     EncoderConfig
	log     *slog.Logger
	coded   *queue // the CAPTURE queue
	input   Format // of the OUTPUT queue
	headers []byte // the parameter sets seen last
	keys    keyForcer
}

// OpenEncoder opens an encoder and starts both its queues. The error tells which
// step the driver refused.
func OpenEncoder(sys System, path string, cfg EncoderConfig) (*Encoder, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure encoder %s: %w", path, err)
	}
	d, err := Open(sys, path)
	if err != nil {
		return nil, err
	}
	e := &Encoder{cfg: cfg, log: cfg.Log.With("encoder", path)}
	e.dev, e.stallAfter = d, cfg.StallAfter
	if err := e.setUp(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Suits reports whether frames in dma-bufs of the given length in bytes can be
// taken without a copy: a nil error, or one that wraps [ErrImport] and says what
// does not fit. Encoders round the height up to macroblocks, so 640x360 does not
// fit where 640x480 does.
func (e *Encoder) Suits(length int) error {
	given, err := layoutOf(e.cfg.Input, e.cfg.Width, e.cfg.Height, e.cfg.Stride, e.cfg.Height)
	if err != nil {
		return err
	}
	wanted, err := layoutOf(e.cfg.Input, e.cfg.Width, e.cfg.Height, e.input.Stride, e.input.Height)
	switch {
	case err != nil:
		return err
	case e.input.Stride != e.cfg.Stride:
		return fmt.Errorf("%w: lines of %d bytes, it takes %d", ErrImport, e.cfg.Stride, e.input.Stride)
	case !given.sameOffsets(wanted):
		return fmt.Errorf("%w: %d lines, it takes %d", ErrImport, e.cfg.Height, e.input.Height)
	case length < e.input.SizeImage:
		return fmt.Errorf("%w: buffer of %d bytes, it takes %d", ErrImport, length, e.input.SizeImage)
	}
	return nil
}

// Input is the format of the OUTPUT queue as the driver rounded it.
func (e *Encoder) Input() Format { return e.input }

// Device is the open node, for its capability and controls.
func (e *Encoder) Device() *Device { return e.dev }

// Imports reports whether frames are taken as dma-bufs, without a copy.
func (e *Encoder) Imports() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.out.memory == uapi.V4L2_MEMORY_DMABUF
}

// Encode gives the encoder a frame. It never blocks: when no buffer is free the
// frame is dropped and counted, and taken is false. The error is [ErrImport]
// when the driver refuses the frame's dma-buf; see [Encoder.UseCopies].
func (e *Encoder) Encode(f Frame) (taken bool, err error) {
	e.mu.Lock()
	finished := e.reap()
	importing := e.out != nil && e.out.memory == uapi.V4L2_MEMORY_DMABUF
	var fill func([]byte) (int, error)
	if !importing {
		fill = func(dst []byte) (int, error) { return e.copyFrame(dst, f.Data) }
	}
	taken, err = e.take(f, fill, e.prepareKeyFrame)
	if !taken || !importing {
		finished = append(finished, f)
	}
	e.mu.Unlock()
	for _, done := range finished {
		done.finish()
	}
	if importing && errors.Is(err, syscall.EINVAL) {
		err = fmt.Errorf("%w: %w", ErrImport, err)
	}
	if err != nil {
		return false, e.dev.fail("encode with", err)
	}
	return taken, nil
}

// UseCopies makes an encoder that imports take copies from now on. Frames in it
// are lost.
func (e *Encoder) UseCopies() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return e.dev.fail("use", os.ErrClosed)
	}
	frames, err := e.stop()
	e.pending, e.since = nil, time.Time{}
	if err == nil {
		err = e.start(uapi.V4L2_MEMORY_MMAP, e.cfg.Buffers)
	}
	e.mu.Unlock()
	for _, f := range frames {
		f.finish()
	}
	return err
}

// Next waits for an access unit. The error is io.EOF after [Encoder.Drain] when
// all have come, [ErrStalled], the context's, or os.ErrClosed after Close.
func (e *Encoder) Next(ctx context.Context) (Packet, error) {
	defer context.AfterFunc(ctx, e.dev.node.Wake)()
	var got Events
	for {
		if err := ctx.Err(); err != nil {
			return Packet{}, err
		}
		p, finished, err := e.collect()
		for _, f := range finished {
			f.finish()
		}
		switch {
		case err == io.EOF:
			return Packet{}, io.EOF
		case err != nil:
			return Packet{}, e.dev.fail("read", err)
		case p != nil:
			return *p, nil
		}
		if got, err = e.await(Readable, got); err != nil {
			return Packet{}, err
		}
	}
}

// collect takes one access unit, and the frames the driver is done with. The
// packet is nil when there is none yet.
func (e *Encoder) collect() (*Packet, []Frame, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, nil, os.ErrClosed
	}
	finished := e.reap()
	for {
		if e.over() {
			return nil, finished, io.EOF
		}
		d, err := e.coded.dequeue()
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return nil, finished, nil
		case err != nil:
			return nil, finished, err
		}
		p := e.packet(d)
		e.ended = e.ended || d.flags&uapi.V4L2_BUF_FLAG_LAST != 0
		if err := e.coded.enqueue(d.slot, item{}); err != nil {
			return nil, finished, err
		}
		if p != nil {
			return p, finished, nil
		}
	}
}

// packet copies an access unit out of its buffer; nil when it is none.
func (e *Encoder) packet(d done) *Packet {
	if d.used == 0 {
		return nil
	}
	if d.flags&uapi.V4L2_BUF_FLAG_ERROR != 0 {
		e.stats.Damaged++
		e.match(d.timestamp)
		return nil
	}
	data := d.content()
	if onlyParameterSets(data) {
		e.headers = append([]byte(nil), data...)
		return nil
	}
	f, ok := e.match(d.timestamp)
	if !ok {
		e.stats.Junk++
		return nil
	}
	e.stats.Out++
	p := &Packet{KeyFrame: d.flags&uapi.V4L2_BUF_FLAG_KEYFRAME != 0, Timestamp: f.timestamp}
	if p.KeyFrame {
		e.keyFrameSeen(f)
	}
	p.Data = e.withHeaders(data, p.KeyFrame)
	return p
}

// Drain asks for the access units of all frames given so far. Encode refuses
// frames from now on, and Next ends with io.EOF.
func (e *Encoder) Drain() error { return e.drain(uapi.VIDIOC_ENCODER_CMD) }

// Close stops and closes the encoder, ends a Next under way and finishes the
// frames it holds. It is idempotent.
func (e *Encoder) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	var frames []Frame
	var errs []error
	if e.out != nil {
		var err error
		frames, err = e.stop()
		errs = append(errs, err)
	}
	if e.coded != nil {
		errs = append(errs, ignoreGone(e.coded.stream(false)), e.coded.freeAll())
	}
	e.mu.Unlock()
	for _, f := range frames {
		f.finish()
	}
	return errors.Join(append(errs, e.dev.Close())...)
}
