package gpio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// observed is a source at work in a bubble.
type observed struct {
	t     *testing.T
	start time.Time
	stop  func()

	mu      sync.Mutex
	reports []string
	changes []string
}

// observe runs a source until stop is called.
func observe(t *testing.T, build func(onChange func(string, error)) gpio.Source) *observed {
	t.Helper()
	o := &observed{t: t, start: time.Now()}
	source := build(func(state string, err error) {
		if (err == nil) != (state == gpio.StateOpen) {
			t.Errorf("state %s with error %v", state, err)
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.changes = append(o.changes, state)
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- source.Run(ctx, func(p gpio.Press) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.reports = append(o.reports, fmt.Sprintf("%s %v@%v", p.Button, p.Kind, p.Time.Sub(o.start)))
		})
	}()
	o.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
		close(ended) // a second stop finds nil
	}
	synctest.Wait()
	return o
}

func (o *observed) want(reports ...string) {
	o.t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Equal(o.reports, reports) {
		o.t.Errorf("reports %q, want %q", o.reports, reports)
	}
}

func (o *observed) wantChanges(states ...string) {
	o.t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Equal(o.changes, states) {
		o.t.Errorf("changes %q, want %q", o.changes, states)
	}
}

// line makes a button at a line of the board that a test then moves.
func line(board gpio.Board, cfg gpio.LineConfig) func(func(string, error)) gpio.Source {
	return func(onChange func(string, error)) gpio.Source {
		cfg.Button, cfg.Chip, cfg.Line, cfg.Board, cfg.OnChange = "front", "header", "GPIO17", board, onChange
		return gpio.NewLine(cfg)
	}
}

const ms = time.Millisecond

// closeFor closes a contact for a while, and waits a second.
func closeFor(pin *gpiotest.Pin, d time.Duration) {
	pin.Set(true)
	time.Sleep(d)
	pin.Set(false)
	time.Sleep(time.Second)
}

func TestLine(t *testing.T) {
	tests := []struct {
		name string
		cfg  gpio.LineConfig
		do   func(pin *gpiotest.Pin)
		want []string
	}{
		{"press", gpio.LineConfig{}, func(pin *gpiotest.Pin) { closeFor(pin, 60*ms) }, []string{"front press@0s"}},
		{"glitch", gpio.LineConfig{}, func(pin *gpiotest.Pin) { closeFor(pin, 5*ms) }, nil},
		{"own debounce time", gpio.LineConfig{Debounce: 100 * ms}, func(pin *gpiotest.Pin) {
			closeFor(pin, 60*ms)
			closeFor(pin, 110*ms)
		}, []string{"front press@1.06s"}},
		{"long press", gpio.LineConfig{LongPress: time.Second}, func(pin *gpiotest.Pin) {
			closeFor(pin, 300*ms)
			closeFor(pin, 2*time.Second)
		}, []string{"front press@0s", "front long_press@2.3s"}},
		{"stuck", gpio.LineConfig{}, func(pin *gpiotest.Pin) { closeFor(pin, time.Minute) },
			[]string{"front press@0s", "front stuck@30s", "front released@1m0s"}},
		{"own limit", gpio.LineConfig{Stuck: 5 * time.Second}, func(pin *gpiotest.Pin) { closeFor(pin, time.Minute) },
			[]string{"front press@0s", "front stuck@5s", "front released@1m0s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				board := gpiotest.NewBoard()
				pin := board.Line("header", "GPIO17")
				o := observe(t, line(board, tt.cfg))
				tt.do(pin)
				o.want(tt.want...)
				o.wantChanges(gpio.StateOpen)
				o.stop()
				if pin.Held() {
					t.Error("the line is still held")
				}
			})
		})
	}
}

// A press is reported while the contact is closed, one debounce time later.
func TestPressIsReportedAtTheEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO17")
		o := observe(t, line(board, gpio.LineConfig{}))
		pin.Set(true)
		time.Sleep(gpio.DefaultDebounce - ms)
		o.want()
		time.Sleep(ms)
		o.want("front press@0s")
		o.stop()
	})
}

func TestClosedWhenOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO17")
		pin.Set(true)
		o := observe(t, line(board, gpio.LineConfig{}))
		time.Sleep(29 * time.Second)
		o.want()
		time.Sleep(2 * time.Second)
		o.want("front stuck@30s")
		pin.Set(false)
		time.Sleep(time.Second)
		closeFor(pin, 60*ms)
		o.want("front stuck@30s", "front released@31s", "front press@32s")
		o.stop()
	})
}

func TestLineIsLostAndFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO17")
		o := observe(t, line(board, gpio.LineConfig{}))
		var presses []string
		for n := range 3 {
			pin.Break(&gpio.DeviceError{State: gpio.StateMissing, Text: "pulled out"})
			synctest.Wait()
			pin.Set(true) // nobody sees what happens meanwhile
			pin.Set(false)
			time.Sleep(time.Hour)
			pin.Break(nil)
			time.Sleep(time.Second) // the longest wait between attempts
			synctest.Wait()
			if !pin.Held() {
				t.Fatalf("not open a second after it came back, time %d", n)
			}
			closeFor(pin, 60*ms)
			presses = append(presses, fmt.Sprintf("front press@%v", time.Since(o.start)-1060*ms))
			o.want(presses...)
		}
		o.wantChanges("open", "missing", "open", "missing", "open", "missing", "open")
		o.stop()
	})
}

func TestLineThatIsNeverThere(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{&gpio.DeviceError{State: gpio.StateBusy, Text: "held"}, "busy"},
		{&gpio.DeviceError{State: gpio.StateDenied, Text: "forbidden"}, "denied"},
		{fmt.Errorf("open: %w", &gpio.DeviceError{State: gpio.StateMissing, Text: "wrapped"}), "missing"},
		{errors.New("anything"), "failed"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			board := gpiotest.NewBoard()
			pin := board.Line("header", "GPIO17")
			pin.Break(tt.err)
			o := observe(t, line(board, gpio.LineConfig{}))
			time.Sleep(time.Hour)
			o.wantChanges(tt.want)
			pin.Break(nil)
			time.Sleep(time.Second)
			o.wantChanges(tt.want, "open")
			o.stop()
			o.want()
		})
	}
}

func TestSeveralButtons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		front, back := board.Line("header", "GPIO17"), board.KeyOf("keypad", "KEY_ENTER")
		f := observe(t, line(board, gpio.LineConfig{}))
		b := observe(t, func(onChange func(string, error)) gpio.Source {
			return gpio.NewKey(gpio.KeyConfig{Button: "back", Device: "keypad", Key: "KEY_ENTER", LongPress: time.Second, Board: board, OnChange: onChange})
		})
		front.Set(true)
		back.Set(true)
		time.Sleep(1500 * ms)
		front.Set(false)
		back.Set(false)
		time.Sleep(time.Second)
		f.want("front press@0s")
		b.want("back long_press@1s")
		f.stop()
		b.stop()
	})
}

// Presses while report is at work are not lost and keep their times.
func TestSlowReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO17")
		source := line(board, gpio.LineConfig{})(nil)
		start := time.Now()
		var times []time.Duration
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- source.Run(ctx, func(p gpio.Press) {
				times = append(times, p.Time.Sub(start))
				time.Sleep(10 * time.Second)
			})
		}()
		synctest.Wait()
		for range 3 {
			closeFor(pin, 60*ms)
		}
		closeFor(pin, 5*ms)
		time.Sleep(time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if want := []time.Duration{0, 1060 * ms, 2120 * ms}; !slices.Equal(times, want) {
			t.Errorf("presses at %v, want %v", times, want)
		}
	})
}

func TestCancelledWhileMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, line(gpiotest.NewBoard(), gpio.LineConfig{}))
		time.Sleep(time.Minute)
		began := time.Now()
		o.stop()
		if took := time.Since(began); took != 0 {
			t.Errorf("ended after %v", took)
		}
	})
}

// What happens is logged once, with the button and the reason.
func TestLogOfALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		board := gpiotest.NewBoard()
		pin := board.Line("header", "GPIO17")
		pin.Break(&gpio.DeviceError{State: gpio.StateBusy, Text: "somebody holds it"})
		o := observe(t, line(board, gpio.LineConfig{Log: slog.New(slog.NewTextHandler(&log, nil))}))
		time.Sleep(time.Minute)
		pin.Break(nil)
		time.Sleep(time.Second)
		closeFor(pin, time.Minute)
		o.stop()
		for _, want := range []string{"somebody holds it", "msg=open button=front debounce=20ms in_kernel=false", "stuck", "no longer stuck"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("no %q in the log", want)
			}
		}
		if n := strings.Count(log.String(), "\n"); n != 4 {
			t.Errorf("%d lines:\n%s", n, log.String())
		}
	})
}
