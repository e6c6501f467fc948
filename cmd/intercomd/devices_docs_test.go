package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// programText joins the source of everything that speaks to people.
func programText(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, dir := range []string{".", "../../hw", "../../config"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			b.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// The messages that docs/hardware.md explains are those of the program.
func TestExplainedMessagesExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/hardware.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## When something is wrong\n")
	if !found {
		t.Fatal("docs/hardware.md explains no messages")
	}
	program, explained := programText(t), 0
	for line := range strings.Lines(section) {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 3 {
			continue
		}
		for i, message := range strings.Split(cells[0], "`") {
			if i%2 == 0 {
				continue // between two messages
			}
			explained++
			for part := range strings.SplitSeq(message, "…") {
				if !strings.Contains(program, strings.TrimSpace(part)) {
					t.Errorf("nothing says %q", part)
				}
			}
		}
	}
	if explained < 15 {
		t.Errorf("only %d messages were found", explained)
	}
}

// The lines of the drawing are those of the text and of the sample file.
func TestWiringIsOfOnePiece(t *testing.T) {
	sample, err := os.ReadFile("../../packaging/rpi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	drawing, err := os.ReadFile("../../docs/images/wiring.svg")
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../docs/hardware.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"17", "23", "24"} {
		for name, text := range map[string][]byte{"packaging/rpi.yaml": sample, "wiring.svg": drawing, "hardware.md": manual} {
			if !strings.Contains(string(text), "line: "+line) {
				t.Errorf("%s has no line %s", name, line)
			}
		}
		if !strings.Contains(string(drawing), ">GPIO"+line+"<") {
			t.Errorf("the drawing has no wire to GPIO%s", line)
		}
	}
}
