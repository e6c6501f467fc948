package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// Config says what to run, and where the devices are.
type Config struct {
	Sys      v4l2.System
	Route    plan.Route
	Bitrate  int // bit/s
	Settings Settings
	Counters *Counters
	Log      *slog.Logger
	// Descriptors returns the USB descriptors behind a node, none for other
	// cameras; nil knows none.
	Descriptors func(node string) []byte
	// FrameTimeout is how long no picture is an error; 0 is 3 s.
	FrameTimeout time.Duration
}

// Error is an error of a part of a route.
type Error struct {
	// Codec tells that the camera may be fine, so that another route can work.
	Codec bool
	Err   error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func codecError(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Codec: true, Err: err}
}

// Stream is a route that runs.
type Stream struct {
	cfg    Config
	out    *outbox
	demand demand

	ctx     context.Context
	cancel  context.CancelFunc
	tasks   sync.WaitGroup
	closers []func() error // in the order of opening
	once    sync.Once
	err     error
}

// keyFrameSeconds is the time between key frames nobody asked for.
const keyFrameSeconds = 10

// Start opens everything a route needs and starts it. The error names the
// device that refused; nothing is left open then.
func Start(cfg Config) (*Stream, error) {
	if cfg.FrameTimeout == 0 {
		cfg.FrameTimeout = v4l2.DefaultFrameTimeout
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Stream{cfg: cfg, out: newOutbox(cfg.Counters), ctx: ctx, cancel: cancel}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	cfg.Counters.route.Store(cfg.Route.String())
	cfg.Counters.opened.Add(1)
	return s, nil
}

func (s *Stream) open() error {
	switch kind := s.cfg.Route.Kind; kind {
	case plan.Passthrough:
		return s.openPassthrough()
	case plan.RawM2M, plan.Raw:
		return s.openRaw()
	case plan.JPEGM2M:
		return s.openJPEG()
	case plan.JPEGSoft, plan.JPEGSoftM2M:
		return s.openSoftJPEG()
	case plan.ChildRaw, plan.ChildPlain, plan.ChildH264:
		return s.openChild()
	default:
		return fmt.Errorf("no such route: %v", kind)
	}
}

// onClose has f called by Close, after what was opened later.
func (s *Stream) onClose(f func() error) { s.closers = append(s.closers, f) }

// task runs f until it fails or the stream is closed. Its error ends the
// stream.
func (s *Stream) task(f func(ctx context.Context) error) {
	s.tasks.Go(func() {
		err := f(s.ctx)
		if s.ctx.Err() != nil || err == nil {
			err = io.EOF
		}
		s.out.fail(err)
	})
}

// Read waits for the next picture: a *[Frame], or an *image.YCbCr of a route
// without an encoder. The error is io.EOF after Close, or an *[Error] that
// names the device. One goroutine reads.
func (s *Stream) Read() (image.Image, error) { return s.out.take() }

// Close ends the stream. It is idempotent.
func (s *Stream) Close() error {
	s.once.Do(func() {
		s.out.fail(io.EOF)
		s.cancel()
		s.tasks.Wait()
		var errs []error
		for i := len(s.closers) - 1; i >= 0; i-- {
			errs = append(errs, s.closers[i]())
		}
		s.err = errors.Join(errs...)
	})
	return s.err
}
