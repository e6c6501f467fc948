//go:build e2e

package board

import (
	"context"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// longScenarios take as long as they are told.
func longScenarios() []scenario { return []scenario{{"long-call", longCallStaysFlat}} }

// longCall is how long the long call takes, BOARD_CALL_MINUTES or a minute.
func longCall() time.Duration {
	minutes, err := strconv.Atoi(os.Getenv("BOARD_CALL_MINUTES"))
	if err != nil || minutes < 1 {
		minutes = 1
	}
	return time.Duration(minutes) * time.Minute
}

// What a call may add over its length, and how far picture and sound may part.
// The resident set grows for a while as the collector finds its pace.
const (
	moreMemory     = 8 << 20 // bytes
	moreGoroutines = 3
	moreFiles      = 2
	driftLimit     = 80 // ms
)

// sample is one look at a call.
type sample struct {
	at     time.Duration // since the first
	status doorStatus
	drift  float64 // ms that the sound is ahead of the picture; NaN is not known
}

func longCallStaysFlat(s *scene) {
	a, d := s.client("anna", anna), s.door()
	air := s.air(rig.Tone("anna"))
	s.connect(d, vm.Doorbell, a)
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	samples := s.sample(d, a)
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	s.flat(samples)
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.idle(d)
}

// sample looks at the call until its time is over, the first seconds apart.
func (s *scene) sample(d *door, c *rig.Client) []sample {
	s.Helper()
	every := max(longCall()/30, 2*time.Second)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	began := time.Now()
	var samples []sample
	for time.Since(began) < longCall() {
		<-ticker.C
		st := get(s, func(ctx context.Context) (doorStatus, error) { return d.status(ctx) })
		samples = append(samples, sample{at: time.Since(began), status: st, drift: drift(c.Media(doorUser))})
	}
	return samples
}

// drift is how far the sound is ahead of the picture, by the sender's clock of
// what is played.
func drift(m rig.Media) float64 {
	if m.Audio.Playout == 0 || m.Video.Playout == 0 {
		return math.NaN()
	}
	return m.Audio.Playout - m.Video.Playout
}

// flat compares the last third of the samples with the first.
func (s *scene) flat(samples []sample) {
	s.Helper()
	third := len(samples) / 3
	for _, c := range []struct {
		name  string
		value func(sample) float64
		limit float64
	}{
		{"resident bytes", func(p sample) float64 { return float64(p.status.Process.Memory) }, moreMemory},
		{"goroutines", func(p sample) float64 { return float64(p.status.Process.Goroutines) }, moreGoroutines},
		{"files", func(p sample) float64 { return float64(p.status.Process.Files) }, moreFiles},
	} {
		first, last := mean(samples[:third], c.value), mean(samples[len(samples)-third:], c.value)
		s.says("%s: %.0f at first, %.0f at last; slope %+.1f a minute", c.name, first, last, slope(samples, c.value))
		if last-first > c.limit {
			s.Errorf("%s grew by %.0f, at most %.0f may be", c.name, last-first, c.limit)
		}
	}
	drifts := mean(samples[len(samples)-third:], func(p sample) float64 { return p.drift })
	final := samples[len(samples)-1].status
	s.says("sound ahead of picture by %.0f ms at last; xruns: %.0f capture, %.0f playback", drifts,
		final.Audio.Counters["xruns"], final.Playback.Counters["xruns"])
	if math.IsNaN(drifts) || math.Abs(drifts) > driftLimit {
		s.Errorf("sound and picture are %.0f ms apart, at most %d may be", drifts, driftLimit)
	}
}

// mean leaves out what is not known; of nothing it is NaN.
func mean(samples []sample, value func(sample) float64) float64 {
	sum, n := 0.0, 0.0
	for _, p := range samples {
		if v := value(p); !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

// slope is the least-squares line's, per minute.
func slope(samples []sample, value func(sample) float64) float64 {
	minutes := func(p sample) float64 { return p.at.Minutes() }
	t, v := mean(samples, minutes), mean(samples, value)
	var up, down float64
	for _, p := range samples {
		up += (minutes(p) - t) * (value(p) - v)
		down += (minutes(p) - t) * (minutes(p) - t)
	}
	return up / down
}
