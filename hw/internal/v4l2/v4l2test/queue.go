package v4l2test

import (
	"slices"
	"syscall"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// page is what buffers are rounded up to, in bytes.
const page = 4096

// captureOffset is where mmap offsets of CAPTURE queues begin in memory-to-
// memory devices (v4l2-mem2mem.h, DST_QUEUE_OFF_BASE).
const captureOffset = 1 << 30

// buffer is one of a queue's buffers.
type buffer struct {
	index     int
	queued    bool    // queued or done, not in the program's hands
	mem       *memory // its own, or what was imported
	length    int
	used      int
	flags     uint32
	timestamp uapi.Timeval
	sequence  uint32
}

// queue is a vb2 queue.
//
//	no buffers ─REQBUFS→ idle ─STREAMON→ streaming ─STREAMOFF→ idle ─REQBUFS 0→ no buffers
type queue struct {
	format    v4l2.Format
	memory    uint32
	buffers   []*buffer
	pending   []*buffer // queued, oldest first
	done      []*buffer
	streaming bool
	sequence  uint32
	last      bool // the buffer with LAST was dequeued
}

// request is VIDIOC_REQBUFS.
func (q *queue) request(count int, kind uint32) (int, error) {
	switch {
	case q.streaming:
		return 0, syscall.EBUSY
	case kind != uapi.V4L2_MEMORY_MMAP && kind != uapi.V4L2_MEMORY_DMABUF:
		return 0, syscall.EINVAL
	}
	q.buffers, q.pending, q.done = nil, nil, nil
	q.memory = kind
	for i := range min(count, 32) {
		b := &buffer{index: i}
		if kind == uapi.V4L2_MEMORY_MMAP {
			b.length = (q.format.SizeImage + page - 1) / page * page
			b.mem = &memory{data: make([]byte, b.length)}
		}
		q.buffers = append(q.buffers, b)
	}
	return len(q.buffers), nil
}

// find is the buffer of an index, which has to be of a kind of memory.
func (q *queue) find(index, kind uint32) (*buffer, error) {
	if int(index) >= len(q.buffers) || kind != q.memory {
		return nil, syscall.EINVAL
	}
	return q.buffers[index], nil
}

// enqueue is VIDIOC_QBUF.
func (q *queue) enqueue(b *buffer, used int) error {
	if b.queued || used > b.length {
		return syscall.EINVAL
	}
	b.queued, b.used, b.flags = true, used, 0
	q.pending = append(q.pending, b)
	return nil
}

// dequeue is VIDIOC_DQBUF on a node that does not block.
func (q *queue) dequeue() (*buffer, error) {
	switch {
	case !q.streaming:
		return nil, syscall.EINVAL
	case len(q.done) == 0 && q.last:
		return nil, syscall.EPIPE
	case len(q.done) == 0:
		return nil, syscall.EAGAIN
	}
	b := q.done[0]
	q.done = slices.Delete(q.done, 0, 1)
	b.queued = false
	q.last = b.flags&uapi.V4L2_BUF_FLAG_LAST != 0
	return b, nil
}

// stream is VIDIOC_STREAMON and VIDIOC_STREAMOFF.
func (q *queue) stream(on bool) error {
	if on && len(q.buffers) == 0 {
		return syscall.EINVAL
	}
	if !on {
		for _, b := range q.buffers {
			b.queued = false
		}
		q.pending, q.done, q.last = nil, nil, false
	}
	q.streaming = on
	return nil
}

// next takes the oldest queued buffer for the device to work on; nil when there
// is none.
func (q *queue) next() *buffer {
	if !q.streaming || len(q.pending) == 0 {
		return nil
	}
	b := q.pending[0]
	q.pending = slices.Delete(q.pending, 0, 1)
	return b
}

// finish gives a buffer back to the program.
func (q *queue) finish(b *buffer) {
	b.sequence = q.sequence
	q.sequence++
	q.done = append(q.done, b)
}

// at is the buffer at an mmap offset.
func (q *queue) at(offset int64) *buffer {
	i := offset / (1 << 24)
	if offset%(1<<24) != 0 || i >= int64(len(q.buffers)) || q.memory != uapi.V4L2_MEMORY_MMAP {
		return nil
	}
	return q.buffers[i]
}

// idle reports whether the device has nothing to work on; poll(2) reports an
// error when that is so of both queues of a codec.
func (q *queue) idle() bool {
	return !q.streaming || !slices.ContainsFunc(q.buffers, func(b *buffer) bool { return b.queued })
}
