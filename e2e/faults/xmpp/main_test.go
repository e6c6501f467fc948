//go:build e2e

package xmpp

import (
	"cmp"
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
// daemon's program is.
const binaryVariable = "FAULTS_XMPP_BINARY"

// runVariable names the run: the beginning of the namespaces' names.
const runVariable = "FAULTS_RUN"

// TestMain runs the tests in a process of its own, in a network namespace with
// nothing but loopback and the wires to the servers.
func TestMain(m *testing.M) {
	if os.Getenv(binaryVariable) == "" {
		code, err := runInside()
		if err != nil {
			fmt.Fprintln(os.Stderr, "faults/xmpp:", err)
		}
		os.Exit(code)
	}
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "faults/xmpp: ip link set lo up: %v: %s\n", err, out)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// runInside builds the daemon, where the Go tool may still use the network,
// and starts this program once more.
func runInside() (code int, err error) {
	if os.Geteuid() != 0 {
		return 1, errors.New("network namespaces and servers with users of their own: root is needed")
	}
	dir, err := os.MkdirTemp("", "intercomd-faults-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "intercomd")
	build := exec.Command("go", "build", "-tags", "netgo,osusergo", "-o", binary, "../../../cmd/intercomd")
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
		return 1, fmt.Errorf("start in a network namespace: %w", err)
	}
	return 0, nil
}

// parameters of a run, from the environment.
type parameters struct {
	long     bool          // LONG=1: faults as long as in life, default timing of the links
	restarts time.Duration // RESTARTS: how long the server is restarted again and again
	every    time.Duration // EVERY: time between restarts
	logs     string        // LOGS: folder that keeps the logs of links and devices; "" keeps none
}

func readParameters(t *testing.T) parameters {
	t.Helper()
	return parameters{
		long:     os.Getenv("LONG") != "",
		restarts: duration(t, "RESTARTS", 4*time.Second),
		every:    duration(t, "EVERY", 3*time.Second),
		logs:     os.Getenv("LOGS"),
	}
}

func duration(t *testing.T, variable string, otherwise time.Duration) time.Duration {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		return otherwise
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return d
}

// logFile makes the log of a part of a test. Its end is shown when the test
// fails; all of it stays in logs, if that is set.
func logFile(t *testing.T, logs, part string) *os.File {
	t.Helper()
	name := strings.ReplaceAll(t.Name(), "/", "-") + "-" + part + ".log"
	file, err := os.Create(filepath.Join(cmp.Or(logs, t.TempDir()), name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = file.Close()
		if text, err := os.ReadFile(file.Name()); err == nil && t.Failed() {
			t.Logf("end of %s:\n%s", name, tail(string(text), 4000))
		}
	})
	return file
}
