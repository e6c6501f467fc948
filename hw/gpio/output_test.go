package gpio_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/hw/gpio/gpiotest"
)

func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern gpio.Pattern
		at      time.Duration
		lit     bool
		change  time.Duration
	}{
		{gpio.PatternIdle, 0, false, 0},
		{gpio.PatternIdle, time.Hour, false, 0},
		{gpio.PatternInCall, 0, true, 0},
		{gpio.PatternInCall, time.Hour, true, 0},
		{gpio.PatternRinging, 0, true, 250 * ms},
		{gpio.PatternRinging, 249 * ms, true, 1 * ms},
		{gpio.PatternRinging, 250 * ms, false, 250 * ms},
		{gpio.PatternRinging, 500 * ms, true, 250 * ms},
		{gpio.PatternRinging, time.Hour + 300*ms, false, 200 * ms},
		{gpio.PatternOffline, 99 * ms, true, 1 * ms},
		{gpio.PatternOffline, 100 * ms, false, 1900 * ms},
		{gpio.PatternLive, 950 * ms, false, 50 * ms},
		{gpio.PatternUpdating, 250 * ms, true, 50 * ms},
		{gpio.PatternUpdating, 300 * ms, false, 700 * ms},
		{gpio.PatternError, 600 * ms, true, 150 * ms},
		{gpio.PatternError, 750 * ms, false, 1050 * ms},
		{gpio.PatternRinging, -time.Second, true, 250 * ms},
		{"unknown", 0, false, 0},
	}
	for _, tt := range tests {
		lit, change := tt.pattern.At(tt.at)
		if lit != tt.lit || change != tt.change {
			t.Errorf("%s after %v: %v for %v, want %v for %v", tt.pattern, tt.at, lit, change, tt.lit, tt.change)
		}
	}
}

// A pattern that changes does so again and again, to the other level each time.
func TestPatternsRepeat(t *testing.T) {
	for _, p := range gpio.Patterns() {
		lit, change := p.At(0)
		for now := time.Duration(0); change > 0 && now < time.Minute; {
			now += change
			was := lit
			if lit, change = p.At(now); lit == was || change <= 0 {
				t.Fatalf("%s after %v: still %v, next change in %v", p, now, lit, change)
			}
		}
	}
}

func TestParsePattern(t *testing.T) {
	for _, p := range gpio.Patterns() {
		if got, err := gpio.ParsePattern(string(p)); got != p || err != nil {
			t.Errorf("%s is %q, %v", p, got, err)
		}
	}
	if _, err := gpio.ParsePattern("disco"); err == nil || !strings.Contains(err.Error(), "disco") {
		t.Errorf("error %v", err)
	}
}

// runner is a lamp or a relay.
type runner interface {
	Run(ctx context.Context) error
}

// work runs something in a bubble and returns how to end it.
func work(t *testing.T, r runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := r.Run(ctx); err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	synctest.Wait()
	return func() { cancel(); done.Wait() }
}

func newLamp(board gpio.Board, shows ...gpio.Pattern) *gpio.Lamp {
	return gpio.NewLamp(gpio.LampConfig{Name: "lamp", Chip: "header", Line: "GPIO23", Board: board, Shows: shows})
}

// levels samples a pin every 50 ms, in the middle.
func levels(pin *gpiotest.Pin, n int) string {
	var s strings.Builder
	time.Sleep(25 * ms)
	for range n {
		if pin.Level() {
			s.WriteByte('#')
		} else {
			s.WriteByte('.')
		}
		time.Sleep(50 * ms)
	}
	return s.String()
}

func TestLampShows(t *testing.T) {
	tests := []struct {
		pattern gpio.Pattern
		want    string
	}{
		{gpio.PatternIdle, "...................."},
		{gpio.PatternOffline, "##.................."},
		{gpio.PatternRinging, "#####.....#####....."},
		{gpio.PatternInCall, "####################"},
		{gpio.PatternLive, "##################.."},
		{gpio.PatternUpdating, "##..##.............."},
		{gpio.PatternError, "###...###...###....."},
	}
	for _, tt := range tests {
		t.Run(string(tt.pattern), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := gpiotest.NewBoard()
				pin := board.Line("header", "GPIO23")
				lamp := newLamp(board)
				stop := work(t, lamp)
				lamp.Show(tt.pattern)
				synctest.Wait()
				if got := levels(pin, 20); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				stop()
				if pin.Level() || pin.Held() {
					t.Errorf("at the end lit %v, held %v", pin.Level(), pin.Held())
				}
			})
		})
	}
}

