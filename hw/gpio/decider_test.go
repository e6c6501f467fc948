package gpio

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// at is an edge of a test: the level and when, after the start.
type at struct {
	active bool
	t      time.Duration
}

// run feeds edges to a decider opened at an inactive line and ends at end. An
// eager loop wakes at every deadline; a lazy one only when there are edges.
func run(d *decider, start time.Time, edges []at, end time.Duration, eager bool) []Press {
	var presses []Press
	upTo := func(now time.Time) {
		for eager {
			deadline, ok := d.next()
			if !ok || deadline.After(now) {
				return
			}
			presses = append(presses, d.advance(deadline)...)
		}
	}
	for _, e := range edges {
		now := start.Add(e.t)
		upTo(now)
		presses = append(presses, d.edge(Edge{Active: e.active, Time: now})...)
	}
	upTo(start.Add(end))
	return append(presses, d.advance(start.Add(end))...)
}

// show writes presses as "press@20ms long_press@1s".
func show(start time.Time, presses []Press) string {
	var words []string
	for _, p := range presses {
		words = append(words, fmt.Sprintf("%v@%v", p.Kind, p.Time.Sub(start)))
	}
	return strings.Join(words, " ")
}

// closures makes edges of pairs of times: closed from, to.
func closures(times ...time.Duration) []at {
	edges := make([]at, len(times))
	for i, t := range times {
		edges[i] = at{i%2 == 0, t}
	}
	return edges
}

func TestDecider(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	plain := rules{debounce: 20 * ms, stuck: 30 * s}
	long := rules{debounce: 20 * ms, stuck: 30 * s, longPress: s}
	kernel := rules{stuck: 30 * s}
	tests := []struct {
		name  string
		rules rules
		edges []at
		want  string
	}{
		{"nothing", plain, nil, ""},
		{"press", plain, closures(0, 60*ms), "press@0s"},
		{"press of the kernel's", kernel, closures(0, 60*ms), "press@0s"},
		{"glitch", plain, closures(0, 5*ms), ""},
		{"glitches", plain, closures(0, 5*ms, 10*ms, 15*ms, 20*ms, 25*ms, 30*ms, 35*ms), ""},
		{"just too short", plain, closures(0, 20*ms-1), ""},
		{"just long enough", plain, closures(0, 20*ms), "press@0s"},
		{"bounces, then holds", plain, closures(0, 1*ms, 2*ms, 4*ms, 5*ms, 90*ms), "press@5ms"},
		{"bounces at release", plain, closures(0, 90*ms, 91*ms, 92*ms, 93*ms, 95*ms), "press@0s"},
		{"gap of a glitch", plain, closures(0, 500*ms, 505*ms, 900*ms), "press@0s"},
		{"dirty contact held", plain, closures(0, 500*ms, 550*ms, 1000*ms, 1099*ms, 2*s), "press@0s"},
		{"double press", plain, closures(0, 60*ms, 200*ms, 260*ms), "press@0s"},
		{"just within", plain, closures(0, 60*ms, 299*ms, 400*ms), "press@0s"},
		{"just apart", plain, closures(0, 60*ms, 300*ms, 400*ms), "press@0s press@300ms"},
		{"hasty fingers prolong", plain, closures(0, 60*ms, 250*ms, 310*ms, 500*ms, 560*ms, 800*ms, 900*ms), "press@0s press@800ms"},
		{"same edge twice", plain, []at{{true, 0}, {true, 15 * ms}, {false, 30 * ms}}, ""},
		{"same edge while closed", plain, []at{{true, 0}, {true, 25 * ms}, {true, 500 * ms}, {false, 900 * ms}}, "press@0s"},
		{"time runs backwards", plain, []at{{true, 100 * ms}, {false, 50 * ms}, {true, 40 * ms}, {false, 200 * ms}}, "press@100ms"},
		{"short of long", long, closures(0, 500*ms), "press@0s"},
		{"just short", long, closures(0, s-1), "press@0s"},
		{"long", long, closures(0, 3*s), "long_press@1s"},
		{"just long", long, closures(0, s), "long_press@1s"},
		{"short bounces at the end", long, closures(0, 500*ms, 530*ms, 560*ms), "press@0s"},
		{"gap of a glitch in long", long, closures(0, 995*ms, 1005*ms, 2*s), "long_press@1s"},
		{"short, short", long, closures(0, 100*ms, 500*ms, 600*ms), "press@0s press@500ms"},
		{"hasty second is no long", long, closures(0, 100*ms, 250*ms, 3*s), "press@0s"},
		{"stuck", plain, closures(0, 40*s), "press@0s stuck@30s released@40s"},
		{"stuck once", plain, closures(0, 100*s), "press@0s stuck@30s released@1m40s"},
		{"stuck for ever", plain, closures(0), "press@0s stuck@30s"},
		{"almost stuck", plain, closures(0, 30*s-1), "press@0s"},
		{"released as it gets stuck", plain, closures(0, 30*s-5*ms), "press@0s"},
		{"gap of a glitch in stuck", plain, closures(0, 30*s-5*ms, 30*s+5*ms, 40*s), "press@0s stuck@30s released@40s"},
		{"stuck flickers", plain, closures(0, 40*s, 40*s+50*ms, 41*s), "press@0s stuck@30s released@40s"},
		{"stuck, then pressed", plain, closures(0, 40*s, 41*s, 41*s+60*ms), "press@0s stuck@30s released@40s press@41s"},
		{"long and stuck", long, closures(0, 40*s), "long_press@1s stuck@30s released@40s"},
		{"stuck before long", rules{stuck: s, longPress: 2 * s}, closures(0, 3*s), "stuck@1s released@3s"},
		{"hasty and stuck", plain, closures(0, 60*ms, 200*ms, 40*s), "press@0s stuck@30.2s released@40s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, eager := range []bool{true, false} {
				start := time.Now()
				d := &decider{button: "front", rules: tt.rules}
				if got := d.restart(false, start); got != nil {
					t.Errorf("restart reports %v", got)
				}
				if got := show(start, run(d, start, tt.edges, 200*time.Second, eager)); got != tt.want {
					t.Errorf("eager %v: got  %q\nwant %q", eager, got, tt.want)
				}
			}
		})
	}
}

