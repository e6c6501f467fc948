//go:build e2e

package card

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// guide is what installers read.
const guide = "../../docs/install.md"

// TestGuideExample checks that the configuration in the guide is a good one.
func TestGuideExample(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	if example == nil {
		t.Fatal("the guide has no example")
	}
	path := filepath.Join(t.TempDir(), "intercom.yaml")
	if err := os.WriteFile(path, example[1], 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), binary, "check-config", path).CombinedOutput(); err != nil {
		t.Errorf("the example is wrong:\n%s", output)
	}
}

// TestGuideMessages checks that every message in the guide is one of the
// program's.
func TestGuideMessages(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var known strings.Builder
	paths, err := filepath.Glob("testdata/*/intercom.err")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		message, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		known.Write(message)
	}
	rows := regexp.MustCompile("\\| `((?:intercom\\.yaml|there is also).*)` \\|").FindAllSubmatch(text, -1)
	if len(rows) < 10 {
		t.Fatalf("the guide shows %d messages, want at least 10", len(rows))
	}
	for _, row := range rows {
		if !strings.Contains(known.String(), string(row[1])) {
			t.Errorf("the guide says %q, no card does", row[1])
		}
	}
}
