// Command intercomd is the doorbell: `intercomd run` is the daemon, the other
// subcommands steer one that runs, over its control socket. `intercomd help`
// lists them, docs/cli.md describes them.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Set by the linker: -ldflags "-X main.version=1.2.3 -X main.commit=abcdef".
var (
	version = "dev"
	commit  = ""
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run carries out one command line and returns the exit code. The first SIGINT
// or SIGTERM asks the command to end, the second one ends the process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr, environ: os.Environ(), now: time.Now}
	return c.run(ctx, args)
}
