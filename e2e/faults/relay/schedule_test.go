package relay

import (
	"slices"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// play lets n frames of size bytes arrive, spaced by gap, and returns when each
// of them leaves, as a delay from its own arrival, or -1 when it is lost, and
// the numbers of the frames in the order in which they leave.
func play(s *schedule, n, size int, gap time.Duration) (delays []time.Duration, order []int) {
	index := map[uint64]int{}
	delays = slices.Repeat([]time.Duration{-1}, n)
	for i := range n {
		if s.admit(epoch.Add(time.Duration(i)*gap), make([]byte, size)) {
			index[s.seq] = i
		}
	}
	for {
		f, ok := s.take(epoch.Add(time.Hour))
		if !ok {
			return delays, order
		}
		i := index[f.seq]
		delays[i] = f.due.Sub(epoch.Add(time.Duration(i) * gap))
		order = append(order, i)
	}
}

func TestDelays(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name   string
		stream bool
		rule   Rule
		want   []time.Duration // of 100-byte frames, one a millisecond
	}{
		{"no rule", false, Rule{}, []time.Duration{0, 0, 0}},
		{"delay", false, Rule{Delay: 80 * ms}, []time.Duration{80 * ms, 80 * ms, 80 * ms}},
		{"all lost", false, Rule{Loss: 1}, []time.Duration{-1, -1, -1}},
		{"hole", false, Rule{Hole: true}, []time.Duration{-1, -1, -1}},
		{"rate", false, Rule{Rate: 10_000}, []time.Duration{10 * ms, 19 * ms, 28 * ms}},
		{"rate and delay", false, Rule{Rate: 10_000, Delay: 5 * ms}, []time.Duration{15 * ms, 24 * ms, 33 * ms}},
		{"rate drops what would wait too long", false, Rule{Rate: 50}, []time.Duration{2000 * ms, -1, -1}},
		{"all overtake", false, Rule{Delay: 80 * ms, Reorder: 1}, []time.Duration{0, 0, 0}},
		{"stream: rate drops nothing", true, Rule{Rate: 50}, []time.Duration{2000 * ms, 3999 * ms, 5998 * ms}},
		{"stream: loss is a retransmission", true, Rule{Loss: 1}, []time.Duration{200 * ms, 200 * ms, 200 * ms}},
		{"stream: nothing overtakes", true, Rule{Delay: 80 * ms, Reorder: 1}, []time.Duration{80 * ms, 80 * ms, 80 * ms}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSchedule(tt.stream, 1, 0)
			s.set(tt.rule)
			if got, _ := play(s, len(tt.want), 100, ms); !slices.Equal(got, tt.want) {
				t.Errorf("delays %v, want %v", got, tt.want)
			}
		})
	}
}

func TestJitterKeepsOrderAndReorderDoesNot(t *testing.T) {
	const n = 500
	jitter := newSchedule(false, 7, 0)
	jitter.set(Rule{Delay: 20 * time.Millisecond, Jitter: 30 * time.Millisecond})
	delays, order := play(jitter, n, 100, time.Millisecond)
	if !slices.IsSorted(order) {
		t.Error("jitter changed the order")
	}
	if low, high := slices.Min(delays), slices.Max(delays); low < 20*time.Millisecond || high >= 50*time.Millisecond || high-low < 10*time.Millisecond {
		t.Errorf("delays from %v to %v, want them spread over 20 to 50 ms", low, high)
	}
	reorder := newSchedule(false, 7, 0)
	reorder.set(Rule{Delay: 20 * time.Millisecond, Reorder: 0.1})
	delays, order = play(reorder, n, 100, time.Millisecond)
	early := 0
	for _, d := range delays {
		if d == 0 {
			early++
		}
	}
	if early < n/20 || early > n/5 || slices.IsSorted(order) {
		t.Errorf("%d of %d frames went ahead, sorted %v; want about a tenth, out of order", early, n, slices.IsSorted(order))
	}
}

// The fate of a frame depends on its number and the seed alone.
func TestFateIsOfTheSeed(t *testing.T) {
	lost := func(seed uint64, gap time.Duration, before Rule) []int {
		s := newSchedule(false, seed, 1)
		s.set(before)
		play(s, 50, 1000, gap)
		s.set(Rule{Loss: 0.2, Jitter: time.Millisecond})
		delays, _ := play(s, 200, 10, gap)
		var out []int
		for i, d := range delays {
			if d < 0 {
				out = append(out, i)
			}
		}
		return out
	}
	want := lost(42, time.Millisecond, Rule{})
	if len(want) < 20 || len(want) > 60 {
		t.Errorf("%d of 200 frames were lost at 20 %%", len(want))
	}
	for name, got := range map[string][]int{
		"another pace":       lost(42, time.Second, Rule{}),
		"another rule first": lost(42, time.Millisecond, Rule{Loss: 0.5, Delay: time.Second, Reorder: 1}),
		"a hole first":       lost(42, time.Millisecond, Rule{Hole: true}),
	} {
		if !slices.Equal(got, want) {
			t.Errorf("%s: lost %v, want %v", name, got, want)
		}
	}
	if slices.Equal(lost(43, time.Millisecond, Rule{}), want) {
		t.Error("another seed loses the same frames")
	}
}

func TestStreamWaitsInAHole(t *testing.T) {
	s := newSchedule(true, 1, 0)
	s.set(Rule{Hole: true})
	s.admit(epoch, []byte("first"))
	s.admit(epoch, nil)
	if _, ok := s.take(epoch.Add(time.Hour)); ok {
		t.Fatal("a piece left through the hole")
	}
	s.set(Rule{})
	for _, want := range []string{"first", ""} {
		if f, ok := s.take(epoch); !ok || string(f.data) != want {
			t.Errorf("got %q, %v; want %q", f.data, ok, want)
		}
	}
}

func TestWhatWaitsIsBounded(t *testing.T) {
	stream := newSchedule(true, 1, 0)
	stream.set(Rule{Hole: true})
	taken := 0
	for ; !stream.full() && taken < 1000; taken++ {
		stream.admit(epoch, make([]byte, segment))
	}
	if want := maxBytes/segment + 1; taken != want {
		t.Errorf("a stream took %d pieces, want %d", taken, want)
	}
	wire := newSchedule(false, 1, 0)
	wire.set(Rule{Delay: time.Hour})
	for range maxFrames {
		if !wire.admit(epoch, nil) {
			t.Fatal("a frame was dropped too early")
		}
	}
	if wire.admit(epoch, nil) {
		t.Error("one frame more than may wait was taken")
	}
}
