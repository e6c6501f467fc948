package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

func main() {
	run := runAgent
	if os.Getpid() == 1 {
		run = runInit
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "board:", err)
		os.Exit(1)
	}
}

// runInit is process 1; it returns only when the agent has ended.
func runInit() error {
	if err := mountAll(); err != nil {
		return err
	}
	for key, value := range map[string]string{"PATH": "/usr/bin:/usr/sbin:/bin:/sbin", "HOME": "/root"} {
		if err := os.Setenv(key, value); err != nil {
			return fmt.Errorf("set environment: %w", err)
		}
	}
	if err := exec.Command("/bin/busybox", "--install", "-s", "/bin").Run(); err != nil {
		return fmt.Errorf("install busybox: %w", err)
	}
	agent := exec.Command("/proc/self/exe")
	agent.Stdout, agent.Stderr = os.Stdout, os.Stderr
	if err := agent.Start(); err != nil {
		return fmt.Errorf("start agent: %w", err)
	}
	return collect(agent.Process.Pid)
}

// collect waits for children, its own and those it inherited, until the agent
// ends.
func collect(agent int) error {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("wait for children: %w", err)
		case pid == agent:
			return fmt.Errorf("the agent has ended: status %#x", uint32(status))
		}
	}
}

// runAgent sets the board up and serves the host until the channel breaks.
func runAgent() error {
	spec, err := readSpec("/" + wire.SpecPath)
	if err != nil {
		return err
	}
	chip := newChip(spec.Chip)
	problems := setUp(spec, chip)
	port, err := openPort(wire.PortName)
	if err != nil {
		return err
	}
	hello := wire.Reply{Hello: true, Uptime: uptime()}
	for _, err := range problems {
		hello.Problems = append(hello.Problems, err.Error())
	}
	return newAgent(port, chip).serve(hello)
}

func readSpec(path string) (wire.Spec, error) {
	var spec wire.Spec
	text, err := os.ReadFile(path)
	if err != nil {
		return spec, fmt.Errorf("read the board's description: %w", err)
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		return spec, fmt.Errorf("read the board's description: %w", err)
	}
	return spec, nil
}

// setUp makes the board what the description says and returns what failed.
func setUp(spec wire.Spec, chip *chip) []error {
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	for _, m := range spec.Modules {
		note(loadModule(m))
	}
	note(chip.plug(true))
	note(setUpNetwork(spec.Address))
	return problems
}

// uptime returns the seconds since the kernel began.
func uptime() float64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return float64(ts.Nano()) / 1e9
}
