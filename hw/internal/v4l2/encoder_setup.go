package v4l2

import (
	"fmt"
	"log/slog"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// withDefaults fills in what may be left out, and refuses what no encoder takes.
func (cfg EncoderConfig) withDefaults() (EncoderConfig, error) {
	if cfg.Output == 0 {
		cfg.Output = H264
	}
	if cfg.Buffers == 0 {
		cfg.Buffers = DefaultCodecBuffers
	}
	if cfg.StallAfter == 0 {
		cfg.StallAfter = DefaultStallAfter
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Level == 0 {
		cfg.Level = levelFor(cfg.Width, cfg.Height, cfg.FPS)
	}
	if cfg.FPS < 1 {
		return cfg, fmt.Errorf("%d frames a second: at least 1", cfg.FPS)
	}
	if cfg.Width < 16 || cfg.Height < 16 || cfg.Width%2 != 0 || cfg.Height%2 != 0 {
		return cfg, fmt.Errorf("size %dx%d: even numbers from 16", cfg.Width, cfg.Height)
	}
	if cfg.Stride == 0 {
		cfg.Stride = minStride(cfg.Input, cfg.Width)
	}
	if _, err := layoutOf(cfg.Input, cfg.Width, cfg.Height, cfg.Stride, cfg.Height); err != nil {
		return cfg, err
	}
	return cfg, nil
}

// setUp brings the encoder from open to streaming: controls, CAPTURE format,
// OUTPUT format, rate, buffers, STREAMON.
func (e *Encoder) setUp() error {
	if !e.dev.cap.IsCodec() {
		return e.dev.fail("use as encoder", fmt.Errorf("%s is no codec", e.dev.cap.Card))
	}
	e.setControls()
	if err := e.setFormats(); err != nil {
		return err
	}
	if _, err := e.dev.SetFrameRate(QueueOutput, Fraction{1, uint32(e.cfg.FPS)}); err != nil {
		e.log.Debug("encoder takes no frame rate", "err", err)
	}
	memory := uint32(uapi.V4L2_MEMORY_MMAP)
	if e.cfg.DMABuf {
		memory = uapi.V4L2_MEMORY_DMABUF
	}
	e.coded = &queue{dev: e.dev, side: QueueCapture, memory: uapi.V4L2_MEMORY_MMAP}
	if err := e.coded.request(e.cfg.Buffers); err != nil {
		return err
	}
	if err := e.coded.mapAll(false); err != nil {
		return err
	}
	for _, s := range e.coded.slots {
		if err := e.coded.enqueue(s, item{}); err != nil {
			return e.dev.fail("queue a buffer of", err)
		}
	}
	if err := e.start(memory, e.cfg.Buffers); err != nil {
		return err
	}
	return e.coded.stream(true)
}

// setFormats sets both queues, the coded one first as it selects the codec.
func (e *Encoder) setFormats() error {
	coded, err := e.dev.SetFormat(QueueCapture, Format{
		FourCC: e.cfg.Output, Width: e.cfg.Width, Height: e.cfg.Height, SizeImage: codedSize(e.cfg.Width, e.cfg.Height),
	})
	if err != nil {
		return err
	}
	if coded.FourCC != e.cfg.Output {
		return e.dev.fail("use as encoder", fmt.Errorf("it makes %s, not %s", coded.FourCC, e.cfg.Output))
	}
	e.input, err = e.dev.SetFormat(QueueOutput, Format{
		FourCC: e.cfg.Input, Width: e.cfg.Width, Height: e.cfg.Height, Stride: e.cfg.Stride, Colorspace: uapi.V4L2_COLORSPACE_SMPTE170M,
	})
	if err != nil {
		return err
	}
	if err := e.checkInput(); err != nil {
		return e.dev.fail("use as encoder", err)
	}
	if err := e.dev.setCrop(QueueOutput, e.cfg.Width, e.cfg.Height); err != nil {
		e.log.Debug("encoder takes no crop", "err", err)
	}
	return nil
}

// checkInput refuses what the driver made of the OUTPUT format when the frames
// do not fit into it. Rounding up to macroblocks is what drivers do.
func (e *Encoder) checkInput() error {
	f := e.input
	if f.FourCC != e.cfg.Input {
		return fmt.Errorf("it takes %s, not %s", f.FourCC, e.cfg.Input)
	}
	if err := checkSize(f, e.cfg.Width, e.cfg.Height); err != nil {
		return err
	}
	l, err := layoutOf(f.FourCC, e.cfg.Width, e.cfg.Height, f.Stride, f.Height)
	if err != nil {
		return err
	}
	if f.SizeImage < l.size {
		return fmt.Errorf("its buffers of %d bytes are too small for %v with lines of %d bytes", f.SizeImage, f, f.Stride)
	}
	return nil
}

// checkSize accepts the size a codec made of the one asked for.
func checkSize(f Format, width, height int) error {
	const alignment = 64 // the largest known, in pixels
	if f.Width < width || f.Width >= width+alignment || f.Height < height || f.Height >= height+alignment {
		return fmt.Errorf("it changes the size from %dx%d to %dx%d", width, height, f.Width, f.Height)
	}
	return nil
}

// codedSize is the room asked for an access unit, in bytes.
func codedSize(width, height int) int { return max(512<<10, width*height*3/4) }
