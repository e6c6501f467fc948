//go:build board

package gpio

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// boards drive lines by both versions of the uAPI.
func boards() map[string]Board {
	return map[string]Board{"v2": kernel{dev: "/dev"}, "v1": kernel{dev: "/dev", v1: true}}
}

func TestBoardLamp(t *testing.T) {
	for name, board := range boards() {
		number := map[string]int{"v1": 22, "v2": 23}[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t)
			lamp := NewLamp(LampConfig{Name: "lamp", Chip: label, Line: fmt.Sprintf("GPIO%d", number), Board: board, OnChange: w.onChange})
			ctx, cancel := context.WithCancel(t.Context())
			var done sync.WaitGroup
			done.Go(func() { _ = lamp.Run(ctx) })
			defer func() { cancel(); done.Wait() }()
			w.wantState(StateOpen)
			for _, p := range Patterns() {
				lamp.Show(p)
				pause(50 * time.Millisecond)
				lit, dark := 0, 0
				for began := time.Now(); time.Since(began) < 2*time.Second; pause(10 * time.Millisecond) {
					if driven(t, number) {
						lit++
					} else {
						dark++
					}
				}
				t.Logf("%s: lit %d %% of the time", p, 100*lit/(lit+dark))
				if steady := len(p.durations()) < 2; steady != (lit == 0 || dark == 0) {
					t.Errorf("%s: lit %d times, dark %d times", p, lit, dark)
				}
			}
			lamp.Show(PatternInCall)
			eventually(t, "lit", func() bool { return driven(t, number) })
			cancel()
			done.Wait()
			if driven(t, number) {
				t.Error("lit at the end")
			}
		})
	}
}

func TestBoardRelay(t *testing.T) {
	for name, board := range boards() {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			relay := NewRelay(RelayConfig{Name: "door", Chip: label, Line: "GPIO24", Board: board, OnChange: w.onChange})
			ctx, cancel := context.WithCancel(t.Context())
			var done sync.WaitGroup
			done.Go(func() { _ = relay.Run(ctx) })
			defer func() { cancel(); done.Wait() }()
			w.wantState(StateOpen)
			if driven(t, 24) {
				t.Error("on at first")
			}
			began := time.Now()
			if err := relay.Pulse(time.Second); err != nil {
				t.Fatal(err)
			}
			if !driven(t, 24) {
				t.Error("not on")
			}
			eventually(t, "off", func() bool { return !driven(t, 24) })
			if took := time.Since(began); took < time.Second || took > 3*time.Second {
				t.Errorf("a pulse of %v, want 1s", took)
			}
			if err := relay.Pulse(MaxPulse); err != nil {
				t.Fatal(err)
			}
			cancel()
			done.Wait()
			if driven(t, 24) {
				t.Error("on at the end")
			}
		})
	}
}

// What a process that died left on is off when the next one opens the line.
func TestBoardRelayLeftOn(t *testing.T) {
	left, err := kernel{dev: "/dev"}.Output(OutputRequest{Chip: label, Line: "GPIO24"})
	if err != nil {
		t.Fatal(err)
	}
	if err := left.Set(true); err != nil {
		t.Fatal(err)
	}
	left.Close()
	w := newWatched(t)
	relay := NewRelay(RelayConfig{Name: "door", Chip: label, Line: "GPIO24", OnChange: w.onChange})
	w.start(relay.Run)
	w.wantState(StateOpen)
	if driven(t, 24) {
		t.Error("still on")
	}
}

// A relay that is on when its line is low is off from the first moment on.
func TestBoardRelayActiveLow(t *testing.T) {
	for name, board := range boards() {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t)
			relay := NewRelay(RelayConfig{Name: "door", Chip: label, Line: "GPIO24", ActiveLow: true, Board: board, OnChange: w.onChange})
			w.start(relay.Run)
			w.wantState(StateOpen)
			if !driven(t, 24) {
				t.Error("low, which is on, at first")
			}
			if err := relay.Pulse(time.Second); err != nil || driven(t, 24) {
				t.Errorf("a pulse left the line high %v, %v", driven(t, 24), err)
			}
			eventually(t, "high again", func() bool { return driven(t, 24) })
		})
	}
}
