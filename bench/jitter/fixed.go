package jitter

import (
	"fmt"
	"time"

	"github.com/intercomd/intercomd/media/opus"
)

// The rules of the buffer of fixed delay, in packets of 20 ms.
const (
	fixedDepth   = 3  // gathered before playing starts: 60 ms
	fixedMost    = 20 // further behind: skip ahead to fixedDepth
	fixedConceal = 5  // lost in a row before falling silent and filling up again
)

// fixedVoice is what the device had before its delay was adaptive: it starts
// to play when three packets are there and keeps to that delay.
type fixedVoice struct {
	decoder       *opus.Decoder
	packets       map[int][]byte
	next, highest int
	playing       bool
	missed        int
	result        tally
}

func newFixedVoice() (*fixedVoice, error) {
	d, err := opus.NewDecoder()
	if err != nil {
		return nil, fmt.Errorf("make voice: %w", err)
	}
	return &fixedVoice{decoder: d, packets: map[int][]byte{}, next: -1}, nil
}

func (v *fixedVoice) push(_ time.Duration, seq int, payload []byte) {
	if v.next < 0 || !v.playing && seq < v.next {
		v.next = seq
	}
	if seq < v.next {
		return
	}
	v.packets[seq] = payload
	if v.highest = max(v.highest, seq); v.highest-v.next >= fixedMost {
		for ; v.next <= v.highest-fixedDepth; v.next++ {
			delete(v.packets, v.next)
		}
	}
}

func (v *fixedVoice) read(now time.Duration, pcm []int16) error {
	if !v.playing {
		if len(v.packets) < fixedDepth {
			v.result.silent++
			return nil
		}
		v.playing, v.missed = true, 0
	}
	payload, ok := v.packets[v.next]
	delete(v.packets, v.next)
	v.next++
	if ok {
		v.missed = 0
		v.result.delays = append(v.result.delays, now-sendTime(v.next-1))
		_, err := v.decoder.Decode(payload, pcm)
		return err
	}
	return v.miss(pcm)
}

func (v *fixedVoice) miss(pcm []int16) error {
	if v.missed++; len(v.packets) == 0 && v.missed > fixedConceal {
		v.playing, v.next = false, -1
		v.result.silent++
		return nil
	}
	following := v.packets[v.next]
	if opus.HasFEC(following) {
		v.result.recovered++
	} else {
		v.result.concealed++
	}
	_, err := v.decoder.DecodeFEC(following, pcm)
	return err
}

func (v *fixedVoice) close() error { return v.decoder.Close() }
