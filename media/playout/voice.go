package playout

import (
	"fmt"
	"sync"

	"github.com/intercomd/intercomd/media/opus"
)

// Voice is what one person says: packets go in as they arrive, samples come
// out every 20 ms. Push may be called while the mixer reads.
type Voice struct {
	mu     sync.Mutex
	buffer Buffer

	// Owned by the mixer.
	decoder   *opus.Decoder
	samples   []int16 // decoded and not yet played
	scratch   []int16
	concealed uint64
}

// NewVoice makes a voice; Close frees its decoder.
func NewVoice() (*Voice, error) {
	decoder, err := opus.NewDecoder()
	if err != nil {
		return nil, fmt.Errorf("make voice: %w", err)
	}
	return &Voice{decoder: decoder, scratch: make([]int16, opus.MaxSamples)}, nil
}

// Push takes an Opus packet with its RTP sequence number. The voice keeps
// payload.
func (v *Voice) Push(seq uint16, payload []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buffer.Push(seq, payload)
}

func (v *Voice) pop() ([]byte, Slot) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.buffer.Pop()
}

// read fills pcm with the next 20 ms, and reports false when there is nothing
// to play. A packet of more than 20 ms is kept for the next calls.
func (v *Voice) read(pcm []int16) bool {
	for len(v.samples) < len(pcm) {
		if !v.decodeNext() {
			break
		}
	}
	n := copy(pcm, v.samples)
	v.samples = v.samples[:copy(v.samples, v.samples[n:])]
	clear(pcm[n:])
	return n > 0
}

// decodeNext appends the samples of the next packet, or makes them up.
func (v *Voice) decodeNext() bool {
	payload, slot := v.pop()
	var n int
	var err error
	switch slot {
	case Wait:
		return false
	case Play:
		n, err = v.decoder.Decode(payload, v.scratch)
	case Lost:
		v.concealed++
		n, err = v.decoder.DecodeFEC(payload, v.scratch[:opus.FrameSamples])
	}
	if err != nil { // not Opus: play a gap of one packet
		v.concealed++
		n = opus.FrameSamples
		clear(v.scratch[:n])
	}
	v.samples = append(v.samples, v.scratch[:n]...)
	return true
}

// Close frees the decoder. The voice must have left the mixer.
func (v *Voice) Close() error { return v.decoder.Close() }
