package v4l2_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

func TestCapture(t *testing.T) {
	for name, multi := range map[string]bool{"single-planar": false, "multi-planar": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				cam := v4l2test.NewCamera(v4l2test.CameraConfig{Options: v4l2test.Options{MultiPlanar: multi}})
				d, c := start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{})
				begin := time.Now()
				for i := range uint32(10) {
					b, err := c.Next(t.Context())
					must(t, err)
					if b.Sequence != i || b.BytesUsed != 640*480*2 || len(b.Data) != b.BytesUsed || b.Data[1000] != byte(i) || b.FD != -1 {
						t.Errorf("frame %d: sequence %d, %d bytes, content %d, fd %d", i, b.Sequence, b.BytesUsed, b.Data[1000], b.FD)
					}
					must(t, b.Release())
					must(t, b.Release()) // has no effect
				}
				if took := time.Since(begin); took.Round(time.Millisecond) != 333*time.Millisecond {
					t.Errorf("10 frames took %v", took)
				}
				if s := c.Stats(); s != (v4l2.CaptureStats{Frames: 10}) {
					t.Errorf("%+v", s)
				}
				end(t, d, c)
			})
		})
	}
}

// TestCaptureNewest reads late: the newest picture comes, the older ones go back
// to the driver, and what the driver had no buffer for is counted too.
func TestCaptureNewest(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d, c := start(t, sys, v4l2test.NewCamera(v4l2test.CameraConfig{}), v4l2.YUYV, v4l2.CaptureConfig{Buffers: 4})
		time.Sleep(350 * time.Millisecond) // 10 pictures for 4 buffers
		b, err := c.Next(t.Context())
		must(t, err)
		if b.Sequence != 3 {
			t.Errorf("sequence %d, want the last that found a buffer", b.Sequence)
		}
		must(t, b.Release())
		b, err = c.Next(t.Context())
		must(t, err)
		if b.Sequence != 10 {
			t.Errorf("sequence %d after that", b.Sequence)
		}
		must(t, b.Release())
		if s := c.Stats(); s != (v4l2.CaptureStats{Frames: 2, Dropped: 3, Missed: 6}) {
			t.Errorf("%+v", s)
		}
		end(t, d, c)
	})
}

func TestCaptureKeepAll(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		cam := v4l2test.NewCamera(v4l2test.CameraConfig{Formats: []v4l2.FourCC{v4l2.H264}})
		d, c := start(t, sys, cam, v4l2.H264, v4l2.CaptureConfig{KeepAll: true})
		time.Sleep(110 * time.Millisecond)
		for i := range uint32(6) {
			b, err := c.Next(t.Context())
			must(t, err)
			if b.Sequence != i {
				t.Errorf("sequence %d, want %d", b.Sequence, i)
			}
			must(t, b.Release())
		}
		if s := c.Stats(); s.Dropped != 0 || s.Missed != 0 {
			t.Errorf("%+v", s)
		}
		end(t, d, c)
	})
}

// TestCaptureDamaged leaves out what the driver marks as damaged.
func TestCaptureDamaged(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
		cam.Corrupt(3)
		d, c := start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{})
		b, err := c.Next(t.Context())
		must(t, err)
		if s := c.Stats(); b.Sequence != 3 || s.Corrupt != 3 || s.Frames != 1 {
			t.Errorf("sequence %d, %+v", b.Sequence, s)
		}
		must(t, b.Release())
		end(t, d, c)
	})
}

func TestCaptureExport(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		d, c := start(t, sys, v4l2test.NewCamera(v4l2test.CameraConfig{}), v4l2.YUYV, v4l2.CaptureConfig{Export: true})
		b, err := c.Next(t.Context())
		must(t, err)
		var first byte = 99
		must(t, b.Read(func(data []byte) { first = data[0] }))
		if b.FD < 0 || first != 0 || sys.Synced() != 2 {
			t.Errorf("fd %d, content %d, %d calls of sync", b.FD, first, sys.Synced())
		}
		must(t, b.Release())
		end(t, d, c)
	})
}

// TestCaptureNoFrame tells a camera that delivers nothing from a program that
// keeps every buffer.
func TestCaptureNoFrame(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
		d, c := start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{Timeout: 2 * time.Second, Buffers: 2})
		cam.Stall(true)
		begin := time.Now()
		_, err := c.Next(t.Context())
		if !errors.Is(err, v4l2.ErrNoFrame) || !strings.Contains(err.Error(), cameraPath) || time.Since(begin) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		cam.Stall(false)
		var lent []*v4l2.Buffer
		for range 2 {
			b, err := c.Next(t.Context())
			must(t, err)
			lent = append(lent, b)
		}
		if _, err := c.Next(t.Context()); !errors.Is(err, v4l2.ErrNoFrame) || !strings.Contains(err.Error(), "in use") {
			t.Error(err)
		}
		for _, b := range lent {
			must(t, b.Release())
		}
		b, err := c.Next(t.Context())
		must(t, err)
		must(t, b.Release())
		end(t, d, c)
	})
}

