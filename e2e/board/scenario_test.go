//go:build e2e

package board

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// scenario is one story with a beginning and an end.
type scenario struct {
	name string
	run  func(*scene)
}

func scenarios() []scenario {
	return slices.Concat(
		callScenarios(),
		toneScenarios(),
		toolScenarios(),
		usbScenarios(),
		soundScenarios(),
		buttonScenarios(),
		badScenarios(),
		cutScenarios(),
		spoiltScenarios(),
		longScenarios(),
		watchdogScenarios(), // restarts the board
	)
}

// scenarioLimit bounds one scenario as a whole, apart from the long call.
const scenarioLimit = 2 * time.Minute

// TestScenario plays every scenario in one lab, one after the other.
func TestScenario(t *testing.T) {
	lab := startLab(t)
	var summary []string
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			began := time.Now()
			defer func() {
				word := map[bool]string{true: "FAILED", false: "passed"}[t.Failed()]
				summary = append(summary, fmt.Sprintf("%-24s %s %6.1f s", sc.name, word, time.Since(began).Seconds()))
			}()
			play(t, lab, sc)
		})
	}
	fmt.Println(strings.Join(summary, "\n"))
	if len(summary) == 0 {
		t.Error("no scenario has a name like that")
	}
}

func play(t *testing.T, lab *lab, sc scenario) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), scenarioLimit+longCall(), errTooLong)
	defer cancel()
	s := &scene{T: t, ctx: ctx, lab: lab, board: lab.board}
	defer func() {
		if t.Failed() {
			lab.dump(t, sc.name)
		}
		s.end()
	}()
	sc.run(s)
	if lab.board.Restarted() {
		t.Errorf("the board restarted; end of its console:\n%s", lab.board.Console())
	}
}

// says prints a line of what was measured.
func (s *scene) says(format string, args ...any) {
	s.Helper()
	_, name, _ := strings.Cut(s.Name(), "/")
	fmt.Printf("%s: %s\n", name, fmt.Sprintf(format, args...))
}
