package sdk

import (
	"math"
	"strings"
	"testing"
	"time"
)

// end is one end of a call whose picture came back after ms; less than 0 is
// never.
func end(role string, ms float64, states ...State) PartyOutcome {
	p := PartyOutcome{Role: role, States: states}
	if ms >= 0 {
		p.Picture = &ms
	}
	return p
}

// outcomesOf plays a trio in which every end's picture came back after the
// times given: the device's client, and the clients of the reference.
func outcomesOf(plan Plan, client, cutOff, stays float64) []Outcome {
	reference := plan
	reference.Kind = Reference
	device := Outcome{Plan: plan, Parties: []PartyOutcome{end("device", 1), end("client", client)}}
	if plan.Kind == ClientLink {
		device.Parties[0], device.Parties[1] = device.Parties[1], device.Parties[0]
	}
	return []Outcome{device, {Plan: reference, Parties: []PartyOutcome{end("client cut off", cutOff), end("client that stays", stays)}}}
}

func TestVerdict(t *testing.T) {
	own := Plan{OwnLink, Lower, Pulled, 5 * time.Second}
	clients := Plan{ClientLink, Lower, Pulled, 5 * time.Second}
	for _, tt := range []struct {
		name     string
		plan     Plan
		outcomes []Outcome
		want     string
	}{
		{"half as long as who stays", own, outcomesOf(own, 500, 1, 1000), "≤ 0.5: met"},
		{"more than half", own, outcomesOf(own, 501, 5000, 1000), "≤ 0.5: MISSED"},
		{"never, where the SDK recovers", own, outcomesOf(own, -1, 1000, 1000), "≤ 0.5: MISSED"},
		{"as long as who was cut off", clients, outcomesOf(clients, 1000, 1000, 1), "≤ 1.0: met"},
		{"recovers where the SDK does not", clients, outcomesOf(clients, 1000, -1, -1), "≤ 1.0: met"},
		{"neither recovers", clients, outcomesOf(clients, -1, -1, -1), "≤ 1.0: MISSED"},
		{"silence has no goal", Plan{OwnLink, Lower, Silent, time.Second}, outcomesOf(Plan{OwnLink, Lower, Silent, time.Second}, 9, 1, 1), ""},
		{"move in time", Plan{OwnLink, Lower, Moved, 0}, outcomesOf(Plan{OwnLink, Lower, Moved, 0}, 3000, 1, 1), "≤ 3 s: met"},
		{"move too slow", Plan{OwnLink, Lower, Moved, 0}, outcomesOf(Plan{OwnLink, Lower, Moved, 0}, 3001, 1, 1), "≤ 3 s: MISSED"},
		{"move of the client", Plan{ClientLink, Lower, Moved, 0}, outcomesOf(Plan{ClientLink, Lower, Moved, 0}, 9000, 1, 1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, l := range (Results{Outcomes: tt.outcomes}).rows() {
				if l.plan != tt.plan {
					continue
				}
				if got := l.verdict(); got != tt.want {
					t.Errorf("verdict %q, want %q", got, tt.want)
				}
				return
			}
			t.Error("the plan has no line")
		})
	}
}

