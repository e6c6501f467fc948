package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
)

// setupFirmwareUpdate makes update [URL|FILE]: it asks the daemon for an update
// of the device's software and shows how that goes.
func setupFirmwareUpdate(fs *pflag.FlagSet) action {
	check := fs.Bool("check", false, "only say whether there is an update")
	asJSON := fs.Bool("json", false, "print each step as a line of JSON")
	return func(ctx context.Context, c *cli, args []string) error {
		source, err := updateSource(args)
		if err != nil {
			return err
		}
		if *check && source != "" {
			return usagef("--check looks for updates by itself: it goes without URL or FILE")
		}
		client, err := c.client()
		if err != nil {
			return err
		}
		show := newUpdateView(c.stdout, *asJSON)
		err = client.Update(ctx, source, *check, show.step)
		return show.end(err)
	}
}

// updateSource is what the daemon is given: a URL as it is, and a file by its
// whole path.
func updateSource(args []string) (string, error) {
	if len(args) == 0 || strings.Contains(args[0], "://") {
		return strings.Join(args, ""), nil
	}
	path, err := filepath.Abs(args[0])
	if err != nil {
		return "", fmt.Errorf("find file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("find file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", path)
	}
	return path, nil
}

// updateView shows the steps of an update: as a bar on a terminal, else as
// lines.
type updateView struct {
	out      io.Writer
	json     bool
	terminal bool

	last   intercom.UpdateStatus // shown last
	tenths int                   // of the progress shown last
	open   bool                  // the cursor stands behind a bar
}

func newUpdateView(out io.Writer, asJSON bool) *updateView {
	v := &updateView{out: out, json: asJSON}
	if file, ok := out.(io.Reader); ok && !asJSON {
		v.terminal = isTerminal(file)
	}
	return v
}

// step shows one status.
func (v *updateView) step(s intercom.UpdateStatus) error {
	before := v.last
	v.last = s
	switch {
	case v.json:
		return writeJSON(v.out, s, "")
	case hasProgress(s):
		return v.progress(s, before)
	case s.State == intercom.UpdateFailed || s.State == intercom.UpdateUnavailable:
		return v.closeBar() // end tells
	case s.Message != "" && (s.Message != before.Message || s.State != before.State):
		return v.line(s.Message)
	}
	return nil
}

// hasProgress says whether there is progress to show.
func hasProgress(s intercom.UpdateStatus) bool {
	return s.State == intercom.UpdateDownloading || s.State == intercom.UpdateInstalling
}

// barWidth is the width of a whole bar, in characters.
const barWidth = 30

// progress draws the bar anew, or writes a line for every tenth.
func (v *updateView) progress(s, before intercom.UpdateStatus) error {
	begun := s.State != before.State || s.Message != before.Message
	if v.terminal {
		if begun {
			if err := v.closeBar(); err != nil {
				return err
			}
		}
		v.open = true
		full := min(max(s.Progress, 0), 100) * barWidth / 100
		bar := strings.Repeat("#", full) + strings.Repeat("-", barWidth-full)
		_, err := fmt.Fprintf(v.out, "\r\x1b[K[%s] %3d %%  %s", bar, s.Progress, harmless(s.Message, ""))
		return err
	}
	if !begun && s.Progress/10 == v.tenths {
		return nil
	}
	v.tenths = s.Progress / 10
	return v.line(fmt.Sprintf("%s: %d %%", s.Message, s.Progress))
}

func (v *updateView) line(text string) error {
	if err := v.closeBar(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(v.out, harmless(text, ""))
	return err
}

// closeBar begins a new line behind a bar.
func (v *updateView) closeBar() error {
	if !v.open {
		return nil
	}
	v.open = false
	_, err := fmt.Fprintln(v.out)
	return err
}

// end says how it ended.
func (v *updateView) end(err error) error {
	if barErr := v.closeBar(); err == nil {
		err = barErr
	}
	switch {
	case errors.Is(err, context.Canceled) && v.last.State != "":
		return errors.New("no longer watching: the update goes on, and `intercomd status` shows it")
	case v.last.State == intercom.UpdateRestarting && (err == nil || errors.Is(err, control.ErrEnded)):
		if v.json {
			return nil
		}
		return v.line("The device restarts. `intercomd status` says in a few minutes what became of it.")
	case err != nil:
		return err
	case v.last.State == intercom.UpdateFailed:
		return errors.New(v.last.Error)
	case v.last.State == intercom.UpdateUnavailable:
		return errors.New(v.last.Message)
	}
	return nil
}
