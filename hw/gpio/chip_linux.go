package gpio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
)

// List lists the GPIO chips with their lines. A chip that cannot be opened is
// in the list with its Problem.
func List() ([]Chip, error) { return kernel{dev: "/dev"}.chips() }

// kernel is the [Board] of the running kernel.
type kernel struct {
	dev string // where the devices are
	v1  bool   // use version 1 of the uAPI
}

// chips lists the chips in the order of their numbers. Symbolic links, which
// some boards have for chips that were renumbered, are left out.
func (k kernel) chips() ([]Chip, error) {
	entries, err := os.ReadDir(k.dev)
	if err != nil {
		return nil, fmt.Errorf("list GPIO chips: %w", err)
	}
	var chips []Chip
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "gpiochip") && e.Type()&fs.ModeCharDevice != 0 {
			chips = append(chips, k.chip(filepath.Join(k.dev, e.Name())))
		}
	}
	slices.SortStableFunc(chips, func(a, b Chip) int { return len(a.Name) - len(b.Name) })
	return chips, nil
}

// chip describes one chip.
func (k kernel) chip(path string) Chip {
	c := Chip{Path: path, Name: filepath.Base(path)}
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		err = k.describe(f, &c)
	}
	if err != nil {
		c.Problem, c.denied = err.Error(), errors.Is(err, fs.ErrPermission)
	}
	return c
}

func (k kernel) describe(f *os.File, c *Chip) error {
	info, err := uapi.GetChipInfo(f.Fd())
	if err != nil {
		return os.NewSyscallError("GPIO_GET_CHIPINFO", err)
	}
	c.Label = uapi.BytesToString(info.Label[:])
	for offset := range int(info.Lines) {
		l, err := k.line(f, offset)
		if err != nil {
			return os.NewSyscallError("GPIO_GET_LINEINFO", err)
		}
		c.Lines = append(c.Lines, l)
	}
	return nil
}

// line describes one line, by version 1 where the kernel has no version 2.
func (k kernel) line(f *os.File, offset int) (Line, error) {
	if !k.v1 {
		info, err := uapi.GetLineInfoV2(f.Fd(), offset)
		if err == nil {
			return lineV2(info), nil
		}
		if !unsupported(err) {
			return Line{}, err
		}
	}
	info, err := uapi.GetLineInfo(f.Fd(), offset)
	return lineV1(info), err
}

func lineV2(info uapi.LineInfoV2) Line {
	return Line{
		Offset:    int(info.Offset),
		Name:      uapi.BytesToString(info.Name[:]),
		Used:      info.Flags.IsUsed(),
		Consumer:  uapi.BytesToString(info.Consumer[:]),
		Output:    info.Flags.IsOutput(),
		ActiveLow: info.Flags.IsActiveLow(),
		Bias:      biasOf(info.Flags.IsBiasPullUp(), info.Flags.IsBiasPullDown(), info.Flags.IsBiasDisabled()),
	}
}

func lineV1(info uapi.LineInfo) Line {
	return Line{
		Offset:    int(info.Offset),
		Name:      uapi.BytesToString(info.Name[:]),
		Used:      info.Flags.IsUsed(),
		Consumer:  uapi.BytesToString(info.Consumer[:]),
		Output:    info.Flags.IsOut(),
		ActiveLow: info.Flags.IsActiveLow(),
		Bias:      biasOf(info.Flags.IsPullUp(), info.Flags.IsPullDown(), info.Flags.IsBiasDisable()),
	}
}

func biasOf(up, down, disabled bool) Bias {
	switch {
	case up:
		return BiasPullUp
	case down:
		return BiasPullDown
	case disabled:
		return BiasNone
	}
	return ""
}

// unsupported tells whether an error of the kernel can mean that it, or the
// chip's driver, does not know what was asked for.
func unsupported(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTTY) ||
		errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENXIO)
}

// request opens the chip of a line and asks for the line with ask.
func (k kernel) request(chip, line string, ask func(r requester, offset int) error) error {
	chips, err := k.chips()
	if err != nil {
		return err
	}
	c, l, err := find(chips, chip, k.path(chip), line)
	if err != nil {
		return err
	}
	if l.Used {
		return busy(c, l, line)
	}
	f, err := os.Open(c.Path)
	if err != nil {
		return &DeviceError{State: StateMissing, Text: "open line " + line + " of chip " + c.String(), Err: err}
	}
	defer f.Close()
	if err := ask(chipFD(f.Fd()), l.Offset); err != nil {
		return k.refused(c, l, line, err)
	}
	return nil
}

// path resolves a device that is given as a path or by the name of a link.
func (k kernel) path(device string) string {
	if device == "" {
		return ""
	}
	if !filepath.IsAbs(device) {
		device = filepath.Join(k.dev, device)
	}
	path, err := filepath.EvalSymlinks(device)
	if err != nil {
		return ""
	}
	return path
}

// refused says what it means that the kernel does not give a line.
func (k kernel) refused(c Chip, l Line, line string, err error) error {
	text := "open line " + line + " of chip " + c.String()
	switch {
	case errors.Is(err, unix.EBUSY): // it was taken after the chip was listed
		if i := k.chip(c.Path); l.Offset < len(i.Lines) {
			l = i.Lines[l.Offset]
		}
		return busy(c, l, line)
	case errors.Is(err, fs.ErrPermission):
		return &DeviceError{State: StateDenied, Text: text + "; add the user to the group gpio", Err: err}
	case errors.Is(err, unix.ENODEV):
		return &DeviceError{State: StateMissing, Text: text, Err: err}
	case unsupported(err):
		return &DeviceError{State: StateFailed, Text: text + ": the chip cannot use it so; use another line", Err: err}
	}
	return &DeviceError{State: StateFailed, Text: text, Err: err}
}
