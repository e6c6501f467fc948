package audio

import (
	"math"
	"testing"
	"time"
)

// plant is a buffer between two clocks: filled too fast by drift, emptied as the
// follower says.
func plant(f *follower, drift float64, seconds int, start time.Duration, noise func(n int) time.Duration) (level, worst time.Duration, part float64) {
	exact := start.Seconds()
	for n := range seconds * 50 {
		part = f.update(time.Duration(exact*1e9)+noise(n), ChunkTime)
		exact += (drift - part) * ChunkTime.Seconds()
		level = time.Duration(exact * 1e9)
		if off := (level - f.target).Abs(); n > 10*50 && off > worst {
			worst = off
		}
	}
	return level, worst, part
}

func TestFollowerFindsDrift(t *testing.T) {
	sawtooth := func(n int) time.Duration { return time.Duration(n*7%20-10) * time.Millisecond / 2 } // ±5 ms, as periods make it
	for _, drift := range []float64{-500e-6, -100e-6, 0, 50e-6, 500e-6, 900e-6} {
		f := newFollower(40 * time.Millisecond)
		level, worst, _ := plant(f, drift, 180, 40*time.Millisecond, sawtooth)
		if off := (level - f.target).Abs(); off > 2*time.Millisecond {
			t.Errorf("%g: level %v", drift, level)
		}
		if worst > 10*time.Millisecond {
			t.Errorf("%g: %v away from the target", drift, worst)
		}
		if math.Abs(f.ppm()-drift*1e6) > 60 {
			t.Errorf("%g: found %.0f ppm", drift, f.ppm())
		}
	}
}

func TestFollowerIsBounded(t *testing.T) {
	f := newFollower(40 * time.Millisecond)
	for _, level := range []time.Duration{-time.Hour, 0, time.Hour, 10 * time.Second} {
		for range 1000 {
			if part := f.update(level, ChunkTime); math.Abs(part) > maxDrift {
				t.Fatalf("level %v: part %g", level, part)
			}
		}
		if math.Abs(f.ppm()) > maxDrift*1e6 {
			t.Errorf("level %v: learnt %g ppm", level, f.ppm())
		}
	}
	// It comes back from the longest disturbance within a minute or two.
	if level, _, _ := plant(f, 0, 150, 40*time.Millisecond, func(int) time.Duration { return 0 }); (level - f.target).Abs() > 5*time.Millisecond {
		t.Errorf("level %v after a disturbance", level)
	}
}

// A restart forgets the level but not the clocks.
func TestFollowerRestart(t *testing.T) {
	f := newFollower(40 * time.Millisecond)
	plant(f, 300e-6, 180, 40*time.Millisecond, func(int) time.Duration { return 0 })
	f.restart()
	if part := f.update(40*time.Millisecond, ChunkTime); math.Abs(part-300e-6) > 20e-6 {
		t.Errorf("starts with %g, want 300e-6", part)
	}
}
