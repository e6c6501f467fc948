package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/internal/netwatch"
)

func TestNetworkEvent(t *testing.T) {
	for change, want := range map[netwatch.Change]call.NetworkEvent{
		{}:                      call.NetworkDown,
		{Moved: true}:           call.NetworkDown,
		{Up: true}:              call.NetworkUp,
		{Up: true, Moved: true}: call.NetworkMoved,
	} {
		if got := networkEvent(change); got != want {
			t.Errorf("%+v is %v, want %v", change, got, want)
		}
	}
}

// TestRestarting has a task end again and again, and once run for long.
func TestRestarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var said strings.Builder
		begin := time.Now()
		var begun []time.Duration
		task := func(ctx context.Context) error {
			begun = append(begun, time.Since(begin))
			switch len(begun) {
			case 9:
				time.Sleep(2 * restartMost)
				return nil
			case 10:
				cancel()
				<-ctx.Done()
			}
			return errors.New("no netlink")
		}
		if err := restarting(slog.New(slog.NewTextHandler(&said, nil)), task)(ctx); err != nil {
			t.Errorf("the end: %v", err)
		}
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 304}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(begun, want) {
			t.Errorf("begun at %v, want %v", begun, want)
		}
		for _, reason := range []string{"no netlink", "it ended by itself"} {
			if n := strings.Count(said.String(), reason); n != 1 {
				t.Errorf("%q was said %d times: %s", reason, n, said.String())
			}
		}
	})
}

func TestRestartingEndsInItsPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), restartFirst/2)
		defer cancel()
		task := restarting(slog.New(slog.DiscardHandler), func(context.Context) error { return errors.New("no netlink") })
		begin := time.Now()
		if err := task(ctx); err != nil || time.Since(begin) != restartFirst/2 {
			t.Errorf("ended with %v after %v", err, time.Since(begin))
		}
	})
}
