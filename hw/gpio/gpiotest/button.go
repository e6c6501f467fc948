package gpiotest

import (
	"context"
	"time"

	"github.com/intercomd/intercomd/hw/gpio"
)

// Button is a [gpio.Source] under a test's control. Make it with [NewButton].
type Button struct {
	name    string
	presses chan request
}

type request struct {
	kind gpio.Kind
	at   time.Time
	done chan struct{}
}

var _ gpio.Source = (*Button)(nil)

// NewButton makes a button.
func NewButton(name string) *Button {
	return &Button{name: name, presses: make(chan request)}
}

// Run implements [gpio.Source].
func (b *Button) Run(ctx context.Context, report func(gpio.Press)) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-b.presses:
			report(gpio.Press{Button: b.name, Time: r.at, Kind: r.kind})
			close(r.done)
		}
	}
}

// Press presses the button and waits until the press was reported, or until ctx
// is cancelled because nothing runs the button; that error is ctx's.
func (b *Button) Press(ctx context.Context) error { return b.Do(ctx, gpio.KindPress) }

// Do is [Button.Press] for any kind of press.
func (b *Button) Do(ctx context.Context, kind gpio.Kind) error {
	r := request{kind: kind, at: time.Now(), done: make(chan struct{})}
	select {
	case b.presses <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-r.done
	return nil
}
