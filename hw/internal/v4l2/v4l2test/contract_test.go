package v4l2test_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

const path = "/dev/video0"

// client makes raw ioctls on a camera.
type client struct {
	t    *testing.T
	sys  *v4l2test.System
	node v4l2.Node
}

func connect(t *testing.T, dev *v4l2test.Device) *client {
	t.Helper()
	sys := v4l2test.New()
	sys.Plug(path, dev)
	node, err := sys.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, sys, node}
}

// want makes an ioctl and compares its error, nil for none.
func (c *client) want(step string, request uintptr, arg unsafe.Pointer, errno syscall.Errno) {
	c.t.Helper()
	err := c.node.Ioctl(request, arg)
	if errno == 0 && err != nil || errno != 0 && !errors.Is(err, errno) {
		c.t.Errorf("%s: %v, want %v", step, err, errno)
	}
}

func (c *client) request(count, errno uint32) {
	c.t.Helper()
	r := uapi.RequestBuffers{Count: count, Type: uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE, Memory: uapi.V4L2_MEMORY_MMAP}
	c.want("REQBUFS", uapi.VIDIOC_REQBUFS, unsafe.Pointer(&r), syscall.Errno(errno))
	if errno == 0 && r.Count != count {
		c.t.Errorf("REQBUFS gives %d buffers of %d", r.Count, count)
	}
}

func (c *client) buffer(request uintptr, index uint32, errno syscall.Errno) uapi.BufferWord {
	c.t.Helper()
	b := uapi.BufferWord{Index: index, Type: uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE, Memory: uapi.V4L2_MEMORY_MMAP}
	c.want("buffer", request, unsafe.Pointer(&b), errno)
	return b
}

func (c *client) stream(on bool, errno syscall.Errno) {
	c.t.Helper()
	kind, request := int32(uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE), uintptr(uapi.VIDIOC_STREAMON)
	if !on {
		request = uapi.VIDIOC_STREAMOFF
	}
	c.want("stream", request, unsafe.Pointer(&kind), errno)
}

func (c *client) setFormat(errno syscall.Errno) {
	c.t.Helper()
	f := uapi.Format{Type: uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE}
	f.Pix().Width, f.Pix().Height, f.Pix().PixelFormat = 640, 480, uapi.V4L2_PIX_FMT_YUYV
	c.want("S_FMT", uapi.VIDIOC_S_FMT, unsafe.Pointer(&f), errno)
}

// TestOrder walks through the life of a queue and tries at each step what the
// kernel refuses there.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, v4l2test.NewCamera(v4l2test.CameraConfig{Rates: []uint32{10}}))
		c.stream(true, syscall.EINVAL) // no buffers
		c.buffer(uapi.VIDIOC_QBUF, 0, syscall.EINVAL)
		c.buffer(uapi.VIDIOC_DQBUF, 0, syscall.EINVAL)
		c.setFormat(0)
		c.request(2, 0)
		c.setFormat(syscall.EBUSY)
		c.buffer(uapi.VIDIOC_QUERYBUF, 2, syscall.EINVAL)
		if b := c.buffer(uapi.VIDIOC_QUERYBUF, 1, 0); int(b.Length) < 640*480*2 {
			t.Errorf("buffer of %d bytes", b.Length)
		}
		c.buffer(uapi.VIDIOC_QBUF, 0, 0)
		c.buffer(uapi.VIDIOC_QBUF, 0, syscall.EINVAL) // twice
		c.buffer(uapi.VIDIOC_DQBUF, 0, syscall.EINVAL)
		c.stream(true, 0)
		c.buffer(uapi.VIDIOC_DQBUF, 0, syscall.EAGAIN)
		c.request(0, uint32(syscall.EBUSY))
		time.Sleep(350 * time.Millisecond)
		if b := c.buffer(uapi.VIDIOC_DQBUF, 0, 0); b.Index != 0 || b.Sequence != 0 || b.BytesUsed != 640*480*2 {
			t.Errorf("%+v", b)
		}
		c.buffer(uapi.VIDIOC_DQBUF, 0, syscall.EAGAIN) // nothing was queued
		c.buffer(uapi.VIDIOC_QBUF, 1, 0)
		time.Sleep(100 * time.Millisecond)
		if b := c.buffer(uapi.VIDIOC_DQBUF, 0, 0); b.Index != 1 || b.Sequence != 3 {
			t.Errorf("after two lost pictures: %+v", b)
		}
		c.buffer(uapi.VIDIOC_QBUF, 0, 0)
		c.stream(false, 0)
		c.buffer(uapi.VIDIOC_QBUF, 0, 0) // STREAMOFF gave it back
		c.request(0, 0)
		c.setFormat(0)
		if err := c.node.Close(); err != nil {
			t.Error(err)
		}
		if err := c.node.Close(); !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
}

