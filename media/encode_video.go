package media

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/media/vp8"
	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/codec/openh264"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
)

// intraPeriodSeconds is the time between key frames nobody asked for.
const intraPeriodSeconds = 10

// videoBuilder builds the encoder of one codec; it looks at the first frame to
// choose between passing through and encoding. It implements
// codec.VideoEncoderBuilder.
type videoBuilder struct {
	name     codecName
	fps      int
	control  *control
	counters *counters
	log      *slog.Logger

	width, height atomic.Int32 // of what is sent, pixels
}

// RTPCodec implements codec.VideoEncoderBuilder.
func (b *videoBuilder) RTPCodec() *codec.RTPCodec {
	return &codec.RTPCodec{RTPCodecParameters: b.name.parameters(), Payloader: b.name.payloader()}
}

// BuildVideoEncoder implements codec.VideoEncoderBuilder. It reads one frame,
// or as many as it takes until the camera adds raw pictures to them.
func (b *videoBuilder) BuildVideoEncoder(r video.Reader, _ prop.Media) (codec.ReadCloser, error) {
	first, _, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read first frame: %w", err)
	}
	enc := &videoEncoder{builder: b, pending: first, scale: 1}
	if frame, ok := first.(EncodedFrame); ok {
		if frame.Codec() == string(b.name) {
			return newPassThrough(b, r, frame), nil
		}
		if enc.pending, err = firstRaw(r, first); err != nil {
			return nil, fmt.Errorf("pass %s through as %s: %w", frame.Codec(), b.name, err)
		}
		enc.raw, enc.scale = true, reduction(enc.pending.Bounds().Size())
	}
	enc.bounds = enc.pending.Bounds()
	enc.share = share(reduced(enc.bounds.Size(), enc.scale), first.Bounds().Size())
	if err = enc.build(); err != nil {
		return nil, fmt.Errorf("build %s encoder: %w", b.name, err)
	}
	enc.camera = newPictures(r)
	return enc, nil
}

func (b *videoBuilder) setSize(r image.Rectangle) {
	b.width.Store(int32(r.Dx()))
	b.height.Store(int32(r.Dy()))
}

// next tells what is to be done before the frame of now, as [control.next].
func (b *videoBuilder) next() (key bool, bitrate int) {
	key, bitrate = b.control.next(time.Now())
	if key {
		b.counters.keyForced.Add(1)
	}
	return key, bitrate
}

// feeder hands one frame to a software encoder. The encoders read their source
// under a lock that their controls need too, so they must never wait in it.
type feeder struct{ frame image.Image }

// Read implements video.Reader.
func (f *feeder) Read() (image.Image, func(), error) {
	if f.frame == nil {
		return nil, func() {}, errors.New("no frame to encode")
	}
	frame := f.frame
	f.frame = nil
	return frame, func() {}, nil
}

// videoEncoder reads frames and encodes them in software. It belongs to one
// goroutine.
type videoEncoder struct {
	builder *videoBuilder
	camera  *pictures   // nil before the encoder is built
	pending image.Image // picture read ahead
	raw     bool        // the pictures come with frames of another codec
	bounds  image.Rectangle
	scale   int     // pictures are reduced by this factor before
	share   float64 // of the bitrate, for what was reduced, 0…1
	feed    feeder
	inner   codec.ReadCloser
}

// build makes the software encoder for pictures of the size of the first.
func (e *videoEncoder) build() (err error) {
	b := e.builder
	size := reduced(e.bounds.Size(), e.scale)
	b.setSize(image.Rectangle{Max: size})
	bitrate := e.bitrate(b.control.reset())
	var source video.Reader = &e.feed
	if e.scale > 1 {
		source = &reducer{source: video.ToI420(source), scale: e.scale}
	}
	if b.name == codecVP8 {
		e.inner, err = vp8.Build(video.ToI420(source), vp8.Params{
			Width: size.X, Height: size.Y, FPS: b.fps,
			BitRate: bitrate, KeyFrameInterval: intraPeriodSeconds * b.fps,
		})
		return err
	}
	params, err := openh264.NewParams()
	if err != nil {
		return err
	}
	params.BitRate = bitrate
	params.IntraPeriod = uint(intraPeriodSeconds * b.fps)
	params.SliceMode = openh264.SMSingleSlice
	params.MultipleThreadIdc = 1
	e.inner, err = params.BuildVideoEncoder(source, prop.Media{Video: prop.Video{
		Width: size.X, Height: size.Y, FrameRate: float32(b.fps),
	}})
	return err
}

// bitrate is what is left of the wanted bitrate for reduced pictures.
func (e *videoEncoder) bitrate(wanted int) int {
	return max(int(float64(wanted)*e.share), min(wanted, minBitrate))
}

// Read implements codec.ReadCloser. The result is empty for a picture that was
// left out, to keep the bitrate or because the camera gave none.
func (e *videoEncoder) Read() ([]byte, func(), error) {
	picture, err := e.picture()
	if err != nil || picture == nil {
		return nil, func() {}, err
	}
	if picture.Bounds() != e.bounds {
		return nil, func() {}, fmt.Errorf("encode frame: %w", errFormatChanged)
	}
	e.apply(e.builder.next())
	e.feed.frame = picture
	return e.inner.Read()
}

// picture is the next one to encode; nil when a frame carries none. It is the
// last one again when a peer cannot wait.
func (e *videoEncoder) picture() (image.Image, error) {
	if p := e.pending; p != nil {
		e.pending = nil
		e.camera.keep(p)
		return p, nil
	}
	frame, ok, err := e.camera.next(e.builder.control.hurry)
	switch {
	case err != nil:
		return nil, err
	case !ok && e.camera.last != nil && e.builder.control.hurried():
		return e.camera.last, nil
	case !ok:
		return nil, nil
	}
	encoded, isEncoded := frame.(EncodedFrame)
	if isEncoded != e.raw || isEncoded && encoded.Codec() == string(e.builder.name) {
		return nil, fmt.Errorf("encode frame: %w", errFormatChanged)
	}
	if e.raw {
		frame, _ = rawOf(frame)
	}
	if frame != nil {
		e.camera.keep(frame)
	}
	return frame, nil
}

// apply sets the encoder's controls for the next frame.
func (e *videoEncoder) apply(key bool, bitrate int) {
	controller := e.inner.Controller()
	if c, ok := controller.(codec.KeyFrameController); ok && key {
		if err := c.ForceKeyFrame(); err != nil {
			e.builder.log.Warn("encoder makes no key frame", "codec", e.builder.name, "error", err)
		}
	}
	if c, ok := controller.(codec.BitRateController); ok && bitrate > 0 {
		if err := c.SetBitRate(e.bitrate(bitrate)); err != nil {
			e.builder.log.Warn("encoder keeps its bitrate", "codec", e.builder.name, "error", err)
		}
	}
}

// Close implements codec.ReadCloser.
func (e *videoEncoder) Close() error {
	e.camera.close()
	return e.inner.Close()
}

// Controller implements codec.ReadCloser; wishes go through control instead.
func (e *videoEncoder) Controller() codec.EncoderController { return nil }
