//go:build testhooks

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/intercomd/intercomd/intercom"
)

// hooks lets a test see what becomes of a daemon that hangs: SIGUSR2 blocks the
// loop of the device for ever. No release is built with the tag.
func hooks(f *front) []intercom.Task {
	return []intercom.Task{{Name: "deadlock hook", Run: func(ctx context.Context) error {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGUSR2)
		defer signal.Stop(asked)
		select {
		case <-asked:
			f.device().Block()
		case <-ctx.Done():
		}
		<-ctx.Done()
		return nil
	}}}
}
