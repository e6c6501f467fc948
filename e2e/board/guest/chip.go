package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// The simulated chip's folders, see Documentation/admin-guide/gpio/gpio-sim.rst.
const (
	simDevice  = "/sys/kernel/config/gpio-sim/soc"
	simBank    = simDevice + "/bank0"
	simRunning = "/sys/devices/platform"
)

// chip is the board's GPIO chip, made by the gpio-sim driver.
type chip struct{ spec wire.Chip }

func newChip(spec wire.Chip) *chip { return &chip{spec: spec} }

// plug makes the chip appear with its inputs at rest, or disappear.
func (c *chip) plug(on bool) error {
	if !on {
		return writeAttribute(filepath.Join(simDevice, "live"), "0")
	}
	if _, err := os.Stat(simBank); errors.Is(err, os.ErrNotExist) {
		if err := c.describe(); err != nil {
			return err
		}
	}
	if err := writeAttribute(filepath.Join(simDevice, "live"), "1"); err != nil {
		return err
	}
	for _, line := range c.spec.Pulled {
		if err := c.set(line, 1); err != nil {
			return err
		}
	}
	return nil
}

// describe lays the chip down in configfs.
func (c *chip) describe() error {
	for offset, name := range c.spec.Named {
		dir := filepath.Join(simBank, "line"+strconv.Itoa(offset))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make GPIO line: %w", err)
		}
		if err := writeAttribute(filepath.Join(dir, "name"), name); err != nil {
			return err
		}
	}
	if err := writeAttribute(filepath.Join(simBank, "num_lines"), strconv.Itoa(c.spec.Lines)); err != nil {
		return err
	}
	return writeAttribute(filepath.Join(simBank, "label"), c.spec.Label)
}

// drive puts the steps on a line, one after the other.
func (c *chip) drive(line int, steps []wire.Step) error {
	for _, s := range steps {
		if err := c.set(line, s.Level); err != nil {
			return err
		}
		time.Sleep(s.Hold)
	}
	return nil
}

// set puts a level on an input line.
func (c *chip) set(line, level int) error {
	dir, err := c.lineDir(line)
	if err != nil {
		return err
	}
	pull := "pull-down"
	if level != 0 {
		pull = "pull-up"
	}
	return writeAttribute(filepath.Join(dir, "pull"), pull)
}

// maxLevels bounds what watch returns.
const maxLevels = 10000

// watch reads what is on a line, whoever drives it, once and then every so
// often: a '0' or '1' each. It does not catch up when the board is slow.
func (c *chip) watch(line int, every, duration time.Duration) ([]byte, error) {
	dir, err := c.lineDir(line)
	if err != nil {
		return nil, err
	}
	var levels []byte
	for end := time.Now().Add(duration); len(levels) < maxLevels; time.Sleep(every) {
		value, err := readAttribute(filepath.Join(dir, "value"))
		if err != nil {
			return nil, err
		}
		levels = append(levels, value...)
		if !time.Now().Before(end) {
			break
		}
	}
	return levels, nil
}

func (c *chip) lineDir(line int) (string, error) {
	device, err := readAttribute(filepath.Join(simDevice, "dev_name"))
	if err != nil {
		return "", err
	}
	name, err := readAttribute(filepath.Join(simBank, "chip_name"))
	if err != nil {
		return "", err
	}
	return filepath.Join(simRunning, device, name, "sim_gpio"+strconv.Itoa(line)), nil
}

func readAttribute(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read attribute: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func writeAttribute(path, value string) error {
	if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
		return fmt.Errorf("write attribute %q: %w", value, err)
	}
	return nil
}
