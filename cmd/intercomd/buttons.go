package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/gpio"
	"github.com/intercomd/intercomd/intercom"
)

// longPress is how long a button is held to mean its other plan.
const longPress = time.Second

// wireButtons makes the buttons that are not pressed through the control socket
// alone, and the tasks that watch them.
func (d *daemon) wireButtons() []intercom.Task {
	var tasks []intercom.Task
	for _, b := range d.cfg.Buttons {
		source := d.button(b)
		if source == nil {
			continue
		}
		run := func(ctx context.Context) error {
			return source.Run(ctx, func(p gpio.Press) { d.pressed(ctx, p) })
		}
		tasks = append(tasks, intercom.Task{Name: "button " + b.Name, Run: run})
	}
	return tasks
}

// button makes the source of a button's presses, nil if it has none here.
func (d *daemon) button(b config.Button) gpio.Source {
	name, log := "button "+b.Name, d.log.With("part", "gpio")
	switch b.Source {
	case config.ButtonStdin:
		if stdin, ok := d.opts.Stdin.(*os.File); ok {
			return gpio.NewTerminal(b.Name, stdin)
		}
	case config.ButtonGPIO:
		line := lineOf(b)
		line.Log, line.OnChange = log, d.lines.add(name, sourceOf(b.Line))
		return gpio.NewLine(line)
	case config.ButtonEvdev:
		key := keyOf(b)
		key.Log, key.OnChange = log, d.lines.add(name, keySource(b))
		return gpio.NewKey(key)
	case config.ButtonControl:
	}
	return nil
}

// lineOf is a button at a line in the words of package gpio.
func lineOf(b config.Button) gpio.LineConfig {
	return gpio.LineConfig{
		Button: b.Name, Chip: chipOf(b.Line), Line: b.Line.Name, ActiveLow: b.Line.ActiveLow, Bias: gpio.Bias(b.Bias),
		Debounce: b.Debounce, KernelDebounce: b.KernelDebounce, LongPress: holdOf(b),
	}
}

// keyOf is a button of an input device in the words of package gpio.
func keyOf(b config.Button) gpio.KeyConfig {
	return gpio.KeyConfig{Button: b.Name, Device: b.Device, Key: b.Key, Debounce: b.Debounce, LongPress: holdOf(b)}
}

// holdOf is how long a press has to be to mean another button, 0 for never.
func holdOf(b config.Button) time.Duration {
	if b.LongPress == "" {
		return 0
	}
	return longPress
}

// keySource names a key for the status.
func keySource(b config.Button) string {
	if b.Device == "" {
		return "evdev:" + b.Key
	}
	return b.Device + ":" + b.Key
}

// pressed hands what happened to a button to the device.
func (d *daemon) pressed(ctx context.Context, p gpio.Press) {
	var err error
	switch p.Kind {
	case gpio.KindPress:
		err = d.device.Press(ctx, p.Button)
	case gpio.KindLongPress:
		err = d.device.LongPress(ctx, p.Button)
	case gpio.KindStuck, gpio.KindReleased:
		d.device.Stuck(p.Button, p.Kind == gpio.KindStuck)
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn("not pressed", "button", p.Button, "err", err)
	}
}

// checkKeys finds keys of input devices that do not exist. Errors name the key
// of the configuration.
func checkKeys(cfg *config.Config) (failed []error) {
	for i, b := range cfg.Buttons {
		if b.Source != config.ButtonEvdev {
			continue
		}
		if err := gpio.CheckKey(b.Key); err != nil {
			failed = append(failed, fmt.Errorf("buttons[%d].key: %w", i, err))
		}
	}
	return failed
}
