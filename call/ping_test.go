package call_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/call/calltest"
)

// TestPing asks a client before, while and after it runs.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &calltest.Network{}
		c, err := call.NewClient(call.Config{Self: 101}, network.Join(call.Address{User: 101}, func(call.Signal) {}), &calltest.Media{}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ping := func() (time.Duration, error) {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := c.Ping(ctx)
			return time.Since(began), err
		}
		if took, err := ping(); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("before Run: %v after %v", err, took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		if took, err := ping(); err != nil || took != 0 {
			t.Errorf("while it runs: %v after %v", err, took)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if took, err := ping(); !errors.Is(err, call.ErrClosed) || took != 0 {
			t.Errorf("after Run: %v after %v", err, took)
		}
	})
}
