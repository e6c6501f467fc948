//go:build board

package watchdog

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// On the board: the kernel's own driver is opened, has its timeout set, is held
// by one program only, and lets itself be stopped.
func TestDriver(t *testing.T) {
	timer, err := Open("/dev/watchdog", 17*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if timer.Timeout() != 17*time.Second {
		t.Errorf("timeout is %v, want 17s", timer.Timeout())
	}
	if _, err := Open("/dev/watchdog", 17*time.Second); !errors.Is(err, unix.EBUSY) {
		t.Errorf("opened twice: %v", err)
	}
	for range 3 {
		if err := timer.Feed(); err != nil {
			t.Error(err)
		}
	}
	if err := timer.Disarm(); err != nil {
		t.Error(err)
	}
	again, err := Open("/dev/watchdog", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Disarm(); err != nil {
		t.Error(err)
	}
}
