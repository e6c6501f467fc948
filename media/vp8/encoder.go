package vp8

/*
#cgo pkg-config: --static vpx
#include "libvpx.h"

static const void *packet_data(const vpx_codec_cx_pkt_t *p) { return p->data.frame.buf; }
static size_t packet_size(const vpx_codec_cx_pkt_t *p) { return p->data.frame.sz; }
*/
import "C"

import (
	"errors"
	"fmt"
	"image"
	"io"
	"runtime"
	"sync"
	"unsafe"

	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/io/video"
)

// Params says what to encode.
type Params struct {
	Width, Height    int // pixels, 2 to 16383, even
	FPS              int // frames a second, at least 1
	BitRate          int // bit/s, at least 1000
	KeyFrameInterval int // frames at the most between key frames
}

// Encoder implements codec.ReadCloser: each Read takes a picture from the
// source and returns its packet.
type Encoder struct {
	source video.Reader
	params Params

	mu     sync.Mutex
	c      *C.encoder // nil once closed
	pts    int64
	key    bool // the next picture is to be a key frame
	packet []byte
}

// Build makes an encoder that reads pictures from source.
func Build(source video.Reader, p Params) (*Encoder, error) {
	if p.Width < 2 || p.Height < 2 || p.Width > 16383 || p.Height > 16383 || p.Width%2 != 0 || p.Height%2 != 0 || p.FPS < 1 || p.BitRate < 1000 {
		return nil, fmt.Errorf("open VP8 encoder: %+v is out of range", p)
	}
	e := &Encoder{source: source, params: p, c: (*C.encoder)(C.calloc(1, C.sizeof_encoder))}
	threads := min(runtime.NumCPU(), 2)
	rc := C.encoder_open(e.c, C.uint(p.Width), C.uint(p.Height), C.uint(p.FPS), C.uint(p.BitRate/1000), C.uint(p.KeyFrameInterval), C.uint(threads))
	if err := e.check("open VP8 encoder", rc); err != nil {
		e.free()
		return nil, err
	}
	return e, nil
}

// Read implements codec.ReadCloser. The source is read before the encoder is
// locked, so a source that waits holds up no control. The packet is valid until
// the next Read.
func (e *Encoder) Read() ([]byte, func(), error) {
	img, release, err := e.source.Read()
	if err != nil {
		return nil, func() {}, err
	}
	defer release()
	picture, ok := img.(*image.YCbCr)
	if !ok || picture.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return nil, func() {}, fmt.Errorf("encode VP8: picture is a %T, want 4:2:0", img)
	}
	packet, err := e.encode(picture)
	return packet, func() {}, err
}

func (e *Encoder) encode(p *image.YCbCr) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.c == nil {
		return nil, io.EOF
	}
	if size := p.Rect.Size(); size.X != e.params.Width || size.Y != e.params.Height {
		return nil, fmt.Errorf("encode VP8: picture is %v, want %dx%d", size, e.params.Width, e.params.Height)
	}
	var key C.int
	if e.key {
		key = 1
	}
	y, c := p.YOffset(p.Rect.Min.X, p.Rect.Min.Y), p.COffset(p.Rect.Min.X, p.Rect.Min.Y)
	rc := C.encoder_encode(e.c, (*C.uchar)(&p.Y[y]), (*C.uchar)(&p.Cb[c]), (*C.uchar)(&p.Cr[c]),
		C.int(p.YStride), C.int(p.CStride), C.longlong(e.pts), key)
	if err := e.check("encode VP8", rc); err != nil {
		return nil, err
	}
	e.pts++
	e.key = false
	return e.collect(), nil
}

// collect takes the packet of the picture just encoded, if it was not dropped.
func (e *Encoder) collect() []byte {
	e.packet = e.packet[:0]
	var iter C.vpx_codec_iter_t
	for pkt := C.encoder_packet(e.c, &iter); pkt != nil; pkt = C.encoder_packet(e.c, &iter) {
		e.packet = append(e.packet, C.GoBytes(C.packet_data(pkt), C.int(C.packet_size(pkt)))...)
	}
	return e.packet
}

// ForceKeyFrame implements codec.KeyFrameController.
func (e *Encoder) ForceKeyFrame() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.key = true
	return nil
}

// SetBitRate implements codec.BitRateController; bit/s.
func (e *Encoder) SetBitRate(bitRate int) error {
	if bitRate < 1000 {
		return fmt.Errorf("set VP8 bitrate: %d bit/s is below 1000", bitRate)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.c == nil {
		return errors.New("set VP8 bitrate: encoder is closed")
	}
	return e.check("set VP8 bitrate", C.encoder_bitrate(e.c, C.uint(bitRate/1000)))
}

// Controller implements codec.ReadCloser.
func (e *Encoder) Controller() codec.EncoderController { return e }

// Close frees the encoder. It is idempotent.
func (e *Encoder) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.c == nil {
		return nil
	}
	C.vpx_codec_destroy(&e.c.ctx)
	e.free()
	return nil
}

func (e *Encoder) free() {
	C.free(unsafe.Pointer(e.c))
	e.c = nil
}

func (e *Encoder) check(what string, rc C.vpx_codec_err_t) error {
	if rc == C.VPX_CODEC_OK {
		return nil
	}
	text := C.GoString(C.vpx_codec_err_to_string(rc))
	if e.c.detail != nil {
		text += ": " + C.GoString(e.c.detail)
	}
	return fmt.Errorf("%s: %s", what, text)
}
