package playout

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/intercomd/intercomd/media/opus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fate is what becomes of a packet on its way.
type fate struct {
	delay time.Duration
	lost  bool
}

// journey plays packets through a network, in virtual time: packet i is sent
// at 20 ms · i. It belongs to one test.
type journey struct {
	t       *testing.T
	voice   *Voice
	packets [][]byte // repeated
	clock   float64  // of the sender, seconds in a second of ours
	fate    func(i int) fate
	each    func(at time.Duration, pcm []int16) // after each 20 ms

	sent    int
	pending []arrival
	played  time.Duration
}

type arrival struct {
	at  time.Duration
	seq int
}

func newJourney(t *testing.T, fate func(i int) fate) *journey {
	return &journey{t: t, voice: newVoice(t), packets: tonePackets(t, 50), clock: 1, fate: fate}
}

// run lets d pass.
func (j *journey) run(d time.Duration) {
	pcm := make([]int16, opus.FrameSamples)
	for end := j.played + d; j.played < end; {
		j.played += Period
		j.arrive()
		j.voice.Read(epoch().Add(j.played), pcm)
		if j.each != nil {
			j.each(j.played, pcm)
		}
	}
}

// arrive pushes what has come until now; the sender's ticks lie 7 ms beside
// ours.
func (j *journey) arrive() {
	for ; j.sendTime(j.sent) <= j.played; j.sent++ {
		if f := j.fate(j.sent); !f.lost {
			j.pending = append(j.pending, arrival{j.sendTime(j.sent) + f.delay, j.sent})
		}
	}
	slices.SortStableFunc(j.pending, func(a, b arrival) int { return int(a.at - b.at) })
	for len(j.pending) > 0 && j.pending[0].at <= j.played {
		a := j.pending[0]
		j.pending = j.pending[1:]
		j.voice.Push(epoch().Add(a.at), uint16(a.seq), uint32(a.seq*opus.FrameSamples), j.packets[a.seq%len(j.packets)])
	}
}

func (j *journey) sendTime(i int) time.Duration {
	return 7*ms + time.Duration(float64(i)*float64(Period)/j.clock)
}

// jitter delays each packet by up to most, and loses a share of them.
func jitter(most time.Duration, loss float64) func(int) fate {
	random := rand.New(rand.NewPCG(1, 2))
	return func(int) fate {
		return fate{time.Duration(random.Float64() * float64(most)), random.Float64() < loss}
	}
}

func TestDelayFollowsTheNetwork(t *testing.T) {
	for name, tc := range map[string]struct {
		jitter    time.Duration
		loss      float64
		target    [2]time.Duration
		concealed float64 // at most, share of the frames
		recovered float64 // at least, share of what was lost
	}{
		"perfect":           {0, 0, [2]time.Duration{20 * ms, 20 * ms}, 0, 0},
		"30 ms":             {30 * ms, 0, [2]time.Duration{30 * ms, 45 * ms}, 0.02, 0},
		"80 ms":             {80 * ms, 0, [2]time.Duration{75 * ms, 110 * ms}, 0.03, 0},
		"5 % lost":          {0, 0.05, [2]time.Duration{40 * ms, 40 * ms}, 0.02, 0.7},
		"20 % lost":         {0, 0.20, [2]time.Duration{40 * ms, 40 * ms}, 0.08, 0.6},
		"10 % lost, 80 ms":  {80 * ms, 0.10, [2]time.Duration{95 * ms, 120 * ms}, 0.06, 0.6},
		"worse than we can": {400 * ms, 0, [2]time.Duration{120 * ms, 120 * ms}, 0.9, 0},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJourney(t, jitter(tc.jitter, tc.loss))
			j.packets = speechPackets(t, 100)
			j.run(10 * time.Second)
			before := j.voice.Stats()
			j.run(30 * time.Second)
			s := j.voice.Stats()
			frames := float64(30 * time.Second / Period)
			assert.GreaterOrEqual(t, s.Target, tc.target[0])
			assert.LessOrEqual(t, s.Target, tc.target[1])
			assert.LessOrEqual(t, float64(s.Concealed-before.Concealed)/frames, tc.concealed)
			assert.GreaterOrEqual(t, float64(s.Recovered-before.Recovered)/frames, tc.loss*tc.recovered)
		})
	}
}

// speechPackets encodes what libopus takes for speech, so that it adds
// redundancy: a voice that rises and falls.
func speechPackets(t *testing.T, n int) [][]byte {
	t.Helper()
	return encode(t, n, func(i int) float64 {
		at := float64(i) / opus.SampleRate
		pitch := 120 + 20*math.Sin(2*math.Pi*3*at)
		var sum float64
		for k := 1.0; k < 20; k++ {
			sum += math.Sin(2*math.Pi*k*pitch*at) / k
		}
		return 6000 * sum * (1.2 + math.Sin(2*math.Pi*2*at)) / 2
	})
}

func TestDelayRisesFastAndFallsSlowly(t *testing.T) {
	most := time.Duration(0)
	random := rand.New(rand.NewPCG(1, 2))
	j := newJourney(t, func(int) fate { return fate{delay: time.Duration(random.Float64() * float64(most))} })
	j.run(15 * time.Second)
	require.LessOrEqual(t, j.voice.Stats().Target, 25*ms)
	require.LessOrEqual(t, j.voice.Stats().Delay, 40*ms)
	most = 80 * ms
	j.run(time.Second)
	assert.GreaterOrEqual(t, j.voice.Stats().Target, 70*ms)
	assert.GreaterOrEqual(t, j.voice.Stats().Delay, 55*ms)
	most = 0
	j.run(2 * time.Second)
	assert.GreaterOrEqual(t, j.voice.Stats().Target, 60*ms)
	j.run(15 * time.Second)
	assert.LessOrEqual(t, j.voice.Stats().Target, 25*ms)
	assert.LessOrEqual(t, j.voice.Stats().Delay, 40*ms)
}

