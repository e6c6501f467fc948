//go:build e2e

package abuse

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/soak/site"
)

// root is the checkout, from the folder of this package.
const root = "../../.."

// least is how long an attack lasts at least.
const least = 500 * time.Millisecond

// TestMain runs the tests in a network namespace of their own.
func TestMain(m *testing.M) {
	inside, code, err := site.Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, "abuse:", err)
	}
	if inside && err == nil {
		code = m.Run()
	}
	os.Exit(code)
}

// TestAbuse attacks for half a second each, or for as long as the environment says:
// see scripts/faults-abuse.sh.
func TestAbuse(t *testing.T) {
	report, err := Run(t.Context(), options(t))
	if err != nil {
		t.Fatal(err)
	}
	text := report.String()
	fmt.Println(text)
	if err := save(text); err != nil {
		t.Error(err)
	}
	for _, p := range report.Problems() {
		t.Error(p)
	}
}

// options reads LENGTH, ONLY and LEVEL.
func options(t *testing.T) Options {
	t.Helper()
	dir, err := os.MkdirTemp("", "intercomd-abuse-") // unlike t.TempDir, other users can be let in
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
	o := Options{Binary: site.Binary(root), Dir: dir, Length: least, Only: os.Getenv("ONLY"), Level: os.Getenv("LEVEL")}
	if text := os.Getenv("LENGTH"); text != "" {
		if o.Length, err = time.ParseDuration(text); err != nil || o.Length < least {
			t.Fatalf("LENGTH %s: want %v or more: %v", text, least, err)
		}
	}
	if _, err := os.Stat(o.Binary); err != nil {
		t.Fatalf("%v: scripts/build.sh makes it", err)
	}
	t.Logf("files in %s, kept if the test fails", dir)
	return o
}

func save(text string) error {
	dir := filepath.Join(root, "build", "faults")
	return errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "abuse.md"), []byte(text), 0o644))
}
