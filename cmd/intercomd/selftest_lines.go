package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/gpio"
)

// lampChecks make each lamp blink.
func (t *tester) lampChecks() []check {
	if len(t.cfg.Lamps) == 0 {
		return []check{absent("lamp", "lamps")}
	}
	var list []check
	for _, l := range t.cfg.Lamps {
		list = append(list, check{"lamp " + l.Name, func(ctx context.Context) (verdict, string) { return t.testLamp(ctx, l) }})
	}
	return list
}

// absent is the check of a part that the configuration does not have.
func absent(part, key string) check {
	return check{part, func(context.Context) (verdict, string) { return notConfigured, key + " is empty" }}
}

func (t *tester) testLamp(ctx context.Context, l config.Lamp) (verdict, string) {
	ctx, cancel := context.WithTimeout(ctx, lampTime)
	defer cancel()
	var state lastError
	lc := lampOf(l)
	lc.Shows, lc.Board, lc.OnChange = nil, t.bench.board, state.set(cancel) // it blinks whatever it is for
	lamp := gpio.NewLamp(lc)
	lamp.Show(gpio.PatternRinging)
	if err := lamp.Run(ctx); err != nil {
		return failed, err.Error()
	}
	if err := state.get(); err != nil {
		return failed, err.Error()
	}
	return passed, fmt.Sprintf("blinked for %v at line %s; if it did not, look at its polarity (active_low) and its resistor", lampTime, sourceOf(l.Line))
}

// lastError keeps what a line's OnChange was told.
type lastError struct {
	mu  sync.Mutex
	err error
}

// set makes an OnChange that ends the test at an error.
func (l *lastError) set(end context.CancelFunc) func(string, error) {
	return func(_ string, err error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.err = err
		if err != nil {
			end()
		}
	}
}

func (l *lastError) get() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// relayChecks leave the relays alone: nobody expects a test to open the door.
func (t *tester) relayChecks() []check {
	if len(t.cfg.Relays) == 0 {
		return []check{absent("relay", "relays")}
	}
	var list []check
	for _, r := range t.cfg.Relays {
		list = append(list, check{"relay " + r.Name, func(context.Context) (verdict, string) {
			return notTested, fmt.Sprintf("it would open the door; try `intercomd relay %s` while intercomd runs", r.Name)
		}})
	}
	return list
}

// buttonChecks wait for a press of each button.
func (t *tester) buttonChecks() []check {
	if len(t.cfg.Buttons) == 0 {
		return []check{absent("button", "buttons")}
	}
	var list []check
	for _, b := range t.cfg.Buttons {
		list = append(list, check{"button " + b.Name, func(ctx context.Context) (verdict, string) { return t.testButton(ctx, b) }})
	}
	return list
}

func (t *tester) testButton(ctx context.Context, b config.Button) (verdict, string) {
	ctx, cancel := context.WithTimeout(ctx, t.options.wait)
	defer cancel()
	var state lastError
	note := state.set(cancel)
	ask := sync.OnceFunc(func() {
		fmt.Fprintf(t.prompts, "Press the button %s within %v …\n", cell(b.Name), t.options.wait)
	})
	source := t.source(b, func(s string, err error) {
		if note(s, err); err == nil {
			ask() // a press before somebody looks would be lost
		}
	})
	switch {
	case source == nil:
		return notTested, fmt.Sprintf("its source is %s", b.Source)
	case t.options.wait == 0:
		return notTested, "--wait is 0s"
	}
	begin, pressed := time.Now(), time.Duration(0)
	err := source.Run(ctx, func(p gpio.Press) {
		if p.Kind == gpio.KindPress || p.Kind == gpio.KindLongPress {
			pressed = max(time.Since(begin), 1)
			cancel()
		}
	})
	if err == nil {
		err = state.get()
	}
	switch {
	case pressed > 0:
		return passed, fmt.Sprintf("pressed after %.1f s", pressed.Seconds())
	case err != nil:
		return failed, err.Error()
	}
	return failed, fmt.Sprintf("no press within %v; look at the wires and at line, bias and active_low of the configuration", t.options.wait)
}

// source makes the source of a button that is at the board, nil for others.
func (t *tester) source(b config.Button, onChange func(string, error)) gpio.Source {
	switch b.Source {
	case config.ButtonGPIO:
		line := lineOf(b)
		line.Board, line.OnChange = t.bench.board, onChange
		return gpio.NewLine(line)
	case config.ButtonEvdev:
		key := keyOf(b)
		key.Board, key.OnChange = t.bench.board, onChange
		return gpio.NewKey(key)
	case config.ButtonControl, config.ButtonStdin:
	}
	return nil
}

// testWatchdog does not touch the timer: once opened, some cannot be stopped.
func (t *tester) testWatchdog(context.Context) (verdict, string) {
	if t.cfg.Watchdog.Device == "" {
		return notConfigured, "watchdog.device is empty"
	}
	return notTested, fmt.Sprintf("%s would reset the board; kill -STOP a running intercomd to see it do so", t.cfg.Watchdog.Device)
}
