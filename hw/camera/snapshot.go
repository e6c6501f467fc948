package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
)

// settle is how long a camera gets to find its exposure before a picture is
// taken.
const settle = 700 * time.Millisecond

// validKernel is a camera of the kernel for a configuration.
func validKernel(cfg Config, h host) (*kernel, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("open camera %q: %w", cfg.Source, err)
	}
	k, err := newKernel(cfg, h)
	if err != nil {
		return nil, fmt.Errorf("open camera %q: %w", cfg.Source, err)
	}
	return k, nil
}

func (k *kernel) openError(err error) error {
	return fmt.Errorf("open camera %q: %w", k.cfg.Source, err)
}

// Snapshot takes one picture, turned as configured, and tells how: the route of
// its pictures. It needs the camera for itself. A camera that gives nothing but
// H.264 cannot be looked into.
func Snapshot(ctx context.Context, cfg Config) (img image.Image, how string, err error) {
	return snapshotOn(ctx, cfg, localHost())
}

func snapshotOn(ctx context.Context, cfg Config, h host) (image.Image, string, error) {
	a, err := adapterOn(cfg, h)
	if err != nil {
		return nil, "", err
	}
	how := cfg.Source
	if a.kernel != nil {
		c, err := a.kernel.choose(true)
		if err != nil {
			return nil, "", a.kernel.openError(err)
		}
		how = firstSteps(c.Route)
		a.fixed = &c
	}
	var img image.Image
	start := time.Now()
	err = a.each(ctx, func(next image.Image) bool {
		img = next
		return a.kernel != nil && time.Since(start) < settle
	})
	if err == nil && encoded(img) {
		err = fmt.Errorf("take picture of camera %q: its pictures come encoded, there is none to look at", cfg.Source)
	}
	return img, how, err
}

// firstSteps are a route's steps before the encoder that a picture needs not.
func firstSteps(r plan.Route) string {
	steps := slices.DeleteFunc(r.Steps(), func(s string) bool { return strings.HasPrefix(s, "H.264 encoder") })
	return strings.Join(steps, " → ")
}

// Measurement is what a camera delivered.
type Measurement struct {
	Route  string
	Frames int           // read
	Took   time.Duration // from the first to the last
	FPS    float64
	First  time.Duration // from opening to the first picture
	Bytes  int           // of encoded pictures
	Key    int           // key frames
	Stats  Stats         // dropped, copies … during the measurement
}

// MeasureRate opens a camera as a call does and reads n pictures, at least two.
// It needs the camera for itself.
func MeasureRate(ctx context.Context, cfg Config, n int) (Measurement, error) {
	return measureOn(ctx, cfg, n, localHost())
}

func measureOn(ctx context.Context, cfg Config, n int, h host) (Measurement, error) {
	cfg.Counters = new(Counters)
	a, err := adapterOn(cfg, h)
	if err != nil {
		return Measurement{}, err
	}
	var m Measurement
	opened := time.Now()
	var first time.Time
	err = a.each(ctx, func(img image.Image) bool {
		if m.Frames++; m.Frames == 1 {
			first = time.Now()
		}
		if f, ok := img.(interface {
			Payload() []byte
			KeyFrame() bool
		}); ok {
			m.Bytes += len(f.Payload())
			if f.KeyFrame() {
				m.Key++
			}
		}
		return m.Frames < max(2, n)
	})
	if err != nil {
		return Measurement{}, err
	}
	m.First, m.Took, m.Stats = first.Sub(opened), time.Since(first), cfg.Counters.Stats()
	m.Route = m.Stats.Route
	m.FPS = float64(m.Frames-1) / m.Took.Seconds()
	return m, nil
}

// encoded tells whether a picture is a frame of H.264 or VP8.
func encoded(img image.Image) bool { _, ok := img.(interface{ Codec() string }); return ok }

// adapterOn is the driver of a configuration, not registered.
func adapterOn(cfg Config, h host) (*adapter, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("open camera %q: %w", cfg.Source, err)
	}
	a, err := newAdapter(cfg, h)
	if err != nil {
		return nil, fmt.Errorf("open camera %q: %w", cfg.Source, err)
	}
	return a, nil
}

// each opens the camera, calls f for its pictures until f returns false or ctx
// ends, and closes it.
func (a *adapter) each(ctx context.Context, f func(image.Image) bool) (err error) {
	src, err := a.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, err := src.record(ctx.Done())
	if err != nil {
		return err
	}
	stopped := context.AfterFunc(ctx, func() {
		_ = src.close() // the deferred call returns its error again
	})
	defer stopped()
	for {
		img, _, err := reader.Read()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case !f(img):
			return nil
		}
	}
}
