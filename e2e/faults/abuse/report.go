package abuse

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is what came of all attacks.
type Report struct {
	length       time.Duration
	ring, hangUp []time.Duration // without an attack
	gap          time.Duration   // the same
	results      []result
}

// Problems lists what must not be.
func (r *Report) Problems() []string {
	var all []string
	for _, res := range r.results {
		if len(res.problems) > 0 {
			all = append(all, res.attack.name+": "+strings.Join(res.problems, "\n"))
		}
	}
	return all
}

// String is the report as Markdown.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Abuse, %v each\n\nWithout an attack: from a press to the ring %v (median of %d), to the end of a call %v; at most %v without media in a call.\n\n",
		r.length, median(r.ring).Round(100*time.Microsecond), len(r.ring), median(r.hangUp).Round(100*time.Microsecond), r.gap.Round(time.Millisecond))
	b.WriteString("| device is | attack | a second | device did | processor | memory | press, median | ratio | missed | without media | ratio | idle after |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, res := range r.results {
		fmt.Fprintf(&b, "| %s | %s | %.0f of %d | %s | %.0f %% | %+.1f MB | %s | %s | %s |\n", res.attack.when, res.attack.name,
			float64(res.sent)/max(res.took.Seconds(), 0.001), res.attack.rate, res.did, res.cpu*100, float64(res.memory)/(1<<20),
			r.pressCells(res), r.gapCells(res), res.idle.Round(time.Millisecond))
	}
	for _, p := range r.Problems() {
		fmt.Fprintf(&b, "\n```\n%s\n```\n", p)
	}
	return b.String()
}

// pressCells are the latency of a press, its ratio, and the presses missed.
func (r *Report) pressCells(res result) string {
	if len(res.presses) == 0 {
		return fmt.Sprintf("| | %d", res.missed)
	}
	quiet := median(r.ring)
	if res.gap > 0 {
		quiet = median(r.hangUp)
	}
	took := median(res.presses)
	return fmt.Sprintf("%v | %s | %d", took.Round(100*time.Microsecond), ratio(took, quiet), res.missed)
}

func (r *Report) gapCells(res result) string {
	if res.gap == 0 {
		return "|"
	}
	return fmt.Sprintf("%v | %s", res.gap.Round(time.Millisecond), ratio(res.gap, r.gap))
}

func ratio(a, b time.Duration) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(a)/float64(b))
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(all))[len(all)/2]
}

func longest(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all)
}
