package v4l2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// DecoderConfig says what to decode into what.
type DecoderConfig struct {
	// Width and Height are of the pictures in pixels.
	Width, Height int
	// Input is the compressed format; 0 means [MJPG]. Output is the raw one; 0
	// leaves it to the driver.
	Input, Output FourCC
	// Export gives every picture a dma-buf, for an encoder that imports.
	Export bool
	// Import takes compressed frames as dma-bufs of the camera, without a copy.
	Import bool
	// Buffers is how many pictures there are; 0 means [DefaultCodecBuffers].
	Buffers int
	// StallAfter is how long frames without a result are an error; 0 means
	// [DefaultStallAfter].
	StallAfter time.Duration
}

// Decoder is a stateful hardware decoder (Documentation/userspace-api/media/
// v4l/dev-decoder.rst) for streams in which every picture stands for itself,
// such as MJPEG.
type Decoder struct {
	m2m
	cfg      DecoderConfig
	pictures *lender // the CAPTURE queue
	format   Format  // of the pictures
	starved  bool    // every picture is lent, so the decoder cannot go on
}

// OpenDecoder opens a decoder and starts both its queues.
func OpenDecoder(sys System, path string, cfg DecoderConfig) (*Decoder, error) {
	if cfg.Input == 0 {
		cfg.Input = MJPG
	}
	if cfg.Buffers == 0 {
		cfg.Buffers = DefaultCodecBuffers
	}
	if cfg.StallAfter == 0 {
		cfg.StallAfter = DefaultStallAfter
	}
	dev, err := Open(sys, path)
	if err != nil {
		return nil, err
	}
	d := &Decoder{cfg: cfg}
	d.dev, d.stallAfter = dev, cfg.StallAfter
	if err := d.setUp(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// setUp starts both queues at once, as the size is known. A decoder that finds
// out otherwise says so by an event, and its pictures are set up again.
func (d *Decoder) setUp() error {
	if !d.dev.cap.IsCodec() {
		return d.dev.fail("use as decoder", fmt.Errorf("%s is no codec", d.dev.cap.Card))
	}
	coded, err := d.dev.SetFormat(QueueOutput, Format{
		FourCC: d.cfg.Input, Width: d.cfg.Width, Height: d.cfg.Height, SizeImage: codedSize(d.cfg.Width, d.cfg.Height),
	})
	if err != nil {
		return err
	}
	if coded.FourCC != d.cfg.Input {
		return d.dev.fail("use as decoder", fmt.Errorf("it takes %s, not %s", coded.FourCC, d.cfg.Input))
	}
	// JPEG decoders that are not stateful in the kernel's sense have no such event.
	if err := d.dev.subscribe(uapi.V4L2_EVENT_SOURCE_CHANGE); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTTY) {
		return err
	}
	memory := uint32(uapi.V4L2_MEMORY_MMAP)
	if d.cfg.Import {
		memory = uapi.V4L2_MEMORY_DMABUF
	}
	if err := d.start(memory, d.cfg.Buffers); err != nil {
		return err
	}
	return d.startPictures()
}

// startPictures sets up the CAPTURE queue. The caller holds mu, or is alone.
func (d *Decoder) startPictures() error {
	f, err := d.dev.Format(QueueCapture)
	if err != nil {
		return err
	}
	if d.cfg.Output != 0 && f.FourCC != d.cfg.Output {
		if f, err = d.dev.SetFormat(QueueCapture, Format{FourCC: d.cfg.Output, Width: f.Width, Height: f.Height}); err != nil {
			return err
		}
	}
	if err := d.checkPictures(f); err != nil {
		return d.dev.fail("use as decoder", err)
	}
	d.format = f
	d.pictures, err = startLender(d.dev, d.cfg.Buffers, d.cfg.Export)
	return err
}

// checkPictures refuses pictures that are not those asked for.
func (d *Decoder) checkPictures(f Format) error {
	if d.cfg.Output != 0 && f.FourCC != d.cfg.Output {
		return fmt.Errorf("it makes %s, not %s", f.FourCC, d.cfg.Output)
	}
	return checkSize(f, d.cfg.Width, d.cfg.Height)
}

// Format is how the pictures lie in memory. It may change until the first
// picture came.
func (d *Decoder) Format() Format {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.format
}

// Device is the open node, for its capability.
func (d *Decoder) Device() *Device { return d.dev }

// Decode gives the decoder a compressed picture. It never blocks: when no buffer
// is free the picture is dropped and counted, and taken is false.
func (d *Decoder) Decode(f Frame) (taken bool, err error) {
	d.mu.Lock()
	finished := d.reap()
	var fill func([]byte) (int, error)
	if !d.cfg.Import {
		fill = func(dst []byte) (int, error) {
			if len(f.Data) == 0 || len(f.Data) > len(dst) {
				return 0, fmt.Errorf("picture of %d bytes for a buffer of %d", len(f.Data), len(dst))
			}
			return copy(dst, f.Data), nil
		}
	}
	taken, err = d.take(f, fill, nil)
	if !taken || !d.cfg.Import {
		finished = append(finished, f)
	}
	d.mu.Unlock()
	for _, done := range finished {
		done.finish()
	}
	if err != nil {
		return false, d.dev.fail("decode with", err)
	}
	return taken, nil
}

// Next waits for a picture and lends it: the newest there is. The error is io.EOF
// after [Decoder.Drain] when all have come, [ErrStalled], the context's, or
// os.ErrClosed after Close.
func (d *Decoder) Next(ctx context.Context) (*Buffer, error) {
	defer context.AfterFunc(ctx, d.dev.node.Wake)()
	var got Events
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, finished, err := d.collect(got)
		for _, f := range finished {
			f.finish()
		}
		switch {
		case err == io.EOF:
			return nil, io.EOF
		case err != nil:
			return nil, d.dev.fail("read", err)
		case b != nil:
			return b, nil
		}
		if d.starves() {
			got, err = wait(d.dev, 0, -1) // for a picture to come back
		} else {
			got, err = d.await(Readable|Priority, got)
		}
		if err != nil {
			return nil, err
		}
	}
}

