//go:build e2e

package badinput

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
// daemon's program is.
const binaryVariable = "BADINPUT_BINARY"

// ownAddress is the address of the only network card in the namespace.
const ownAddress = "10.98.0.1"

// limit bounds every wait for something that should come.
const limit = 15 * time.Second

// TestMain runs the tests in a process of its own, in a network namespace with
// nothing but loopback and a card that leads nowhere, and in a namespace for
// what it mounts.
func TestMain(m *testing.M) {
	if os.Getenv(binaryVariable) == "" {
		code, err := runInside()
		if err != nil {
			fmt.Fprintln(os.Stderr, "badinput:", err)
		}
		os.Exit(code)
	}
	// What is mounted from now on goes with this process.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		fmt.Fprintln(os.Stderr, "badinput: keep mounts private:", err)
		os.Exit(1)
	}
	if err := openNetwork(); err != nil {
		fmt.Fprintln(os.Stderr, "badinput:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// runInside builds the daemon, where the Go tool may still use the network,
// and starts this program once more.
func runInside() (code int, err error) {
	dir, err := os.MkdirTemp("", "intercomd-badinput-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "intercomd")
	build := exec.Command("go", "build", "-tags", "netgo,osusergo", "-o", binary, "../../cmd/intercomd")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build intercomd: %w\n%s", err, out)
	}
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Env = append(os.Environ(), binaryVariable+"="+binary)
	self.Stdout, self.Stderr = os.Stdout, os.Stderr
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
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
		"addr add " + ownAddress + "/24 dev eth0",
		"link set eth0 up",
		"link set eth1 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, out)
		}
	}
	return nil
}

// TestBadInput plays every case. The groups that share a device come after
// those that start devices of their own under the same account.
func TestBadInput(t *testing.T) {
	l := newLab(t)
	t.Run("configuration", l.configuration)
	t.Run("server", l.server)
	t.Run("camera", l.cameraGroup)
	t.Run("people", l.people)
	t.Run("server's stream", l.streams)
	t.Run("handset page", l.page)
	t.Run("system", l.system)
}

// says prints the line of a case: what the device did or said.
func says(t *testing.T, format string, args ...any) {
	t.Helper()
	_, name, _ := strings.Cut(t.Name(), "/")
	fmt.Printf("%s: %s\n", strings.ReplaceAll(name, "_", " "), fmt.Sprintf(format, args...))
}

// documented checks that docs/bad-input.md shows a message as it is.
func documented(t *testing.T, message string) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/bad-input.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), "`"+message+"`") {
		t.Errorf("docs/bad-input.md does not show the message %q", message)
	}
}
