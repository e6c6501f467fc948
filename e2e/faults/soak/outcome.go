package soak

import (
	"slices"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/soak/site"
)

// outcome is how a call went.
type outcome string

// The outcomes.
const (
	talked     outcome = "talked"     // media both ways until somebody hung up
	rejected   outcome = "rejected"   // the callee declined
	cancelled  outcome = "cancelled"  // the caller gave up before an answer
	unanswered outcome = "unanswered" // the answer time passed
	busy       outcome = "busy"       // a third party was refused and the call went on
	vanished   outcome = "vanished"   // who left without a word was given up in time
	unreached  outcome = "unreached"  // it never rang
	silent     outcome = "silent"     // answered, but no media came
	dropped    outcome = "dropped"    // media was there and did not come back
	broken     outcome = "broken"     // a promise was not kept; the error says which
)

// outcomes lists them in the order of the report.
func outcomes() []outcome {
	return []outcome{talked, rejected, cancelled, unanswered, busy, vanished, unreached, silent, dropped, broken}
}

// survivable is the longest time that a network may be gone in a call without
// the call being allowed to end: there is time to repair it within the
// disconnect time.
const survivable = 5 * time.Second

// right says whether a plan may have an outcome.
func (p plan) right(o outcome) bool {
	may := []outcome{p.kind.want, p.kind.also}
	if p.fault.name != noFault && p.during == ringing {
		// What the fault held up may come when nobody waits for it any more.
		may = append(may, unanswered, unreached)
	}
	if p.during == talking && p.fault.path == everything && p.fault.cuts && p.lasts > survivable {
		may = append(may, dropped)
	}
	return slices.Contains(may, o)
}

// Bounds of how long things may take.
const (
	ringBound    = 3 * time.Second // from the press to the phone
	connectBound = 5 * time.Second // from the answer to media both ways
	backBound    = 10 * time.Second
	idleBound    = 3 * time.Second
	// With a fault, sessions may last until the time-outs of both sides.
	disturbedIdleBound = site.AnswerTime + site.DisconnectTime + 10*time.Second
	onlineBound        = 60 * time.Second
)

// within is a bound, longer by what a fault may add.
func (p plan) within(undisturbed time.Duration) time.Duration {
	if p.fault.name == noFault {
		return undisturbed
	}
	return undisturbed + p.lasts + site.AnswerTime
}

// wanted says whether an outcome is the kind's own.
func (p plan) wanted(o outcome) bool { return o == p.kind.want || o != "" && o == p.kind.also }
