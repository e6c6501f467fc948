package v4l2test

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// node is an open node.
type node struct {
	dev    *Device
	closed bool
	woken  bool

	queues     [2]queue // by v4l2.Queue
	interval   [2]uapi.Fract
	controls   map[v4l2.ControlID]int32 // of a codec; a camera's are shared
	crop       uapi.Rect
	subscribed map[uint32]bool
	events     []uapi.Event
	draining   bool
	codec      codecState
	camera     cameraState
}

// open makes a node. The caller holds the system's lock.
func (d *Device) open() *node {
	n := &node{dev: d, controls: d.values, subscribed: map[uint32]bool{}}
	if d.isCodec() {
		n.controls = initial(d.controls)
	}
	for _, q := range []v4l2.Queue{v4l2.QueueCapture, v4l2.QueueOutput} {
		if list := d.formats[q]; len(list) > 0 {
			n.queues[q].format = d.model.adjust(n, q, v4l2.Format{FourCC: list[0].FourCC, Width: 640, Height: 480})
		}
		n.interval[q] = uapi.Fract{Numerator: 1, Denominator: 30}
		if len(d.rates) > 0 {
			n.interval[q].Denominator = d.rates[0]
		}
	}
	return n
}

// initial is what controls are before they are set.
func initial(controls []Control) map[v4l2.ControlID]int32 {
	values := map[v4l2.ControlID]int32{}
	for _, c := range controls {
		values[c.ID] = c.Value
	}
	return values
}

// Ioctl implements [v4l2.Node].
func (n *node) Ioctl(request uintptr, arg unsafe.Pointer) error {
	s := n.dev.sys
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.closed {
		return os.ErrClosed
	}
	if err := n.dev.failing(request); err != nil {
		return err
	}
	n.dev.model.advance(n, time.Now())
	err := n.dispatch(request, arg)
	n.dev.model.advance(n, time.Now())
	s.notify()
	return err
}

// dispatch answers an ioctl by its family.
func (n *node) dispatch(request uintptr, arg unsafe.Pointer) error {
	switch request {
	case uapi.VIDIOC_QUERYCAP:
		return n.queryCap((*uapi.Capability)(arg))
	case uapi.VIDIOC_ENUM_FMT, uapi.VIDIOC_G_FMT, uapi.VIDIOC_S_FMT, uapi.VIDIOC_ENUM_FRAMESIZES,
		uapi.VIDIOC_ENUM_FRAMEINTERVALS, uapi.VIDIOC_G_PARM, uapi.VIDIOC_S_PARM, uapi.VIDIOC_S_SELECTION:
		return n.formatIoctl(request, arg)
	case uapi.VIDIOC_REQBUFS, uapi.VIDIOC_QUERYBUF, uapi.VIDIOC_QBUF, uapi.VIDIOC_DQBUF,
		uapi.VIDIOC_EXPBUF, uapi.VIDIOC_STREAMON, uapi.VIDIOC_STREAMOFF:
		return n.bufferIoctl(request, arg)
	case uapi.VIDIOC_G_CTRL, uapi.VIDIOC_S_CTRL, uapi.VIDIOC_QUERYCTRL, uapi.VIDIOC_QUERY_EXT_CTRL,
		uapi.VIDIOC_QUERYMENU, uapi.UVCIOC_CTRL_QUERY:
		return n.controlIoctl(request, arg)
	case uapi.VIDIOC_SUBSCRIBE_EVENT:
		return n.subscribe((*uapi.EventSubscription)(arg))
	case uapi.VIDIOC_DQEVENT:
		return n.dequeueEvent((*uapi.Event)(arg))
	case uapi.VIDIOC_ENCODER_CMD, uapi.VIDIOC_DECODER_CMD:
		return n.dev.model.command(n, request, *(*uint32)(arg))
	}
	return syscall.ENOTTY
}