// A contact that is closed when the line is opened is no press.
func TestDeciderRestart(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	tests := []struct {
		name   string
		before []at          // on the line as it was first
		lost   time.Duration // when the line was lost and found
		active bool          // then
		after  []at
		want   string
	}{
		{"closed at start", nil, 0, true, nil, "stuck@30s"},
		{"closed at start, opens", nil, 0, true, []at{{false, s}}, ""},
		{"closed at start, pressed later", nil, 0, true, []at{{false, s}, {true, 2 * s}}, "press@2s stuck@32s"},
		{"lost while idle", nil, s, false, closures(2*s, 3*s), "press@2s"},
		{"pressed at once", nil, s, false, closures(s, s+60*ms), "press@1s"},
		{"lost while pressed", closures(0), s, false, nil, "press@0s"},
		{"found pressed", closures(0), s, true, []at{{false, 2 * s}}, "press@0s"},
		{"found pressed for long", closures(0), 10 * s, true, nil, "press@0s stuck@40s"},
		{"lost while stuck", closures(0), 31 * s, false, nil, "press@0s stuck@30s released@31s"},
		{"found stuck", closures(0), 31 * s, true, []at{{false, 50 * s}}, "press@0s stuck@30s released@50s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			d := &decider{button: "front", rules: rules{debounce: 20 * ms, stuck: 30 * s}}
			d.restart(false, start)
			presses := run(d, start, tt.before, tt.lost, true)
			presses = append(presses, d.restart(tt.active, start.Add(tt.lost))...)
			presses = append(presses, run(d, start, tt.after, 100*s, true)...)
			if got := show(start, presses); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A level that was read and that no edge told of is not known to have lasted.
func TestDeciderObserves(t *testing.T) {
	const ms = time.Millisecond
	start := time.Now()
	d := &decider{button: "front", rules: rules{debounce: 20 * ms, stuck: time.Minute}}
	d.restart(false, start)
	d.edge(Edge{Active: true, Time: start})
	if got := d.observe(false, start.Add(20*ms)); len(got) > 0 {
		t.Errorf("%v although the line is open", got)
	}
	if got := d.advance(start.Add(100 * ms)); len(got) > 0 {
		t.Errorf("%v of an open line", got)
	}
	if got := d.observe(true, start.Add(200*ms)); len(got) > 0 {
		t.Errorf("%v of a level just seen", got)
	}
	got := show(start, d.observe(true, start.Add(220*ms)))
	if want := "press@200ms"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// lateInput is a line of a busy kernel: the level is there before the edges are.
type lateInput struct {
	level bool
	edges []Edge // handed over at due, or never
	due   time.Time
}

func (l *lateInput) Wait(until time.Time) (Edge, bool, error) {
	if len(l.edges) == 0 || until.Before(l.due) {
		time.Sleep(time.Until(until))
		return Edge{}, false, nil
	}
	time.Sleep(time.Until(l.due))
	e := l.edges[0]
	l.edges = l.edges[1:]
	return e, true, nil
}

func (l *lateInput) Active() (bool, error) { return l.level, nil }
func (l *lateInput) Close() error          { return nil }

func TestEdgesThatComeLate(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name  string
		delay time.Duration // of the release's edge; negative: it is lost
		want  string
	}{
		{"at once", 0, "press@0s"},
		{"soon", 50 * ms, "press@0s"},
		{"just in time", edgeDelay, "press@0s"},
		{"lost, and it is not known how long the press was", -1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				d := &decider{button: "front", rules: rules{debounce: 20 * ms, stuck: time.Minute}}
				d.restart(false, start)
				d.edge(Edge{Active: true, Time: start})
				time.Sleep(60 * ms) // the process did not run, and the contact is open again
				in := &lateInput{level: false, due: time.Now().Add(tt.delay)}
				if tt.delay >= 0 {
					in.edges = []Edge{{Active: false, Time: time.Now()}}
				}
				var presses []Press
				for range 3 {
					if err := settle(in, d, func(p []Press) { presses = append(presses, p...) }); err != nil {
						t.Fatal(err)
					}
					time.Sleep(200 * ms)
				}
				if got := show(start, presses); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// check fails unless presses are what the package promises of any edges.
func check(t *testing.T, r rules, edges []at, presses []Press) {
	t.Helper()
	var last time.Time
	isStuck := false
	for _, p := range presses {
		switch p.Kind {
		case KindPress, KindLongPress:
			began := p.Time
			if p.Kind == KindLongPress {
				began = began.Add(-r.longPress)
			}
			if !last.IsZero() && began.Sub(last) < DebounceTime {
				t.Fatalf("%v and a press %v before, edges %v", p, began.Sub(last), edges)
			}
			last = began
			if isStuck {
				t.Fatalf("%v of a stuck contact, edges %v", p, edges)
			}
		case KindStuck:
			if isStuck {
				t.Fatalf("stuck twice, edges %v", edges)
			}
			isStuck = true
		case KindReleased:
			if !isStuck {
				t.Fatalf("released without being stuck, edges %v", edges)
			}
			isStuck = false
		}
	}
	if n := lasting(edges, r.debounce); len(presses) > 3*n {
		t.Fatalf("%d reports, but the contact closed for longer than %v %d times: %v", len(presses), r.debounce, n, edges)
	}
}

// lasting counts the times that a level of closed lasted for d.
func lasting(edges []at, d time.Duration) int {
	n := 0
	for i, e := range edges {
		if e.active && (i+1 == len(edges) || edges[i+1].t-e.t >= d) {
			n++
		}
	}
	return n
}

func bothWays(t *testing.T, r rules, edges []at) {
	t.Helper()
	start := time.Now()
	end := time.Minute
	if len(edges) > 0 {
		end += edges[len(edges)-1].t
	}
	var results [2]string
	for i := range results {
		d := &decider{button: "front", rules: r}
		d.restart(false, start)
		presses := run(d, start, edges, end, i == 0)
		check(t, r, edges, presses)
		results[i] = show(start, presses)
	}
	if results[0] != results[1] {
		t.Fatalf("a busy process decides otherwise:\n%s\n%s\nedges %v", results[0], results[1], edges)
	}
}

func TestDeciderKeepsItsPromises(t *testing.T) {
	const ms = time.Millisecond
	random := rand.New(rand.NewPCG(1, 2))
	steps := []time.Duration{0, 1, ms, 5 * ms, 19 * ms, 20 * ms, 21 * ms, 60 * ms, 99 * ms, 100 * ms, 290 * ms, 300 * ms, time.Second, 4 * time.Second}
	for range 20000 {
		r := rules{debounce: 20 * ms, stuck: 3 * time.Second}
		if random.IntN(2) == 0 {
			r.longPress = time.Second
		}
		if random.IntN(4) == 0 {
			r.debounce = 0
		}
		var edges []at
		var now time.Duration
		for range random.IntN(40) {
			now += steps[random.IntN(len(steps))]
			edges = append(edges, at{random.IntN(2) == 0, now})
		}
		bothWays(t, r, edges)
	}
}

func FuzzDecider(f *testing.F) {
	f.Add([]byte{0, 60, 0, 61, 1, 44, 0, 60}, false, true)
	f.Add([]byte{0, 60, 255, 255, 1, 44, 0, 60}, true, false)
	f.Fuzz(func(t *testing.T, b []byte, long, soft bool) {
		r := rules{stuck: 30 * time.Second}
		if long {
			r.longPress = time.Second
		}
		if soft {
			r.debounce = 20 * time.Millisecond
		}
		var edges []at
		var now time.Duration
		for c := range slices.Chunk(b, 2) {
			if len(c) == 2 {
				v := binary.BigEndian.Uint16(c)
				now += time.Duration(v>>1) * time.Millisecond
				edges = append(edges, at{v&1 == 1, now})
			}
		}
		bothWays(t, r, edges)
	})
}

func TestKindNames(t *testing.T) {
	for kind, want := range map[Kind]string{KindPress: "press", KindLongPress: "long_press", KindStuck: "stuck", KindReleased: "released", 9: "unknown"} {
		if got := kind.String(); got != want {
			t.Errorf("kind %d is %q, want %q", kind, got, want)
		}
	}
}
