//go:build board

package gpio

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// label is the simulated chip's.
const label = "pinctrl-bcm2711"

// patience is how long a test waits for what has to happen on a busy host.
const patience = 10 * time.Second

// pause lets real time pass: the length of a press is what is tested here.
func pause(d time.Duration) { <-time.After(d) }

// simulator is where sysfs keeps the simulated lines.
func simulator(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/sys/devices/platform/gpio-sim.*/gpiochip*")
	if len(found) != 1 {
		t.Fatalf("%d simulated chips: %v", len(found), found)
	}
	return found[0]
}

// contact is a simulated button at a line, with a pull-up and a switch to ground.
type contact struct {
	t    *testing.T
	pull *os.File
}

func contactAt(t *testing.T, line int) contact {
	t.Helper()
	f, err := os.OpenFile(fmt.Sprintf("%s/sim_gpio%d/pull", simulator(t), line), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := contact{t, f}
	c.set(false)
	t.Cleanup(func() { f.Close() })
	return c
}

func (c contact) set(closed bool) {
	c.t.Helper()
	level := "pull-up"
	if closed {
		level = "pull-down"
	}
	if _, err := c.pull.WriteAt([]byte(level), 0); err != nil {
		c.t.Error(err)
	}
}

// closeFor closes the contact and returns for how long it was closed at most.
func (c contact) closeFor(d time.Duration) time.Duration {
	c.t.Helper()
	began := time.Now()
	c.set(true)
	pause(d)
	c.set(false)
	return time.Since(began)
}

// driven reads what an output drives.
func driven(t *testing.T, line int) bool {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("%s/sim_gpio%d/value", simulator(t), line))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b)) == "1"
}

// change is a call of OnChange.
type change struct {
	state string
	err   error
}

// watched is something at work, and what it reports.
type watched struct {
	t       *testing.T
	presses chan Press
	changes chan change
}

func newWatched(t *testing.T) *watched {
	return &watched{t: t, presses: make(chan Press, 1000), changes: make(chan change, 100)}
}

func (w *watched) onChange(state string, err error) { w.changes <- change{state, err} }

// start runs run until the test ends.
func (w *watched) start(run func(ctx context.Context) error) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := run(ctx); err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(func() { cancel(); done.Wait() })
}

// line starts a button.
func line(t *testing.T, cfg LineConfig) *watched {
	t.Helper()
	w := newWatched(t)
	cfg.ActiveLow, cfg.OnChange = true, w.onChange
	if cfg.Bias == "" {
		cfg.Bias = BiasPullUp
	}
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	source := NewLine(cfg)
	w.start(func(ctx context.Context) error { return source.Run(ctx, func(p Press) { w.presses <- p }) })
	return w
}

// opened starts a button and waits for its line to be open.
func opened(t *testing.T, cfg LineConfig) *watched {
	t.Helper()
	w := line(t, cfg)
	w.wantState(StateOpen)
	return w
}

func (w *watched) wantState(state string) error {
	w.t.Helper()
	select {
	case c := <-w.changes:
		if c.state != state {
			w.t.Fatalf("state %s, want %s: %v", c.state, state, c.err)
		}
		return c.err
	case <-time.After(patience):
		w.t.Fatalf("no state, want %s", state)
	}
	return nil
}

func (w *watched) want(button string, kind Kind) Press {
	w.t.Helper()
	select {
	case p := <-w.presses:
		if p.Button != button || p.Kind != kind {
			w.t.Fatalf("%v of %s, want %v of %s", p.Kind, p.Button, kind, button)
		}
		return p
	case <-time.After(patience):
		w.t.Fatalf("no %v of %s", kind, button)
	}
	return Press{}
}

// wantSilence wants no press for a while.
func (w *watched) wantSilence(d time.Duration) {
	w.t.Helper()
	select {
	case p := <-w.presses:
		w.t.Fatalf("%v of %s, want none", p.Kind, p.Button)
	case <-time.After(d):
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !condition() {
		if time.Since(began) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
		pause(5 * time.Millisecond)
	}
	return time.Since(began)
}
