package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorded is a sound card that is read in virtual time.
type recorded struct {
	clock  *soundClock
	now    time.Time
	period time.Duration // that the card takes for 960 samples
	tone   [160]int16    // one period of 300 Hz
	spoken int           // samples
	stamps []int64       // of the frames cut
}

func newRecorded(ppm float64) *recorded {
	epoch := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	period := time.Duration(float64(frameDuration) / (1 + ppm/1e6))
	r := &recorded{clock: &soundClock{epoch: epoch}, now: epoch.Add(time.Second), period: period}
	for i := range r.tone {
		r.tone[i] = int16(8000 * math.Sin(2*math.Pi*float64(i)/float64(len(r.tone))))
	}
	return r
}

// read takes a chunk over late after it was complete, and cuts frames.
func (r *recorded) read(late time.Duration) {
	for range 960 {
		r.clock.pcm = append(r.clock.pcm, r.tone[r.spoken%len(r.tone)])
		r.spoken++
	}
	r.clock.took(r.now.Add(late), 960)
	for _, ok := r.clock.frame(); ok; _, ok = r.clock.frame() {
		r.stamps = append(r.stamps, r.clock.stamp)
		r.clock.drop()
	}
}

// run reads for d, each chunk up to most late.
func (r *recorded) run(d, most time.Duration) {
	random := rand.New(rand.NewPCG(5, 6))
	for end := r.now.Add(d); r.now.Before(end); r.now = r.now.Add(r.period) {
		r.read(time.Duration(random.Float64() * float64(most)))
	}
}

// offset is how far the timestamps are behind the clock: what a sender report
// would tell wrongly about the sound beside the picture.
func (r *recorded) offset() time.Duration {
	end := r.clock.end
	return r.now.Sub(r.clock.epoch) - r.period - time.Duration(end)*time.Second/48000
}

// skips lists what timestamps leave out, in ms.
func (r *recorded) skips() (out []int64) {
	for i := 1; i < len(r.stamps); i++ {
		if gap := r.stamps[i] - r.stamps[i-1] - 960; gap != 0 {
			out = append(out, gap/48)
		}
	}
	return out
}

// TestSoundKeepsUpWithTheClock is the 20 minutes of a call with a sound card
// that runs 200 ppm fast or slow, which alone would be 240 ms.
func TestSoundKeepsUpWithTheClock(t *testing.T) {
	for name, ppm := range map[string]float64{"exact": 0, "fast card": 200, "slow card": -200} {
		t.Run(name, func(t *testing.T) {
			r := newRecorded(ppm)
			began, worst := r.now, time.Duration(0)
			for range 1200 {
				r.run(time.Second, 15*time.Millisecond)
				worst = max(worst, r.offset(), -r.offset())
			}
			assert.LessOrEqual(t, worst, 40*time.Millisecond)
			assert.Empty(t, r.skips(), "the receiver sees 20 ms from packet to packet")
			assert.InDelta(t, float64(r.now.Sub(began)/frameDuration), len(r.stamps), 5, "a packet for each 20 ms of the clock")
		})
	}
}

func TestLostSoundIsLeftOutOfTheTime(t *testing.T) {
	for name, lost := range map[string]time.Duration{
		"xrun of 100 ms": 100 * time.Millisecond, "suspend of 3 s": 3 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorded(0)
			r.run(5*time.Second, 0)
			r.now = r.now.Add(lost)
			r.run(2*time.Second, 0)
			require.Len(t, r.skips(), 1)
			assert.InDelta(t, lost.Milliseconds(), r.skips()[0], 1)
			assert.LessOrEqual(t, r.offset().Abs(), 10*time.Millisecond)
		})
	}
}

func TestLateSoundIsNotLost(t *testing.T) {
	r := newRecorded(0)
	for range 10 {
		r.run(2*time.Second, 0)
		for late := 180 * time.Millisecond; late > 0; late -= frameDuration { // then all at once
			r.read(late)
			r.now = r.now.Add(frameDuration)
		}
	}
	assert.Empty(t, r.skips())
	assert.LessOrEqual(t, r.offset().Abs(), 10*time.Millisecond)
}

// TestStaleSoundIsNotSent begins with what a sound card had stored before
// anybody read it.
func TestStaleSoundIsNotSent(t *testing.T) {
	r := newRecorded(0)
	for range 10 {
		r.read(0) // 200 ms at once
	}
	assert.LessOrEqual(t, len(r.stamps), 4)
	r.now = r.now.Add(frameDuration)
	r.run(time.Second, 0)
	assert.LessOrEqual(t, r.offset().Abs(), 60*time.Millisecond)
	assert.Empty(t, r.skips())
}

func TestRestartedSoundIsOfNow(t *testing.T) {
	r := newRecorded(0)
	r.run(time.Second, 0)
	r.clock.restart()
	r.now = r.now.Add(time.Minute)
	r.run(time.Second, 0)
	assert.LessOrEqual(t, r.offset().Abs(), time.Millisecond)
	require.Len(t, r.skips(), 1)
	assert.InDelta(t, 60000, r.skips()[0], 21)
}

func TestVideoTimeDoesNotOverflow(t *testing.T) {
	s := &source{builder: &videoBuilder{}, epoch: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	at := s.epoch.Add(30 * 24 * time.Hour)
	assert.EqualValues(t, 90000, s.timestamp(at.Add(time.Second))-s.timestamp(at))
}