func TestLampChangesPatterns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO23")
		lamp := newLamp(board)
		for _, p := range gpio.Patterns() { // before Run only the last one counts
			lamp.Show(p)
		}
		lamp.Show(gpio.PatternInCall)
		stop := work(t, lamp)
		if !pin.Level() {
			t.Error("not lit")
		}
		lamp.Show(gpio.PatternRinging)
		time.Sleep(200 * ms)
		lamp.Show(gpio.PatternRinging) // goes on, does not begin again
		time.Sleep(100 * ms)
		if pin.Level() {
			t.Error("ringing began again")
		}
		lamp.Show(gpio.PatternIdle)
		time.Sleep(time.Hour)
		lamp.Show(gpio.PatternRinging) // begins lit
		synctest.Wait()
		if !pin.Level() {
			t.Error("ringing began dark")
		}
		stop()
	})
}

func TestLampShowsSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO23")
		lamp := newLamp(board, gpio.PatternLive, gpio.PatternInCall)
		stop := work(t, lamp)
		for _, p := range gpio.Patterns() {
			lamp.Show(p)
			synctest.Wait()
			if want := p == gpio.PatternLive || p == gpio.PatternInCall; pin.Level() != want {
				t.Errorf("%s: lit %v", p, pin.Level())
			}
		}
		stop()
	})
}

func TestLampIsLostAndFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO23")
		var changes []string
		lamp := gpio.NewLamp(gpio.LampConfig{
			Name: "lamp", Chip: "header", Line: "GPIO23", Board: board,
			OnChange: func(state string, err error) { changes = append(changes, state) },
		})
		lamp.Show(gpio.PatternInCall)
		stop := work(t, lamp)
		for range 3 {
			pin.Break(&gpio.DeviceError{State: gpio.StateMissing, Text: "pulled out"})
			time.Sleep(time.Hour)
			pin.Set(false)
			pin.Break(nil)
			time.Sleep(time.Second)
			synctest.Wait()
			if !pin.Level() {
				t.Error("dark a second after it came back")
			}
		}
		pin.Break(errors.New("gone at the end"))
		stop()
		want := []string{"open", "missing", "open", "missing", "open", "missing", "open", "failed"}
		if !slices.Equal(changes, want) {
			t.Errorf("changes %q, want %q", changes, want)
		}
	})
}

func newRelay(board gpio.Board, cfg gpio.RelayConfig) *gpio.Relay {
	cfg.Name, cfg.Chip, cfg.Line, cfg.Board = "door", "header", "GPIO24", board
	return gpio.NewRelay(cfg)
}

func TestRelay(t *testing.T) {
	type pulse struct {
		at, length time.Duration
	}
	const s = time.Second
	tests := []struct {
		name   string
		cfg    time.Duration
		pulses []pulse
		on     []time.Duration // on from, to, from, to
	}{
		{"pulse", 0, []pulse{{0, s}}, []time.Duration{0, s}},
		{"default", 0, []pulse{{0, 0}}, []time.Duration{0, gpio.DefaultPulse}},
		{"configured", 5 * s, []pulse{{0, 0}}, []time.Duration{0, 5 * s}},
		{"configured too long", time.Hour, []pulse{{0, 0}}, []time.Duration{0, gpio.MaxPulse}},
		{"longest", 0, []pulse{{0, gpio.MaxPulse}}, []time.Duration{0, gpio.MaxPulse}},
		{"prolonged", 0, []pulse{{0, 3 * s}, {2 * s, 3 * s}}, []time.Duration{0, 5 * s}},
		{"not shortened", 0, []pulse{{0, 3 * s}, {s, s}}, []time.Duration{0, 3 * s}},
		{"overlapping to the end", 0, []pulse{{0, 9 * s}, {8 * s, 9 * s}}, []time.Duration{0, 10 * s}},
		{"one after the other", 0, []pulse{{0, s}, {s, s}, {5 * s, s}}, []time.Duration{0, 2 * s, 5 * s, 6 * s}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := gpiotest.NewBoard()
				pin := board.Line("header", "GPIO24")
				relay := newRelay(board, gpio.RelayConfig{Pulse: tt.cfg})
				defer work(t, relay)()
				pulses := tt.pulses
				for now := time.Duration(0); now < 30*s; now += 500 * ms {
					for len(pulses) > 0 && pulses[0].at == now {
						if err := relay.Pulse(pulses[0].length); err != nil {
							t.Fatal(err)
						}
						pulses = pulses[1:]
					}
					synctest.Wait()
					want := false
					for i := 0; i < len(tt.on); i += 2 {
						want = want || tt.on[i] <= now && now < tt.on[i+1]
					}
					if pin.Level() != want {
						t.Errorf("after %v on %v", now, pin.Level())
					}
					time.Sleep(500 * ms)
				}
			})
		})
	}
}

