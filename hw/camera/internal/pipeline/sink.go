package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/picture"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
)

// shot is a raw picture on its way. frame.Done gives its memory back.
type shot struct {
	frame  v4l2.Frame
	layout picture.Layout
	read   func(func(data []byte)) error // brackets access by the processor; nil for memory of ours
}

// write copies the picture, turned and reduced, to dst.
func (p shot) write(dst *image.YCbCr, t plan.Turn, factor int) error {
	var err error
	copied := func(data []byte) {
		var v picture.View
		if v, err = picture.Of(data, p.layout); err == nil {
			err = v.Turned(t.Rotation, t.Mirror).Write(dst, factor)
		}
	}
	if p.read == nil {
		copied(p.frame.Data)
		return err
	}
	return errors.Join(p.read(copied), err)
}

// whole reports whether the picture has all its bytes; a camera on a busy bus
// cuts some short.
func (p shot) whole() bool {
	_, err := picture.Of(p.frame.Data, p.layout)
	return err == nil
}

// done gives the picture's memory back.
func (p shot) done() {
	if p.frame.Done != nil {
		p.frame.Done()
	}
}

// sink is where raw pictures go.
type sink interface {
	// give takes a picture and calls its Done, now or later. It does not block.
	give(p shot) error
}

// openSink opens the end of the route for pictures of a layout.
func (s *Stream) openSink(l picture.Layout) (sink, error) {
	if s.cfg.Route.Kind.Encodes() {
		return s.openEncoder(l)
	}
	w, h := turnedSize(l, s.cfg.Route.InPicture)
	return &rawSink{stream: s, size: image.Pt(w, h)}, nil
}

func turnedSize(l picture.Layout, t plan.Turn) (width, height int) {
	if t.Rotation%180 != 0 {
		return l.Height, l.Width
	}
	return l.Width, l.Height
}

// rawSink hands raw pictures out. One goroutine gives.
type rawSink struct {
	stream *Stream
	size   image.Point
	pool   pool
}

func (r *rawSink) give(p shot) error {
	dst := r.pool.next(r.size)
	err := p.write(dst, r.stream.cfg.Route.InPicture, 1)
	p.done()
	if err != nil {
		r.stream.cfg.Counters.damaged.Add(1) // cut short by the camera
		return nil
	}
	r.stream.cfg.Counters.copies.Add(1)
	r.stream.out.putRaw(dst)
	return nil
}

// encoder is an M2M encoder as a sink. One goroutine gives, another collects.
type encoder struct {
	stream *Stream
	enc    *v4l2.Encoder
	turn   plan.Turn
	size   image.Point  // of what is encoded, pixels
	direct bool         // pictures go in as they are, else through scratch
	lines  int          // of the first plane of given pictures, when they go in directly
	memory []byte       // of scratch
	room   *image.YCbCr // of scratch
	tried  bool         // whether pictures can be imported is known
	log    *slog.Logger
	last   time.Duration

	pool pool // of raw pictures beside the encoded ones
	mu   sync.Mutex
	raws map[time.Duration]*image.YCbCr
}

// openEncoder opens the route's encoder for pictures of a layout.
func (s *Stream) openEncoder(l picture.Layout) (*encoder, error) {
	r := s.cfg.Route
	e := &encoder{stream: s, turn: r.InPicture, lines: max(l.Lines, l.Height), raws: map[time.Duration]*image.YCbCr{}}
	e.size.X, e.size.Y = turnedSize(l, r.InPicture)
	e.log = s.cfg.Log.With("encoder", r.Encoder.String())
	// Pictures with lines of padding below go in only without a copy.
	e.direct = r.InPicture.None() && r.Input == l.FourCC && (e.lines == l.Height || r.ZeroCopy)
	cfg := v4l2.EncoderConfig{
		Width: e.size.X, Height: e.size.Y, Stride: l.Stride, Input: fourCC(r.Input), FPS: r.FPS,
		Bitrate: s.cfg.Bitrate, KeyFrameInterval: keyFrameSeconds * r.FPS, DMABuf: e.direct && r.ZeroCopy, Log: s.cfg.Log,
	}
	if !e.direct {
		if err := e.makeScratch(); err != nil {
			return nil, codecError(err)
		}
		cfg.Stride = e.size.X
		cfg.Input = v4l2.YU12
	}
	var err error
	if e.enc, err = v4l2.OpenEncoder(s.cfg.Sys, r.Encoder.Path, cfg); err != nil {
		return nil, codecError(err)
	}
	s.onClose(e.enc.Close)
	s.task(e.collect)
	return e, nil
}

// makeScratch makes room for pictures that do not go in as they are.
func (e *encoder) makeScratch() (err error) {
	l := picture.Layout{FourCC: plan.YU12, Width: e.size.X, Height: e.size.Y}
	e.memory = make([]byte, l.Bytes())
	e.room, err = picture.Into(e.memory, l)
	return err
}

