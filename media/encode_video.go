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

// EncodedFrame is a picture that the camera has encoded already. A driver that
// yields such frames is passed through: no copy, no decoding. A frame that also
// has the method ForceKeyFrame() error is asked for key frames.
type EncodedFrame interface {
	image.Image
	Codec() string   // "H264" (Annex-B access unit) or "VP8"
	Payload() []byte // not changed after it was handed over
	KeyFrame() bool
}

// keyFrameForcer is an [EncodedFrame] whose camera makes key frames on demand.
type keyFrameForcer interface{ ForceKeyFrame() error }

// errNoTranscoding is returned for a camera that encodes in another codec than
// the one a peer needs.
var errNoTranscoding = errors.New("the camera's own encoding cannot be converted")

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

	width, height atomic.Int32 // of the picture, pixels
}

// RTPCodec implements codec.VideoEncoderBuilder.
func (b *videoBuilder) RTPCodec() *codec.RTPCodec {
	return &codec.RTPCodec{RTPCodecParameters: b.name.parameters(), Payloader: b.name.payloader()}
}

// BuildVideoEncoder implements codec.VideoEncoderBuilder. It reads one frame.
func (b *videoBuilder) BuildVideoEncoder(r video.Reader, p prop.Media) (codec.ReadCloser, error) {
	first, _, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read first frame: %w", err)
	}
	b.width.Store(int32(first.Bounds().Dx()))
	b.height.Store(int32(first.Bounds().Dy()))
	enc := &videoEncoder{builder: b, reader: r, pending: first, bounds: first.Bounds()}
	if frame, ok := first.(EncodedFrame); ok {
		if frame.Codec() != string(b.name) {
			return nil, fmt.Errorf("pass %s through as %s: %w", frame.Codec(), b.name, errNoTranscoding)
		}
		return enc, nil
	}
	if enc.inner, err = b.buildInner(&enc.feed, first.Bounds()); err != nil {
		return nil, fmt.Errorf("build %s encoder: %w", b.name, err)
	}
	return enc, nil
}

// buildInner makes the software encoder.
func (b *videoBuilder) buildInner(feed *feeder, size image.Rectangle) (codec.ReadCloser, error) {
	bitrate := b.control.reset()
	if b.name == codecVP8 {
		return vp8.Build(video.ToI420(feed), vp8.Params{
			Width: size.Dx(), Height: size.Dy(), FPS: b.fps,
			BitRate: bitrate, KeyFrameInterval: intraPeriodSeconds * b.fps,
		})
	}
	params, err := openh264.NewParams()
	if err != nil {
		return nil, err
	}
	params.BitRate = bitrate
	params.IntraPeriod = uint(intraPeriodSeconds * b.fps)
	params.SliceMode = openh264.SMSingleSlice
	params.MultipleThreadIdc = 1
	return params.BuildVideoEncoder(feed, prop.Media{Video: prop.Video{
		Width: size.Dx(), Height: size.Dy(), FrameRate: float32(b.fps),
	}})
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

// videoEncoder reads frames and yields them encoded. It belongs to one
// goroutine.
type videoEncoder struct {
	builder *videoBuilder
	reader  video.Reader
	pending image.Image // read ahead
	feed    feeder
	inner   codec.ReadCloser // nil when passing through
	bounds  image.Rectangle  // what inner was built for
}

// Read implements codec.ReadCloser. The result may be empty when the encoder
// drops a frame to keep its bitrate.
func (e *videoEncoder) Read() ([]byte, func(), error) {
	frame := e.pending
	e.pending = nil
	if frame == nil {
		var err error
		if frame, _, err = e.reader.Read(); err != nil {
			return nil, func() {}, err
		}
	}
	key, bitrate := e.builder.control.next(time.Now())
	if key {
		e.builder.counters.keyForced.Add(1)
	}
	if e.inner == nil {
		return e.pass(frame, key)
	}
	if _, ok := frame.(EncodedFrame); ok || frame.Bounds() != e.bounds {
		return nil, func() {}, errors.New("encode frame: the camera changed its format")
	}
	e.apply(key, bitrate)
	e.feed.frame = frame
	return e.inner.Read()
}

// pass yields the payload of an encoded frame as it is.
func (e *videoEncoder) pass(frame image.Image, key bool) ([]byte, func(), error) {
	encoded, ok := frame.(EncodedFrame)
	if !ok || encoded.Codec() != string(e.builder.name) {
		return nil, func() {}, errors.New("pass frame through: the camera changed its format")
	}
	if forcer, ok := frame.(keyFrameForcer); ok && key {
		if err := forcer.ForceKeyFrame(); err != nil {
			e.builder.log.Warn("camera makes no key frame", "error", err)
		}
	}
	return encoded.Payload(), func() {}, nil
}

// apply sets a software encoder's controls for the next frame.
func (e *videoEncoder) apply(key bool, bitrate int) {
	controller := e.inner.Controller()
	if c, ok := controller.(codec.KeyFrameController); ok && key {
		if err := c.ForceKeyFrame(); err != nil {
			e.builder.log.Warn("encoder makes no key frame", "codec", e.builder.name, "error", err)
		}
	}
	if c, ok := controller.(codec.BitRateController); ok && bitrate > 0 {
		if err := c.SetBitRate(bitrate); err != nil {
			e.builder.log.Warn("encoder keeps its bitrate", "codec", e.builder.name, "error", err)
		}
	}
}

// Close implements codec.ReadCloser.
func (e *videoEncoder) Close() error {
	if e.inner == nil {
		return nil
	}
	return e.inner.Close()
}

// Controller implements codec.ReadCloser; wishes go through control instead.
func (e *videoEncoder) Controller() codec.EncoderController { return nil }
