package gpiotest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/hw/gpio"
)

func input(t *testing.T, b *Board) gpio.Input {
	t.Helper()
	in, debounced, err := b.Input(t.Context(), gpio.InputRequest{Chip: "header", Line: "17"})
	if err != nil || debounced {
		t.Fatalf("debounced %v, %v", debounced, err)
	}
	return in
}

func TestInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBoard()
		pin := b.Line("header", "17")
		pin.Set(true)
		in := input(t, b)
		if active, err := in.Active(); !active || err != nil {
			t.Errorf("active %v, %v", active, err)
		}
		begin := time.Now()
		go func() {
			time.Sleep(time.Second)
			pin.Set(false)
			pin.Set(false) // no edge
			pin.Set(true)
		}()
		for _, want := range []bool{false, true} {
			edge, ok, err := in.Wait(begin.Add(time.Minute))
			if err != nil || !ok || edge != (gpio.Edge{Active: want, Time: begin.Add(time.Second)}) {
				t.Errorf("edge %+v, %v, %v; want active %v after a second", edge, ok, err, want)
			}
		}
		if edge, ok, err := in.Wait(begin.Add(time.Minute)); ok || err != nil || time.Since(begin) != time.Minute {
			t.Errorf("edge %+v, %v after %v, want none after a minute", edge, err, time.Since(begin))
		}
		pin.Set(false)
		if edge, ok, err := in.Wait(begin); !ok || err != nil || edge.Active {
			t.Errorf("edge %+v, %v, %v; want the one that is there", edge, ok, err)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBoard()
		b.KeyOf("keypad", "ENTER")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		in, err := b.Key(ctx, gpio.KeyRequest{Device: "keypad", Key: "ENTER"})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if _, ok, err := in.Wait(begin.Add(time.Hour)); ok || err != nil || time.Since(begin) != time.Second {
			t.Errorf("%v, %v after %v", ok, err, time.Since(begin))
		}
	})
}

// state is the state that an error of a board stands for.
func state(err error) string {
	var device *gpio.DeviceError
	if errors.As(err, &device) {
		return device.State
	}
	return ""
}

func TestHolder(t *testing.T) {
	b := NewBoard()
	pin := b.Line("header", "17")
	in := input(t, b)
	if _, err := b.Output(gpio.OutputRequest{Chip: "header", Line: "17"}); state(err) != gpio.StateBusy || !pin.Held() {
		t.Errorf("a held line: %v", err)
	}
	if _, err := b.Output(gpio.OutputRequest{Chip: "header", Line: "18"}); state(err) != gpio.StateMissing {
		t.Errorf("a line that is not there: %v", err)
	}
	if err := in.Close(); err != nil || pin.Held() {
		t.Errorf("%v, still held %v", err, pin.Held())
	}
	next := input(t, b)
	if err := in.Close(); err != nil || !pin.Held() {
		t.Error("closed twice, and the next holder lost it")
	}
	next.Close()
}

func TestOutput(t *testing.T) {
	b := NewBoard()
	pin := b.Line("header", "23")
	pin.Set(true)
	out, err := b.Output(gpio.OutputRequest{Chip: "header", Line: "23"})
	if err != nil || pin.Level() {
		t.Fatalf("at first %v, %v", pin.Level(), err)
	}
	if err := out.Set(true); err != nil || !pin.Level() {
		t.Errorf("%v, %v", pin.Level(), err)
	}
	out.Close()
	if pin.Held() || !pin.Level() {
		t.Errorf("closed: held %v, on %v", pin.Held(), pin.Level())
	}
}

func TestBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBoard()
		pin := b.Line("header", "17")
		in := input(t, b)
		gone := errors.New("gone")
		go func() {
			time.Sleep(time.Second)
			pin.Break(gone)
		}()
		if _, _, err := in.Wait(time.Now().Add(time.Hour)); err != gone {
			t.Errorf("Wait: %v", err)
		}
		if _, _, err := b.Input(t.Context(), gpio.InputRequest{Chip: "header", Line: "17"}); err != gone {
			t.Errorf("Input: %v", err)
		}
		pin.Break(nil)
		if _, err := in.Active(); err != gone {
			t.Errorf("what was lost is back: %v", err)
		}
		in.Close()
		out, err := b.Output(gpio.OutputRequest{Chip: "header", Line: "17"})
		if err != nil {
			t.Fatal(err)
		}
		pin.Break(gone)
		if err := out.Set(true); err != gone || pin.Level() {
			t.Errorf("Set: %v, level %v", err, pin.Level())
		}
	})
}
