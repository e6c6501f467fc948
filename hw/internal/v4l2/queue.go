package v4l2

import (
	"errors"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// queue is one of a device's queues with its buffers. Its owner locks.
//
//	request → (map, export) → enqueue… → stream(true) ⇄ enqueue, dequeue
//	        → stream(false) → free → request(0)
type queue struct {
	dev    *Device
	side   Queue
	memory uint32
	slots  []*slot
}

// slot is a buffer of a queue.
type slot struct {
	index  int
	length int // bytes the driver has room for
	data   []byte
	unmap  func() error
	fd     int  // of the exported dma-buf, or -1
	export Node // owns fd
	lent   bool // by a lender
}

// item is what enqueue hands to the driver.
type item struct {
	used      int // bytes of content, OUTPUT only
	fd        int // of the dma-buf, memory DMABUF only
	length    int // of the dma-buf in bytes
	timestamp time.Duration
}

// done is what dequeue gets from the driver.
type done struct {
	slot      *slot
	used      int // bytes of content
	offset    int // where it begins
	flags     uint32
	sequence  uint32
	timestamp time.Duration
}

// request asks for buffers; the driver may give more or fewer. 0 frees them.
func (q *queue) request(count int) error {
	r := uapi.RequestBuffers{Count: uint32(count), Type: q.dev.bufType(q.side), Memory: q.memory}
	if err := q.dev.ioctl(uapi.VIDIOC_REQBUFS, unsafe.Pointer(&r)); err != nil {
		return q.dev.fail("request "+q.side.String()+" buffers of", err)
	}
	if count > 0 && (r.Count == 0 || r.Count > maxListed) {
		return q.dev.fail("request "+q.side.String()+" buffers of", syscall.ENOMEM)
	}
	q.slots = make([]*slot, r.Count)
	for i := range q.slots {
		q.slots[i] = &slot{index: i, fd: -1}
	}
	return nil
}

// mapAll maps the buffers, and exports them as dma-bufs when asked to.
func (q *queue) mapAll(export bool) error {
	for _, s := range q.slots {
		offset, err := q.query(s)
		if err != nil {
			return q.dev.fail("query a buffer of", err)
		}
		if s.data, s.unmap, err = q.dev.node.Map(int64(offset), s.length); err != nil {
			return q.dev.fail("map a buffer of", err)
		}
		if !export {
			continue
		}
		e := uapi.ExportBuffer{Type: q.dev.bufType(q.side), Index: uint32(s.index), Flags: syscall.O_RDWR | syscall.O_CLOEXEC}
		if err := q.dev.ioctl(uapi.VIDIOC_EXPBUF, unsafe.Pointer(&e)); err != nil {
			return q.dev.fail("export a buffer of", err)
		}
		s.fd, s.export = int(e.FD), q.dev.sys.Adopt(int(e.FD))
	}
	return nil
}

// query asks for a buffer's length and place.
func (q *queue) query(s *slot) (offset uint32, err error) {
	if !q.dev.cap.multiPlanar() {
		b := uapi.BufferWord{Index: uint32(s.index), Type: q.dev.bufType(q.side), Memory: q.memory}
		err = q.dev.ioctl(uapi.VIDIOC_QUERYBUF, unsafe.Pointer(&b))
		s.length = int(b.Length)
		return uapi.Offset(&b.M), err
	}
	var p uapi.Plane
	b := uapi.Buffer{Index: uint32(s.index), Type: q.dev.bufType(q.side), Memory: q.memory, M: unsafe.Pointer(&p), Length: 1}
	err = q.dev.ioctl(uapi.VIDIOC_QUERYBUF, unsafe.Pointer(&b))
	runtime.KeepAlive(&p)
	s.length = int(p.Length)
	return uapi.Offset(&p.M), err
}

// enqueue gives a buffer to the driver. The error is the kernel's own.
func (q *queue) enqueue(s *slot, it item) error {
	stamp := uapi.Timeval{Sec: int64(it.timestamp / time.Second), Usec: int64(it.timestamp % time.Second / time.Microsecond)}
	length := s.length
	if q.memory == uapi.V4L2_MEMORY_DMABUF {
		length = it.length
	}
	if !q.dev.cap.multiPlanar() {
		b := uapi.BufferWord{
			Index: uint32(s.index), Type: q.dev.bufType(q.side), Memory: q.memory, Field: uapi.V4L2_FIELD_NONE,
			BytesUsed: uint32(it.used), Length: uint32(length), Timestamp: stamp,
		}
		if q.memory == uapi.V4L2_MEMORY_DMABUF {
			uapi.SetOffset(&b.M, uint32(it.fd))
		}
		return q.dev.ioctl(uapi.VIDIOC_QBUF, unsafe.Pointer(&b))
	}
	p := uapi.Plane{BytesUsed: uint32(it.used), Length: uint32(length)}
	if q.memory == uapi.V4L2_MEMORY_DMABUF {
		uapi.SetOffset(&p.M, uint32(it.fd))
	}
	b := uapi.Buffer{
		Index: uint32(s.index), Type: q.dev.bufType(q.side), Memory: q.memory, Field: uapi.V4L2_FIELD_NONE,
		Timestamp: stamp, M: unsafe.Pointer(&p), Length: 1,
	}
	err := q.dev.ioctl(uapi.VIDIOC_QBUF, unsafe.Pointer(&b))
	runtime.KeepAlive(&p)
	return err
}

// dequeue takes a buffer back, without waiting: EAGAIN when none is done. The
// error is the kernel's own. What a driver says about lengths is checked here.
func (q *queue) dequeue() (done, error) {
	if !q.dev.cap.multiPlanar() {
		b := uapi.BufferWord{Type: q.dev.bufType(q.side), Memory: q.memory}
		if err := q.dev.ioctl(uapi.VIDIOC_DQBUF, unsafe.Pointer(&b)); err != nil {
			return done{}, err
		}
		return q.checked(b.Index, done{used: int(b.BytesUsed), flags: b.Flags, sequence: b.Sequence, timestamp: duration(b.Timestamp)})
	}
	var p uapi.Plane
	b := uapi.Buffer{Type: q.dev.bufType(q.side), Memory: q.memory, M: unsafe.Pointer(&p), Length: 1}
	if err := q.dev.ioctl(uapi.VIDIOC_DQBUF, unsafe.Pointer(&b)); err != nil {
		return done{}, err
	}
	runtime.KeepAlive(&p)
	d := done{offset: int(p.DataOffset), flags: b.Flags, sequence: b.Sequence, timestamp: duration(b.Timestamp)}
	d.used = int(p.BytesUsed) - d.offset
	return q.checked(b.Index, d)
}

// checked completes d. Contents that do not fit the buffer are an error of the
// buffer.
func (q *queue) checked(index uint32, d done) (done, error) {
	if int(index) >= len(q.slots) {
		return done{}, syscall.EPROTO
	}
	d.slot = q.slots[index]
	if d.slot.data != nil && (d.used < 0 || d.offset < 0 || d.offset+d.used > len(d.slot.data)) {
		d.used, d.offset = 0, 0
		d.flags |= uapi.V4L2_BUF_FLAG_ERROR
	}
	return d, nil
}

// content is what the driver wrote.
func (d done) content() []byte { return d.slot.data[d.offset : d.offset+d.used] }

func duration(t uapi.Timeval) time.Duration {
	return time.Duration(t.Sec)*time.Second + time.Duration(t.Usec)*time.Microsecond
}

// stream starts or stops the queue. Stopping gives all buffers back.
func (q *queue) stream(on bool) error {
	t := int32(q.dev.bufType(q.side))
	request, verb := uintptr(uapi.VIDIOC_STREAMON), "start "
	if !on {
		request, verb = uapi.VIDIOC_STREAMOFF, "stop "
	}
	if err := q.dev.ioctl(request, unsafe.Pointer(&t)); err != nil {
		return q.dev.fail(verb+q.side.String()+" queue of", err)
	}
	return nil
}

// freeAll unmaps every buffer and has the driver free them.
func (q *queue) freeAll() error {
	var errs []error
	for _, s := range q.slots {
		errs = append(errs, s.free())
	}
	return errors.Join(append(errs, q.forget())...)
}

// forget has the driver free the buffers. Drivers refuse while some are mapped,
// and all free them when the node is closed, so that is no error; neither is a
// device that is gone.
func (q *queue) forget() error {
	err := q.request(0)
	if errors.Is(err, syscall.EBUSY) {
		return nil
	}
	return ignoreGone(err)
}

// free unmaps the buffer and closes its dma-buf. It is idempotent.
func (s *slot) free() error {
	var errs []error
	if s.unmap != nil {
		errs = append(errs, s.unmap())
	}
	if s.export != nil {
		errs = append(errs, s.export.Close())
	}
	s.data, s.unmap, s.fd, s.export = nil, nil, -1, nil
	return errors.Join(errs...)
}