func TestClockDriftIsAbsorbed(t *testing.T) {
	for name, ppm := range map[string]float64{"slow sender": -300, "fast sender": 300} {
		t.Run(name, func(t *testing.T) {
			j := newJourney(t, jitter(10*ms, 0))
			j.clock = 1 + ppm/1e6
			j.run(20 * time.Second)
			j.each = func(at time.Duration, _ []int16) {
				s := j.voice.Stats()
				require.InDelta(t, s.Target.Milliseconds(), s.Delay.Milliseconds(), 30, "at %s", at)
			}
			before := j.voice.Stats()
			j.run(10 * time.Minute) // 180 ms of drift
			assert.LessOrEqual(t, j.voice.Stats().Concealed, before.Concealed+3, "of 30000 frames")
		})
	}
}

// TestAdaptingDoesNotClick has a pure tone on networks that force the delay up
// and down: no step between samples is much larger than the tone's own.
func TestAdaptingDoesNotClick(t *testing.T) {
	const hz, peak = 500, 10000
	limit := 1.6 * peak * 2 * math.Pi * hz / opus.SampleRate
	most := time.Duration(0)
	random := rand.New(rand.NewPCG(1, 2))
	j := newJourney(t, func(int) fate { return fate{delay: time.Duration(random.Float64() * float64(most))} })
	j.run(2 * time.Second)
	last, worst, worstAt := int16(0), 0.0, time.Duration(0)
	j.each = func(at time.Duration, pcm []int16) {
		for i, s := range pcm {
			if step := math.Abs(float64(s) - float64(last)); step > worst && (i > 0 || last != 0) {
				worst, worstAt = step, at
			}
			last = s
		}
	}
	j.run(10 * time.Second)
	shallow := j.voice.Stats().Delay
	most = 60 * ms
	j.run(3 * time.Second)
	assert.Greater(t, j.voice.Stats().Delay, shallow+20*ms, "the delay was changed meanwhile")
	assert.LessOrEqual(t, worst, limit, "at %s", worstAt)
}

func TestDelayReturnsAfterAStall(t *testing.T) {
	j := newJourney(t, func(i int) fate {
		if i >= 500 && i < 515 { // 10 s to 10.3 s come at once
			return fate{delay: time.Duration(515-i) * Period}
		}
		return fate{}
	})
	j.run(10400 * ms)
	before := j.voice.Stats()
	assert.NotZero(t, before.Concealed)
	j.run(time.Second)
	s := j.voice.Stats()
	assert.LessOrEqual(t, s.Delay, s.Target+2*tooDeep*ms/ticksPerMS)
	assert.LessOrEqual(t, s.Concealed, before.Concealed+1)
}

func TestVoiceSurvivesJunk(t *testing.T) {
	v := newVoice(t)
	pcm := make([]int16, opus.FrameSamples)
	now := epoch()
	heard := 0
	for seq := range 20 {
		v.Push(now, uint16(seq), uint32(seq*opus.FrameSamples), []byte{0xff, 0xff, 0xff, byte(seq)})
		now = now.Add(Period)
		if v.Read(now, pcm) {
			heard++
		}
		assert.Zero(t, level(pcm))
	}
	assert.Greater(t, heard, 15)
	assert.EqualValues(t, heard, v.Stats().Concealed)
}

// TestPacketsOfOtherLengths plays the lengths that senders choose (RFC 7587
// 4.2), told from the packets alone.
func TestPacketsOfOtherLengths(t *testing.T) {
	short := []byte{0xf0, 0xff, 0xfe}                           // CELT, 10 ms of silence
	long := []byte{0xff, 3, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe} // three frames of 20 ms
	for name, tc := range map[string]struct {
		packet []byte
		length time.Duration
	}{"10 ms": {short, 10 * ms}, "60 ms": {long, 60 * ms}} {
		t.Run(name, func(t *testing.T) {
			v := newVoice(t)
			samples := opus.Samples(tc.packet)
			require.Equal(t, samplesIn(tc.length), samples)
			pcm := make([]int16, opus.FrameSamples)
			silent := 0
			seq := 0
			for at := time.Duration(0); at < 10*time.Second; at += Period {
				for ; time.Duration(seq)*tc.length <= at; seq++ {
					v.Push(epoch().Add(at), uint16(seq), uint32(seq*samples), tc.packet)
				}
				if !v.Read(epoch().Add(at), pcm) {
					silent++
				}
			}
			assert.LessOrEqual(t, silent, 5)
			assert.InDelta(t, seq, v.Stats().Played, 8)
			assert.Zero(t, v.Stats().Concealed)
		})
	}
}

func FuzzVoice(f *testing.F) {
	f.Add([]byte{0xf8, 0xff, 0xfe}, uint32(960))
	f.Add([]byte{0x0b, 0x41, 0x10}, uint32(0))
	f.Fuzz(func(t *testing.T, payload []byte, step uint32) {
		v := newVoice(t)
		pcm := make([]int16, opus.FrameSamples)
		now := epoch()
		for i := range 12 {
			if len(payload) > 0 {
				v.Push(now, uint16(i+i%3), uint32(i)*step, payload[:1+i*len(payload)/13])
			}
			now = now.Add(Period)
			v.Read(now, pcm)
			if len(v.samples) > 3*opus.MaxSamples {
				t.Fatalf("%d samples are kept", len(v.samples))
			}
		}
	})
}
