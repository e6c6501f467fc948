package soak

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// phase is when in a call a fault begins.
type phase string

const (
	ringing phase = "while it rings"
	talking phase = "in the call"
)

// plan is one call as it is to be tried.
type plan struct {
	number int // of its line, from 1
	kind   kind
	fault  fault // of noFault: nothing goes wrong
	during phase
	lasts  time.Duration // of the fault

	answer        time.Duration // how long people take to react
	hold          time.Duration // how long they talk
	deviceHangsUp bool
	second        bool // of two people who could act, the second does
}

func (p plan) String() string {
	text := fmt.Sprintf("call %d: %s, reacts after %v, talks %v", p.number, p.kind.name, p.answer, p.hold)
	if p.fault.name == noFault {
		return text
	}
	return fmt.Sprintf("%s; %s %s for %v", text, p.fault.name, p.during, p.lasts)
}

// Bounds of what is drawn.
const (
	minAnswer, maxAnswer = 200 * time.Millisecond, 1200 * time.Millisecond
	minHold, maxHold     = 500 * time.Millisecond, 5 * time.Second
	faultShare           = 0.5 // of the calls that may be disturbed
	// A fault while it rings ends early enough for the call to be answered
	// within the answer time.
	maxRingFault = 3 * time.Second
)

// draw makes the next plan of a line. short leaves out what takes long.
func draw(r *rand.Rand, number int, kinds []kind, faults []fault, short bool) plan {
	p := plan{
		number: number, fault: fault{name: noFault},
		answer: between(r, minAnswer, maxAnswer), hold: between(r, minHold, maxHold),
		deviceHangsUp: r.IntN(2) == 0, second: r.IntN(2) == 0,
	}
	p.kind = pick(r, kinds, func(k kind) int { return weight(k, short) })
	if short {
		p.hold = min(p.hold, time.Second)
	}
	if !p.kind.mayBeDisturbed || len(faults) == 0 || r.Float64() >= faultShare {
		return p
	}
	p.fault = pick(r, faults, func(f fault) int { return f.weight })
	p.during = ringing
	if p.kind.talks && r.IntN(3) > 0 {
		p.during = talking
	}
	p.lasts = between(r, p.fault.least, p.fault.most)
	if short {
		p.lasts = min(p.lasts, 2*time.Second)
	}
	if p.during == ringing {
		p.lasts = min(p.lasts, maxRingFault)
	}
	return p
}

func weight(k kind, short bool) int {
	if short && k.slow {
		return 0
	}
	return k.weight
}

// pick draws one of a list by weight.
func pick[T any](r *rand.Rand, list []T, weight func(T) int) T {
	total := 0
	for _, one := range list {
		total += weight(one)
	}
	n := r.IntN(total)
	for _, one := range list {
		if n -= weight(one); n < 0 {
			return one
		}
	}
	return list[len(list)-1]
}

func between(r *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Int64N(int64(high-low))).Truncate(time.Millisecond)
}
