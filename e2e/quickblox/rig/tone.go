package rig

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
)

const sampleRate = 48000 // Hz, of the files written here

// writeTone writes a WAV file of one second of a sine at a quarter of full
// scale; the frequency in Hz must be an integer, so that the file can be
// played in a loop without a click.
func writeTone(path string, hertz int) error {
	samples := make([]byte, 2*sampleRate)
	for i := range sampleRate {
		v := math.Sin(2*math.Pi*float64(hertz)*float64(i)/sampleRate) / 4
		binary.LittleEndian.PutUint16(samples[2*i:], uint16(int16(v*math.MaxInt16)))
	}
	header := []byte("RIFF\x00\x00\x00\x00WAVEfmt ")
	binary.LittleEndian.PutUint32(header[4:], uint32(36+len(samples)))
	header = binary.LittleEndian.AppendUint32(header, 16)
	for _, field := range []uint16{1, 1} { // PCM, mono
		header = binary.LittleEndian.AppendUint16(header, field)
	}
	header = binary.LittleEndian.AppendUint32(header, sampleRate)
	header = binary.LittleEndian.AppendUint32(header, 2*sampleRate)
	for _, field := range []uint16{2, 16} { // block size, bits
		header = binary.LittleEndian.AppendUint16(header, field)
	}
	header = append(header, "data"...)
	header = binary.LittleEndian.AppendUint32(header, uint32(len(samples)))
	if err := os.WriteFile(path, append(header, samples...), 0o644); err != nil {
		return fmt.Errorf("write tone: %w", err)
	}
	return nil
}

// recording is 16-bit PCM as it lies in a WAV file; the file may still be
// growing, so the sizes in its header are not believed.
type recording struct {
	rate     int // Hz
	channels int
	data     []byte
}

var errNotWAV = errors.New("not a WAV file")

// parseWAV finds format and samples.
func parseWAV(file []byte) (recording, error) {
	var r recording
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return r, errNotWAV
	}
	for rest := file[12:]; len(rest) >= 8; {
		id, size, body := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:])), rest[8:]
		switch {
		case id == "data":
			r.data = body
			if r.rate == 0 || r.channels == 0 {
				return r, fmt.Errorf("%w: no format before the samples", errNotWAV)
			}
			return r, nil
		case size > len(body):
			return r, fmt.Errorf("%w: chunk %q is cut", errNotWAV, id)
		case id == "fmt " && size >= 16:
			r.channels = int(binary.LittleEndian.Uint16(body[2:]))
			r.rate = int(binary.LittleEndian.Uint32(body[4:]))
		}
		rest = body[size+size%2:]
	}
	return r, fmt.Errorf("%w: no samples", errNotWAV)
}

// samples returns the first channel from a frame on, at most n frames.
func (r recording) samples(from, n int) []float64 {
	step := 2 * r.channels
	frames := len(r.data) / step
	var out []float64
	for i := max(from, 0); i < min(frames, from+n); i++ {
		v := int16(binary.LittleEndian.Uint16(r.data[i*step:]))
		out = append(out, float64(v)/math.MaxInt16)
	}
	return out
}

// frames says how many frames the recording has.
func (r recording) frames() int { return len(r.data) / (2 * r.channels) }

// goertzel returns the level in dBFS of one frequency in the samples (a full
// scale sine is 0), by Goertzel's algorithm under a Hann window.
func goertzel(samples []float64, hertz, rate float64) float64 {
	const silence = -200
	if len(samples) == 0 {
		return silence
	}
	k := 2 * math.Cos(2*math.Pi*hertz/rate)
	var s1, s2 float64
	for i, v := range samples {
		window := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(len(samples)))
		s1, s2 = v*window+k*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - k*s1*s2
	amplitude := 4 * math.Sqrt(max(power, 0)) / float64(len(samples))
	return max(20*math.Log10(amplitude+1e-12), silence)
}

// toneIn measures a tone against its neighbourhood, as measure.js does.
func toneIn(samples []float64, hertz, rate int) ToneLevel {
	level := goertzel(samples, float64(hertz), float64(rate))
	beside := -200.0
	for _, offset := range []float64{-150, -100, 100, 150} {
		beside = max(beside, goertzel(samples, float64(hertz)+offset, float64(rate)))
	}
	return ToneLevel{Level: level, Above: level - beside}
}
