package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// cli is the surroundings of one command line.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string // as os.Environ gives it
	now            func() time.Time

	// The flags every command that needs them has, and that may also stand
	// before the command.
	socket, config string
}

// getenv returns a variable of the environment, "" when it is not set.
func (c *cli) getenv(name string) string {
	for _, entry := range slices.Backward(c.environ) {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

// action does what a command is for; args are its positional arguments.
type action func(ctx context.Context, c *cli, args []string) error

// command is one subcommand.
type command struct {
	name  string
	args  string // positional arguments as the usage shows them
	short string // one line for the list
	long  string // what the list has no room for

	system           bool // it is not for people
	minArgs, maxArgs int  // maxArgs -1 is any number
	globals          globals

	// setup declares the command's own flags and returns what it does.
	setup func(fs *pflag.FlagSet) action
}

// globals says which of the common flags a command has.
type globals int

const (
	noGlobals  globals = iota
	configOnly         // --config
	remote             // --config and --socket: it speaks to the daemon
)

// usageError is a command line that makes no sense. Its command is told how it
// is used.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// run finds the command and returns the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	c.config = c.getenv(configVariable)
	rest, showVersion, err := c.parseRoot(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return c.report("help", c.help(nil))
	case err != nil:
		return c.misused("", overview(), err)
	case showVersion:
		rest = []string{"version"}
	case len(rest) == 0:
		return c.misused("", overview(), usagef("a command is missing"))
	}
	cmd, err := findCommand(rest[0])
	if err != nil {
		return c.misused("", "Run 'intercomd help' for the list of commands.\n", err)
	}
	return c.execute(ctx, cmd, rest[1:])
}

// parseRoot reads the flags before the command.
func (c *cli) parseRoot(args []string) (rest []string, showVersion bool, err error) {
	fs := newFlagSet("intercomd")
	fs.SetInterspersed(false)
	c.addGlobals(fs, remote)
	v := fs.Bool("version", false, "")
	err = fs.Parse(args)
	return fs.Args(), *v, err
}

// execute parses the rest of the command line and does the command.
func (c *cli) execute(ctx context.Context, cmd command, args []string) int {
	fs := newFlagSet(cmd.name)
	do := cmd.setup(fs)
	c.addGlobals(fs, cmd.globals)
	err := fs.Parse(args)
	if errors.Is(err, pflag.ErrHelp) {
		return c.report(cmd.name, c.help([]string{cmd.name}))
	}
	if err == nil {
		err = cmd.checkCount(fs.NArg())
	}
	if err != nil {
		return c.misused(cmd.name, cmd.usage(), err)
	}
	err = do(ctx, c, fs.Args())
	var usage *usageError
	if errors.As(err, &usage) {
		return c.misused(cmd.name, cmd.usage(), err)
	}
	return c.report(cmd.name, err)
}

// addGlobals declares the common flags. What stood before the command is their
// default.
func (c *cli) addGlobals(fs *pflag.FlagSet, g globals) {
	if g == noGlobals {
		return
	}
	fs.StringVar(&c.config, "config", c.config, "configuration `file`")
	if g == remote {
		fs.StringVar(&c.socket, "socket", c.socket, "control `socket` of the daemon")
	}
}

// report prints an error, if there is one, and returns the exit code.
func (c *cli) report(name string, err error) int {
	if err == nil {
		return exitOK
	}
	// A conflict names its verb, which is often the command.
	text := strings.TrimPrefix(err.Error(), name+": ")
	fmt.Fprintf(c.stderr, "intercomd %s: %s\n", name, harmless(text, "\n\t"))
	return exitFailure
}

// misused prints what is wrong with a command line and how it should be.
func (c *cli) misused(name, usage string, err error) int {
	prefix := strings.TrimSpace("intercomd " + name)
	fmt.Fprintf(c.stderr, "%s: %s\n\n%s", prefix, harmless(err.Error(), "\n"), usage)
	return exitUsage
}

// newFlagSet makes a flag set that prints nothing by itself.
func newFlagSet(name string) *pflag.FlagSet {
	fs := pflag.NewFlagSet(name, pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

func (cmd command) checkCount(n int) error {
	switch {
	case n < cmd.minArgs:
		return usagef("%s is missing", strings.Fields(cmd.args)[n])
	case cmd.maxArgs >= 0 && n > cmd.maxArgs:
		return usagef("too many arguments")
	}
	return nil
}
