package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan says how often what is measured.
type plan struct {
	presses, calls int
	root, run      string
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var p plan
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&p.presses, "presses", 20, "presses of the button")
	flags.IntVar(&p.calls, "calls", 8, "calls answered of each caller")
	flags.StringVar(&p.root, "root", ".", "root of the checkout")
	flags.StringVar(&p.run, "run", fmt.Sprintf("ib%d", os.Getpid()), "prefix of the network namespaces")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "intercomd-bench-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	lab, err := rig.StartLab(ctx, rig.DefaultOptions(p.root, dir, p.run))
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	lines, err := p.measure(ctx, lab)
	if err != nil {
		return errors.Join(fmt.Errorf("%w; logs in %s", err, dir), lab.Close())
	}
	return errors.Join(table(out, lines), lab.Close(), os.RemoveAll(dir))
}

// measure makes the measurements one after the other, in scenes of their own.
func (p plan) measure(ctx context.Context, lab *rig.Lab) ([]line, error) {
	var lines []line
	for _, m := range []func(context.Context, *rig.Lab) ([]line, error){p.pressToCall, p.answerToFrame, threePeers} {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
		more, err := m(ctx, lab)
		err = errors.Join(err, lab.EndScene(context.WithoutCancel(ctx)))
		cancel()
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

// startDevice brings a device online that logs no more than in real use.
func startDevice(ctx context.Context, lab *rig.Lab) (*rig.Device, error) {
	config := rig.DefaultConfig()
	config.Log.Level = "info"
	d, err := lab.Device(ctx, config)
	if err != nil {
		return nil, err
	}
	return d, d.Online(ctx)
}

// atRest waits until the device holds no session.
func atRest(ctx context.Context, d *rig.Device) error {
	_, err := d.AwaitStatus(ctx, "a device at rest", func(s rig.DeviceStatus) bool {
		return len(s.Sessions) == 0 && s.Camera.State == "idle"
	})
	return err
}
