//go:build e2e

package card

import (
	"bytes"
	"path/filepath"
	"testing"
)

// wrongCard is a card with one mistake.
type wrongCard struct {
	folder string   // below testdata
	names  []string // what intercom.err must name: line, key and what is wrong
	serves bool     // the daemon is started with the configuration that stays
}

// files returns the files of the card. The huge one is made here.
func (w wrongCard) files(t *testing.T) map[string][]byte {
	t.Helper()
	if w.folder == "huge" {
		return map[string][]byte{"intercom.yaml": bytes.Repeat([]byte("# all work and no play\n"), 100_000)}
	}
	return readFolder(t, filepath.Join("testdata", w.folder, "card"), "")
}

func wrongCards() []wrongCard {
	var all []wrongCard
	for _, group := range [][]wrongCard{shapes(), texts(), keys(), passwords(), values(), names()} {
		all = append(all, group...)
	}
	return all
}
