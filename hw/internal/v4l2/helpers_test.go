package v4l2_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/v4l2test"
)

const (
	cameraPath  = "/dev/video0"
	decoderPath = "/dev/video10"
	encoderPath = "/dev/video11"
)

// bubble runs a test in simulated time and checks that nothing is left open.
func bubble(t *testing.T, test func(t *testing.T, sys *v4l2test.System)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sys := v4l2test.New()
		test(t, sys)
		if err := sys.Left(); err != nil {
			t.Error(err)
		}
	})
}

// within is a context that ends a test that hangs.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// must ends the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start plugs a camera in, opens it in 640x480 at 30 pictures a second, and
// starts it.
func start(t *testing.T, sys *v4l2test.System, dev *v4l2test.Device, format v4l2.FourCC, cfg v4l2.CaptureConfig) (*v4l2.Device, *v4l2.Capture) {
	t.Helper()
	sys.Plug(cameraPath, dev)
	d, err := v4l2.Open(sys, cameraPath)
	must(t, err)
	_, err = d.SetFormat(v4l2.QueueCapture, v4l2.Format{FourCC: format, Width: 640, Height: 480})
	must(t, err)
	c, err := d.StartCapture(cfg)
	must(t, err)
	return d, c
}

// end closes a camera.
func end(t *testing.T, d *v4l2.Device, c *v4l2.Capture) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
