//go:build e2e

package soak

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/soak/site"
)

// root is the checkout, from the folder of this package.
const root = "../../.."

// TestMain runs the tests in a network namespace of their own.
func TestMain(m *testing.M) {
	inside, code, err := site.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	if inside && err == nil {
		code = m.Run()
	}
	os.Exit(code)
}

// TestSoak makes some calls, or as many as the environment says: see
// scripts/soak.sh.
func TestSoak(t *testing.T) {
	o := options(t)
	report, err := Run(t.Context(), o)
	text := report.String()
	fmt.Println(text)
	if err := save(o.Seed, text); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n := len(report.Unexpected()); n > 0 {
		t.Errorf("%d calls went as they must not", n)
	}
}

// options reads DURATION, CALLS, SEED, LINES, KIND, FAULT and LEVEL.
func options(t *testing.T) Options {
	t.Helper()
	dir, err := os.MkdirTemp("", "intercomd-soak-") // unlike t.TempDir, other users can be let in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(dir)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	o := Options{
		Binary: site.Binary(root), Dir: dir, Seed: number64(t, "SEED", 1), Lines: int(number64(t, "LINES", 4)),
		Calls: int(number64(t, "CALLS", 25)), Duration: 30 * time.Second, Short: os.Getenv("DURATION") == "",
		Kind: os.Getenv("KIND"), Fault: os.Getenv("FAULT"), Level: os.Getenv("LEVEL"), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	if text := os.Getenv("DURATION"); text != "" {
		if o.Duration, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(o.Binary); err != nil {
		t.Fatalf("%v: scripts/build.sh makes it", err)
	}
	t.Logf("files in %s, kept if the test fails", dir)
	return o
}

func number64(t *testing.T, name string, other uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return other
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func save(seed uint64, text string) error {
	dir := filepath.Join(root, "build", "soak")
	return errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.md", seed)), []byte(text), 0o644))
}
