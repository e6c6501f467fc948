package playout

import (
	"math"
	"time"

	"github.com/intercomd/intercomd/media/opus"
)

// Tone is a sound that tells people how a call stands.
type Tone int

// The tones. Looped ones sound until another tone or [Mixer.StopTone].
const (
	// NoTone is silence.
	NoTone Tone = iota
	// RingBack tells a caller that the other side rings: 425 Hz, 1 s in 5 s,
	// looped (ITU-T E.180, ringing tone).
	RingBack
	// Ring tells that a call comes in: a warble of 784 and 988 Hz, 1 s in 3 s,
	// looped.
	Ring
	// Connect tells that a call begins: 660 then 880 Hz, once.
	Connect
	// End tells that a call is over: 425 Hz three times in 1.2 s, once (the
	// cadence of ITU-T E.180's busy tone).
	End
	// Announce tells those at the door that the microphone is open: a rising
	// chord of three steps, twice, 2 s, the loudest of all. It always plays to
	// its end: a tone asked for meanwhile follows it, and StopTone leaves it
	// alone.
	Announce
	// Offline tells that a press reaches nobody: 950, 1400 and 1800 Hz, a third
	// of a second each, once (ITU-T E.180, special information tone).
	Offline
)

// String names the tone as a log does.
func (t Tone) String() string {
	names := [...]string{"none", "ring-back", "ring", "connect", "end", "announce", "offline"}
	if t < 0 || int(t) >= len(names) {
		return "unknown"
	}
	return names[t]
}

// note is a stretch of one tone: up to two frequencies together.
type note struct {
	hz   [2]float64 // 0 is none
	time time.Duration
}

// melody is what a tone is made of.
type melody struct {
	notes []note
	level float64 // of the peaks together, 0…1 of full scale
	loop  bool
}

// Levels of melodies: −12 dBFS, and −6 dBFS for what must not be missed.
const (
	usualLevel = 0.25
	loudLevel  = 0.5
)

// melodyOf composes a tone; that of NoTone and unknown tones is empty.
func melodyOf(t Tone) melody {
	const ms = time.Millisecond
	one := func(hz float64, d time.Duration) note { return note{[2]float64{hz}, d} }
	pause := func(d time.Duration) note { return note{time: d} }
	switch t {
	case RingBack:
		return melody{[]note{one(425, 1000*ms), pause(4000 * ms)}, usualLevel, true}
	case Ring:
		warble := repeat(10, one(784, 50*ms), one(988, 50*ms))
		return melody{append(warble, pause(2000*ms)), usualLevel, true}
	case Connect:
		return melody{[]note{one(660, 100*ms), one(880, 150*ms)}, usualLevel, false}
	case End:
		return melody{repeat(3, one(425, 200*ms), pause(200*ms)), usualLevel, false}
	case Announce:
		rise := []note{
			{[2]float64{523, 659}, 250 * ms}, {[2]float64{659, 784}, 250 * ms},
			{[2]float64{784, 1047}, 400 * ms}, pause(100 * ms),
		}
		return melody{repeat(2, rise...), loudLevel, false}
	case Offline:
		return melody{[]note{one(950, 330*ms), one(1400, 330*ms), one(1800, 330*ms)}, usualLevel, false}
	}
	return melody{}
}

func repeat(times int, notes ...note) []note {
	var out []note
	for range times {
		out = append(out, notes...)
	}
	return out
}

// ramp is the number of samples in which a note rises and falls, so that it
// does not click: 5 ms.
const ramp = opus.SampleRate / 200

// samplesIn is the length of d.
func samplesIn(d time.Duration) int { return int(d * opus.SampleRate / time.Second) }

// at is sample i of the note that lasts n samples, −1…1.
func (n note) at(i, length int) float64 {
	var sum, voices float64
	for _, hz := range n.hz {
		if hz > 0 {
			sum += math.Sin(2 * math.Pi * hz * float64(i) / opus.SampleRate)
			voices++
		}
	}
	if voices == 0 {
		return 0
	}
	return sum / voices * edge(min(i, length-i))
}

// edge is a raised cosine: 0 at the end of a note, 1 from the ramp on.
func edge(distance int) float64 {
	if distance >= ramp {
		return 1
	}
	return (1 - math.Cos(math.Pi*float64(distance)/ramp)) / 2
}

// performer plays one melody. The zero value plays nothing.
type performer struct {
	tone   Tone
	melody melody
	note   int // index into the melody
	pos    int // sample within the note
	ending bool
}

func newPerformer(t Tone) performer { return performer{tone: t, melody: melodyOf(t)} }

// done tells whether nothing is left to play.
func (p *performer) done() bool { return p.note >= len(p.melody.notes) }

// stop lets the melody fade out within the next frame.
func (p *performer) stop() { p.ending = true }

// add mixes the next samples into acc; it reports false when there were none.
func (p *performer) add(acc []int32) bool {
	if p.done() {
		return false
	}
	for i := range acc {
		gain := p.melody.level * math.MaxInt16
		if p.ending {
			gain *= edge(max(ramp-i, 0))
		}
		acc[i] += int32(gain * p.sample())
	}
	if p.ending {
		*p = performer{}
	}
	return true
}

// sample is the next sample of the melody, 0 after its end.
func (p *performer) sample() float64 {
	if p.done() {
		return 0
	}
	n := p.melody.notes[p.note]
	length := samplesIn(n.time)
	s := n.at(p.pos, length)
	if p.pos++; p.pos == length {
		p.pos = 0
		p.note++
		if p.done() && p.melody.loop {
			p.note = 0
		}
	}
	return s
}
