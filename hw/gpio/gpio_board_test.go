//go:build board

// Tests on the kernel's own drivers: gpio-sim, with lines named as those of a
// Raspberry Pi's header, and uinput. They need root, and are meant for the
// virtual board.

package gpio

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// ways are how the kernel is asked. The filter is the kernel's in one of them.
func ways() map[string]LineConfig {
	return map[string]LineConfig{
		"v2":        {Button: "front", Chip: label, Line: "GPIO17", Board: kernel{dev: "/dev"}},
		"v2 kernel": {Button: "front", Chip: label, Line: "GPIO17", Board: kernel{dev: "/dev"}, KernelDebounce: true},
		"v1":        {Button: "front", Chip: label, Line: "17", Board: kernel{dev: "/dev", v1: true}},
	}
}

const tries = 100

// A glitch that the busy host made longer than half the debounce time is made
// again.
func TestBoardGlitchesNeverPress(t *testing.T) {
	for name, cfg := range ways() {
		t.Run(name, func(t *testing.T) {
			c := contactAt(t, 17)
			w := opened(t, cfg)
			pause(100 * time.Millisecond)
			longest := time.Duration(0)
			for n, all := 0, 0; n < tries; all++ {
				if all > 10*tries {
					t.Fatal("the host is too busy to make glitches")
				}
				took := c.closeFor(5 * time.Millisecond)
				if took > DefaultDebounce/2 {
					pause(2 * DebounceTime)
					for len(w.presses) > 0 {
						<-w.presses
					}
					continue
				}
				longest = max(longest, took)
				n++
				pause(15 * time.Millisecond)
				if len(w.presses) > 0 {
					t.Fatalf("glitch %d of %v was a press", n, took)
				}
			}
			w.wantSilence(200 * time.Millisecond)
			t.Logf("%d glitches, the longest %v, no press", tries, longest)
			c.closeFor(200 * time.Millisecond)
			w.want("front", KindPress)
		})
	}
}

func TestBoardPressesAlwaysPress(t *testing.T) {
	for name, cfg := range ways() {
		if cfg.KernelDebounce {
			continue // misses some when the host is busy
		}
		number := 17
		if name == "v1" {
			cfg.Line, number = "27", 27 // both at once: they mostly wait
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := contactAt(t, number)
			w := opened(t, cfg)
			pause(DebounceTime + 100*time.Millisecond)
			var slowest time.Duration
			for n := range tries {
				began := time.Now()
				c.closeFor(60 * time.Millisecond)
				p := w.want("front", KindPress)
				slowest = max(slowest, time.Since(began))
				if late := p.Time.Sub(began); late < -time.Millisecond || late > time.Second {
					t.Errorf("press %d has a time %v after it began", n, late)
				}
				pause(DebounceTime + 100*time.Millisecond)
				if len(w.presses) > 0 {
					t.Fatalf("press %d counted twice", n)
				}
			}
			t.Logf("%d presses of 60 ms, all counted once, the last told %v after it began", tries, slowest)
		})
	}
}

func TestBoardDoublePress(t *testing.T) {
	c := contactAt(t, 17)
	w := opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17"})
	pause(100 * time.Millisecond)
	c.closeFor(60 * time.Millisecond)
	pause(60 * time.Millisecond)
	c.closeFor(60 * time.Millisecond)
	w.want("front", KindPress)
	w.wantSilence(500 * time.Millisecond)
	c.closeFor(60 * time.Millisecond)
	w.want("front", KindPress)
}

func TestBoardLongPress(t *testing.T) {
	c := contactAt(t, 17)
	w := opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17", LongPress: time.Second})
	pause(100 * time.Millisecond)
	c.closeFor(200 * time.Millisecond)
	w.want("front", KindPress)
	pause(DebounceTime)
	c.set(true)
	w.want("front", KindLongPress)
	c.set(false)
	w.wantSilence(500 * time.Millisecond)
}

func TestBoardStuck(t *testing.T) {
	c := contactAt(t, 17)
	w := opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17", Stuck: 2 * time.Second})
	pause(100 * time.Millisecond)
	c.set(true)
	pressed := w.want("front", KindPress)
	stuck := w.want("front", KindStuck)
	if after := stuck.Time.Sub(pressed.Time); after != 2*time.Second {
		t.Errorf("stuck after %v, want 2s", after)
	}
	w.wantSilence(3 * time.Second)
	c.set(false)
	w.want("front", KindReleased)
	pause(DebounceTime)
	c.closeFor(60 * time.Millisecond)
	w.want("front", KindPress)
}

// The simulated pull-up is stronger than the simulated contact, so there is none.
func TestBoardClosedAtStart(t *testing.T) {
	c := contactAt(t, 17)
	c.set(true)
	w := opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17", Bias: BiasNone, Stuck: 2 * time.Second})
	w.want("front", KindStuck)
	c.set(false)
	w.want("front", KindReleased)
}

func TestBoardTwoButtons(t *testing.T) {
	front, back := contactAt(t, 17), contactAt(t, 27)
	f := opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17"})
	b := opened(t, LineConfig{Button: "back", Chip: "/dev/" + filepath.Base(simulator(t)), Line: "27"})
	pause(100 * time.Millisecond)
	front.set(true)
	back.set(true)
	pause(60 * time.Millisecond)
	front.set(false)
	back.set(false)
	f.want("front", KindPress)
	b.want("back", KindPress)
	f.wantSilence(300 * time.Millisecond)
	b.wantSilence(300 * time.Millisecond)
}

