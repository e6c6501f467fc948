package v4l2

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// Buffer is a picture or an access unit in memory of the driver, lent until
// Release. What is in it must not be touched after that.
type Buffer struct {
	// Data is the content: BytesUsed bytes.
	Data []byte
	// FD is the buffer as a dma-buf, or -1 when it was not exported. It belongs
	// to the stream.
	FD int
	// Length is the size of the whole buffer in bytes.
	Length int
	// Flags are the kernel's V4L2_BUF_FLAG_*.
	Flags uint32
	// Sequence counts what the device made; a gap is a picture it dropped.
	Sequence uint32
	// Timestamp is when the picture was taken, on the clock Flags tell, mostly
	// CLOCK_MONOTONIC; for a decoded picture, the timestamp of what was decoded.
	Timestamp time.Duration
	// BytesUsed is how much the device wrote.
	BytesUsed int

	lender   *lender
	slot     *slot
	released atomic.Bool
}

// KeyFrame reports whether the driver marked the content as a key frame.
// Cameras that deliver H.264 do not always.
func (b *Buffer) KeyFrame() bool { return b.Flags&uapi.V4L2_BUF_FLAG_KEYFRAME != 0 }

// Release gives the buffer back to the driver. Only the first call has an
// effect, and that of no buffer has none. After the stream was closed it frees
// the memory.
func (b *Buffer) Release() error {
	if b == nil || b.released.Swap(true) {
		return nil
	}
	return b.lender.takeBack(b.slot)
}

// Read runs f on the content. An exported buffer is bracketed for the CPU's
// caches (DMA_BUF_IOCTL_SYNC), which reading Data directly is not.
func (b *Buffer) Read(f func(data []byte)) error {
	if b.slot.export == nil {
		f(b.Data)
		return nil
	}
	if err := b.sync(uapi.DMA_BUF_SYNC_START); err != nil {
		return err
	}
	f(b.Data)
	return b.sync(uapi.DMA_BUF_SYNC_END)
}

func (b *Buffer) sync(edge uint64) error {
	s := uapi.DMABufSync{Flags: edge | uapi.DMA_BUF_SYNC_READ}
	if err := b.slot.export.Ioctl(uapi.DMA_BUF_IOCTL_SYNC, unsafe.Pointer(&s)); err != nil {
		return b.lender.q.dev.fail("synchronise a buffer of", err)
	}
	return nil
}

// Frame makes the buffer an encoder's input: the encoder releases it.
func (b *Buffer) Frame() Frame {
	return Frame{Data: b.Data, FD: b.FD, Length: b.Length, Timestamp: b.Timestamp, Done: func() { _ = b.Release() }}
}

// lender is a CAPTURE queue whose buffers are lent out one by one.
//
//	the driver ─dequeue→ lent ─takeBack→ the driver
//	                      └─ close, then takeBack → freed
type lender struct {
	q *queue

	mu     sync.Mutex
	lent   int
	closed bool
}

// fill gives every buffer to the driver.
func (l *lender) fill() error {
	for _, s := range l.q.slots {
		if err := l.q.enqueue(s, item{}); err != nil {
			return l.q.dev.fail("queue a buffer of", err)
		}
	}
	return nil
}

// next takes a buffer from the driver; EAGAIN when none is done, os.ErrClosed
// after close.
func (l *lender) next() (done, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return done{}, os.ErrClosed
	}
	d, err := l.q.dequeue()
	if err == nil {
		l.lent++
		d.slot.lent = true
	}
	return d, err
}

// lend makes what next returned a buffer of the caller.
func (l *lender) lend(d done) *Buffer {
	return &Buffer{
		Data: d.content(), FD: d.slot.fd, Length: d.slot.length, Flags: d.flags, Sequence: d.sequence,
		Timestamp: d.timestamp, BytesUsed: d.used, lender: l, slot: d.slot,
	}
}

// takeBack ends a loan.
func (l *lender) takeBack(s *slot) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lent--
	s.lent = false
	if l.closed {
		return s.free()
	}
	err := l.q.enqueue(s, item{})
	if l.lent == len(l.q.slots)-1 {
		l.q.dev.node.Wake() // a Next may be waiting with nothing queued
	}
	if ignoreGone(err) != nil {
		return l.q.dev.fail("queue a buffer of", err)
	}
	return nil // whoever waits for the next picture hears that it is gone
}

// allLent reports whether the driver has no buffer to fill.
func (l *lender) allLent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lent == len(l.q.slots)
}

// close stops the queue and frees what is not lent; the rest is freed when it
// comes back. It is idempotent.
func (l *lender) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	errs := []error{ignoreGone(l.q.stream(false))}
	for _, s := range l.q.slots {
		if !s.lent {
			errs = append(errs, s.free())
		}
	}
	return errors.Join(append(errs, l.q.forget())...)
}

// ignoreGone leaves out the error of a device that is gone: there is nothing
// left to stop.
func ignoreGone(err error) error {
	if errors.Is(err, os.ErrClosed) || Unplugged(err) {
		return nil
	}
	return err
}
