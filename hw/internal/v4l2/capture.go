package v4l2

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// Defaults of [CaptureConfig].
const (
	DefaultCaptureBuffers = 4
	DefaultFrameTimeout   = 3 * time.Second
)

// CaptureConfig says how to stream. The format and the rate are set on the
// [Device] before.
type CaptureConfig struct {
	// Buffers is how many there are; 0 means [DefaultCaptureBuffers]. One more
	// than the program holds at a time keeps the camera going.
	Buffers int
	// Export gives every buffer a dma-buf ([Buffer.FD]).
	Export bool
	// KeepAll delivers every picture in order instead of the newest: for streams
	// whose pictures refer to one another, such as H.264.
	KeepAll bool
	// Timeout is how long no picture is an error; 0 means
	// [DefaultFrameTimeout].
	Timeout time.Duration
}

// CaptureStats counts pictures since the start.
type CaptureStats struct {
	Frames  uint64 // returned by Next
	Dropped uint64 // given back unread, because a newer one was there
	Missed  uint64 // gaps in the device's own count
	Corrupt uint64 // marked as damaged by the driver, or not plausible
}

// Capture is a camera that streams.
type Capture struct {
	dev *Device
	cfg CaptureConfig
	l   *lender

	mu    sync.Mutex
	stats CaptureStats
	last  uint32 // sequence of the last picture, valid when any
	any   bool
}

// StartCapture allocates buffers and starts the stream. ENOSPC means that the
// USB bus has no bandwidth left, EBUSY that another program streams.
func (d *Device) StartCapture(cfg CaptureConfig) (*Capture, error) {
	if cfg.Buffers == 0 {
		cfg.Buffers = DefaultCaptureBuffers
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultFrameTimeout
	}
	l, err := startLender(d, cfg.Buffers, cfg.Export)
	if err != nil {
		return nil, err
	}
	return &Capture{dev: d, cfg: cfg, l: l}, nil
}

// startLender allocates, queues and starts a CAPTURE queue. After an error
// nothing is left behind.
func startLender(d *Device, buffers int, export bool) (*lender, error) {
	l := &lender{q: &queue{dev: d, side: QueueCapture, memory: uapi.V4L2_MEMORY_MMAP}}
	if err := l.q.request(buffers); err != nil {
		return nil, err
	}
	err := l.q.mapAll(export)
	if err == nil {
		err = l.fill()
	}
	if err == nil {
		err = l.q.stream(true)
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// Next waits for a picture and lends it: the newest there is, or with KeepAll
// the oldest. Damaged ones are left out. The error is [ErrNoFrame] after the
// timeout, the context's when it ends first, os.ErrClosed after Close, and
// [Unplugged] when the camera is gone.
func (c *Capture) Next(ctx context.Context) (*Buffer, error) {
	defer context.AfterFunc(ctx, c.dev.node.Wake)()
	deadline := time.Now().Add(c.cfg.Timeout)
	var got Events
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := c.take()
		if b != nil || err != nil {
			return b, err
		}
		left := time.Until(deadline)
		switch {
		case got&Failed != 0: // and nothing to read: waiting again would not wait
			return nil, c.dev.fail("read", syscall.EIO)
		case left <= 0:
			return nil, c.noFrame()
		}
		if got, err = wait(c.dev, Readable, left); err != nil {
			return nil, err
		}
	}
}

// wait waits for a device. An interrupted wait is none.
func wait(d *Device, want Events, timeout time.Duration) (Events, error) {
	got, err := d.node.Wait(want, timeout)
	switch {
	case errors.Is(err, syscall.EINTR):
		return 0, nil
	case err != nil:
		return 0, d.fail("wait for", err)
	}
	return got, nil
}

// noFrame tells a camera that delivers nothing from a program that keeps all
// its buffers.
func (c *Capture) noFrame() error {
	if c.l.allLent() {
		return c.dev.fail("read", fmt.Errorf("%w: all %d buffers are in use", ErrNoFrame, c.cfg.Buffers))
	}
	return c.dev.fail("read", fmt.Errorf("%w within %v", ErrNoFrame, c.cfg.Timeout))
}

// take empties the queue. It returns nil when there is no picture yet.
func (c *Capture) take() (*Buffer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var newest *Buffer
	for {
		d, err := c.l.next()
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return c.count(newest), nil
		case err != nil && newest != nil:
			return c.count(newest), nil // the next call gets the error again
		case err != nil:
			return nil, c.dev.fail("read", err)
		}
		c.follow(d.sequence)
		if d.flags&uapi.V4L2_BUF_FLAG_ERROR != 0 || d.used == 0 {
			c.stats.Corrupt++
			if err := c.l.takeBack(d.slot); err != nil {
				return nil, errors.Join(err, newest.Release())
			}
			continue
		}
		if newest != nil {
			c.stats.Dropped++
			if err := newest.Release(); err != nil {
				return nil, errors.Join(err, c.l.takeBack(d.slot))
			}
		}
		newest = c.l.lend(d)
		if c.cfg.KeepAll {
			return c.count(newest), nil
		}
	}
}

// follow counts gaps in the device's count.
func (c *Capture) follow(sequence uint32) {
	if gap := sequence - c.last - 1; c.any && gap < 1<<31 {
		c.stats.Missed += uint64(gap)
	}
	c.last, c.any = sequence, true
}

func (c *Capture) count(b *Buffer) *Buffer {
	if b != nil {
		c.stats.Frames++
	}
	return b
}

// Stats returns the counters.
func (c *Capture) Stats() CaptureStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// Close stops the stream and ends a Next under way. Buffers that are lent stay
// readable until they are released. It is idempotent and leaves the device
// open.
func (c *Capture) Close() error {
	err := c.l.close()
	c.dev.node.Wake()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
