package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/config"
)

// setupSchema prints the JSON Schema of the configuration, for editors.
func setupSchema(*pflag.FlagSet) action {
	return func(_ context.Context, c *cli, _ []string) error {
		_, err := c.stdout.Write(config.Schema())
		return err
	}
}
