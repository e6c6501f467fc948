//go:build e2e

package board

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a cut of some length must lead to. ICE notices a break after 5 to 8 s,
// and the window begins then: a cut that is a little longer than the window may
// end either way.
const (
	toldFrom  = 10 * time.Second // both are told RECONNECTING
	savedTo   = callWindow - time.Second
	lostFrom  = callWindow + 10*time.Second
	exactness = time.Second     // of FAILED and closed
	slowness  = 2 * time.Second // of a board that is emulated on a busy machine
)

// next are the words that may follow one; "" is before the first.
func next(name string) []string {
	switch name {
	case "", reconnected:
		return []string{reconnecting}
	case reconnecting:
		return []string{reconnected, failed}
	case failed:
		return []string{closed}
	}
	return nil
}

// faults are what must not have been.
func (o outage) faults() []error {
	errs := slices.Concat(o.door.faults("door"), o.client.faults("client"))
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for who, said := range map[string]words{"door": o.door, "client": o.client} {
		add(o.length >= toldFrom && !said.had(reconnecting), "the %s was not told RECONNECTING", who)
		add(o.length <= savedTo && said.had(failed), "the %s gave the call up before its time", who)
		add(o.length >= lostFrom && said.had(reconnected), "the %s renewed a call whose time was over", who)
		add(o.length >= lostFrom && !said.had(closed), "the %s did not close a call whose time was over", who)
	}
	add(o.door.had(closed) != o.client.had(closed), "one side has closed the call, the other has not")
	return errs
}

// faults are words in an order that is not the SDK's, or not in their time.
func (w words) faults(who string) []error {
	var errs []error
	var before word
	for _, said := range w {
		if !slices.Contains(next(before.name), said.name) {
			errs = append(errs, fmt.Errorf("the %s was told %q after %q", who, said.name, before.name))
		}
		took := said.own.Sub(before.own)
		if said.name == failed && (took < callWindow-exactness || took > callWindow+exactness+slowness) {
			errs = append(errs, fmt.Errorf("the %s was told FAILED %v after RECONNECTING, want %v", who, took, callWindow))
		}
		if said.name == closed && took > exactness+slowness {
			errs = append(errs, fmt.Errorf("the %s closed %v after FAILED, want at most %v", who, took, exactness))
		}
		before = said
	}
	return errs
}

// TestJudge shows which timelines of a cut are accepted.
func TestJudge(t *testing.T) {
	const pair, gone = "RECONNECTING 6,RECONNECTED 13", "RECONNECTING 6,FAILED 36,closed 36.1"
	tests := []struct {
		name         string
		length       time.Duration
		door, client string
		faults       int
	}{
		{"bridged", 2 * time.Second, "", "", 0},
		{"renewed", 12 * time.Second, pair, pair, 0},
		{"only one told", 12 * time.Second, "", pair, 1},
		{"renewed late", 35 * time.Second, pair, pair, 0},
		{"lost late", 35 * time.Second, gone, gone, 0},
		{"one side lost", 35 * time.Second, pair, gone, 1},
		{"lost for nothing", 12 * time.Second, gone, gone, 2},
		{"never lost", 45 * time.Second, pair, pair, 4},
		{"given up early", 45 * time.Second, "RECONNECTING 6,FAILED 30,closed 30", gone, 1},
		{"given up late", 45 * time.Second, "RECONNECTING 6,FAILED 40,closed 40", gone, 1},
		{"closed late", 45 * time.Second, "RECONNECTING 6,FAILED 36,closed 40", gone, 1},
		{"closed without a word", 45 * time.Second, "RECONNECTING 6,closed 6.1", gone, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := outage{cell: cell{length: test.length}, door: timeline(t, test.door), client: timeline(t, test.client)}
			if faults := o.faults(); len(faults) != test.faults {
				t.Errorf("%d faults, want %d: %v", len(faults), test.faults, errors.Join(faults...))
			}
		})
	}
}

// timeline reads words with the seconds in which they were told.
func timeline(t *testing.T, text string) words {
	t.Helper()
	var said words
	for entry := range strings.SplitSeq(text, ",") {
		if entry == "" {
			continue
		}
		var name string
		var seconds float64
		if _, err := fmt.Sscan(entry, &name, &seconds); err != nil {
			t.Fatalf("timeline %q: %v", entry, err)
		}
		at := time.Unix(0, int64(seconds*1e9))
		said = append(said, word{name: name, at: at, own: at})
	}
	return said
}
