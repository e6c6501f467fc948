package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/intercomd/intercomd/intercom"
)

// growth is how what a process holds has changed.
type growth struct {
	samples     int
	first, last intercom.ProcessStatus // the least of some at either end
	slope       string                 // of the memory
}

const (
	// atEnd is how many samples at either end the least is taken of: timers and
	// connections of the last call may still be there in one.
	atEnd = 5
	// warmUp is the share of the samples that the slope leaves out at the
	// beginning, as the heap grows to its working size.
	warmUp = 0.25
	// slopeSpan is the least time that a slope can be told of.
	slopeSpan = 5 * time.Minute
)

func growthOf(samples []sample) growth {
	n := len(samples)
	if n == 0 {
		return growth{slope: "–"}
	}
	return growth{
		samples: n,
		first:   least(samples[:min(atEnd, n)]),
		last:    least(samples[max(0, n-atEnd):]),
		slope:   slope(samples[int(float64(n)*warmUp):]),
	}
}

func least(samples []sample) intercom.ProcessStatus {
	l := samples[0].process
	for _, s := range samples[1:] {
		l.Memory = min(l.Memory, s.process.Memory)
		l.Goroutines = min(l.Goroutines, s.process.Goroutines)
		l.Files = min(l.Files, s.process.Files)
	}
	return l
}

// slope tells how the memory grows, by least squares.
func slope(samples []sample) string {
	if len(samples) < 2 || samples[len(samples)-1].at-samples[0].at < slopeSpan {
		return "–"
	}
	var x, y, xx, xy float64
	for _, s := range samples {
		hours, mb := s.at.Hours(), megabytes(s.process.Memory)
		x, y, xx, xy = x+hours, y+mb, xx+hours*hours, xy+hours*mb
	}
	n := float64(len(samples))
	return fmt.Sprintf("%+.2f MB/h", (n*xy-x*y)/(n*xx-x*x))
}

func megabytes(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// quantile is the q-th of some durations, 0 … 1; 1 is the longest.
func quantile(all []time.Duration, q float64) string {
	if len(all) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))].Round(time.Millisecond).String()
}

func filter[T any](list []T, keep func(T) bool) []T {
	var kept []T
	for _, one := range list {
		if keep(one) {
			kept = append(kept, one)
		}
	}
	return kept
}

// number leaves a zero out.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// shortened is an error of a few lines at most: those of logs list all events.
func shortened(err error) string {
	if err == nil {
		return ""
	}
	const most = 1500
	text := err.Error()
	return text[:min(len(text), most)]
}

func firstLine(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
