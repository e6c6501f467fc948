package main

import (
	"context"
	"os"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/gpio"
)

// runButtons watches the buttons that are not pressed through the control
// socket.
func (d *daemon) runButtons(ctx context.Context) error {
	for _, b := range d.cfg.Buttons {
		if stdin, ok := d.opts.Stdin.(*os.File); ok && b.Source == config.ButtonStdin {
			return gpio.NewTerminal(b.Name, stdin).Run(ctx, func(p gpio.Press) { d.press(ctx, p.Button) })
		}
	}
	<-ctx.Done()
	return nil
}

func (d *daemon) press(ctx context.Context, button string) {
	if err := d.device.Press(ctx, button); err != nil {
		d.log.Warn("not pressed", "button", button, "err", err)
	}
}
