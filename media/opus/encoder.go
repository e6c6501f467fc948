package opus

/*
#cgo pkg-config: --static opus
#cgo LDFLAGS: -lm
#include <opus.h>

static int encoder_setup(OpusEncoder *e, int bitrate, int complexity, int loss) {
	int rc = opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
	if (rc == OPUS_OK) rc = opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity));
	if (rc == OPUS_OK) rc = opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(1));
	if (rc == OPUS_OK) rc = opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(loss));
	if (rc == OPUS_OK) rc = opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	return rc;
}

static int encoder_bitrate(OpusEncoder *e, int bitrate) {
	return opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// The format of all sound in this package.
const (
	SampleRate   = 48000               // samples a second
	Channels     = 1                   // mono
	FrameSamples = SampleRate / 50     // samples in a frame of 20 ms
	MaxSamples   = SampleRate * 3 / 25 // samples in the longest packet, 120 ms (RFC 6716 2.1.4)
	MaxPacket    = 1275                // bytes in the largest frame (RFC 6716 3.4)
)

// Encoder settings: speech at 32 kbit/s; complexity 5 costs half the time of
// 10; 10 % expected loss makes libopus spend bits on forward error correction.
const (
	defaultBitrate    = 32000
	defaultComplexity = 5
	expectedLoss      = 10
)

// ErrClosed is returned by every method after Close.
var ErrClosed = errors.New("opus: closed")

// Encoder turns PCM into Opus packets.
type Encoder struct {
	c *C.OpusEncoder
}

// NewEncoder makes an encoder for speech at 32 kbit/s with in-band FEC.
func NewEncoder() (*Encoder, error) {
	var rc C.int
	c := C.opus_encoder_create(SampleRate, Channels, C.OPUS_APPLICATION_VOIP, &rc)
	if rc != C.OPUS_OK {
		return nil, fmt.Errorf("create opus encoder: %w", asError(rc))
	}
	if rc = C.encoder_setup(c, defaultBitrate, defaultComplexity, expectedLoss); rc != C.OPUS_OK {
		C.opus_encoder_destroy(c)
		return nil, fmt.Errorf("set up opus encoder: %w", asError(rc))
	}
	return &Encoder{c: c}, nil
}

// Encode writes the packet of one frame of [FrameSamples] samples into packet,
// which should hold [MaxPacket] bytes, and returns its length.
func (e *Encoder) Encode(pcm []int16, packet []byte) (int, error) {
	if e.c == nil {
		return 0, ErrClosed
	}
	if len(pcm) != FrameSamples {
		return 0, fmt.Errorf("encode opus frame: %d samples instead of %d", len(pcm), FrameSamples)
	}
	if len(packet) == 0 {
		return 0, errors.New("encode opus frame: no room for a packet")
	}
	n := C.opus_encode(e.c, (*C.opus_int16)(unsafe.Pointer(&pcm[0])), FrameSamples,
		(*C.uchar)(unsafe.Pointer(&packet[0])), C.opus_int32(len(packet)))
	if n < 0 {
		return 0, fmt.Errorf("encode opus frame: %w", asError(C.int(n)))
	}
	return int(n), nil
}

// SetBitrate sets the target in bit/s, 500 to 512000.
func (e *Encoder) SetBitrate(bitrate int) error {
	if e.c == nil {
		return ErrClosed
	}
	if rc := C.encoder_bitrate(e.c, C.int(bitrate)); rc != C.OPUS_OK {
		return fmt.Errorf("set opus bitrate %d: %w", bitrate, asError(rc))
	}
	return nil
}

// Close frees the encoder. It is idempotent.
func (e *Encoder) Close() error {
	if e.c != nil {
		C.opus_encoder_destroy(e.c)
		e.c = nil
	}
	return nil
}

func asError(rc C.int) error { return errors.New(C.GoString(C.opus_strerror(rc))) }
