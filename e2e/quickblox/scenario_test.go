//go:build e2e

package quickblox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// scenario is one story with a beginning and an end.
type scenario struct {
	name string
	run  func(*scene)
}

func scenarios() []scenario {
	return slices.Concat(
		referenceScenarios(),
		outgoingScenarios(),
		peerScenarios(),
		incomingScenarios(),
		conferenceScenarios(),
		faultScenarios(),
		handsetScenarios(),
	)
}

// TestScenario plays every scenario in one lab, one after the other.
func TestScenario(t *testing.T) {
	lab, dir := startLab(t)
	var results results
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			began := time.Now()
			defer func() { results.add(sc.name, !t.Failed(), time.Since(began)) }()
			play(t, lab, filepath.Join(dir, "failed", sc.name), sc)
		})
	}
	results.print()
	if len(results.lines) == 0 {
		t.Error("no scenario has a name like that")
	}
}

// scenarioLimit bounds one scenario as a whole.
const scenarioLimit = 2 * time.Minute

func play(t *testing.T, lab *rig.Lab, dumpDir string, sc scenario) {
	ctx, cancel := context.WithTimeout(t.Context(), scenarioLimit)
	defer cancel()
	defer func() {
		if t.Failed() {
			explain(t, lab, dumpDir)
		}
		// The scene's own time may be over.
		if err := lab.EndScene(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("end of the scene: %v", err)
		}
	}()
	sc.run(&scene{T: t, ctx: ctx, lab: lab})
}

// explain leaves what a person needs to understand a failure.
func explain(t *testing.T, lab *rig.Lab, dir string) {
	if err := lab.Dump(dir); err != nil {
		t.Errorf("dump: %v", err)
	}
	t.Logf("logs, events and stanzas: %s", dir)
	logs, _ := filepath.Glob(filepath.Join(dir, "device-*.log")) // the pattern is right
	for _, name := range logs {
		tail, err := rig.Tail(name, 30)
		t.Logf("end of %s (error %v):\n%s", filepath.Base(name), err, tail)
	}
}

// startLab builds the lab of this run and removes it, and its folder unless
// something failed, at the end of the test.
func startLab(t *testing.T) (*rig.Lab, string) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "intercomd-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	run := os.Getenv("E2E_RUN")
	if run == "" {
		run = fmt.Sprintf("ic%d", os.Getpid())
	}
	lab, err := rig.StartLab(t.Context(), rig.DefaultOptions(root, dir, run))
	if err != nil {
		t.Fatalf("build the lab: %v", err)
	}
	t.Cleanup(func() {
		err := lab.Close()
		if !t.Failed() {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		if err != nil {
			t.Errorf("close the lab: %v", err)
		}
	})
	return lab, dir
}

// results is the summary of a run.
type results struct {
	lines          []string
	passed, failed int
}

func (r *results) add(name string, passed bool, took time.Duration) {
	word := "passed"
	if passed {
		r.passed++
	} else {
		r.failed++
		word = "FAILED"
	}
	r.lines = append(r.lines, fmt.Sprintf("%-36s %s %6.1f s", name, word, took.Seconds()))
}

func (r *results) print() {
	fmt.Printf("\n%s\n%d passed, %d failed\n", strings.Join(r.lines, "\n"), r.passed, r.failed)
}