func TestBoardRefusals(t *testing.T) {
	contactAt(t, 17)
	opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17"})
	tests := []struct {
		name  string
		cfg   LineConfig
		state string
		want  []string
	}{
		{"busy", LineConfig{Chip: label, Line: "GPIO17"}, StateBusy, []string{"GPIO17", label, `"intercomd/front"`}},
		{"no chip", LineConfig{Chip: "pinctrl-rp1", Line: "GPIO17"}, StateMissing, []string{"GPIO17", "pinctrl-rp1", label}},
		{"no line", LineConfig{Chip: label, Line: "GPIO71"}, StateMissing, []string{"GPIO71", label, "GPIO17"}},
		{"no offset", LineConfig{Chip: label, Line: "54"}, StateMissing, []string{"54", label, "0 to 53"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := line(t, tt.cfg).wantState(tt.state)
			t.Log(err)
			for _, word := range tt.want {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q lacks %q", err, word)
				}
			}
		})
	}
}

// The line is free again when its holder ends.
func TestBoardBusyLineIsFreed(t *testing.T) {
	c := contactAt(t, 22)
	held, _, err := kernel{dev: "/dev"}.Input(t.Context(), InputRequest{Chip: label, Line: "GPIO22", Consumer: "another"})
	if err != nil {
		t.Fatal(err)
	}
	w := line(t, LineConfig{Button: "tamper", Chip: label, Line: "GPIO22"})
	if err := w.wantState(StateBusy); !strings.Contains(err.Error(), `"another"`) {
		t.Errorf("%q does not name the holder", err)
	}
	held.Close()
	w.wantState(StateOpen)
	pause(100 * time.Millisecond)
	c.closeFor(60 * time.Millisecond)
	w.want("tamper", KindPress)
}

// unplug takes the chip away; plug gives it back with its contacts open.
func unplug(t *testing.T) { sysfs(t, "unbind") }
func plug(t *testing.T)   { sysfs(t, "bind") }
func sysfs(t *testing.T, what string) {
	t.Helper()
	if err := os.WriteFile("/sys/bus/platform/drivers/gpio-sim/"+what, []byte("gpio-sim.0"), 0); err != nil {
		t.Fatal(err)
	}
}

// Linux 6.1 never frees a chip that goes away while its lines are held, and has
// room for nine of this size: a board is good for four runs of this test.
func TestBoardUnplug(t *testing.T) {
	c := contactAt(t, 17)
	w := opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17"})
	lampWatch := newWatched(t)
	lamp := NewLamp(LampConfig{Name: "lamp", Chip: label, Line: "GPIO23", OnChange: lampWatch.onChange})
	lamp.Show(PatternInCall)
	lampWatch.start(lamp.Run)
	lampWatch.wantState(StateOpen)
	pause(100 * time.Millisecond)
	c.closeFor(60 * time.Millisecond)
	w.want("front", KindPress)

	for range 2 {
		began := time.Now()
		unplug(t)
		err := w.wantState(StateMissing)
		t.Logf("noticed after %v: %v", time.Since(began), err)
		lampWatch.wantState(StateMissing)
		w.wantSilence(time.Second)
		for len(w.changes) > 0 { // from lost to not there
			w.wantState(StateMissing)
		}
		for len(lampWatch.changes) > 0 {
			lampWatch.wantState(StateMissing)
		}
		began = time.Now()
		plug(t)
		c = contactAt(t, 17)
		w.wantState(StateOpen)
		t.Logf("back after %v", time.Since(began))
		lampWatch.wantState(StateOpen)
		eventually(t, "the lamp is lit again", func() bool { return driven(t, 23) })
		pause(DebounceTime)
		c.closeFor(60 * time.Millisecond)
		w.want("front", KindPress)
	}
}

func TestBoardList(t *testing.T) {
	contactAt(t, 17)
	opened(t, LineConfig{Button: "front", Chip: label, Line: "GPIO17"})
	for name, k := range map[string]kernel{"v2": {dev: "/dev"}, "v1": {dev: "/dev", v1: true}} {
		chips, err := k.chips()
		if err != nil || len(chips) != 1 {
			t.Fatalf("%s: %d chips, %v", name, len(chips), err)
		}
		c := chips[0]
		if c.Label != label || c.Name != filepath.Base(simulator(t)) || len(c.Lines) != 54 || c.Problem != "" {
			t.Errorf("%s: chip %s, %d lines, %s", name, c, len(c.Lines), c.Problem)
		}
		want := Line{Offset: 17, Name: "GPIO17", Used: true, Consumer: "intercomd/front", ActiveLow: true, Bias: BiasPullUp}
		if l := c.Lines[17]; l != want {
			t.Errorf("%s: line %+v, want %+v", name, l, want)
		}
	}
}

// Nothing is left behind, however often a line is opened.
func TestBoardLeavesNothing(t *testing.T) {
	contactAt(t, 17)
	before := openFDs(t)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		open := make(chan struct{})
		source := NewLine(LineConfig{Button: "front", Chip: label, Line: "17", OnChange: func(string, error) { close(open) }})
		var done sync.WaitGroup
		done.Go(func() { _ = source.Run(ctx, func(Press) {}) })
		<-open
		began := time.Now()
		cancel()
		done.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("ended after %v", took)
		}
	}
	if after := openFDs(t); after != before {
		t.Errorf("%d open files, %d before", after, before)
	}
}
