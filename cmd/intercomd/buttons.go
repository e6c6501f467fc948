package main

import (
	"bufio"
	"context"
	"strings"

	"github.com/intercomd/intercomd/config"
)

// runButtons presses the buttons whose source is stdin: an empty line the
// first of them, a line with a name the one of that name.
func (d *daemon) runButtons(ctx context.Context) error {
	var names []string
	for _, b := range d.cfg.Buttons {
		if b.Source == config.ButtonStdin {
			names = append(names, b.Name)
		}
	}
	if len(names) > 0 && d.opts.Stdin != nil {
		go d.readLines(ctx, names) // a read of a terminal cannot be called off
	}
	<-ctx.Done()
	return nil
}

func (d *daemon) readLines(ctx context.Context, names []string) {
	lines := bufio.NewScanner(d.opts.Stdin)
	for lines.Scan() && ctx.Err() == nil {
		name := strings.TrimSpace(lines.Text())
		if name == "" {
			name = names[0]
		}
		if err := d.device.Press(ctx, name); err != nil {
			d.log.Warn("not pressed", "err", err)
		}
	}
}
