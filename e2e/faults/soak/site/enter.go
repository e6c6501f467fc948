package site

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// insideVariable marks the process that is inside. Names that begin with
// INTERCOMD_ belong to the daemon.
const insideVariable = "SITE_INSIDE"

// Enter starts this program once more, in a network namespace with nothing but
// loopback, and waits for it: inside is false then, and code its exit code. In
// the new process it sets loopback up, and inside is true.
func Enter() (inside bool, code int, err error) {
	if os.Getenv(insideVariable) != "" {
		return true, 1, ip("link set lo up")
	}
	if os.Geteuid() != 0 {
		return false, 1, errors.New("enter network namespace: root is needed")
	}
	self := exec.Command("/proc/self/exe", os.Args[1:]...)
	self.Env = append(os.Environ(), insideVariable+"=1")
	self.Stdout, self.Stderr = os.Stdout, os.Stderr
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // see process.start
	defer runtime.UnlockOSThread()
	err = self.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return false, max(exit.ExitCode(), 1), nil
	}
	if err != nil {
		return false, 1, fmt.Errorf("enter network namespace: %w", err)
	}
	return false, 0, nil
}
