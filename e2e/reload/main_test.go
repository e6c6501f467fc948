//go:build e2e

package reload

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binaryVariable tells the test process inside the network namespace where the
// program is.
const binaryVariable = "RELOAD_BINARY"

// limit bounds every wait for something that should come.
const limit = 15 * time.Second

// TestMain runs the tests in a process of its own, in a network namespace with
// nothing but loopback and a card that leads nowhere.
func TestMain(m *testing.M) {
	code, err := 0, error(nil)
	if os.Getenv(binaryVariable) == "" {
		code, err = runInside()
	} else if err = openNetwork(); err == nil {
		code = m.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "reload:", err)
		code = 1
	}
	os.Exit(code)
}

// runInside builds the program, where the Go tool may still use the network,
// and starts this one once more.
func runInside() (code int, err error) {
	dir, err := os.MkdirTemp("", "intercomd-reload-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "intercomd")
	build := exec.Command("go", "build", "-tags", "netgo,osusergo", "-o", binary, "../../cmd/intercomd")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build intercomd: %w\n%s", err, out)
	}
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Env = append(os.Environ(), binaryVariable+"="+binary)
	self.Stdout, self.Stderr = os.Stdout, os.Stderr
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	var exit *exec.ExitError
	if err := self.Run(); errors.As(err, &exit) {
		return exit.ExitCode(), nil
	} else if err != nil {
		return 1, fmt.Errorf("start in a network namespace (root is needed): %w", err)
	}
	return 0, nil
}

func openNetwork() error {
	for _, command := range []string{
		"link set lo up",
		"link add eth0 type veth peer name eth1", // the other end makes it a link that is up
		"addr add 10.98.0.1/24 dev eth0",
		"link set eth0 up",
		"link set eth1 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, out)
		}
	}
	return nil
}
