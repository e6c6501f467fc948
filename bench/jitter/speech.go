package jitter

import (
	_ "embed"
	"encoding/binary"
	"fmt"

	"github.com/intercomd/intercomd/media/opus"
)

//go:embed speech.wav
var speechWAV []byte

// The format of speech.wav.
const (
	wavHeader = 44
	upsample  = 3 // from 16 kHz
)

// speech decodes speech.wav to 48 kHz.
func speech() []int16 {
	data := speechWAV[wavHeader:]
	in := make([]int16, len(data)/2)
	for i := range in {
		in[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	out := make([]int16, 0, upsample*len(in))
	for i := 0; i+1 < len(in); i++ {
		for k := range upsample {
			out = append(out, int16((int(in[i])*(upsample-k)+int(in[i+1])*k)/upsample))
		}
	}
	return out
}

// encodeSpeech encodes it as the device does, in packets of 20 ms.
func encodeSpeech() ([][]byte, error) {
	enc, err := opus.NewEncoder()
	if err != nil {
		return nil, fmt.Errorf("encode speech: %w", err)
	}
	defer enc.Close()
	var out [][]byte
	for pcm := speech(); len(pcm) >= opus.FrameSamples; pcm = pcm[opus.FrameSamples:] {
		packet := make([]byte, opus.MaxPacket)
		n, err := enc.Encode(pcm[:opus.FrameSamples], packet)
		if err != nil {
			return nil, fmt.Errorf("encode speech: %w", err)
		}
		out = append(out, packet[:n])
	}
	return out, nil
}
