package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// The users, as rig.DefaultConfig knows them.
const (
	anna   = 101
	ben    = 102
	device = rig.DeviceUser
)

// betweenPresses is longer than the time in which the device takes a second
// press for bouncing.
const betweenPresses = 500 * time.Millisecond

// pressToCall has the button pressed and the call stopped, again and again.
func (p plan) pressToCall(ctx context.Context, lab *rig.Lab) ([]line, error) {
	probe, err := lab.Probe(ctx, anna)
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	d, err := startDevice(ctx, lab)
	if err != nil {
		return nil, err
	}
	var fromPress, fromCommand series
	ticker := time.NewTicker(betweenPresses)
	defer ticker.Stop()
	for range p.presses {
		<-ticker.C
		began := time.Now()
		if err := d.Press(ctx, "front"); err != nil {
			return nil, err
		}
		rang, err := probe.AwaitSignal(ctx, "call")
		if err != nil {
			return nil, err
		}
		press, err := d.Await(ctx, "press", 0)
		if err != nil {
			return nil, err
		}
		fromPress = append(fromPress, rang.Sub(press.Time))
		fromCommand = append(fromCommand, rang.Sub(began))
		if err := endCall(ctx, d, probe); err != nil {
			return nil, err
		}
	}
	return []line{
		{"press → call stanza at the peer", fromPress.String(), "≤ 50 ms", fromPress.median() <= 50*time.Millisecond},
		{"the same, from starting `intercomd press`", fromCommand.String(), "", false},
	}, nil
}

func endCall(ctx context.Context, d *rig.Device, probe *rig.Probe) error {
	if err := d.Do(ctx, "stop"); err != nil {
		return err
	}
	if _, err := probe.AwaitSignal(ctx, "hangUp"); err != nil {
		return err
	}
	return atRest(ctx, d)
}

// answerToFrame has Anna called by the device and by another SDK client in
// turns.
func (p plan) answerToFrame(ctx context.Context, lab *rig.Lab) ([]line, error) {
	d, err := startDevice(ctx, lab)
	if err != nil {
		return nil, err
	}
	a, err := lab.Client(ctx, rig.ClientOptions{Browser: "anna", User: anna})
	if err != nil {
		return nil, err
	}
	b, err := lab.Client(ctx, rig.ClientOptions{Browser: "ben", User: ben})
	if err != nil {
		return nil, err
	}
	byDevice := caller{user: device,
		call: func() error { return d.Press(ctx, "front") },
		stop: func() error { return d.Do(ctx, "stop") },
		rest: func() error { return atRest(ctx, d) },
	}
	bySDK := caller{user: ben,
		call: func() error { _, err := b.Call(ctx, rig.VideoCall, nil, anna); return err },
		stop: func() error { return b.Stop(ctx) },
		rest: func() error { _, err := b.Await(ctx, "onSessionCloseListener", 0); return err },
	}
	var ours, theirs series
	for range p.calls {
		if ours, err = answer(ctx, a, byDevice, ours); err != nil {
			return nil, err
		}
		if theirs, err = answer(ctx, a, bySDK, theirs); err != nil {
			return nil, err
		}
	}
	r := ratio(ours, theirs)
	return []line{
		{"answer → first frame, device calls SDK", ours.String(), "", false},
		{"answer → first frame, SDK calls SDK", theirs.String(), "", false},
		{"ratio", fmt.Sprintf("%.2f", r), "≤ 1.0", r > 0 && r <= 1},
	}, nil
}

// caller is one of those who call Anna.
type caller struct {
	user             int64
	call, stop, rest func() error
}

// answer has a call made, answered and ended, and adds what it took.
func answer(ctx context.Context, a *rig.Client, c caller, to series) (series, error) {
	if err := c.call(); err != nil {
		return to, err
	}
	if _, err := a.Await(ctx, "onCallListener", c.user); err != nil {
		return to, err
	}
	if err := a.Accept(ctx); err != nil {
		return to, err
	}
	accepting, err := a.Await(ctx, "accepting", 0)
	if err != nil {
		return to, err
	}
	frame, err := a.Await(ctx, "first-frame", c.user)
	if err != nil {
		return to, err
	}
	if err := c.stop(); err != nil {
		return to, err
	}
	if _, err := a.Await(ctx, "onSessionCloseListener", 0); err != nil {
		return to, err
	}
	return append(to, frame.At.Sub(accepting.At)), c.rest()
}

// threePeers has a conference and looks at what it costs the device.
func threePeers(ctx context.Context, lab *rig.Lab) ([]line, error) {
	d, err := startDevice(ctx, lab)
	if err != nil {
		return nil, err
	}
	rest, err := d.ResidentMemory()
	if err != nil {
		return nil, err
	}
	var clients []*rig.Client
	for i, browser := range rig.Browsers() {
		c, err := lab.Client(ctx, rig.ClientOptions{Browser: browser, User: anna + int64(i)})
		if err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	if err := confer(ctx, d, clients); err != nil {
		return nil, err
	}
	status, err := d.Status(ctx)
	if err != nil {
		return nil, err
	}
	busy, err := d.ResidentMemory()
	if err != nil {
		return nil, err
	}
	h264, vp8 := status.Media["encoders_h264"], status.Media["encoders_vp8"]
	return []line{
		{"H.264 encoders with three peers", strconv.FormatUint(h264, 10), "= 1", h264 == 1},
		{"VP8 encoders with three peers", strconv.FormatUint(vp8, 10), "= 0", vp8 == 0},
		{"resident memory at rest", megabytes(rest), "", false},
		{"resident memory with three peers", megabytes(busy), "", false},
	}, nil
}

// confer connects the device with all clients and waits until each has seen
// pictures.
func confer(ctx context.Context, d *rig.Device, clients []*rig.Client) error {
	if err := d.Press(ctx, "all"); err != nil {
		return err
	}
	for _, c := range clients {
		if _, err := c.Await(ctx, "onCallListener", device); err != nil {
			return err
		}
		if err := c.Accept(ctx); err != nil {
			return err
		}
	}
	for _, c := range clients {
		if _, err := c.Sees(ctx, device); err != nil {
			return err
		}
	}
	return nil
}

func megabytes(bytes int) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
