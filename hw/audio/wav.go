package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/hw/internal/mediafile"
)

// Limits of a WAV file that is played. They bound the memory it can claim.
const (
	MaxFileSize = 64 << 20 // bytes
	MaxLength   = 10 * time.Minute

	minRate, maxRate = 1000, 192000 // Hz
	maxChannels      = 64
)

// Format tags of the fmt chunk (Microsoft, mmreg.h).
const (
	tagPCM        = 1
	tagExtensible = 0xfffe
)

// wavFormat is what the fmt chunk says.
type wavFormat struct {
	channels int
	rate     int // Hz
}

// loadWAV reads a file and converts it to 48 kHz mono. The result is not empty.
func loadWAV(path string) ([]int16, error) {
	data, err := mediafile.Read(path, MaxFileSize)
	if err != nil {
		return nil, err
	}
	return decodeWAV(data)
}

// decodeWAV converts a WAV file to 48 kHz mono.
func decodeWAV(file []byte) ([]int16, error) {
	format, data, err := parseWAV(file)
	if err != nil {
		return nil, err
	}
	mono := downmix(data, format.channels)
	if len(mono) == 0 {
		return nil, errors.New("WAV file has no samples")
	}
	if length := time.Duration(len(mono)) * time.Second / time.Duration(format.rate); length > MaxLength {
		return nil, fmt.Errorf("WAV file of %v is longer than %v", length.Round(time.Second), MaxLength)
	}
	return resample(mono, format.rate, SampleRate), nil
}

// parseWAV finds the format and the samples. A data chunk that is cut off, or
// has a size of nonsense because its writer was killed, reaches to the end of
// the file.
func parseWAV(file []byte) (wavFormat, []byte, error) {
	var format wavFormat
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return format, nil, errors.New("not a WAV file")
	}
	for rest := file[12:]; len(rest) >= 8; {
		id := string(rest[:4])
		size := uint64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		body := rest[:min(size, uint64(len(rest)))]
		switch id {
		case "fmt ":
			var err error
			if format, err = parseFormat(body); err != nil {
				return format, nil, err
			}
		case "data":
			if format.channels == 0 {
				return format, nil, errors.New("WAV file has its data before its format")
			}
			return format, body, nil
		}
		rest = rest[min(size+size%2, uint64(len(rest))):] // chunks are padded to even sizes
	}
	return format, nil, errors.New("WAV file has no data")
}

func parseFormat(chunk []byte) (wavFormat, error) {
	var f wavFormat
	if len(chunk) < 16 {
		return f, errors.New("WAV format is cut off")
	}
	tag := binary.LittleEndian.Uint16(chunk)
	channels := binary.LittleEndian.Uint16(chunk[2:])
	rate := binary.LittleEndian.Uint32(chunk[4:])
	bits := binary.LittleEndian.Uint16(chunk[14:])
	if tag == tagExtensible && len(chunk) >= 26 {
		tag = binary.LittleEndian.Uint16(chunk[24:]) // begin of the SubFormat GUID
	}
	switch {
	case tag != tagPCM || bits != 16:
		return f, fmt.Errorf("WAV format %d with %d bits, want 16-bit PCM", tag, bits)
	case channels < 1 || channels > maxChannels:
		return f, fmt.Errorf("WAV file with %d channels, want 1 to %d", channels, maxChannels)
	case rate < minRate || rate > maxRate:
		return f, fmt.Errorf("WAV file of %d Hz, want %d to %d", rate, minRate, maxRate)
	}
	return wavFormat{channels: int(channels), rate: int(rate)}, nil
}

// downmix averages the channels. An incomplete last frame is left out.
func downmix(data []byte, channels int) []int16 {
	mono := make([]int16, len(data)/(2*channels))
	for i := range mono {
		sum := 0
		for ch := range channels {
			sum += int(int16(binary.LittleEndian.Uint16(data[2*(i*channels+ch):])))
		}
		mono[i] = int16(sum / channels)
	}
	return mono
}
