package pipeline

import (
	"errors"
	"image"
	"image/color"
	"sync/atomic"
	"time"

	"github.com/intercomd/intercomd/hw/camera/internal/picture"
)

// Frame is one picture of H.264 from an encoder that runs. It is an image.Image
// so that it passes through mediadevices unchanged; its pixels are all black.
// It never changes and may be shared.
type Frame struct {
	payload []byte
	key     bool
	size    image.Point
	raw     *image.YCbCr
	control control
	demand  *demand
	count   *Counters
}

// control is the encoder that a frame came from.
type control interface {
	ForceKeyFrame() error
	SetBitRate(bps int) error
}

// Codec is "H264".
func (f *Frame) Codec() string { return "H264" }

// Payload is one access unit in Annex-B format. It must not be modified.
func (f *Frame) Payload() []byte { return f.payload }

// KeyFrame tells whether decoding can start here: an IDR picture with SPS and
// PPS.
func (f *Frame) KeyFrame() bool { return f.key }

// ForceKeyFrame makes the encoder's next picture a key frame. The error says
// that the camera cannot: then the key frames it makes by itself have to do.
func (f *Frame) ForceKeyFrame() error {
	if err := f.control.ForceKeyFrame(); err != nil {
		return err
	}
	f.count.keyFramesForced.Add(1)
	return nil
}

// SetBitRate makes the encoder aim at a bitrate, in bit/s.
func (f *Frame) SetBitRate(bps int) error {
	if err := f.control.SetBitRate(bps); err != nil {
		return err
	}
	f.count.bitrateChanges.Add(1)
	return nil
}

// Raw is a raw picture of the same instant, at most rawWidth wide; nil when
// there is none. Asking makes the frames of the next demandFor carry one.
func (f *Frame) Raw() image.Image {
	f.demand.ask(time.Now())
	if f.raw == nil {
		return nil
	}
	return f.raw
}

// ColorModel is YCbCr.
func (f *Frame) ColorModel() color.Model { return color.YCbCrModel }

// Bounds is the size of the decoded picture.
func (f *Frame) Bounds() image.Rectangle { return image.Rectangle{Max: f.size} }

// At is black everywhere.
func (f *Frame) At(int, int) color.Color { return color.YCbCr{Y: 16, Cb: 128, Cr: 128} }

const (
	demandFor = 2 * time.Second
	rawWidth  = 640 // pixels: what a processor encodes in software
)

// demand notes when somebody last wanted raw pictures.
type demand struct{ last atomic.Int64 }

func (d *demand) ask(now time.Time) { d.last.Store(now.UnixNano()) }

func (d *demand) wanted(now time.Time) bool {
	last := d.last.Load()
	return last != 0 && now.UnixNano()-last < int64(demandFor)
}

// poolSize is the number of raw pictures a stream goes round with: a slow
// reader may be one less behind before a newer picture takes the place of the
// one it works on.
const poolSize = 8

// pool makes raw pictures to write to.
type pool struct {
	pictures [poolSize]*image.YCbCr
	turn     int
}

// next is a picture of a size. It is taken again after poolSize calls.
func (p *pool) next(size image.Point) *image.YCbCr {
	p.turn = (p.turn + 1) % poolSize
	if img := p.pictures[p.turn]; img == nil || img.Rect.Size() != size {
		p.pictures[p.turn] = picture.New(size)
	}
	return p.pictures[p.turn]
}

// noControl is the encoder of a stream that cannot be influenced.
type noControl struct{ why string }

func (n noControl) ForceKeyFrame() error     { return errors.New("force key frame: " + n.why) }
func (n noControl) SetBitRate(bps int) error { return errors.New("set bitrate: " + n.why) }