// give implements sink.
func (e *encoder) give(p shot) error {
	if e.stream.out.again() {
		_ = e.enc.ForceKeyFrame() // else its next one has to do
	}
	p.frame.Timestamp = e.stamp(p.frame.Timestamp)
	if e.stream.demand.wanted(time.Now()) {
		e.keepRaw(p)
	}
	switch {
	case !e.direct || !e.fits(p):
		return e.convert(p)
	case !e.enc.Imports() && !p.whole():
		p.done()
		e.stream.cfg.Counters.damaged.Add(1)
		return nil
	}
	return e.encode(p)
}

// stamp makes times differ, as drivers need them to.
func (e *encoder) stamp(at time.Duration) time.Duration {
	e.last = max(at.Truncate(time.Microsecond), e.last+time.Microsecond)
	return e.last
}

// fits finds out with the first picture whether it can be imported, and reports
// whether pictures go in as they are.
func (e *encoder) fits(p shot) bool {
	if e.tried || !e.enc.Imports() {
		return e.direct
	}
	e.tried = true
	in := e.enc.Input()
	if p.frame.FD >= 0 && e.lines > e.size.Y && e.lines == in.Height && p.frame.Length >= in.SizeImage {
		return true // decoder and encoder pad alike
	}
	err := e.enc.Suits(p.frame.Length)
	if p.frame.FD < 0 {
		err = fmt.Errorf("%w: the camera's driver exports none", v4l2.ErrImport)
	}
	if err != nil {
		e.useCopies(err)
	}
	return e.direct
}

// useCopies gives up importing. Padded pictures are unpadded on the way.
func (e *encoder) useCopies(why error) {
	e.log.Info("pictures are copied to the encoder", "reason", why)
	e.stream.cfg.Counters.route.Store(e.stream.cfg.Route.String() + ", with one copy")
	if err := e.enc.UseCopies(); err != nil {
		e.stream.out.fail(codecError(err))
	}
	if e.lines != e.size.Y {
		e.direct = false
		if err := e.makeScratch(); err != nil {
			e.stream.out.fail(codecError(err))
		}
	}
}

// encode gives a picture as it is.
func (e *encoder) encode(p shot) error {
	imports := e.enc.Imports()
	var taken bool
	var err error
	give := func([]byte) { taken, err = e.enc.Encode(p.frame) }
	if imports || p.read == nil {
		give(nil)
	} else {
		err = errors.Join(p.read(give), err)
	}
	switch c := e.stream.cfg.Counters; {
	case errors.Is(err, v4l2.ErrImport):
		e.useCopies(err)
		return nil // this picture is lost
	case err != nil:
		return codecError(err)
	case !taken:
		c.dropped.Add(1)
	case imports:
		c.imports.Add(1)
	default:
		c.copies.Add(1)
	}
	return nil
}

// convert gives a picture through scratch.
func (e *encoder) convert(p shot) error {
	err := p.write(e.room, e.turn, 1)
	p.done()
	if err != nil {
		e.stream.cfg.Counters.damaged.Add(1)
		return nil
	}
	e.stream.cfg.Counters.copies.Add(1)
	return e.encode(shot{frame: v4l2.Frame{Data: e.memory, FD: -1, Timestamp: p.frame.Timestamp}})
}

// maxRaws bounds the raw pictures that wait for their encoded ones.
const maxRaws = poolSize - 2

// keepRaw makes a raw picture to go with the encoded one.
func (e *encoder) keepRaw(p shot) {
	size, factor := picture.Reduced(e.size, rawWidth)
	dst := e.pool.next(size)
	if err := p.write(dst, e.turn, factor); err != nil {
		return // the encoder will say more
	}
	e.stream.cfg.Counters.raw.Add(1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.raws[p.frame.Timestamp] = dst
	if len(e.raws) > maxRaws {
		for at := range e.raws {
			if at < p.frame.Timestamp-time.Second {
				delete(e.raws, at)
			}
		}
	}
}

// rawOf takes the raw picture of a time, if there is one.
func (e *encoder) rawOf(at time.Duration) *image.YCbCr {
	e.mu.Lock()
	defer e.mu.Unlock()
	img := e.raws[at]
	for t := range e.raws {
		if t <= at {
			delete(e.raws, t)
		}
	}
	return img
}

// collect hands access units out until the context ends.
func (e *encoder) collect(ctx context.Context) error {
	for {
		p, err := e.enc.Next(ctx)
		if err != nil {
			return codecError(err)
		}
		f := e.stream.frame(p.Data, p.KeyFrame, e.size, e)
		f.raw = e.rawOf(p.Timestamp)
		if e.stream.out.putUnit(f) {
			// The error is of no use: key frames come by themselves, too.
			_ = e.enc.ForceKeyFrame()
		}
	}
}

// frame makes an access unit a frame of this stream.
func (s *Stream) frame(data []byte, key bool, size image.Point, c control) *Frame {
	return &Frame{payload: data, key: key, size: size, control: c, demand: &s.demand, count: s.cfg.Counters}
}

// ForceKeyFrame implements control.
func (e *encoder) ForceKeyFrame() error { return e.enc.ForceKeyFrame() }

// SetBitRate implements control.
func (e *encoder) SetBitRate(bps int) error {
	_, err := e.enc.SetBitrate(bps)
	return err
}
