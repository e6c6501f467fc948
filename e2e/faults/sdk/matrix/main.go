package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/sdk"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

// order is what is to be played.
type order struct {
	root, run, out, binary string
	repeat, races          int
	cuts                   []cut
	sides                  []sdk.Side
}

// cut is a column of the matrix.
type cut struct {
	fault  sdk.Fault
	length time.Duration
}

// parse reads the arguments.
func parse(args []string, errors io.Writer) (o order, err error) {
	flags := flag.NewFlagSet("matrix", flag.ContinueOnError)
	flags.SetOutput(errors)
	flags.StringVar(&o.root, "root", ".", "root of the checkout")
	flags.StringVar(&o.run, "run", fmt.Sprintf("im%d", os.Getpid()), "prefix of the network namespaces")
	flags.StringVar(&o.out, "out", "build/faults", "folder for matrix.md, matrix.json and what the parties said")
	flags.StringVar(&o.binary, "binary", "", "intercomd; bin/intercomd of the checkout if empty")
	flags.IntVar(&o.repeat, "repeat", 5, "rounds of the matrix")
	flags.IntVar(&o.races, "races", 50, "calls that two clients answer at the same moment")
	cuts := flags.String("cuts", "2,5,12,29,35,silent5,silent12,moved", "what happens to the links, in seconds, with commas")
	sides := flags.String("sides", "lower,higher", "whose link is cut")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.cuts, err = parseCuts(*cuts); err != nil {
		return o, err
	}
	o.sides, err = parseSides(*sides)
	return o, err
}

func parseCuts(text string) (cuts []cut, err error) {
	for word := range strings.SplitSeq(text, ",") {
		c := cut{fault: sdk.Pulled}
		seconds := word
		switch rest, silent := strings.CutPrefix(word, string(sdk.Silent)); {
		case word == "":
			continue
		case word == string(sdk.Moved):
			cuts = append(cuts, cut{fault: sdk.Moved})
			continue
		case silent:
			c.fault, seconds = sdk.Silent, rest
		}
		if c.length, err = time.ParseDuration(seconds + "s"); err != nil || c.length <= 0 {
			return nil, fmt.Errorf("cut %q: neither moved nor seconds nor silent with seconds", word)
		}
		cuts = append(cuts, c)
	}
	return cuts, nil
}

func parseSides(text string) (sides []sdk.Side, err error) {
	for word := range strings.SplitSeq(text, ",") {
		side := sdk.Side(word)
		if side != sdk.Lower && side != sdk.Higher {
			return nil, fmt.Errorf("side %q: neither %s nor %s", word, sdk.Lower, sdk.Higher)
		}
		sides = append(sides, side)
	}
	return sides, nil
}

// scenes lists what one round plays. More than three calls at a time would wait
// for the processor instead of for each other.
func (o order) scenes() [][]sdk.Plan {
	var scenes [][]sdk.Plan
	for _, c := range o.cuts {
		for _, side := range o.sides {
			scenes = append(scenes, sdk.Trio(c.fault, c.length, side))
		}
	}
	return scenes
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	said := filepath.Join(o.out, "said")
	if err := errors.Join(os.RemoveAll(said), os.MkdirAll(said, 0o755)); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	dir, err := os.MkdirTemp("", "intercomd-matrix-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	options := rig.DefaultOptions(o.root, dir, o.run)
	if o.binary != "" {
		options.Binary = o.binary
	}
	lab, err := rig.StartLab(ctx, options)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	err = o.play(ctx, sdk.NewStage(lab, said), out, progress)
	return errors.Join(err, lab.Close(), os.RemoveAll(dir))
}

// play plays everything, writes the results after each round, and prints them
// at the end. A scene that cannot be played is left out and is an error at the
// end; a missed goal is none.
func (o order) play(ctx context.Context, stage *sdk.Stage, out, progress io.Writer) error {
	r := sdk.Results{Machine: machine()}
	for round := range o.repeat {
		for _, plans := range o.scenes() {
			began := time.Now()
			outcomes, err := stage.Play(ctx, plans)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			for i := range outcomes {
				outcomes[i].Round = round + 1
			}
			r.Outcomes = append(r.Outcomes, outcomes...)
			fmt.Fprintf(progress, "%s round %d: %v, %.0f s\n%s", time.Now().Format(time.TimeOnly), round+1, plans[0], time.Since(began).Seconds(), sdk.Lines(outcomes))
			if err != nil {
				fmt.Fprintf(progress, "left out: %v\n", err)
				r.Failures = append(r.Failures, fmt.Sprintf("round %d, %v: %v", round+1, plans[0], err))
			}
		}
		if err := o.write(r); err != nil {
			return err
		}
	}
	if o.races > 0 {
		races, err := stage.Races(ctx, o.races)
		r.Races = races
		if err != nil {
			r.Failures = append(r.Failures, fmt.Sprintf("races: %v", err))
		}
	}
	if err := o.write(r); err != nil {
		return err
	}
	if err := r.Table(out); err != nil {
		return err
	}
	if len(r.Failures) > 0 {
		return fmt.Errorf("%d scenes could not be played", len(r.Failures))
	}
	return nil
}

// machine describes the load that others put on this machine: on a busy one the
// figures mean little.
func machine() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return fmt.Sprintf("%d processors", runtime.NumCPU())
	}
	average, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d processors, load average before %s", runtime.NumCPU(), average)
}

// write leaves the results in files.
func (o order) write(r sdk.Results) error {
	raw, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	var table strings.Builder
	if err := r.Table(&table); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(o.out, "matrix.json"), raw, 0o644),
		os.WriteFile(filepath.Join(o.out, "matrix.md"), []byte(table.String()), 0o644))
}