func TestEndedInTime(t *testing.T) {
	lost := func(began, failed, closed float64) PartyOutcome {
		return end("client", -1, State{began, "RECONNECTING"}, State{failed, "FAILED"}, State{closed, sessionClosed})
	}
	for _, tt := range []struct {
		name  string
		other PartyOutcome
		want  bool
	}{
		{"as the SDK", lost(5.5, 35.5, 35.5), true},
		{"a second late", lost(5, 36, 36.5), true},
		{"too late", lost(5, 36.1, 36.1), false},
		{"too early", lost(5, 33.9, 33.9), false},
		{"closed long after", lost(5, 35, 36.1), false},
		{"closed before it failed", lost(5, 35, 34.9), false},
		{"repaired", end("client", 5, State{5, "RECONNECTING"}, State{36, "RECONNECTED"}), false},
		{"told nothing", end("client", 5), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Outcome{Parties: []PartyOutcome{lost(5, 35, 35), tt.other}}
			if got := o.endedInTime(); got != tt.want {
				t.Errorf("ended in time: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestLostCallsMayBeRepairedInTheWindow(t *testing.T) {
	plan := Plan{OwnLink, Lower, Pulled, 35 * time.Second}
	told := func(device, client float64, end string) Outcome {
		states := func(at float64) []State { return []State{{5, "RECONNECTING"}, {at, end}, {at, "connection X"}} }
		o := Outcome{Plan: plan, Parties: []PartyOutcome{{Role: "device", States: states(device)}, {Role: "client", States: states(client)}}}
		if end == "FAILED" {
			for i := range o.Parties {
				o.Parties[i].States = append(o.Parties[i].States, State{o.Parties[i].States[1].At, sessionClosed})
			}
		}
		return o
	}
	for _, tt := range []struct {
		name     string
		outcomes []Outcome
		want     string
	}{
		{"lost", []Outcome{told(35, 35.5, "FAILED")}, "FAILED, CLOSED in time: met"},
		{"lost late", []Outcome{told(35, 38, "FAILED")}, "FAILED, CLOSED in time: MISSED"},
		{"one repaired", []Outcome{told(35, 35, "FAILED"), told(35.3, 35.4, "RECONNECTED")}, "FAILED, CLOSED in time (1 of 2 repaired in the window): met"},
		{"repaired after the window", []Outcome{told(37, 37, "RECONNECTED")}, "FAILED, CLOSED in time: MISSED"},
	} {
		l := &row{plan: plan, device: tt.outcomes}
		if got := l.verdict(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPictureAfterTheChat(t *testing.T) {
	plan := Plan{ClientLink, Lower, Pulled, 12 * time.Second}
	for _, tt := range []struct {
		name   string
		states []State
		want   float64
	}{
		{"chat was never gone", nil, 2},
		{"chat was back first", []State{{11, chatOnline}, {13.5, chatOnline}, {15, chatOnline}}, 0.5},
		{"picture was back first", []State{{15, chatOnline}}, 2},
	} {
		o := Outcome{Plan: plan, Seconds: 12, Parties: []PartyOutcome{end("client", 2000, tt.states...), end("device", 1)}}
		l := &row{plan: plan, device: []Outcome{o}}
		if got := l.afterChat(l.device).median(); got != tt.want {
			t.Errorf("%s: %v s, want %v s", tt.name, got, tt.want)
		}
	}
}

func TestMedian(t *testing.T) {
	never := math.Inf(1)
	for _, tt := range []struct {
		values series
		want   float64
	}{
		{nil, never},
		{series{3}, 3},
		{series{9, 1, 2}, 2},
		{series{1, 2, 3, 10}, 2.5},
		{series{1, never, 2}, 2},
		{series{never, never, 1}, never},
		{series{never, never}, never},
	} {
		if got := tt.values.median(); got != tt.want {
			t.Errorf("median of %v is %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestToldIsWhatWasUsual(t *testing.T) {
	repaired := func(a, b float64) Outcome {
		return Outcome{Parties: []PartyOutcome{end("client", 1,
			State{a, "RECONNECTING"}, State{a, connection + "DISCONNECTED"}, State{b, "RECONNECTED"})}}
	}
	lost := Outcome{Parties: []PartyOutcome{end("client", 1, State{7, "FAILED"}, State{7, sessionClosed})}}
	got := told([]Outcome{repaired(5, 12), lost, repaired(6, 14)}, 0)
	if want := "RECONNECTING 5.5 → RECONNECTED 13.0 (2 of 3)"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if got := told([]Outcome{{Parties: []PartyOutcome{end("client", 1)}}}, 0); got != "nothing" {
		t.Errorf("told %q, want nothing", got)
	}
}

func TestTable(t *testing.T) {
	r := Results{Races: []Race{{Told: 20}, {Told: 40}}, Failures: []string{"round 1: no\nbrowser"}}
	for _, side := range []Side{Higher, Lower} {
		r.Outcomes = append(r.Outcomes, outcomesOf(Plan{OwnLink, side, Pulled, 12 * time.Second}, 400, 0, 1000)...)
	}
	var b strings.Builder
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| 12s pulled | lower | 0.40 s | 1.00 s | 0.40 | ≤ 0.5: met | 0.40 s, 1.00 s | 0, SDK 0 | 0.00 s |",
		"| 12s pulled | higher | not measured | 0.00 s | – | played: MISSED |",
		"2 calls, one call left each time; the other client is told 0.03 s after the first answer, at most 0.04 s",
		"Not played: round 1: no browser",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if first, then := strings.Index(b.String(), "| lower | 0.40"), strings.Index(b.String(), "| higher | 0.40"); first < 0 || first > then {
		t.Errorf("lines are not sorted:\n%s", b.String())
	}
}

func TestCheckFindsPlansThatShareALink(t *testing.T) {
	five, twelve := 5*time.Second, 12*time.Second
	for _, tt := range []struct {
		name  string
		plans []Plan
		ok    bool
	}{
		{"a trio", Trio(Pulled, five, Lower), true},
		{"no plan", nil, false},
		{"links of their own", []Plan{{OwnLink, Lower, Pulled, five}, {ClientLink, Higher, Silent, twelve}}, true},
		{"one browser, two lengths", []Plan{{Reference, Lower, Pulled, five}, {ClientLink, Higher, Pulled, twelve}}, false},
		{"one door, two faults", []Plan{{OwnLink, Lower, Pulled, five}, {OwnLink, Higher, Silent, five}}, false},
	} {
		if err := check(tt.plans); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
