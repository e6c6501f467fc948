//go:build board

package v4l2

import (
	"bytes"
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// These tests run in the virtual board, as root: vivid is the camera, vh264 the
// encoder. Its speed is that of an emulated processor, so they assert on order
// and counts and give times slack.

// boardNodes finds the camera and the encoder by what they can do.
func boardNodes(t *testing.T) (camera, encoder string) {
	t.Helper()
	cameras, err := Cameras(Kernel())
	if err != nil || len(cameras) == 0 {
		t.Fatalf("cameras: %v, %v", cameras, err)
	}
	encoders, err := Encoders(Kernel(), H264)
	if err != nil || len(encoders) == 0 {
		t.Fatalf("encoders: %v, %v", encoders, err)
	}
	return cameras[0].Path, encoders[0].Path
}

// openCamera opens the camera with a format and rate.
func openCamera(t *testing.T, path string, format FourCC, width, height, fps int) (*Device, Format) {
	t.Helper()
	d, err := Open(Kernel(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	f, err := d.SetFormat(QueueCapture, Format{FourCC: format, Width: width, Height: height})
	if err != nil {
		t.Fatal(err)
	}
	if f.Width != width || f.Height != height || f.FourCC != format {
		t.Fatalf("format is %v", f)
	}
	if _, err := d.SetFrameRate(QueueCapture, Fraction{1, uint32(fps)}); err != nil {
		t.Fatal(err)
	}
	return d, f
}

func limit(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestBoardInspect(t *testing.T) {
	camera, encoder := boardNodes(t)
	c, err := Inspect(Kernel(), camera)
	if err != nil {
		t.Fatal(err)
	}
	if c.Capability.Driver != "vivid" || !c.Makes(YUYV) || !c.Makes(NV12) || len(c.Output) != 0 {
		t.Errorf("camera: %+v", c)
	}
	e, err := Inspect(Kernel(), encoder)
	if err != nil {
		t.Fatal(err)
	}
	if e.Capability.Driver != "bcm2835-codec" || !e.Makes(H264) || !e.Takes(NV12) {
		t.Errorf("encoder: %+v", e)
	}
	d, err := Open(Kernel(), camera)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	sizes, err := d.FrameSizes(NV12)
	if err != nil || len(sizes) == 0 {
		t.Fatal(sizes, err)
	}
	found := false
	for _, s := range sizes {
		found = found || s.Has(640, 480)
	}
	intervals, err := d.FrameIntervals(NV12, 640, 480)
	if !found || err != nil || len(intervals) == 0 || intervals[0].Min.FPS() <= 0 {
		t.Errorf("sizes %v, intervals %v, %v", sizes, intervals, err)
	}
	controls, err := d.Controls()
	if err != nil || len(controls) < 5 {
		t.Fatal(controls, err)
	}
	brightness, err := d.Control(ControlBrightness)
	if err != nil || brightness.Max <= brightness.Min {
		t.Fatal(brightness, err)
	}
	if err := d.SetControl(ControlBrightness, int32(brightness.Max)); err != nil {
		t.Error(err)
	}
	if v, err := d.GetControl(ControlBrightness); int64(v) != brightness.Max || err != nil {
		t.Error(v, err)
	}
	if err := d.SetControl(ControlBrightness, int32(brightness.Default)); err != nil {
		t.Error(err)
	}
	if _, err := d.Control(ControlID(0x98fff0)); !errors.Is(err, ErrNoControl) {
		t.Error("unknown control:", err)
	}
}

// TestBoardMenu reads a menu of the encoder and sets the profile.
func TestBoardMenu(t *testing.T) {
	_, encoder := boardNodes(t)
	d, err := Open(Kernel(), encoder)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	info, err := d.Control(0x00990a6b)
	if err != nil || info.Type != TypeMenu {
		t.Fatal(info, err)
	}
	items, err := d.Menu(info)
	if err != nil || len(items) < 2 || items[0].Name != "Baseline" {
		t.Error(items, err)
	}
}

func TestBoardCapture(t *testing.T) {
	camera, _ := boardNodes(t)
	d, f := openCamera(t, camera, YUYV, 640, 480, 15)
	c, err := d.StartCapture(CaptureConfig{Export: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := limit(t, 20*time.Second)
	var last uint32
	var previous []byte
	for i := range 10 {
		b, err := c.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Data) != f.SizeImage || b.FD < 0 || (i > 0 && b.Sequence <= last) {
			t.Errorf("frame %d: %d bytes, fd %d, sequence %d after %d", i, len(b.Data), b.FD, b.Sequence, last)
		}
		if err := b.Read(func(data []byte) {
			if bytes.Equal(data, previous) {
				t.Error("the picture does not change")
			}
			previous = bytes.Clone(data)
		}); err != nil {
			t.Error(err)
		}
		last = b.Sequence
		if err := b.Release(); err != nil {
			t.Error(err)
		}
	}
	if s := c.Stats(); s.Frames != 10 || s.Corrupt != 0 {
		t.Errorf("%+v", s)
	}
	t.Logf("%+v", c.Stats())
	// Another program cannot take the camera meanwhile.
	other, err := Open(Kernel(), camera)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.SetFormat(QueueCapture, Format{FourCC: YUYV, Width: 320, Height: 240}); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("second program: %v", err)
	}
}

// TestBoardCaptureNewest reads slowly and gets new pictures, not old ones.
func TestBoardCaptureNewest(t *testing.T) {
	camera, _ := boardNodes(t)
	d, _ := openCamera(t, camera, NV12, 640, 480, 25)
	c, err := d.StartCapture(CaptureConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := limit(t, 20*time.Second)
	first, err := c.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first.Release()
	pause(t, time.Second)
	b, err := c.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Stats(); s.Dropped == 0 {
		t.Errorf("nothing dropped: %+v", s)
	}
	// Memory stays readable after the end, until it is released.
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if bytes.Count(b.Data, []byte{b.Data[0]}) == 0 {
		t.Error("no content")
	}
	if err := b.Release(); err != nil {
		t.Error(err)
	}
	if _, err := c.Next(ctx); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// pause lets the devices run on.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// TestBoardWakes cancels a wait that is under way, and closes the device under
// another.
func TestBoardWakes(t *testing.T) {
	camera, _ := boardNodes(t)
	d, _ := openCamera(t, camera, NV12, 640, 480, 5)
	c, err := d.StartCapture(CaptureConfig{Timeout: time.Minute, Buffers: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx := limit(t, time.Minute)
	var lent []*Buffer
	for range 2 { // with every buffer lent there will be no picture
		b, err := c.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		lent = append(lent, b)
	}
	ended := make(chan error)
	next := func(ctx context.Context) {
		_, err := c.Next(ctx)
		ended <- err
	}
	inner, cancel := context.WithCancel(ctx)
	go next(inner)
	pause(t, 100*time.Millisecond)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error("cancelled:", err)
	}
	go next(ctx)
	pause(t, 100*time.Millisecond)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Error("closed:", err)
	}
	for _, b := range lent {
		if err := b.Release(); err != nil {
			t.Error(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// countMaps counts mappings of devices and dma-bufs.
func countMaps(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(maps, []byte("/dev/video")) + bytes.Count(maps, []byte("dmabuf"))
}
