package gpiotest

import (
	"context"
	"sync"
	"time"

	"github.com/intercomd/intercomd/hw/gpio"
)

// Board is a [gpio.Board] under a test's control. Make it with [NewBoard].
type Board struct {
	mu   sync.Mutex
	pins map[string]*Pin
}

var _ gpio.Board = (*Board)(nil)

// NewBoard makes a board without any lines and keys.
func NewBoard() *Board { return &Board{pins: make(map[string]*Pin)} }

// Line gives the board a line, or returns the one it has. Chip and name are
// what a request has to ask for.
func (b *Board) Line(chip, name string) *Pin { return b.pin("line " + name + " of chip " + chip) }

// KeyOf gives the board an input device with a key, or returns the one it has.
func (b *Board) KeyOf(device, key string) *Pin { return b.pin("key " + key + " of " + device) }

func (b *Board) pin(name string) *Pin {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.pins[name]
	if !ok {
		p = &Pin{name: name, changed: make(chan struct{})}
		b.pins[name] = p
	}
	return p
}

// Input implements [gpio.Board].
func (b *Board) Input(ctx context.Context, r gpio.InputRequest) (gpio.Input, bool, error) {
	in, err := b.open(ctx, "line "+r.Line+" of chip "+r.Chip)
	return in, false, err
}

// Key implements [gpio.Board].
func (b *Board) Key(ctx context.Context, r gpio.KeyRequest) (gpio.Input, error) {
	return b.open(ctx, "key "+r.Key+" of "+r.Device)
}

// Output implements [gpio.Board].
func (b *Board) Output(r gpio.OutputRequest) (gpio.Output, error) {
	p, err := b.open(context.Background(), "line "+r.Line+" of chip "+r.Chip)
	if err != nil {
		return nil, err
	}
	out := &output{open: p}
	return out, out.Set(false)
}

func (b *Board) open(ctx context.Context, name string) (*open, error) {
	b.mu.Lock()
	p, ok := b.pins[name]
	b.mu.Unlock()
	if !ok {
		return nil, &gpio.DeviceError{State: gpio.StateMissing, Text: "open " + name + ": there is none"}
	}
	return p.open(ctx)
}

// Pin is a line or a key. Its methods may be called from any goroutine.
type Pin struct {
	name string

	mu      sync.Mutex
	level   bool
	lost    error
	holder  *open         // nil when nobody holds it
	changed chan struct{} // closed and replaced when anything changes
}

// Set moves the contact; who holds the pin as an input sees the edge.
func (p *Pin) Set(active bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.level == active {
		return
	}
	p.level = active
	if p.holder != nil && p.lost == nil {
		p.holder.edges = append(p.holder.edges, gpio.Edge{Active: active, Time: time.Now()})
	}
	p.wake()
}

// Level is the level, which an output drives.
func (p *Pin) Level() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level
}

// Held tells whether somebody holds the pin.
func (p *Pin) Held() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holder != nil
}

// Break makes the pin fail with err, for who holds it and who opens it; nil
// mends it. What was held stays lost.
func (p *Pin) Break(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = err
	if err != nil && p.holder != nil {
		p.holder.lost = err
	}
	p.wake()
}

func (p *Pin) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Pin) open(ctx context.Context) (*open, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.lost != nil:
		return nil, p.lost
	case p.holder != nil:
		return nil, &gpio.DeviceError{State: gpio.StateBusy, Text: "open " + p.name + ": it is held"}
	}
	p.holder = &open{pin: p, ctx: ctx}
	return p.holder, nil
}

// open is a held pin. It implements [gpio.Input].
type open struct {
	pin   *Pin
	ctx   context.Context
	lost  error       // under pin.mu, as
	edges []gpio.Edge // those not read yet
}

// Wait implements [gpio.Input].
func (o *open) Wait(until time.Time) (gpio.Edge, bool, error) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		edge, ok, changed, err := o.next()
		if ok || err != nil {
			return edge, ok, err
		}
		select {
		case <-changed:
		case <-timer.C:
			edge, ok, _, err := o.next()
			return edge, ok, err
		case <-o.ctx.Done():
			return gpio.Edge{}, false, nil
		}
	}
}

// next takes the first edge, if there is one.
func (o *open) next() (gpio.Edge, bool, <-chan struct{}, error) {
	o.pin.mu.Lock()
	defer o.pin.mu.Unlock()
	if o.lost != nil {
		return gpio.Edge{}, false, nil, o.lost
	}
	if len(o.edges) == 0 {
		return gpio.Edge{}, false, o.pin.changed, nil
	}
	edge := o.edges[0]
	o.edges = o.edges[1:]
	return edge, true, nil, nil
}

// Active implements [gpio.Input].
func (o *open) Active() (bool, error) {
	o.pin.mu.Lock()
	defer o.pin.mu.Unlock()
	return o.pin.level, o.lost
}

// Close implements [gpio.Input] and [gpio.Output].
func (o *open) Close() error {
	o.pin.mu.Lock()
	defer o.pin.mu.Unlock()
	if o.pin.holder == o {
		o.pin.holder = nil
	}
	return nil
}

// output is a held pin that is driven. It implements [gpio.Output].
type output struct{ *open }

// Set implements [gpio.Output].
func (o *output) Set(active bool) error {
	o.pin.mu.Lock()
	defer o.pin.mu.Unlock()
	if o.lost != nil {
		return o.lost
	}
	o.pin.level = active
	return nil
}
