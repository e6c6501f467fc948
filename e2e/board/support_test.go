//go:build e2e

package board

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/intercomd/intercomd/e2e/board/vm"
)

var errTooLong = errors.New("it took too long")

// checkout is the root of the module.
func checkout(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// shortDir makes a folder whose path leaves room for sockets, and removes it at
// the end unless the test failed.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "board-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("files: %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove %s: %v", dir, err)
		}
	})
	return dir
}

func closeBoard(t *testing.T, board *vm.Board) {
	t.Helper()
	if err := board.Close(); err != nil {
		t.Errorf("close the board: %v", err)
	}
}
