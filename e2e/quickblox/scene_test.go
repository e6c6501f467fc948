//go:build e2e

package quickblox

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// Users of the scenarios.
const (
	anna     = 101
	ben      = 102
	carl     = 103
	device   = rig.DeviceUser
	stranger = 109
)

// stepLimit is how long a step may take on a slow machine; nothing that is
// asserted about time uses it.
const stepLimit = 20 * time.Second

// scene is what a scenario plays in. Its methods fail the test instead of
// returning errors.
type scene struct {
	*testing.T
	ctx context.Context
	lab *rig.Lab
}

var errTooLong = errors.New("it took too long")

// step returns the context of one step.
func (s *scene) step() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(s.ctx, stepLimit, errTooLong)
}

// do performs one step.
func (s *scene) do(step func(context.Context) error) {
	s.Helper()
	ctx, cancel := s.step()
	defer cancel()
	if err := step(ctx); err != nil {
		s.Fatal(err)
	}
}

// get performs one step that yields something.
func get[T any](s *scene, step func(context.Context) (T, error)) T {
	s.Helper()
	ctx, cancel := s.step()
	defer cancel()
	v, err := step(ctx)
	if err != nil {
		s.Fatal(err)
	}
	return v
}

// client brings a user online at the browser of that name.
func (s *scene) client(browser string, user int64, change ...func(*rig.ClientOptions)) *rig.Client {
	s.Helper()
	options := rig.ClientOptions{Browser: browser, User: user}
	for _, f := range change {
		f(&options)
	}
	return get(s, func(ctx context.Context) (*rig.Client, error) { return s.lab.Client(ctx, options) })
}

// at waits for a call of a listener of the SDK; user 0 is any.
func (s *scene) at(c *rig.Client, name string, user int64) rig.ClientEvent {
	s.Helper()
	return get(s, func(ctx context.Context) (rig.ClientEvent, error) { return c.Await(ctx, name, user) })
}

// door waits for an event of the device; user 0 is any.
func (s *scene) door(d *rig.Device, name string, user int64) rig.DeviceEvent {
	s.Helper()
	return get(s, func(ctx context.Context) (rig.DeviceEvent, error) { return d.Await(ctx, name, user) })
}

// start runs a device without waiting for it to be online.
func (s *scene) start(change ...func(*rig.DeviceConfig)) *rig.Device {
	s.Helper()
	config := rig.DefaultConfig()
	for _, f := range change {
		f(&config)
	}
	return get(s, func(ctx context.Context) (*rig.Device, error) { return s.lab.Device(ctx, config) })
}

// device brings a device online.
func (s *scene) device(change ...func(*rig.DeviceConfig)) *rig.Device {
	s.Helper()
	d := s.start(change...)
	s.do(d.Online)
	return d
}

// press presses a button of the device.
func (s *scene) press(d *rig.Device, button string) {
	s.Helper()
	s.do(func(ctx context.Context) error { return d.Press(ctx, button) })
}

// run runs a subcommand of intercomd.
func (s *scene) run(d *rig.Device, command ...string) {
	s.Helper()
	s.do(func(ctx context.Context) error { return d.Do(ctx, command...) })
}

// check is an assertion that waits for what it asserts.
type check func(context.Context) error

// all makes several checks at the same time, as one step.
func (s *scene) all(checks ...check) {
	s.Helper()
	s.do(func(ctx context.Context) error {
		var g errgroup.Group // without a context: each failure is of interest
		errs := make([]error, len(checks))
		for i, c := range checks {
			g.Go(func() error {
				errs[i] = c(ctx)
				return nil
			})
		}
		_ = g.Wait()
		return errors.Join(errs...)
	})
}

// sees checks that a client sees a user's moving pictures.
func sees(p *rig.Page, user int64) check {
	return func(ctx context.Context) error {
		_, err := p.Sees(ctx, user)
		return err
	}
}

// hears checks that a client hears a user's tone.
func hears(p *rig.Page, user int64, hertz int) check {
	return func(ctx context.Context) error {
		_, err := p.Hears(ctx, user, hertz)
		return err
	}
}

// doorHears checks that the device plays the tone of a browser's microphone.
func doorHears(d *rig.Device, browser string) check {
	return func(ctx context.Context) error {
		_, err := d.Hears(ctx, rig.Tone(browser))
		return err
	}
}

// doorReceives checks that a client's pictures keep arriving at the device.
func doorReceives(d *rig.Device, c *rig.Client) check {
	return func(ctx context.Context) error {
		return d.ReceivesVideo(ctx, c.Options.User)
	}
}

// meet lists the checks that two clients see and hear each other.
func meet(a, b *rig.Client) []check {
	return []check{
		sees(a.Page, b.Options.User), hears(a.Page, b.Options.User, rig.Tone(b.Options.Browser)),
		sees(b.Page, a.Options.User), hears(b.Page, a.Options.User, rig.Tone(a.Options.Browser)),
	}
}

// talk lists the checks that device and client see and hear each other.
func talk(d *rig.Device, c *rig.Client) []check {
	user := d.Config.QuickBlox.UserID
	return []check{sees(c.Page, user), hears(c.Page, user, rig.DeviceTone), doorHears(d, c.Options.Browser), doorReceives(d, c)}
}