// starves reports whether every picture is lent. That is no fault of the
// decoder, so its time to answer begins anew with the first that comes back.
func (d *Decoder) starves() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.starved
	d.starved = d.pictures.allLent()
	if before && !d.since.IsZero() {
		d.since = time.Now()
	}
	return d.starved
}

// collect takes the newest picture, and the frames the driver is done with. The
// picture is nil when there is none yet.
func (d *Decoder) collect(got Events) (*Buffer, []Frame, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, os.ErrClosed
	}
	finished := d.reap()
	if got&Priority != 0 && d.sourceChanged() {
		if err := errors.Join(d.pictures.close(), d.startPictures()); err != nil {
			return nil, finished, err
		}
	}
	b, err := d.newest()
	if b == nil && err == nil && d.over() {
		err = io.EOF
	}
	return b, finished, err
}

// newest empties the CAPTURE queue.
func (d *Decoder) newest() (*Buffer, error) {
	var newest *Buffer
	for {
		p, err := d.pictures.next()
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return newest, nil
		case errors.Is(err, syscall.EPIPE): // after the last buffer of a drain
			d.ended = d.draining
			return newest, nil
		case err != nil && newest != nil:
			return newest, nil // the next call gets the error again
		case err != nil:
			return nil, err
		}
		if p.flags&uapi.V4L2_BUF_FLAG_LAST != 0 && d.draining {
			d.ended = true
		}
		if !d.accept(p) {
			if err := d.pictures.takeBack(p.slot); err != nil {
				return nil, errors.Join(err, newest.Release())
			}
			continue
		}
		if newest != nil {
			d.stats.Dropped++
			d.stats.Out--
			if err := newest.Release(); err != nil {
				return nil, errors.Join(err, d.pictures.takeBack(p.slot))
			}
		}
		newest = d.pictures.lend(p)
	}
}

// accept counts a result and tells whether it is a picture of a frame.
func (d *Decoder) accept(p done) bool {
	if p.used == 0 {
		return false
	}
	_, known := d.match(p.timestamp)
	switch {
	case p.flags&uapi.V4L2_BUF_FLAG_ERROR != 0:
		d.stats.Damaged++
		return false
	case !known:
		d.stats.Junk++
		return false
	}
	d.stats.Out++
	return true
}

// sourceChanged empties the event queue and tells whether the pictures have to
// be set up again.
func (d *Decoder) sourceChanged() bool {
	changed := false
	for range maxListed {
		var e uapi.Event
		if err := d.dev.ioctl(uapi.VIDIOC_DQEVENT, unsafe.Pointer(&e)); err != nil {
			return changed // ENOENT: there are no more
		}
		changed = changed || e.Type == uapi.V4L2_EVENT_SOURCE_CHANGE && *e.SrcChanges()&uapi.V4L2_EVENT_SRC_CH_RESOLUTION != 0
	}
	return changed
}

// Drain asks for the pictures of all frames given so far. Decode refuses frames
// from now on, and Next ends with io.EOF.
func (d *Decoder) Drain() error { return d.drain(uapi.VIDIOC_DECODER_CMD) }

// Close stops and closes the decoder and ends a Next under way. Pictures that
// are lent stay readable until they are released. It is idempotent.
func (d *Decoder) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	var frames []Frame
	var errs []error
	if d.out != nil {
		var err error
		frames, err = d.stop()
		errs = append(errs, err)
	}
	if d.pictures != nil {
		errs = append(errs, d.pictures.close())
	}
	d.mu.Unlock()
	for _, f := range frames {
		f.finish()
	}
	return errors.Join(append(errs, d.dev.Close())...)
}
