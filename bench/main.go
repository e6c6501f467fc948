package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/bench/sending"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == sending.ChildArg {
		err = sending.Child(ctx, os.Args[2:], os.Stdin, os.Stdout)
	} else {
		err = run(ctx, os.Args[1:], os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan says how often what is measured.
type plan struct {
	only           string
	presses, calls int
	root, run      string
	source         string        // camera of the latency; "" is a file
	length         time.Duration // of what runs in real time
}

// measurement is one of those in the package documentation.
type measurement struct {
	name string
	run  func(context.Context, io.Writer) error
}

func (p plan) measurements() []measurement {
	return []measurement{
		{"jitter", jitterTable}, {"latency", p.latencyTable}, {"cpu", p.processorTable}, {"calls", p.callsTable},
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	p, err := parse(args)
	if err != nil {
		return err
	}
	for _, m := range p.measurements() {
		if p.only != "" && !slices.Contains(strings.Split(p.only, ","), m.name) {
			continue
		}
		fmt.Fprintf(out, "== %s\n", m.name)
		if err := m.run(ctx, out); err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
	}
	return nil
}

// parse reads the arguments.
func parse(args []string) (p plan, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&p.only, "only", "", "measurements to make, with commas: jitter, latency, cpu, calls; all if empty")
	flags.IntVar(&p.presses, "presses", 20, "presses of the button")
	flags.IntVar(&p.calls, "calls", 8, "calls answered of each caller")
	flags.StringVar(&p.root, "root", ".", "root of the checkout")
	flags.StringVar(&p.run, "run", fmt.Sprintf("ib%d", os.Getpid()), "prefix of the network namespaces")
	flags.StringVar(&p.source, "source", "", "camera of the latency, as camera.source in the configuration")
	flags.DurationVar(&p.length, "length", 30*time.Second, "time that latency and cpu are measured for")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	return p, p.check()
}

func (p plan) check() error {
	if p.length < time.Second {
		return errors.New("-length must be at least 1s")
	}
	if p.only == "" {
		return nil
	}
	var known []string
	for _, m := range p.measurements() {
		known = append(known, m.name)
	}
	for _, name := range strings.Split(p.only, ",") {
		if !slices.Contains(known, name) {
			return fmt.Errorf("-only %s: want some of %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}
