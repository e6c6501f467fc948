package opus

/*
#include <opus.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Decoder turns Opus packets into PCM; stereo packets are mixed down.
type Decoder struct {
	c *C.OpusDecoder
}

// NewDecoder makes a decoder.
func NewDecoder() (*Decoder, error) {
	var rc C.int
	c := C.opus_decoder_create(SampleRate, Channels, &rc)
	if rc != C.OPUS_OK {
		return nil, fmt.Errorf("create opus decoder: %w", asError(rc))
	}
	return &Decoder{c: c}, nil
}

// Decode decodes packet into pcm, which should hold [MaxSamples], and returns
// the number of samples.
func (d *Decoder) Decode(packet []byte, pcm []int16) (int, error) {
	if len(packet) == 0 {
		return 0, errors.New("decode opus packet: it is empty")
	}
	return d.decode(packet, pcm, 0)
}

// DecodeFEC makes up for the packet before packet, which was lost, from the
// redundancy inside packet, or conceals the gap when there is none. The gap is
// len(pcm) samples, a multiple of 120 (2.5 ms).
func (d *Decoder) DecodeFEC(packet []byte, pcm []int16) (int, error) {
	if len(packet) == 0 {
		return d.Conceal(pcm)
	}
	return d.decode(packet, pcm, 1)
}

// Conceal makes up len(pcm) samples, a multiple of 120, for a lost packet from
// what was heard before (packet-loss concealment).
func (d *Decoder) Conceal(pcm []int16) (int, error) { return d.decode(nil, pcm, 0) }

func (d *Decoder) decode(packet []byte, pcm []int16, fec C.int) (int, error) {
	if d.c == nil {
		return 0, ErrClosed
	}
	if len(pcm) == 0 {
		return 0, errors.New("decode opus packet: no room for samples")
	}
	n := C.opus_decode(d.c, (*C.uchar)(unsafe.Pointer(unsafe.SliceData(packet))), C.opus_int32(len(packet)),
		(*C.opus_int16)(unsafe.Pointer(&pcm[0])), C.int(len(pcm)), fec)
	if n < 0 {
		return 0, fmt.Errorf("decode opus packet: %w", asError(n))
	}
	return int(n), nil
}

// Close frees the decoder. It is idempotent.
func (d *Decoder) Close() error {
	if d.c != nil {
		C.opus_decoder_destroy(d.c)
		d.c = nil
	}
	return nil
}
