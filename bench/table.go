package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// series is a set of measured times.
type series []time.Duration

// median returns the middle of the series, 0 of an empty one.
func (s series) median() time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func (s series) String() string {
	if len(s) == 0 {
		return "nothing measured"
	}
	return fmt.Sprintf("%s (%s … %s, n = %d)", milliseconds(s.median()), milliseconds(slices.Min(s)), milliseconds(slices.Max(s)), len(s))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// ratio compares two medians; an empty series gives 0.
func ratio(a, b series) float64 {
	if b.median() == 0 {
		return 0
	}
	return float64(a.median()) / float64(b.median())
}

// line is one row of the table.
type line struct {
	what, value, goal string
	met               bool // of no meaning without a goal
}

func (l line) verdict() string {
	switch {
	case l.goal == "":
		return ""
	case l.met:
		return "met"
	}
	return "MISSED"
}

// table writes the lines in columns.
func table(w io.Writer, lines []line) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "measure\tmedian\tgoal\t")
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", l.what, l.value, l.goal, l.verdict())
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