// TestMemory keeps memory as long as something refers to it, and overwrites what
// is unmapped.
func TestMemory(t *testing.T) {
	c := connect(t, v4l2test.NewCamera(v4l2test.CameraConfig{}))
	c.request(1, 0)
	b := c.buffer(uapi.VIDIOC_QUERYBUF, 0, 0)
	if _, _, err := c.node.Map(12345, int(b.Length)); err == nil {
		t.Error("mapped at a wrong offset")
	}
	data, unmap, err := c.node.Map(int64(uapi.Offset(&b.M)), int(b.Length))
	if err != nil {
		t.Fatal(err)
	}
	e := uapi.ExportBuffer{Type: uapi.V4L2_BUF_TYPE_VIDEO_CAPTURE}
	c.want("EXPBUF", uapi.VIDIOC_EXPBUF, unsafe.Pointer(&e), 0)
	dmabuf := c.sys.Adopt(int(e.FD))
	again, unmapAgain, err := dmabuf.Map(0, int(b.Length))
	if err != nil {
		t.Fatal(err)
	}
	data[0] = 42
	if again[0] != 42 {
		t.Error("the dma-buf is other memory")
	}
	if err := c.node.Close(); err != nil {
		t.Error(err)
	}
	if err := c.sys.Left(); err == nil {
		t.Error("mappings and descriptors are not counted")
	}
	for _, end := range []func() error{unmap, dmabuf.Close} {
		if err := end(); err != nil {
			t.Error(err)
		}
		if err := end(); err == nil {
			t.Error("ended twice")
		}
	}
	if again[0] != 42 {
		t.Error("the memory went with its first mapping")
	}
	if err := unmapAgain(); err != nil {
		t.Error(err)
	}
	if again[0] == 42 {
		t.Error("unmapped memory was left alone")
	}
	if err := c.sys.Left(); err != nil {
		t.Error(err)
	}
}

// TestFaults counts how often an ioctl fails.
func TestFaults(t *testing.T) {
	cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
	c := connect(t, cam)
	cam.Fail(uapi.VIDIOC_S_FMT, syscall.EIO, 2)
	c.setFormat(syscall.EIO)
	c.setFormat(syscall.EIO)
	c.setFormat(0)
	cam.Fail(uapi.VIDIOC_S_FMT, syscall.ENOMEM, 0)
	for range 5 {
		c.setFormat(syscall.ENOMEM)
	}
	if n := cam.Calls(uapi.VIDIOC_S_FMT); n != 8 {
		t.Errorf("%d calls", n)
	}
	c.sys.Unplug(path)
	c.setFormat(syscall.ENODEV)
	if _, err := c.sys.Open(path); !errors.Is(err, syscall.ENOENT) {
		t.Error(err)
	}
	if got, err := c.node.Wait(v4l2.Readable, -1); got&v4l2.Failed == 0 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	if nodes, err := c.sys.Nodes(); len(nodes) != 0 || err != nil {
		t.Error(nodes, err)
	}
	c.sys.Plug(path, cam)
	if nodes, err := c.sys.Nodes(); len(nodes) != 1 || err != nil {
		t.Error(nodes, err)
	}
	c.want("unknown", 12345, nil, syscall.ENOTTY)
}

// TestWait comes back for what is ready, for Wake once, and after its time.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, v4l2test.NewCamera(v4l2test.CameraConfig{Rates: []uint32{10}}))
		c.request(1, 0)
		c.buffer(uapi.VIDIOC_QBUF, 0, 0)
		c.stream(true, 0)
		tests := []struct {
			name    string
			before  func()
			want    v4l2.Events
			timeout time.Duration
			got     v4l2.Events
			took    time.Duration
		}{
			{"woken before", c.node.Wake, v4l2.Readable, -1, v4l2.Woken, 0},
			{"too short", func() {}, v4l2.Readable, 30 * time.Millisecond, 0, 30 * time.Millisecond},
			{"woken", func() { time.AfterFunc(20*time.Millisecond, c.node.Wake) }, v4l2.Readable, -1, v4l2.Woken, 20 * time.Millisecond},
			{"a picture", func() {}, v4l2.Readable, time.Second, v4l2.Readable, 50 * time.Millisecond},
			{"still there", func() {}, v4l2.Readable, time.Second, v4l2.Readable, 0},
			{"something else", func() {}, v4l2.Priority, 10 * time.Millisecond, v4l2.Readable, 10 * time.Millisecond},
		}
		for _, tt := range tests {
			tt.before()
			begin := time.Now()
			got, err := c.node.Wait(tt.want, tt.timeout)
			if got != tt.got || err != nil || time.Since(begin) != tt.took {
				t.Errorf("%s: %v, %v after %v, want %v after %v", tt.name, got, err, time.Since(begin), tt.got, tt.took)
			}
		}
	})
}
