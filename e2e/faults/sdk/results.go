package sdk

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Results is everything that was played.
type Results struct {
	Machine  string    `json:"machine"` // what it was played on, in words
	Outcomes []Outcome `json:"outcomes"`
	Races    []Race    `json:"races"`
	Failures []string  `json:"failures"` // scenes that could not be played
}

// Goals of the matrix.
const (
	ownGoal    = 0.5             // device's picture time by that of the SDK, its own link cut
	clientGoal = 1.0             // the same, the client's link cut
	moveGoal   = 3 * time.Second // picture back after a change of the device's address
	endGoal    = 1.0             // s, how exactly a lost call ends at its window
)

// hopeless is the shortest cut that no connection survives: the loss is
// noticed after 5 s, then the window runs.
const hopeless = disconnectTime + 5*time.Second

// series are measured values; +Inf stands for never.
type series []float64

func (s series) median() float64 {
	if len(s) == 0 {
		return math.Inf(1)
	}
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	low, high := sorted[(n-1)/2], sorted[n/2]
	if low == high { // also if both are infinite
		return low
	}
	return (low + high) / 2
}

// text shows seconds: the median, and the least and the greatest.
func (s series) text() string {
	switch {
	case len(s) == 0:
		return "not measured"
	case len(s) == 1:
		return seconds(s[0])
	}
	return fmt.Sprintf("%s (%s … %s)", seconds(s.median()), seconds(slices.Min(s)), seconds(slices.Max(s)))
}

func seconds(v float64) string {
	if math.IsInf(v, 1) {
		return "never"
	}
	return fmt.Sprintf("%.2f s", v)
}

// row is one line of the matrix: what the device did and what two SDKs did
// when the same happened to them.
type row struct {
	plan            Plan
	device, between []Outcome
}

// rows sorts the outcomes into lines, in the order of the plans.
func (r Results) rows() []*row {
	var rows []*row
	line := func(p Plan) *row {
		i := slices.IndexFunc(rows, func(l *row) bool { return l.plan == p })
		if i < 0 {
			i = len(rows)
			rows = append(rows, &row{plan: p})
		}
		return rows[i]
	}
	for _, o := range r.Outcomes {
		if o.Kind != Reference {
			l := line(o.Plan)
			l.device = append(l.device, o)
			continue
		}
		for _, kind := range []Kind{OwnLink, ClientLink} {
			as := o.Plan
			as.Kind = kind
			l := line(as)
			l.between = append(l.between, o)
		}
	}
	slices.SortStableFunc(rows, func(a, b *row) int {
		return cmp.Or(strings.Compare(string(a.plan.Kind), string(b.plan.Kind)),
			strings.Compare(faultOrder(a.plan.Fault), faultOrder(b.plan.Fault)),
			cmp.Compare(a.plan.Length, b.plan.Length),
			-strings.Compare(string(a.plan.Device()), string(b.plan.Device())))
	})
	return rows
}

// faultOrder sorts the main fault first.
func faultOrder(f Fault) string {
	if f == Pulled {
		return ""
	}
	return string(f)
}

// pictures are when the compared client had a new picture, in seconds after
// the link was back.
func (l *row) pictures(outcomes []Outcome) series {
	var s series
	for _, o := range outcomes {
		s = append(s, pictureSeconds(o.Viewer(l.plan.Kind == ClientLink)))
	}
	return s
}

// afterChat are the same, in seconds after the compared client's own chat was
// back: when that happens depends on the client alone, and on chance.
func (l *row) afterChat(outcomes []Outcome) series {
	var s series
	for _, o := range outcomes {
		viewer := o.Viewer(l.plan.Kind == ClientLink)
		picture, chat := pictureSeconds(viewer), o.chatBack(viewer)
		if chat < picture {
			picture -= chat
		}
		s = append(s, picture)
	}
	return s
}

// packets are when the device had a new packet of the client's picture.
func (l *row) packets() series {
	var s series
	for _, o := range l.device {
		s = append(s, pictureSeconds(o.Viewer(l.plan.Kind == OwnLink)))
	}
	return s
}

func pictureSeconds(p PartyOutcome) float64 {
	if p.Picture == nil {
		return math.Inf(1)
	}
	return *p.Picture / 1000
}

