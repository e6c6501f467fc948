package pipeline

import (
	"context"
	"image"
	"sync"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/picture"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// watcher decodes a stream that is passed through, in hardware, while somebody
// wants raw pictures. It never harms the stream: a decoder that fails is given
// up, and said so.
//
//	idle ─wanted→ waiting for a key frame → decoding ─not wanted→ idle
//	               └────────── an error ──────┴→ given up
type watcher struct {
	stream *Stream
	keys   control
	tasks  sync.WaitGroup

	// Owned by the goroutine that calls see and close.
	dec     *v4l2.Decoder
	cancel  context.CancelFunc
	running bool // since a key frame
	givenUp bool

	mu     sync.Mutex
	latest *image.YCbCr
	failed error
}

// see takes an access unit and returns the raw picture decoded last, nil
// without one.
func (w *watcher) see(unit []byte, key bool, at time.Duration) *image.YCbCr {
	if w.givenUp || w.stream.cfg.Route.Watcher.Path == "" {
		return nil
	}
	if !w.stream.demand.wanted(time.Now()) {
		w.close()
		return nil
	}
	if w.dec == nil && !w.open() {
		return nil
	}
	if w.running = w.running || key; !w.running {
		return nil
	}
	_, err := w.dec.Decode(v4l2.Frame{Data: unit, FD: -1, Timestamp: at})
	latest, failed := w.result()
	if err == nil {
		err = failed
	}
	if err != nil {
		w.giveUp(err)
		return nil
	}
	return latest
}

// result is what the decoder came to so far.
func (w *watcher) result() (latest *image.YCbCr, failed error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest, w.failed
}

// open opens the decoder and asks for a key frame to begin with.
func (w *watcher) open() bool {
	r := w.stream.cfg.Route
	dec, err := v4l2.OpenDecoder(w.stream.cfg.Sys, r.Watcher.Path, v4l2.DecoderConfig{Width: r.Width, Height: r.Height, Input: v4l2.H264})
	if err != nil {
		w.giveUp(err)
		return false
	}
	ctx, cancel := context.WithCancel(w.stream.ctx)
	w.dec, w.cancel, w.running = dec, cancel, false
	w.tasks.Go(func() { w.collect(ctx, dec) })
	_ = w.keys.ForceKeyFrame() // else the camera's next one has to do
	return true
}

// giveUp leaves the decoder alone from now on, for others to use.
func (w *watcher) giveUp(err error) {
	w.givenUp = true
	w.close()
	w.stream.cfg.Log.Warn("peers without H.264 get no picture: the decoder failed", "decoder", w.stream.cfg.Route.Watcher.String(), "error", err)
}

// collect keeps the newest decoded picture, reduced.
func (w *watcher) collect(ctx context.Context, dec *v4l2.Decoder) {
	var pictures pool
	for {
		b, err := dec.Next(ctx)
		if err == nil {
			err = w.keep(&pictures, dec.Format(), b)
		}
		if err != nil {
			w.mu.Lock()
			w.failed = err
			w.mu.Unlock()
			return
		}
	}
}

func (w *watcher) keep(pictures *pool, f v4l2.Format, b *v4l2.Buffer) error {
	r := w.stream.cfg.Route
	p := shot{layout: picture.Layout{FourCC: f.FourCC.String(), Width: r.Width, Height: r.Height, Stride: f.Stride, Lines: f.Height}, read: b.Read}
	size, factor := picture.Reduced(image.Pt(r.Width, r.Height), rawWidth)
	dst := pictures.next(size)
	if err := p.write(dst, r.InPicture, factor); err != nil {
		_ = b.Release() // the first error says more
		return err
	}
	w.stream.cfg.Counters.raw.Add(1)
	w.mu.Lock()
	w.latest = dst
	w.mu.Unlock()
	return b.Release()
}

// close closes the decoder. It is idempotent.
func (w *watcher) close() {
	if w.dec == nil {
		return
	}
	w.cancel()
	w.tasks.Wait()
	if err := w.dec.Close(); err != nil {
		w.stream.cfg.Log.Debug("decoder not closed", "error", err)
	}
	w.dec, w.latest, w.failed = nil, nil, nil
}
