package gpio

import (
	"fmt"
	"slices"
	"time"
)

// Pattern is what a lamp shows.
type Pattern string

// The patterns, in the order of [Patterns].
const (
	PatternIdle     Pattern = "idle"     // dark
	PatternOffline  Pattern = "offline"  // a blink every two seconds
	PatternRinging  Pattern = "ringing"  // half on, half off, twice a second
	PatternInCall   Pattern = "in_call"  // lit
	PatternLive     Pattern = "live"     // lit with a short gap every second: camera or microphone is on
	PatternUpdating Pattern = "updating" // two short blinks a second
	PatternError    Pattern = "error"    // three blinks and a pause
)

// Patterns lists all patterns.
func Patterns() []Pattern {
	return []Pattern{PatternIdle, PatternOffline, PatternRinging, PatternInCall, PatternLive, PatternUpdating, PatternError}
}

// ParsePattern reads the name of a pattern.
func ParsePattern(name string) (Pattern, error) {
	if p := Pattern(name); slices.Contains(Patterns(), p) {
		return p, nil
	}
	return "", fmt.Errorf("parse lamp pattern: %q is none of %v", name, Patterns())
}

// durations is how long the lamp is on, off, on and so on, from the
// beginning and then again. A single one stays.
func (p Pattern) durations() []time.Duration {
	const ms = time.Millisecond
	switch p {
	case PatternOffline:
		return []time.Duration{100 * ms, 1900 * ms}
	case PatternRinging:
		return []time.Duration{250 * ms, 250 * ms}
	case PatternInCall:
		return []time.Duration{1000 * ms}
	case PatternLive:
		return []time.Duration{900 * ms, 100 * ms}
	case PatternUpdating:
		return []time.Duration{100 * ms, 100 * ms, 100 * ms, 700 * ms}
	case PatternError:
		return []time.Duration{150 * ms, 150 * ms, 150 * ms, 150 * ms, 150 * ms, 1050 * ms}
	}
	return nil
}

// At tells whether the lamp is lit when the pattern has been shown for t, and
// after how long that changes: 0 is never. An unknown pattern is dark.
func (p Pattern) At(t time.Duration) (lit bool, change time.Duration) {
	steps := p.durations()
	if len(steps) < 2 {
		return len(steps) == 1, 0
	}
	var period time.Duration
	for _, s := range steps {
		period += s
	}
	t = max(t, 0) % period
	i := 0
	for ; t >= steps[i]; i++ {
		t -= steps[i]
	}
	return i%2 == 0, steps[i] - t
}
