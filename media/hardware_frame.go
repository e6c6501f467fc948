package media

import (
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/io/video"
)

// EncodedFrame is a picture that the camera, or an encoder in hardware, has
// encoded already. A driver that yields such frames is passed through: no copy,
// no decoding. An empty payload is a picture that the encoder left out.
//
// A frame may have more methods. They act on the camera and are called on the
// newest frame:
//
//	ForceKeyFrame() error     the next frames hold a key frame
//	SetBitRate(bps int) error the encoder aims at bps from now on
//	Raw() image.Image         the same picture, 4:2:0, possibly smaller, or
//	                          nil; asking makes the camera add it to the
//	                          frames to come, for peers of another codec
type EncodedFrame interface {
	image.Image
	Codec() string   // "H264" (Annex-B access unit) or "VP8"
	Payload() []byte // not changed after it was handed over
	KeyFrame() bool
}

// What an [EncodedFrame] may be able to do besides.
type (
	keyFrameForcer interface{ ForceKeyFrame() error }
	bitRateSetter  interface{ SetBitRate(bps int) error }
	rawCarrier     interface{ Raw() image.Image }
)

// errNoTranscoding is returned for a camera that encodes in another codec than
// the one a peer needs, and yields no raw pictures besides.
var errNoTranscoding = errors.New("the camera's own encoding cannot be converted")

// errFormatChanged ends an encoder; another is built for the new format.
var errFormatChanged = errors.New("the camera changed its format")

// rawWithin is how long a camera may take until a frame carries a raw picture.
const rawWithin = 2 * time.Second

// rawOf returns the raw picture of an encoded frame, nil when it has none.
func rawOf(frame image.Image) (picture image.Image, carries bool) {
	carrier, ok := frame.(rawCarrier)
	if !ok {
		return nil, false
	}
	return carrier.Raw(), true
}

// firstRaw reads frames until one carries a raw picture.
func firstRaw(r video.Reader, frame image.Image) (image.Image, error) {
	for began := time.Now(); time.Since(began) < rawWithin; {
		raw, carries := rawOf(frame)
		if raw != nil {
			return raw, nil
		}
		if !carries {
			break
		}
		var err error
		if frame, _, err = r.Read(); err != nil {
			return nil, fmt.Errorf("read frame: %w", err)
		}
	}
	return nil, errNoTranscoding
}

// passThrough yields the payloads of encoded frames as they are. It belongs to
// one goroutine.
type passThrough struct {
	builder *videoBuilder
	reader  video.Reader
	pending EncodedFrame // read ahead

	keyRefused, bitrateRefused bool // told once; a fixed camera refuses each time
}

// newPassThrough begins with first. The peers wait for a key frame.
func newPassThrough(b *videoBuilder, r video.Reader, first EncodedFrame) *passThrough {
	b.control.renew()
	if !first.KeyFrame() {
		b.control.wantKeyFrame(true)
	}
	return &passThrough{builder: b, reader: r, pending: first}
}

// Read implements codec.ReadCloser.
func (p *passThrough) Read() ([]byte, func(), error) {
	frame := p.pending
	p.pending = nil
	if frame == nil {
		next, _, err := p.reader.Read()
		if err != nil {
			return nil, func() {}, err
		}
		encoded, ok := next.(EncodedFrame)
		if !ok || encoded.Codec() != string(p.builder.name) {
			return nil, func() {}, fmt.Errorf("pass frame through: %w", errFormatChanged)
		}
		frame = encoded
	}
	p.apply(frame)
	p.builder.setSize(frame.Bounds())
	return frame.Payload(), func() {}, nil
}

// apply passes the wishes of peers on to the camera.
func (p *passThrough) apply(frame EncodedFrame) {
	key, bitrate := p.builder.next()
	if forcer, ok := frame.(keyFrameForcer); ok && key {
		p.tell(&p.keyRefused, "camera makes no key frame", forcer.ForceKeyFrame())
	}
	if setter, ok := frame.(bitRateSetter); ok && bitrate > 0 {
		p.tell(&p.bitrateRefused, "camera keeps its bitrate", setter.SetBitRate(bitrate))
	}
}

// tell logs the first refusal of a kind.
func (p *passThrough) tell(told *bool, what string, err error) {
	if err != nil && !*told {
		*told = true
		p.builder.log.Warn(what, "error", err)
	}
}

// Close implements codec.ReadCloser.
func (p *passThrough) Close() error { return nil }

// Controller implements codec.ReadCloser; wishes go through control instead.
func (p *passThrough) Controller() codec.EncoderController { return nil }
