package camera

import (
	"image"
	"image/color"
	"sync/atomic"

	"github.com/pion/mediadevices/pkg/frame"
)

// Frame formats of encoded pictures, in prop.Video.FrameFormat and
// [EncodedFrame.Codec].
const (
	formatH264 frame.Format = "H264"
	formatVP8  frame.Format = "VP8"
)

// EncodedFrame is one encoded picture of a recording. It is an image.Image so
// that it passes through mediadevices unchanged; its pixels are all black. It
// never changes and may be shared.
type EncodedFrame struct {
	codec   frame.Format
	payload []byte
	key     bool
	size    image.Point
	force   *atomic.Bool
}

var _ image.Image = (*EncodedFrame)(nil)

// Codec is "H264" or "VP8".
func (f *EncodedFrame) Codec() string { return string(f.codec) }

// Payload is one access unit in Annex-B format (H264, ITU-T H.264 7.4.1.2.3 and
// annex B) or one frame (VP8, RFC 6386). It must not be modified.
func (f *EncodedFrame) Payload() []byte { return f.payload }

// KeyFrame tells whether decoding can start here: an IDR picture together with
// its SPS and PPS, or a VP8 key frame.
func (f *EncodedFrame) KeyFrame() bool { return f.key }

// ForceKeyFrame makes the recording go on with its next key frame, which is
// its first after the last. The pictures in between are left out. It may be
// called from any goroutine and always succeeds.
func (f *EncodedFrame) ForceKeyFrame() error {
	f.force.Store(true)
	return nil
}

// ColorModel is YCbCr.
func (f *EncodedFrame) ColorModel() color.Model { return color.YCbCrModel }

// Bounds is the size of the decoded picture.
func (f *EncodedFrame) Bounds() image.Rectangle { return image.Rectangle{Max: f.size} }

// At is black everywhere.
func (f *EncodedFrame) At(int, int) color.Color { return color.YCbCr{Y: 16, Cb: 128, Cr: 128} }
