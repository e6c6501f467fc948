package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/intercomd/intercomd/intercom"
)

// Report is what came of a run.
type Report struct {
	options    Options
	took       time.Duration
	results    []result
	samples    map[int][]sample          // by line
	counters   map[int]map[string]uint64 // by line, at the end
	goroutines []int                     // of the test itself, after each call
}

func newReport(o Options) *Report {
	return &Report{options: o, samples: map[int][]sample{}, counters: map[int]map[string]uint64{}}
}

func (r *Report) add(res result, s sample, goroutines int) {
	r.results = append(r.results, res)
	r.samples[res.line] = append(r.samples[res.line], s)
	r.goroutines = append(r.goroutines, goroutines)
}

// addCounters keeps the device's counters that have counted something.
func (r *Report) addCounters(line int, s intercom.Status) {
	kept := map[string]uint64{}
	for part, counters := range map[string]map[string]uint64{"signals": s.Signals, "media": s.Media} {
		for name, n := range counters {
			if n > 0 {
				kept[part+"."+name] = n
			}
		}
	}
	r.counters[line] = kept
}

// Unexpected lists the calls that went as they must not, with the end of the
// device's log.
func (r *Report) Unexpected() []string {
	var all []string
	for _, res := range r.results {
		if res.unexpected() {
			all = append(all, fmt.Sprintf("line %d, %s: %s: %s\n%s", res.line, res.plan, res.outcome, shortened(res.err), res.excerpt))
		}
	}
	return all
}

// String is the report as Markdown.
func (r *Report) String() string {
	var b strings.Builder
	unexpected := len(r.Unexpected())
	fmt.Fprintf(&b, "# Soak, seed %d\n\n%d calls on %d lines in %s, %d unexpected; %d more went otherwise while the machine stood still for %v or longer\n\n",
		r.options.Seed, len(r.results), r.options.Lines, r.took.Round(time.Second), unexpected, len(filter(r.results, result.excused)), stallBound)
	r.writeKinds(&b)
	r.writeFaults(&b)
	r.writeTimes(&b)
	r.writeProcesses(&b)
	r.writeCounters(&b)
	if unexpected > 0 {
		b.WriteString("\n## Unexpected\n")
		for _, text := range r.Unexpected() {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", text)
		}
	}
	return b.String()
}

// writeKinds counts outcomes by kind; those that were not right are marked.
func (r *Report) writeKinds(b *strings.Builder) {
	fmt.Fprintf(b, "| kind | calls | disturbed |")
	for _, o := range outcomes() {
		fmt.Fprintf(b, " %s |", o)
	}
	b.WriteString(" unexpected |\n|---|---|---|" + strings.Repeat("---|", len(outcomes())+1) + "\n")
	for _, k := range kinds() {
		of := filter(r.results, func(res result) bool { return res.plan.kind.name == k.name })
		if len(of) == 0 {
			continue
		}
		disturbed := filter(of, func(res result) bool { return res.plan.fault.name != noFault })
		fmt.Fprintf(b, "| %s | %d | %d |", k.name, len(of), len(disturbed))
		for _, o := range outcomes() {
			fmt.Fprintf(b, " %s |", number(len(filter(of, func(res result) bool { return res.outcome == o }))))
		}
		fmt.Fprintf(b, " %s |\n", number(len(filter(of, result.unexpected))))
	}
}

// writeFaults tells how many calls went as if nothing had happened, by fault.
func (r *Report) writeFaults(b *strings.Builder) {
	b.WriteString("\n| fault | when | calls | as if nothing had happened | media back after, median | worst | signals through after the call, median | worst |\n|---|---|---|---|---|---|---|---|\n")
	for _, f := range append(networkFaults(), proxyFaults()...) {
		for _, p := range []phase{ringing, talking} {
			of := filter(r.results, func(res result) bool { return res.plan.fault.name == f.name && res.plan.during == p })
			if len(of) == 0 {
				continue
			}
			well := filter(of, func(res result) bool { return res.outcome == res.plan.kind.want })
			var back, reachable []time.Duration
			for _, res := range of {
				reachable = append(reachable, res.lull.reachable)
				if res.back > 0 {
					back = append(back, res.back)
				}
			}
			fmt.Fprintf(b, "| %s | %s | %d | %d | %s | %s | %s | %s |\n", f.name, p, len(of), len(well),
				quantile(back, 0.5), quantile(back, 1), quantile(reachable, 0.5), quantile(reachable, 1))
		}
	}
}

// writeTimes tells how long devices took to be idle.
func (r *Report) writeTimes(b *strings.Builder) {
	b.WriteString("\n| idle after the call | calls | median | 95 % | worst |\n|---|---|---|---|---|\n")
	for _, disturbed := range []bool{false, true} {
		var all []time.Duration
		for _, res := range r.results {
			if (res.plan.fault.name != noFault) == disturbed {
				all = append(all, res.lull.idle)
			}
		}
		name := "without a fault"
		if disturbed {
			name = "with a fault"
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s |\n", name, len(all), quantile(all, 0.5), quantile(all, 0.95), quantile(all, 1))
	}
}

func (r *Report) writeProcesses(b *strings.Builder) {
	b.WriteString("\n| device | samples | memory at start | at end | slope | goroutines at start | at end | descriptors at start | at end |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, line := range slices.Sorted(maps.Keys(r.samples)) {
		g := growthOf(r.samples[line])
		fmt.Fprintf(b, "| %d | %d | %.1f MB | %.1f MB | %s | %d | %d | %d | %d |\n", line, g.samples,
			megabytes(g.first.Memory), megabytes(g.last.Memory), g.slope, g.first.Goroutines, g.last.Goroutines, g.first.Files, g.last.Files)
	}
	if n := len(r.goroutines); n > 0 {
		fmt.Fprintf(b, "\nThe phones' process had %d goroutines after the first call and %d after the last.\n", r.goroutines[0], r.goroutines[n-1])
	}
}

// writeCounters adds the counters of all lines up.
func (r *Report) writeCounters(b *strings.Builder) {
	sums := map[string]uint64{}
	for _, counters := range r.counters {
		for name, n := range counters {
			sums[name] += n
		}
	}
	b.WriteString("\n| counter | of all devices |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(b, "| %s | %d |\n", name, sums[name])
	}
}
