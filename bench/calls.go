package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// callsTable measures calls with real peers.
func (p plan) callsTable(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "intercomd-bench-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	lab, err := rig.StartLab(ctx, rig.DefaultOptions(p.root, dir, p.run))
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	lines, err := p.measureCalls(ctx, lab)
	if err != nil {
		return errors.Join(fmt.Errorf("%w; logs in %s", err, dir), lab.Close())
	}
	return errors.Join(table(out, lines), lab.Close(), os.RemoveAll(dir))
}

// measureCalls makes the measurements one after the other, in scenes of their
// own.
func (p plan) measureCalls(ctx context.Context, lab *rig.Lab) ([]line, error) {
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