// However fast somebody asks, the relay is off after MaxPulse.
func TestRelayIsOffInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO24")
		relay := newRelay(board, gpio.RelayConfig{})
		stop := work(t, relay)
		began := time.Now()
		for time.Since(began) < gpio.MaxPulse {
			if err := relay.Pulse(2 * time.Second); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * ms)
		}
		synctest.Wait()
		if pin.Level() {
			t.Error("still on")
		}
		stop()
	})
}

func TestRelayRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO24")
		relay := newRelay(board, gpio.RelayConfig{})
		if err := relay.Pulse(time.Second); !errors.Is(err, gpio.ErrNotRunning) {
			t.Errorf("a relay that does not run: %v", err)
		}
		stop := work(t, relay)
		for _, d := range []time.Duration{-1, gpio.MaxPulse + 1, time.Hour} {
			if err := relay.Pulse(d); err == nil || !strings.Contains(err.Error(), `"door"`) {
				t.Errorf("a pulse of %v: %v", d, err)
			}
		}
		synctest.Wait()
		if pin.Level() {
			t.Error("on")
		}
		stop()
		if err := relay.Pulse(time.Second); !errors.Is(err, gpio.ErrNotRunning) {
			t.Errorf("a relay that ended: %v", err)
		}
	})
}

// A relay that is lost during a pulse is off when it comes back.
func TestRelayIsLostAndFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO24")
		relay := newRelay(board, gpio.RelayConfig{})
		stop := work(t, relay)
		if err := relay.Pulse(gpio.MaxPulse); err != nil {
			t.Fatal(err)
		}
		lost := &gpio.DeviceError{State: gpio.StateMissing, Text: "pulled out"}
		pin.Break(lost)
		if err := relay.Pulse(time.Second); !errors.Is(err, lost) {
			t.Errorf("a pulse without a line: %v", err)
		}
		time.Sleep(2 * time.Second)
		if err := relay.Pulse(time.Second); !errors.Is(err, lost) {
			t.Errorf("a pulse without a line: %v", err)
		}
		pin.Break(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		if pin.Level() || !pin.Held() {
			t.Errorf("on %v, held %v", pin.Level(), pin.Held())
		}
		if err := relay.Pulse(time.Second); err != nil || !pin.Level() {
			t.Errorf("on %v, %v", pin.Level(), err)
		}
		stop()
		if pin.Level() || pin.Held() {
			t.Errorf("at the end on %v, held %v", pin.Level(), pin.Held())
		}
	})
}

func TestRelayLogsPulses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		board := gpiotest.NewBoard()
		board.Line("header", "GPIO24")
		relay := newRelay(board, gpio.RelayConfig{Log: slog.New(slog.NewTextHandler(&log, nil))})
		stop := work(t, relay)
		for range 2 {
			if err := relay.Pulse(time.Second); err != nil {
				t.Fatal(err)
			}
		}
		stop()
		if n := strings.Count(log.String(), "msg=pulse relay=door length=1s"); n != 2 {
			t.Errorf("%d pulses logged:\n%s", n, log.String())
		}
	})
}
