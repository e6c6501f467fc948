//go:build e2e

package ota

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// table is written to a file in Markdown and, row by row, to the test's log.
type table struct {
	heads []string
	rows  [][]string
}

// add adds a row: a cell for each head.
func (b *table) add(t *testing.T, cells ...string) {
	t.Helper()
	b.rows = append(b.rows, cells)
	t.Log(strings.Join(cells, " | "))
}

// write leaves the table in the lab's folder.
func (b *table) write(t *testing.T, l *lab, name string) {
	t.Helper()
	var text strings.Builder
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	line(b.heads)
	line(strings.Split(strings.Repeat("---,", len(b.heads)-1)+"---", ","))
	for _, row := range b.rows {
		line(row)
	}
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text.String()), 0o644); err != nil {
		t.Errorf("write table: %v", err)
	}
}

// seconds is a time for a table.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
