package jitter

import (
	"time"

	"github.com/intercomd/intercomd/media/opus"
	"github.com/intercomd/intercomd/media/playout"
)

// adaptiveVoice is the device's own.
type adaptiveVoice struct {
	voice  *playout.Voice
	result tally
	played uint64
}

func newAdaptiveVoice() (*adaptiveVoice, error) {
	v, err := playout.NewVoice()
	if err != nil {
		return nil, err
	}
	return &adaptiveVoice{voice: v}, nil
}

// at is a moment of virtual time.
func at(d time.Duration) time.Time { return time.Unix(0, 0).Add(d) }

func (v *adaptiveVoice) push(now time.Duration, seq int, payload []byte) {
	v.voice.Push(at(now), uint16(seq), uint32(seq*opus.FrameSamples), payload)
}

func (v *adaptiveVoice) read(now time.Duration, pcm []int16) error {
	if !v.voice.Read(at(now), pcm) {
		v.result.silent++
	}
	s := v.voice.Stats()
	if s.Played > v.played {
		v.result.delays = append(v.result.delays, s.Delay)
	}
	v.played = s.Played
	v.result.concealed, v.result.recovered = int(s.Concealed), int(s.Recovered)
	return nil
}

func (v *adaptiveVoice) close() error { return v.voice.Close() }
