package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/config"
)

// verdict is what a check says of a part.
type verdict string

// The verdicts. Only failed makes the exit code 1.
const (
	passed        verdict = "ok"
	failed        verdict = "FAIL"
	notConfigured verdict = "not configured"
	notTested     verdict = "not tested"
)

// finding is the line that a check prints.
type finding struct {
	part    string
	verdict verdict
	text    string // figures, or what to do
}

// check tests one part of the board.
type check struct {
	part string
	run  func(ctx context.Context) (verdict, string)
}

// selftestOptions are the flags of the command.
type selftestOptions struct {
	picture string        // file to write, "" for none
	wait    time.Duration // for each button
}

// Bounds of the tests.
const (
	defaultWait = 20 * time.Second
	maxWait     = 5 * time.Minute
	lampTime    = 3 * time.Second
	checkWithin = 30 * time.Second // any check but that of a button
)

func setupSelftest(fs *pflag.FlagSet) action {
	var o selftestOptions
	fs.StringVar(&o.picture, "picture", "", "write the picture to `FILE` (.png, .jpg)")
	fs.DurationVar(&o.wait, "wait", defaultWait, "`time` for the press of each button; 0s tests none")
	return func(ctx context.Context, c *cli, _ []string) error {
		if o.picture != "" && pictureEncoder(o.picture) == nil {
			return usagef("--picture: %q does not end in .png, .jpg or .jpeg", filepath.Base(o.picture))
		}
		if o.wait < 0 || o.wait > maxWait {
			return usagef("--wait: %v is not from 0s to %v", o.wait, maxWait)
		}
		return selftest(ctx, c, kernelBench(), o)
	}
}

// selftest checks the parts that the configuration names, or the board's own
// without one.
func selftest(ctx context.Context, c *cli, b bench, o selftestOptions) error {
	cfg := barebones()
	if c.config != "" {
		var err error
		if cfg, _, err = config.Load(c.config, c.environ, nil); err != nil {
			return err
		}
	}
	if err := refuseBesideDaemon(ctx, cfg.Control.Socket); err != nil {
		return err
	}
	t := &tester{cfg: cfg, bench: b, options: o, prompts: c.stderr}
	return runChecks(ctx, c.stdout, t.checks())
}

// barebones is a board without a configuration: what "auto" finds.
func barebones() *config.Config {
	auto := config.Source{Kind: config.SourceDevice, Name: "auto"}
	return &config.Config{
		Camera:  defaultCamera(),
		Audio:   config.Audio{Capture: auto, Playback: auto},
		Control: config.Control{Socket: defaultSocket},
	}
}

// refuseBesideDaemon fails when a daemon has the control socket: it would hold
// the devices, or lose them in the middle of a call.
func refuseBesideDaemon(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err == nil {
		err = conn.Close()
	} else if !errors.Is(err, syscall.EACCES) {
		return nil // nobody listens
	}
	return errors.Join(fmt.Errorf("intercomd runs (control socket %s) and needs the devices; stop it first, e.g. with: systemctl stop intercomd", socket), err)
}

// runChecks prints a line for each check as it ends.
func runChecks(ctx context.Context, w io.Writer, checks []check) error {
	bad := 0
	for _, c := range checks {
		v, text := c.run(ctx)
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		if v == failed {
			bad++
		}
		if err := writeFinding(w, finding{c.part, v, text}); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s failed", count(bad, "check"))
	}
	return nil
}

func writeFinding(w io.Writer, f finding) error {
	line := fmt.Sprintf("%-14s  %-10s  %s", f.verdict, cell(f.part), cell(f.text))
	if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
		return fmt.Errorf("print findings: %w", err)
	}
	return nil
}

// bounded limits a check that hangs with its driver.
func bounded(run func(ctx context.Context) (verdict, string)) func(ctx context.Context) (verdict, string) {
	return func(ctx context.Context) (verdict, string) {
		ctx, cancel := context.WithTimeout(ctx, checkWithin)
		defer cancel()
		return run(ctx)
	}
}

// checks lists what is to be tested, in the order of the lines.
func (t *tester) checks() []check {
	list := []check{
		{"picture", bounded(t.testPicture)},
		{"camera", bounded(t.testRate)},
		{"encoder", bounded(t.testEncoder)},
		{"sound", bounded(t.testSound)},
	}
	return slices.Concat(list, t.lampChecks(), t.relayChecks(), t.buttonChecks(), []check{{"watchdog", t.testWatchdog}})
}
