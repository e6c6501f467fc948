package audio

import (
	"encoding/binary"

	"github.com/intercomd/intercomd/hw/internal/alsa"
)

// toMono appends the frames of a card to dst, the channels averaged.
func toMono(dst []int16, frames []byte, format alsa.Format, channels int) []int16 {
	if format == alsa.FormatS16LE && channels == 1 { // most cards, and most of the time
		for ; len(frames) >= 2; frames = frames[2:] {
			dst = append(dst, int16(binary.LittleEndian.Uint16(frames)))
		}
		return dst
	}
	size := format.Bytes()
	for len(frames) >= size*channels {
		sum := 0
		for ch := range channels {
			sum += decodeSample(frames[ch*size:], format)
		}
		dst = append(dst, saturate(int64(sum/channels+1<<7)>>8))
		frames = frames[size*channels:]
	}
	return dst
}

// decodeSample returns 24 bits.
func decodeSample(b []byte, format alsa.Format) int {
	switch format {
	case alsa.FormatS16LE:
		return int(int16(binary.LittleEndian.Uint16(b))) << 8
	case alsa.FormatS32LE:
		return int(int32(binary.LittleEndian.Uint32(b))) >> 8
	}
	return int(b[0]) | int(b[1])<<8 | int(int8(b[2]))<<16 // 24 bits in three or four bytes
}

// fromMono appends samples to dst as a card's frames, the same in all channels.
func fromMono(dst []byte, samples []int16, format alsa.Format, channels int) []byte {
	for _, s := range samples {
		for range channels {
			dst = encodeSample(dst, s, format)
		}
	}
	return dst
}

func encodeSample(dst []byte, s int16, format alsa.Format) []byte {
	switch format {
	case alsa.FormatS16LE:
		return binary.LittleEndian.AppendUint16(dst, uint16(s))
	case alsa.FormatS32LE:
		return binary.LittleEndian.AppendUint32(dst, uint32(int32(s)<<16))
	case alsa.FormatS24LE:
		return binary.LittleEndian.AppendUint32(dst, uint32(int32(s)<<8))
	}
	return append(dst, 0, byte(s), byte(s>>8))
}
