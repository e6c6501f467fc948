package main

import (
	"context"
	"errors"
)

// runDaemon runs the device until ctx ends.
func runDaemon(_ context.Context, opts runOptions) error {
	return errors.New("run " + opts.Config + ": this build has no device")
}
