package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/pflag"

	"github.com/intercomd/intercomd/intercom"
)

func setupStatus(fs *pflag.FlagSet) action {
	asJSON := fs.Bool("json", false, "print JSON")
	return func(ctx context.Context, c *cli, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		s, err := client.Status(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(c.stdout, s, "  ")
		}
		return writeStatus(c.stdout, s, c.now())
	}
}

func setupEvents(*pflag.FlagSet) action {
	return func(ctx context.Context, c *cli, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		return client.Follow(ctx, nil, func(ev intercom.Event) error {
			return writeJSON(c.stdout, ev, "")
		})
	}
}

// build describes this binary.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// thisBuild takes the commit from the linker, or from the version control stamp
// of `go build`.
func thisBuild() build {
	b := build{Version: version, Commit: commit, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	for i := 0; ok && b.Commit == "" && i < len(info.Settings); i++ {
		if info.Settings[i].Key == "vcs.revision" {
			b.Commit = info.Settings[i].Value
		}
	}
	if b.Commit == "" {
		b.Commit = "unknown"
	}
	return b
}

func setupVersion(fs *pflag.FlagSet) action {
	asJSON := fs.Bool("json", false, "print JSON")
	return func(_ context.Context, c *cli, args []string) error {
		b := thisBuild()
		if *asJSON {
			return writeJSON(c.stdout, b, "  ")
		}
		_, err := fmt.Fprintf(c.stdout, "intercomd %s (commit %s, %s, %s/%s)\n", b.Version, b.Commit, b.Go, b.OS, b.Arch)
		return err
	}
}