// TestCaptureEnds ends a wait from outside, in every way.
func TestCaptureEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(sys *v4l2test.System, d *v4l2.Device, c *v4l2.Capture, cancel func())
		want func(error) bool
	}{
		{"cancel", func(_ *v4l2test.System, _ *v4l2.Device, _ *v4l2.Capture, cancel func()) { cancel() },
			func(err error) bool { return errors.Is(err, context.Canceled) }},
		{"close the stream", func(_ *v4l2test.System, _ *v4l2.Device, c *v4l2.Capture, _ func()) { c.Close() },
			func(err error) bool { return errors.Is(err, os.ErrClosed) }},
		{"close the device", func(_ *v4l2test.System, d *v4l2.Device, _ *v4l2.Capture, _ func()) { d.Close() },
			func(err error) bool { return errors.Is(err, os.ErrClosed) }},
		{"unplug", func(sys *v4l2test.System, _ *v4l2.Device, _ *v4l2.Capture, _ func()) { sys.Unplug(cameraPath) },
			v4l2.Unplugged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
				d, c := start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{Timeout: time.Minute, Export: true})
				b, err := c.Next(t.Context())
				must(t, err)
				cam.Stall(true)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan error)
				begin := time.Now()
				go func() {
					_, err := c.Next(ctx)
					ended <- err
				}()
				time.Sleep(time.Second)
				tt.end(sys, d, c, cancel)
				if err := <-ended; !tt.want(err) || time.Since(begin) != time.Second {
					t.Errorf("%v after %v", err, time.Since(begin))
				}
				// What is lent stays readable, and closing again is no error.
				if b.Data[5] != 0 {
					t.Errorf("content is %#x", b.Data[5])
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				if err := d.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
					t.Error(err)
				}
				if sys.Left() == nil {
					t.Error("the lent buffer is gone")
				}
				must(t, b.Release())
			})
		})
	}
}

// TestStartCaptureFails lets every step of the start fail: the error names the
// device, and nothing is left.
func TestStartCaptureFails(t *testing.T) {
	tests := []struct {
		name    string
		request uintptr
		errno   syscall.Errno
	}{
		{"buffers", uapi.VIDIOC_REQBUFS, syscall.EBUSY},
		{"query", uapi.VIDIOC_QUERYBUF, syscall.EINVAL},
		{"export", uapi.VIDIOC_EXPBUF, syscall.ENOTTY},
		{"queue", uapi.VIDIOC_QBUF, syscall.EIO},
		{"bandwidth", uapi.VIDIOC_STREAMON, syscall.ENOSPC},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
				sys.Plug(cameraPath, cam)
				d, err := v4l2.Open(sys, cameraPath)
				must(t, err)
				cam.Fail(tt.request, tt.errno, 1)
				if _, err = d.StartCapture(v4l2.CaptureConfig{Export: true}); !errors.Is(err, tt.errno) || !strings.Contains(err.Error(), cameraPath) {
					t.Errorf("%v", err)
				}
				c, err := d.StartCapture(v4l2.CaptureConfig{Export: true}) // and again
				must(t, err)
				end(t, d, c)
			})
		})
	}
}

// TestCaptureErrors has the running stream fail.
func TestCaptureErrors(t *testing.T) {
	tests := []struct {
		name    string
		request uintptr
		errno   syscall.Errno
		want    error // nil: the stream goes on
	}{
		{"interrupted", uapi.VIDIOC_DQBUF, syscall.EINTR, nil},
		{"interrupted when queueing", uapi.VIDIOC_QBUF, syscall.EINTR, nil},
		{"queue in error", uapi.VIDIOC_DQBUF, syscall.EIO, syscall.EIO},
		{"gone", uapi.VIDIOC_DQBUF, syscall.ENODEV, syscall.ENODEV},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, sys *v4l2test.System) {
				cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
				d, c := start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{})
				b, err := c.Next(t.Context())
				must(t, err)
				cam.Fail(tt.request, tt.errno, 1)
				must(t, b.Release())
				b, err = c.Next(t.Context())
				if !errors.Is(err, tt.want) {
					t.Errorf("%v, want %v", err, tt.want)
				}
				if b != nil {
					must(t, b.Release())
				}
				end(t, d, c)
			})
		})
	}
}

// TestCaptureLosesNoBuffer has the driver refuse buffers that come back: what was
// taken is freed all the same.
func TestCaptureLosesNoBuffer(t *testing.T) {
	for _, damaged := range []int{0, 1} {
		bubble(t, func(t *testing.T, sys *v4l2test.System) {
			dev := v4l2test.NewCamera(v4l2test.CameraConfig{Formats: []v4l2.FourCC{v4l2.YUYV}})
			d, c := start(t, sys, dev, v4l2.YUYV, v4l2.CaptureConfig{Export: true})
			time.Sleep(40 * time.Millisecond)
			dev.Fail(uapi.VIDIOC_QBUF, syscall.EIO, 0)
			time.Sleep(40 * time.Millisecond)
			dev.Corrupt(damaged)
			time.Sleep(40 * time.Millisecond)
			if b, err := c.Next(within(t, time.Second)); !errors.Is(err, syscall.EIO) {
				t.Errorf("%v, error %v", b, err)
			}
			end(t, d, c)
		})
	}
}

// TestCaptureReplug opens a camera again that came back.
func TestCaptureReplug(t *testing.T) {
	bubble(t, func(t *testing.T, sys *v4l2test.System) {
		cam := v4l2test.NewCamera(v4l2test.CameraConfig{})
		d, c := start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{})
		sys.Unplug(cameraPath)
		if _, err := v4l2.Open(sys, cameraPath); !errors.Is(err, syscall.ENOENT) {
			t.Error(err)
		}
		end(t, d, c)
		d, c = start(t, sys, cam, v4l2.YUYV, v4l2.CaptureConfig{})
		b, err := c.Next(t.Context())
		must(t, err)
		must(t, b.Release())
		end(t, d, c)
	})
}