func (n *node) queryCap(c *uapi.Capability) error {
	copy(c.Driver[:], n.dev.opts.Driver)
	copy(c.Card[:], n.dev.opts.Card)
	copy(c.BusInfo[:], n.dev.opts.Bus)
	c.Version = 6<<16 | 1<<8
	c.Capabilities = n.dev.caps | uapi.V4L2_CAP_DEVICE_CAPS | uapi.V4L2_CAP_META_CAPTURE // the whole device
	c.DeviceCaps = n.dev.caps
	return nil
}

func (n *node) subscribe(s *uapi.EventSubscription) error {
	if !n.dev.isCodec() {
		return syscall.ENOTTY
	}
	n.subscribed[s.Type] = true
	return nil
}

// event queues an event when it was subscribed to.
func (n *node) event(kind, changes uint32) {
	if !n.subscribed[kind] {
		return
	}
	e := uapi.Event{Type: kind}
	*e.SrcChanges() = changes
	n.events = append(n.events, e)
}

func (n *node) dequeueEvent(e *uapi.Event) error {
	if len(n.events) == 0 {
		return syscall.ENOENT
	}
	*e = n.events[0]
	n.events = n.events[1:]
	e.Pending = uint32(len(n.events))
	return nil
}

// Map implements [v4l2.Node].
func (n *node) Map(offset int64, length int) ([]byte, func() error, error) {
	s := n.dev.sys
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.closed {
		return nil, nil, os.ErrClosed
	}
	q := &n.queues[v4l2.QueueCapture]
	if n.dev.isCodec() {
		if offset < captureOffset {
			q = &n.queues[v4l2.QueueOutput]
		} else {
			offset -= captureOffset
		}
	}
	b := q.at(offset)
	if b == nil {
		return nil, nil, syscall.EINVAL
	}
	return s.mapMemory(b.mem, length)
}

// Wait implements [v4l2.Waiter].
func (n *node) Wait(want v4l2.Events, timeout time.Duration) (v4l2.Events, error) {
	s := n.dev.sys
	deadline := time.Now().Add(timeout)
	for {
		s.mu.Lock()
		now := time.Now()
		due := n.dev.model.advance(n, now)
		got, err := n.ready()
		if want == 0 {
			got &= v4l2.Woken
		}
		changed := s.changed
		s.mu.Unlock()
		if err != nil || got&(want|v4l2.Failed|v4l2.Woken) != 0 || timeout >= 0 && !now.Before(deadline) {
			return got, err
		}
		if due.IsZero() || timeout >= 0 && deadline.Before(due) {
			due = deadline
		}
		if timeout < 0 && due.Equal(deadline) {
			<-changed
			continue
		}
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// ready tells what a wait would return. A wake is told once.
func (n *node) ready() (v4l2.Events, error) {
	if n.closed {
		return 0, os.ErrClosed
	}
	var got v4l2.Events
	if len(n.queues[v4l2.QueueCapture].done) > 0 {
		got |= v4l2.Readable
	}
	if len(n.queues[v4l2.QueueOutput].done) > 0 {
		got |= v4l2.Writable
	}
	if len(n.events) > 0 {
		got |= v4l2.Priority
	}
	if n.dev.gone || n.queues[v4l2.QueueCapture].idle() && (n.dev.isCodec() && n.queues[v4l2.QueueOutput].idle() || !n.queues[v4l2.QueueCapture].streaming) {
		got |= v4l2.Failed
	}
	if n.woken {
		got |= v4l2.Woken
		n.woken = false
	}
	return got, nil
}

// Wake implements [v4l2.Waiter].
func (n *node) Wake() {
	s := n.dev.sys
	s.mu.Lock()
	defer s.mu.Unlock()
	n.woken = true
	s.notify()
}

// Close implements [v4l2.Node].
func (n *node) Close() error {
	s := n.dev.sys
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.closed {
		return os.ErrClosed
	}
	n.closed = true
	s.nodes--
	if n.dev.owner == n {
		n.dev.owner = nil
	}
	s.notify()
	return nil
}
