package pi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// autobootLimit is the size above which the firmware ignores autoboot.txt.
const autobootLimit = 512

// choice is what the firmware boots.
type choice struct {
	partition int
	tryboot   bool
	kernel    string // paths of copies on the host
	initramfs string
	cmdline   string
}

func (c choice) String() string {
	return fmt.Sprintf("boots partition %d, tryboot %t", c.partition, c.tryboot)
}

// errFatal is an error after which the firmware can only reset.
var errFatal = errors.New("fatal error of the firmware")

// choose reads from the card what is booted now, and copies it to dir. The
// error is errFatal where a real board would reset and start over.
func choose(ctx context.Context, card Card, tryboot bool, dir string) (choice, error) {
	autoboot, err := card.ReadFile(ctx, 1, "autoboot.txt")
	if err != nil {
		return choice{}, fmt.Errorf("%w: %w", errFatal, err)
	}
	c := choice{tryboot: tryboot}
	if c.partition, err = bootPartition(autoboot, tryboot); err != nil {
		return c, fmt.Errorf("%w: %w", errFatal, err)
	}
	text, err := card.ReadFile(ctx, c.partition, "config.txt")
	if err != nil {
		return c, fmt.Errorf("%w: %w", errFatal, err)
	}
	return c, c.load(ctx, card, settings(text, c.partition), dir)
}

// load copies kernel, initramfs and command line.
func (c *choice) load(ctx context.Context, card Card, config map[string]string, dir string) error {
	cmdline, err := card.ReadFile(ctx, c.partition, config["cmdline"])
	if err != nil {
		return fmt.Errorf("%w: %w", errFatal, err)
	}
	c.cmdline = strings.TrimSpace(string(cmdline))
	for _, part := range []struct {
		name string
		path *string
	}{{config["kernel"], &c.kernel}, {config["initramfs"], &c.initramfs}} {
		data, err := card.ReadFile(ctx, c.partition, part.name)
		if err == nil && len(data) == 0 {
			err = fmt.Errorf("partition %d: %s is empty", c.partition, part.name)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errFatal, err)
		}
		*part.path = filepath.Join(dir, part.name)
		if err := os.WriteFile(*part.path, data, 0o600); err != nil {
			return fmt.Errorf("copy %s: %w", part.name, err)
		}
	}
	return nil
}

// bootPartition reads autoboot.txt.
func bootPartition(text []byte, tryboot bool) (int, error) {
	if len(text) > autobootLimit {
		return 0, fmt.Errorf("autoboot.txt has %d bytes, more than %d", len(text), autobootLimit)
	}
	partition, ab := 0, false
	err := filtered(text, func(filter string) bool {
		return filter == "all" || filter == "tryboot" && tryboot
	}, func(key, value string) (err error) {
		switch key {
		case "tryboot_a_b":
			ab = value == "1"
		case "boot_partition":
			partition, err = strconv.Atoi(value)
		}
		return err
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("autoboot.txt: %w", err)
	case tryboot && !ab:
		return 0, errors.New("autoboot.txt: no tryboot_a_b=1: the firmware would look for tryboot.txt")
	case partition < 2 || partition > 3:
		return 0, fmt.Errorf("autoboot.txt: boot_partition is %d", partition)
	}
	return partition, nil
}

// settings reads what this board uses of config.txt.
func settings(text []byte, partition int) map[string]string {
	config := map[string]string{"kernel": "kernel8.img", "cmdline": "cmdline.txt"}
	_ = filtered(text, func(filter string) bool {
		return filter == "all" || filter == fmt.Sprintf("boot_partition=%d", partition)
	}, func(key, value string) error {
		config[key] = value
		return nil
	})
	return config
}

// filtered hands over the lines that apply. Lines before the first filter do; a
// filter ends the one before. "initramfs FILE followkernel" has no '='.
func filtered(text []byte, applies func(filter string) bool, set func(key, value string) error) error {
	active := true
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if filter, ok := strings.CutPrefix(line, "["); ok {
			active = applies(strings.TrimSuffix(filter, "]"))
			continue
		}
		if !active {
			continue
		}
		if file, ok := strings.CutPrefix(line, "initramfs "); ok {
			line = "initramfs=" + strings.TrimSuffix(file, " followkernel")
		}
		key, value, found := strings.Cut(line, "=")
		if !found {
			continue
		}
		if err := set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}