// ratio compares the medians; NaN if there is nothing to compare.
func (l *row) ratio() float64 {
	device, between := l.pictures(l.device).median(), l.pictures(l.between).median()
	if len(l.device) == 0 || len(l.between) == 0 || math.IsInf(device, 1) && math.IsInf(between, 1) {
		return math.NaN()
	}
	return device / between
}

// verdict says whether the line's goal was met, if it has one.
func (l *row) verdict() string {
	goal, met := l.goal()
	switch {
	case goal == "":
		return ""
	case met:
		return goal + ": met"
	}
	return goal + ": MISSED"
}

func (l *row) goal() (goal string, met bool) {
	switch {
	case len(l.device) == 0:
		return "played", false
	case l.plan.Fault == Moved && l.plan.Kind == OwnLink:
		return "≤ 3 s", l.pictures(l.device).median() <= moveGoal.Seconds()
	case l.plan.Fault != Pulled:
		return "", true
	case l.plan.Length >= hopeless:
		return l.endGoal()
	case l.plan.Kind == OwnLink:
		return "≤ 0.5", l.ratio() <= ownGoal
	}
	return "≤ 1.0", l.ratio() <= clientGoal
}

// endGoal is that of calls which are lost. The loss is noticed some time after
// the cut, so the link may be back just inside the window: a call that both ends
// then repair is fine, too.
func (l *row) endGoal() (goal string, met bool) {
	goal, met = "FAILED, CLOSED in time", true
	repaired := 0
	for _, o := range l.device {
		if o.repaired() {
			repaired++
		} else if !o.endedInTime() {
			met = false
		}
	}
	if repaired > 0 {
		goal += fmt.Sprintf(" (%d of %d repaired in the window)", repaired, len(l.device))
	}
	return goal, met
}

// repaired says whether both ends were told RECONNECTED within the window and
// hold the call.
func (o Outcome) repaired() bool {
	for _, p := range o.Parties {
		began, broke := p.At("RECONNECTING")
		whole, repaired := p.At("RECONNECTED")
		_, closed := p.At(sessionClosed)
		if !broke || !repaired || closed || whole-began > disconnectTime.Seconds()+endGoal {
			return false
		}
	}
	return true
}

// endedInTime says whether both ends were told FAILED at the end of the window
// and then that the session is closed.
func (o Outcome) endedInTime() bool {
	for _, p := range o.Parties {
		began, broke := p.At("RECONNECTING")
		failed, gaveUp := p.At("FAILED")
		closed, ended := p.At(sessionClosed)
		if !broke || !gaveUp || !ended || closed < failed || math.Abs(failed-began-disconnectTime.Seconds()) > endGoal ||
			closed-failed > endGoal {
			return false
		}
	}
	return true
}

// told summarizes the reconnection states of one end: the usual sequence with
// the median times after the cut, and how usual it was.
func told(outcomes []Outcome, party int) string {
	sequences := map[string][]series{}
	counts := map[string]int{}
	for _, o := range outcomes {
		var names []string
		var at []float64
		for _, s := range o.Parties[party].States {
			if !strings.Contains(s.Name, " ") || s.Name == sessionClosed {
				names, at = append(names, strings.TrimPrefix(s.Name, "session ")), append(at, s.At)
			}
		}
		key := strings.Join(names, "\x00")
		counts[key]++
		if sequences[key] == nil {
			sequences[key] = make([]series, len(at))
		}
		for i, v := range at {
			sequences[key][i] = append(sequences[key][i], v)
		}
	}
	usual := ""
	for key, n := range counts {
		if n > counts[usual] || n == counts[usual] && key < usual {
			usual = key
		}
	}
	return sequenceText(usual, sequences[usual], counts[usual], len(outcomes))
}

func sequenceText(key string, times []series, n, of int) string {
	text := "nothing"
	if key != "" {
		var words []string
		for i, name := range strings.Split(key, "\x00") {
			words = append(words, fmt.Sprintf("%s %.1f", name, times[i].median()))
		}
		text = strings.Join(words, " → ")
	}
	if n != of {
		text += fmt.Sprintf(" (%d of %d)", n, of)
	}
	return text
}
