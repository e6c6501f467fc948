//go:build e2e

package sdk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// startStage builds a lab for one test and removes it, and its folder unless
// something failed, at the end.
func startStage(t *testing.T) *Stage {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "intercomd-faults-")
	if err != nil {
		t.Fatal(err)
	}
	said := filepath.Join(dir, "said")
	if err := os.Mkdir(said, 0o755); err != nil {
		t.Fatal(err)
	}
	lab, err := rig.StartLab(t.Context(), rig.DefaultOptions(root, dir, fmt.Sprintf("if%d", os.Getpid())))
	if err != nil {
		t.Fatalf("build the lab: %v", err)
	}
	t.Cleanup(func() {
		err := lab.Close()
		if t.Failed() {
			t.Logf("what the parties said: %s", said)
		} else {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		if err != nil {
			t.Errorf("close the lab: %v", err)
		}
	})
	return NewStage(lab, said)
}

// expectation is what must become of a plan on a machine that is slow and busy
// with other things.
type expectation struct {
	plan    Plan
	picture time.Duration // back at the client, after the link
	device  time.Duration // the same of packets at the device
	repair  bool          // the cut is too long to be bridged: both ends are told
}

// TestReconnect cuts calls off and expects them back.
func TestReconnect(t *testing.T) {
	stage := startStage(t)
	scenes := []struct {
		name string
		want []expectation
	}{
		{"cut", []expectation{
			{Plan{OwnLink, Lower, Pulled, 5 * time.Second}, 5 * time.Second, 5 * time.Second, false},
			{Plan{ClientLink, Lower, Pulled, 12 * time.Second}, 10 * time.Second, 10 * time.Second, true},
		}},
		{"other address", []expectation{
			{Plan{OwnLink, Higher, Moved, 0}, 6 * time.Second, 6 * time.Second, false},
		}},
	}
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			var plans []Plan
			for _, want := range scene.want {
				plans = append(plans, want.plan)
			}
			outcomes, err := stage.Play(t.Context(), plans)
			t.Logf("in seconds after the cut, pictures after the link was back:\n%s", Lines(outcomes))
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range scene.want {
				want.check(t, outcomes[i])
			}
		})
	}
}

func (want expectation) check(t *testing.T, o Outcome) {
	t.Helper()
	for _, p := range o.Parties {
		limit := want.picture
		if p.Role == "device" {
			limit = want.device
		}
		if took := pictureSeconds(p); took > limit.Seconds() {
			t.Errorf("%v: the %s has pictures %s after the link was back, want %v", want.plan, p.Role, seconds(took), limit)
		}
		broke, broken := p.At("RECONNECTING")
		whole, repaired := p.At("RECONNECTED")
		if broken != repaired || whole < broke || want.repair && !broken {
			t.Errorf("%v: the %s was told %v, want RECONNECTING and RECONNECTED in pairs", want.plan, p.Role, p.States)
		}
		if _, closed := p.At(sessionClosed); closed {
			t.Errorf("%v: the %s lost the call: %v", want.plan, p.Role, p.States)
		}
	}
}

// TestRaces has two clients answer at the same moment.
func TestRaces(t *testing.T) {
	const races = 3
	stage := startStage(t)
	won, err := stage.Races(t.Context(), races)
	for _, r := range won {
		t.Logf("%d wins by %.1f ms, the other is told after %.1f ms", r.Winner, r.Apart, r.Told)
		if r.Told > 2000 {
			t.Errorf("%d rang on for %.0f ms", r.Loser, r.Told)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(won) != races {
		t.Errorf("%d races, want %d", len(won), races)
	}
}
