package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// mountAll mounts what every program expects.
func mountAll() error {
	for _, m := range []struct {
		source, target string
		mode           os.FileMode
	}{
		{"proc", "/proc", 0o555},
		{"sysfs", "/sys", 0o555},
		{"devtmpfs", "/dev", 0o755},
		{"tmpfs", "/run", 0o755},
		{"tmpfs", "/tmp", 0o1777},
		{"devpts", "/dev/pts", 0o755},
		{"tmpfs", "/dev/shm", 0o1777},
		{"debugfs", "/sys/kernel/debug", 0o755},
		{"configfs", "/sys/kernel/config", 0o755},
	} {
		if err := os.MkdirAll(m.target, m.mode); err != nil {
			return fmt.Errorf("make mount point: %w", err)
		}
		err := unix.Mount(m.source, m.target, m.source, 0, "")
		if err != nil && !errors.Is(err, unix.EBUSY) { // the kernel may have mounted /dev
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	return nil
}

// loadModule loads one module, whose dependencies are loaded.
func loadModule(m wire.Module) error {
	file, err := os.Open(m.Path)
	if err != nil {
		return fmt.Errorf("load module: %w", err)
	}
	defer file.Close()
	err = unix.FinitModule(int(file.Fd()), m.Params, 0)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("load module %s: %w", m.Path, err)
	}
	return nil
}

// setUpNetwork gives lo and eth0 what they need; without an address eth0 stays
// down.
func setUpNetwork(address string) error {
	commands := []string{"link set lo up"}
	if address != "" {
		commands = append(commands, "link set eth0 up", "addr add "+address+" dev eth0")
	}
	for _, c := range commands {
		if out, err := exec.Command("/bin/ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
