package v4l2test

import (
	"syscall"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// queueOf finds the queue of a buffer type, which has to be of the device's
// interface.
func (n *node) queueOf(kind uint32) (v4l2.Queue, *queue, error) {
	capture, output := uint32(uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE), uint32(uapi.V4L2_BUF_TYPE_VIDEO_OUTPUT)
	if n.dev.multiPlanar() {
		capture, output = uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, uapi.V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
	}
	switch {
	case kind == capture:
		return v4l2.QueueCapture, &n.queues[v4l2.QueueCapture], nil
	case kind == output && n.dev.isCodec():
		return v4l2.QueueOutput, &n.queues[v4l2.QueueOutput], nil
	}
	return 0, nil, syscall.EINVAL
}

// bufferIoctl answers what is about buffers.
func (n *node) bufferIoctl(request uintptr, arg unsafe.Pointer) error {
	switch request {
	case uapi.VIDIOC_REQBUFS:
		return n.requestBuffers((*uapi.RequestBuffers)(arg))
	case uapi.VIDIOC_EXPBUF:
		return n.export((*uapi.ExportBuffer)(arg))
	case uapi.VIDIOC_STREAMON, uapi.VIDIOC_STREAMOFF:
		return n.stream(uint32(*(*int32)(arg)), request == uapi.VIDIOC_STREAMON)
	}
	// Both kinds of v4l2_buffer agree up to the union.
	head := (*uapi.BufferWord)(arg)
	side, q, err := n.queueOf(head.Type)
	if err != nil {
		return err
	}
	switch request {
	case uapi.VIDIOC_QUERYBUF:
		return n.queryBuffer(side, q, arg)
	case uapi.VIDIOC_QBUF:
		return n.queueBuffer(side, q, arg)
	}
	return n.dequeueBuffer(q, arg)
}

// requestBuffers is VIDIOC_REQBUFS. A camera's buffers belong to one node.
func (n *node) requestBuffers(r *uapi.RequestBuffers) error {
	_, q, err := n.queueOf(r.Type)
	if err != nil {
		return err
	}
	if !n.dev.isCodec() {
		if n.dev.owner != nil && n.dev.owner != n {
			return syscall.EBUSY
		}
		n.dev.owner = n
		if r.Count == 0 {
			n.dev.owner = nil
		}
	}
	count, err := q.request(int(r.Count), r.Memory)
	r.Count = uint32(count)
	return err
}

// export is VIDIOC_EXPBUF.
func (n *node) export(e *uapi.ExportBuffer) error {
	_, q, err := n.queueOf(e.Type)
	if err != nil {
		return err
	}
	b, err := q.find(e.Index, uapi.V4L2_MEMORY_MMAP)
	if err != nil || e.Plane != 0 {
		return syscall.EINVAL
	}
	s := n.dev.sys
	e.FD = int32(s.nextFD)
	s.nextFD++
	s.exports[int(e.FD)] = b.mem
	return nil
}

func (n *node) stream(kind uint32, on bool) error {
	side, q, err := n.queueOf(kind)
	if err != nil {
		return err
	}
	if err := q.stream(on); err != nil {
		return err
	}
	if side == v4l2.QueueCapture {
		n.camera.start = time.Now()
		n.camera.made = 0
		n.codec.restart = n.codec.restart && on
	}
	n.abandon()
	return nil
}

// abandon takes a frame in work back to where it was queued, as far as the
// queues still stream.
func (n *node) abandon() {
	j := n.codec.job
	if j == nil {
		return
	}
	n.codec.job = nil
	for side, b := range map[v4l2.Queue]*buffer{v4l2.QueueOutput: j.src, v4l2.QueueCapture: j.dst} {
		if q := &n.queues[side]; q.streaming {
			q.pending = append([]*buffer{b}, q.pending...)
		}
	}
}

// planes is the first plane a multi-planar v4l2_buffer points to.
func planes(arg unsafe.Pointer) (*uapi.Plane, error) {
	b := (*uapi.Buffer)(arg)
	if b.M == nil || b.Length != 1 {
		return nil, syscall.EINVAL
	}
	return (*uapi.Plane)(b.M), nil
}

func (n *node) queryBuffer(side v4l2.Queue, q *queue, arg unsafe.Pointer) error {
	w := (*uapi.BufferWord)(arg)
	b, err := q.find(w.Index, q.memory)
	if err != nil {
		return err
	}
	offset := uint32(b.index << 24)
	if n.dev.isCodec() && side == v4l2.QueueCapture {
		offset += captureOffset
	}
	if !n.dev.multiPlanar() {
		w.Length = uint32(b.length)
		uapi.SetOffset(&w.M, offset)
		return nil
	}
	p, err := planes(arg)
	if err != nil {
		return err
	}
	p.Length = uint32(b.length)
	uapi.SetOffset(&p.M, offset)
	return nil
}

func (n *node) queueBuffer(side v4l2.Queue, q *queue, arg unsafe.Pointer) error {
	w := (*uapi.BufferWord)(arg)
	b, err := q.find(w.Index, w.Memory)
	if err != nil {
		return err
	}
	used, length, union := w.BytesUsed, w.Length, &w.M
	if n.dev.multiPlanar() {
		p, err := planes(arg)
		if err != nil {
			return err
		}
		used, length, union = p.BytesUsed, p.Length, &p.M
	}
	if q.memory == uapi.V4L2_MEMORY_DMABUF && !b.queued {
		mem := n.dev.sys.exports[int(uapi.Offset(union))]
		if mem == nil || int(length) > len(mem.data) || int(length) < q.format.SizeImage {
			return syscall.EINVAL
		}
		b.mem, b.length = mem, int(length)
	}
	if side == v4l2.QueueOutput && used == 0 {
		used = uint32(b.length) // deprecated, and what the kernel does
	}
	if err := q.enqueue(b, int(used)); err != nil {
		return err
	}
	b.timestamp = w.Timestamp
	return nil
}

func (n *node) dequeueBuffer(q *queue, arg unsafe.Pointer) error {
	w := (*uapi.BufferWord)(arg)
	b, err := q.dequeue()
	if err != nil {
		return err
	}
	w.Index, w.Flags, w.Sequence, w.Timestamp = uint32(b.index), b.flags, b.sequence, b.timestamp
	if !n.dev.multiPlanar() {
		w.BytesUsed, w.Length = uint32(b.used), uint32(b.length)
		return nil
	}
	p, err := planes(arg)
	if err != nil {
		return err
	}
	p.BytesUsed, p.Length, p.DataOffset = uint32(b.used), uint32(b.length), 0
	return nil
}
