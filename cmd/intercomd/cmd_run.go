package main

import (
	"context"
	"io"

	"github.com/spf13/pflag"
)

// runOptions is what runDaemon needs to know.
type runOptions struct {
	Config    string            // path of the configuration file
	Overrides map[string]string // configuration key → value; stronger than environment and file
	Environ   []string          // as os.Environ gives it
	Version   string

	Stdin          io.Reader // a button with source stdin listens here
	Stdout, Stderr io.Writer // logs go to Stderr
}

func setupRun(fs *pflag.FlagSet) action {
	sets := fs.StringArray("set", nil, "set a configuration `key=value`, e.g. camera.fps=15; may be repeated")
	return func(ctx context.Context, c *cli, args []string) error {
		if len(args) > 0 {
			return usagef("too many arguments")
		}
		if c.config == "" {
			return usagef("--config is missing")
		}
		overrides, err := parsePairs(*sets)
		if err != nil {
			return err
		}
		return runDaemon(ctx, runOptions{
			Config: c.config, Overrides: overrides, Environ: c.environ, Version: version,
			Stdin: c.stdin, Stdout: c.stdout, Stderr: c.stderr,
		})
	}
}

func setupCheckConfig(fs *pflag.FlagSet) action {
	sets := fs.StringArray("set", nil, "set a configuration `key=value`, as with run; may be repeated")
	return func(_ context.Context, c *cli, args []string) error {
		path := c.config
		if len(args) > 0 {
			path = args[0]
		}
		if path == "" {
			return usagef("FILE is missing")
		}
		overrides, err := parsePairs(*sets)
		if err != nil {
			return err
		}
		return checkConfig(c, path, overrides)
	}
}
