package playout

import (
	"fmt"
	"sync"
	"time"

	"github.com/intercomd/intercomd/media/opus"
)

// urgent is the excess in samples from which sound is stretched even if that
// is heard.
const urgent = 60 * ticksPerMS

// smoothing is the length of sound made up between two pieces that do not
// belong together: 5 ms.
const smoothing = 5 * ticksPerMS

// VoiceStats says how a voice was played so far.
type VoiceStats struct {
	Played    uint64        // packets in their turn
	Concealed uint64        // frames of 20 ms made up from what was heard before
	Recovered uint64        // frames rebuilt from redundancy
	Delay     time.Duration // behind the fastest packet, of the last one played
	Target    time.Duration // that Delay should have, 20 to 120 ms
}

// plus adds up what can be added; of the delays it takes the longer.
func (s VoiceStats) plus(t VoiceStats) VoiceStats {
	return VoiceStats{
		Played: s.Played + t.Played, Concealed: s.Concealed + t.Concealed, Recovered: s.Recovered + t.Recovered,
		Delay: max(s.Delay, t.Delay), Target: max(s.Target, t.Target),
	}
}

// Voice is what one person says: packets go in as they arrive, samples come
// out every 20 ms. Push and Stats may be called while another goroutine reads.
type Voice struct {
	mu     sync.Mutex
	buffer Buffer
	stats  VoiceStats

	// Owned by the reader.
	decoder *opus.Decoder
	samples []int16 // decoded and not yet played
	scratch []int16
	made    int // samples made up, less than 20 ms, not yet counted
}

// NewVoice makes a voice; Close frees its decoder.
func NewVoice() (*Voice, error) {
	decoder, err := opus.NewDecoder()
	if err != nil {
		return nil, fmt.Errorf("make voice: %w", err)
	}
	return &Voice{decoder: decoder, scratch: make([]int16, opus.MaxSamples)}, nil
}

// Push takes an Opus packet that arrived at now, with its RTP sequence number
// and timestamp. The voice keeps payload.
func (v *Voice) Push(now time.Time, seq uint16, timestamp uint32, payload []byte) {
	p := Packet{
		Seq: seq, Timestamp: timestamp, Payload: payload,
		Samples: opus.Samples(payload), FEC: opus.HasFEC(payload),
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buffer.Push(now, p)
}

// Stats tells how the voice was played so far.
func (v *Voice) Stats() VoiceStats {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.stats
	s.Target = duration(v.buffer.Target())
	return s
}

func duration(samples int) time.Duration {
	return time.Duration(samples) * time.Millisecond / ticksPerMS
}

// Read fills pcm with the next samples, which are heard from now on, and
// reports false when there is nothing to play. Its caller reads len(pcm)
// samples, 20 ms, each 20 ms.
func (v *Voice) Read(now time.Time, pcm []int16) bool {
	for len(v.samples) < len(pcm) {
		if !v.decodeNext(now) {
			break
		}
	}
	n := copy(pcm, v.samples)
	v.samples = v.samples[:copy(v.samples, v.samples[n:])]
	clear(pcm[n:])
	return n > 0
}

// pop asks the buffer what comes next.
func (v *Voice) pop(now time.Time) Step {
	v.mu.Lock()
	defer v.mu.Unlock()
	step, delay := v.buffer.pop(now, len(v.samples))
	switch step.Slot {
	case Play:
		v.stats.Played++
		v.stats.Delay = duration(delay)
	case Lost:
		v.countLost(step)
	}
	return step
}

// countLost counts what is made up, in frames of 20 ms.
func (v *Voice) countLost(step Step) {
	v.made += step.Samples
	frames := uint64(v.made / opus.FrameSamples)
	v.made %= opus.FrameSamples
	if step.Payload != nil {
		v.stats.Recovered += frames
	} else {
		v.stats.Concealed += frames
	}
}

// decodeNext appends the samples of the next packet, or makes them up.
func (v *Voice) decodeNext(now time.Time) bool {
	step := v.pop(now)
	switch step.Slot {
	case Wait:
		return false
	case Play:
		if step.Skipped {
			v.appendFrame(v.decoder.Conceal(v.scratch[:smoothing]))
		}
		v.play(step)
	case Lost:
		v.appendFrame(v.decoder.DecodeFEC(step.Payload, v.scratch[:step.Samples]))
		if step.Last {
			fadeOut(v.samples)
		}
	case Pause:
		v.appendFrame(v.decoder.Conceal(v.scratch[:step.Samples]))
	}
	return true
}

// play decodes a packet and keeps its delay near the target.
func (v *Voice) play(step Step) {
	n, err := v.decoder.Decode(step.Payload, v.scratch)
	if err != nil { // not Opus: play a gap of one packet
		v.countJunk()
		n = opus.FrameSamples
		clear(v.scratch[:n])
	}
	v.appendFrame(n, nil)
	if step.Excess != 0 {
		v.samples = Adjust(v.samples, step.Excess, step.Excess > urgent || step.Excess < -urgent)
	}
}

func (v *Voice) countJunk() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stats.Concealed++
}

// appendFrame takes n decoded samples over. The decoder fails to make up sound
// only for lengths that do not occur.
func (v *Voice) appendFrame(n int, err error) {
	if err == nil {
		v.samples = append(v.samples, v.scratch[:n]...)
	}
}

// fadeOut lets the last frame end in silence.
func fadeOut(s []int16) {
	s = s[max(0, len(s)-opus.FrameSamples):]
	for i := range s {
		s[i] = int16(int(s[i]) * (len(s) - i) / len(s))
	}
}

// Close frees the decoder. Nobody may read the voice any more.
func (v *Voice) Close() error { return v.decoder.Close() }
