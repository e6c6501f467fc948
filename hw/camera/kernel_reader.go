package camera

import (
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"sync"
	"syscall"

	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/prop"

	"github.com/intercomd/intercomd/hw/camera/internal/pipeline"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// maxAttempts bounds how many routes are tried in a row.
const maxAttempts = 4

// kernelReader reads a kernel camera. When a codec fails it goes on with the
// next route.
type kernelReader struct {
	k *kernel

	mu     sync.Mutex
	routes []plan.Route // the first is in use
	stream *pipeline.Stream
	err    error // of all routes: the end
	closed bool
}

// properties describes a route's pictures.
func properties(r plan.Route) prop.Video {
	w, h := r.Size()
	format := formatH264
	if r.Kind.SoftwareH264() {
		format = frame.FormatI420
	}
	return prop.Video{Width: w, Height: h, FrameRate: float32(r.FPS), FrameFormat: format}
}

// begin starts the first route that works.
func (r *kernelReader) begin() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.startLocked()
}

// startLocked tries the routes one after another. Errors that hold for all of
// them end it.
func (r *kernelReader) startLocked() error {
	var first error
	for range maxAttempts {
		if len(r.routes) == 0 {
			break
		}
		stream, err := r.k.start(r.routes[0])
		if err == nil {
			r.stream = stream
			return nil
		}
		err = r.k.host.explain(err, r.routes[0].Camera.Path)
		if first == nil {
			first = err
		}
		if hopeless(err) {
			return err
		}
		r.k.cfg.Log.Warn("camera route does not start", "route", r.routes[0].String(), "error", err)
		r.k.cfg.Counters.Fallback()
		r.routes = r.routes[1:]
	}
	return first
}

// hopeless tells whether an error of the camera makes every route fail.
func hopeless(err error) bool {
	if isCodec(err) {
		return false
	}
	return v4l2.Unplugged(err) || errors.Is(err, syscall.EBUSY) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist)
}

// Read implements video.Reader: a *pipeline.Frame, or an *image.YCbCr of a
// route without an encoder.
func (r *kernelReader) Read() (image.Image, func(), error) {
	for {
		r.mu.Lock()
		stream := r.stream
		r.mu.Unlock()
		img, err := stream.Read()
		if err == nil {
			return img, func() {}, nil
		}
		if err == io.EOF {
			return nil, func() {}, io.EOF
		}
		if err := r.next(stream, err); err != nil {
			return nil, func() {}, err
		}
	}
}

// next replaces a stream that failed. The error is that of the camera.
func (r *kernelReader) next(failed *pipeline.Stream, why error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return io.EOF
	case r.err != nil: // readers that share the camera each ask once more
		return r.err
	case r.stream != failed:
		return nil
	}
	r.err = r.replaceLocked(failed, why)
	return r.err
}

// replaceLocked starts the next route.
func (r *kernelReader) replaceLocked(failed *pipeline.Stream, why error) error {
	route := r.routes[0]
	r.k.failed(route, why)
	closeErr := failed.Close()
	if !isCodec(why) || len(r.routes) == 1 {
		why = r.k.host.explain(why, route.Camera.Path)
		return fmt.Errorf("read camera %q (%s): %w", r.k.cfg.Source, route.Camera, errors.Join(why, closeErr))
	}
	r.routes = r.routes[1:]
	r.k.cfg.Log.Warn("camera route failed, going on with the next", "route", route.String(), "error", why, "next", r.routes[0].String())
	r.k.cfg.Counters.Fallback()
	if err := r.startLocked(); err != nil {
		return fmt.Errorf("read camera %q: %w", r.k.cfg.Source, err)
	}
	return nil
}

// close ends the stream and a Read under way.
func (r *kernelReader) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.stream == nil {
		return nil
	}
	return r.stream.Close()
}
