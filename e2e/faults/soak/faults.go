package soak

import (
	"context"
	"errors"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/relay"
)

// noFault is the name of nothing going wrong.
const noFault = "no fault"

// path is what a fault cuts.
type path int

const (
	signallingPath path = iota // the device's link to the server
	everything                 // the device's network
)

// fault is something that goes wrong for a while.
type fault struct {
	name        string
	weight      int
	path        path
	least, most time.Duration // how long
	cuts        bool          // nothing passes meanwhile
	begin, end  func(context.Context, *line) error
}

// The rules of the faults that let something through.
func lossy() relay.Rule {
	return relay.Rule{Loss: 0.1, Delay: 20 * time.Millisecond, Jitter: 30 * time.Millisecond}
}
func slow() relay.Rule { return relay.Rule{Rate: 10_000, Delay: 100 * time.Millisecond} }
func hole() relay.Rule { return relay.Rule{Hole: true} }

// networkFaults are possible on every line.
func networkFaults() []fault {
	return []fault{
		{"cable pulled", 10, everything, time.Second, 4 * time.Second, true,
			func(_ context.Context, l *line) error { return l.network.Wire.SetCarrier(false) },
			func(_ context.Context, l *line) error { return l.network.Wire.SetCarrier(true) }},
		{"network silent", 10, everything, time.Second, 8 * time.Second, true, onWire(relay.Up, relay.Down, hole()), clearWire},
		{"network silent one way", 6, everything, time.Second, 4 * time.Second, true, onWire(relay.Down, relay.Down, hole()), clearWire},
		{"loss of 10 %", 8, everything, 2 * time.Second, 6 * time.Second, false, onWire(relay.Up, relay.Down, lossy()), clearWire},
		{"server killed", 8, signallingPath, 200 * time.Millisecond, 2 * time.Second, true,
			func(_ context.Context, l *line) error { l.server.Kill(); return nil },
			func(ctx context.Context, l *line) error { return l.server.Start(ctx) }},
	}
}

// proxyFaults are possible where the device's link goes through a proxy.
func proxyFaults() []fault {
	return []fault{
		{"link: black hole", 12, signallingPath, time.Second, 8 * time.Second, true, onProxy(hole()), clearProxy},
		{"link: slow", 6, signallingPath, time.Second, 5 * time.Second, false, onProxy(slow()), clearProxy},
		{"link: reset", 8, signallingPath, 0, 0, false, touchProxy((*relay.Proxy).Reset), nil},
		{"link: reset in a stanza", 6, signallingPath, 0, 0, false, touchProxy(func(p *relay.Proxy) {
			p.CutAfter(relay.Down, 50)
			p.CutAfter(relay.Up, 50)
		}), nil},
		{"link: half-open", 8, signallingPath, 0, 0, false, touchProxy(func(p *relay.Proxy) { p.Vanish(relay.Server) }), nil},
	}
}

func onWire(a, b relay.Direction, r relay.Rule) func(context.Context, *line) error {
	return func(_ context.Context, l *line) error {
		l.network.Wire.Set(a, r)
		l.network.Wire.Set(b, r)
		return nil
	}
}

func clearWire(_ context.Context, l *line) error {
	l.network.Wire.SetBoth(relay.Rule{})
	return nil
}

func onProxy(r relay.Rule) func(context.Context, *line) error {
	return func(_ context.Context, l *line) error {
		l.proxy.SetBoth(r)
		return nil
	}
}

func clearProxy(_ context.Context, l *line) error {
	l.proxy.SetBoth(relay.Rule{})
	return nil
}

func touchProxy(f func(*relay.Proxy)) func(context.Context, *line) error {
	return func(_ context.Context, l *line) error {
		f(l.proxy)
		return nil
	}
}

// play lets the fault happen, from beginning to end. It is ended even when ctx
// ends sooner.
func (f fault) play(ctx context.Context, l *line, lasts time.Duration) error {
	if err := f.begin(ctx, l); err != nil {
		return err
	}
	err := pause(ctx, lasts)
	if f.end != nil {
		err = errors.Join(err, f.end(context.WithoutCancel(ctx), l))
	}
	return err
}

// pause lets time pass, as people do.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
