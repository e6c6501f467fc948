//go:build e2e

package quickblox

import (
	"context"
	"errors"
	"testing"
	"time"

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

// sees waits for moving pictures and the tone of another SDK client.
func (s *scene) sees(c, other *rig.Client) rig.Media {
	s.Helper()
	user := other.Options.User
	get(s, func(ctx context.Context) (rig.Media, error) {
		return c.Hears(ctx, user, rig.Tone(other.Options.Browser))
	})
	return get(s, func(ctx context.Context) (rig.Media, error) { return c.Sees(ctx, user) })
}
