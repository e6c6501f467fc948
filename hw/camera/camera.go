package camera

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/pion/mediadevices/pkg/driver"

	"github.com/intercomd/intercomd/hw/camera/internal/pipeline"
	"github.com/intercomd/intercomd/hw/camera/internal/plan"
)

// SourceTest is the source that draws the test pattern.
const SourceTest = "test"

const filePrefix = "file:"

// Limits of [Config].
const (
	MinSize = 64   // pixels
	MaxSize = 4096 // pixels
	MaxFPS  = 120
)

// Config describes a camera.
type Config struct {
	// Source is "test", "file:PATH" with a path that ends in .h264, .264
	// (Annex-B) or .ivf, or a camera: "auto", "usb", "csi", "usb:NAME" and
	// "csi:NAME" with a part of its name or bus, or a path below /dev.
	Source string
	// Width and Height are the size of the pictures in pixels: even, from
	// MinSize to MaxSize. A camera takes its nearest that gives 10 pictures a
	// second or more; a recording has its own.
	Width, Height int
	// FPS is the frame rate, from 1 to MaxFPS. A camera takes its nearest at the
	// size; IVF files have their own time.
	FPS int
	// Bitrate is what an encoder in hardware begins with, in bit/s; 0 is
	// DefaultBitrate.
	Bitrate int
	// Rotation turns a camera's pictures clockwise: 0, 90, 180 or 270 degrees.
	// Mirror then swaps left and right.
	Rotation int
	Mirror   bool
	// Exposure is in units of 100 µs, 0 for automatic, and Brightness in the
	// camera's own unit; nil leaves them as they are.
	Exposure, Brightness *int
	// PowerLine is the mains frequency that lamps flicker with: "off", "50",
	// "60", "auto", or "" to leave it.
	PowerLine string
	// Counters counts what a camera does; nil is fine.
	Counters *Counters
	// Log hears which way was chosen and why; nil is silent.
	Log *slog.Logger
}

// DefaultBitrate is for configurations without one, in bit/s.
const DefaultBitrate = 1_500_000

func (c Config) bitrate() int {
	if c.Bitrate == 0 {
		return DefaultBitrate
	}
	return c.Bitrate
}

// Counters counts over the life of a camera. The zero value is ready.
type Counters = pipeline.Counters

// Stats is what [Counters] say at one time.
type Stats = pipeline.Stats

// Register makes the camera known to mediadevices and returns the device id
// that selects it in a DeviceID constraint. The source is not opened yet; use
// [Check] to know whether it can be. The camera stays known until unregister is
// called, which does not close it.
//
// The error tells which value is impossible.
func Register(cfg Config) (deviceID string, unregister func(), err error) {
	if err := cfg.validate(); err != nil {
		return "", nil, fmt.Errorf("register camera %q: %w", cfg.Source, err)
	}
	a, err := newAdapter(cfg, localHost())
	if err != nil {
		return "", nil, fmt.Errorf("register camera %q: %w", cfg.Source, err)
	}
	// The manager makes up an id and keeps it to itself: a name of our own
	// finds the driver again.
	name := uuid.NewString()
	info := driver.Info{Label: cfg.Source, Name: name, DeviceType: driver.Camera}
	manager := driver.GetManager()
	if err := manager.Register(a, info); err != nil {
		return "", nil, fmt.Errorf("register camera %q: %w", cfg.Source, err)
	}
	found := manager.Query(func(d driver.Driver) bool { return d.Info().Name == name })
	if len(found) != 1 {
		return "", nil, fmt.Errorf("register camera %q: mediadevices lost the driver", cfg.Source)
	}
	id := found[0].ID()
	return id, func() { manager.Delete(id) }, nil
}

// Check tells whether a source can be opened now: a file is read and indexed
// completely, a camera is looked for and its route planned, without starting or
// measuring anything, so that it may be asked at any time. The error names the
// source, the reason and what to do.
func Check(source string) error {
	h := localHost()
	h.measure = func() (float64, error) { return fastEncoder, nil }
	a, err := adapterOn(Config{Source: source, Width: 640, Height: 480, FPS: 15}, h)
	if err != nil {
		return err
	}
	_, err = a.open()
	return err
}

// fastEncoder stands for a software encoder nobody measured, in pixels a second.
const fastEncoder = 1e9

func (c Config) validate() error {
	path, isFile := strings.CutPrefix(c.Source, filePrefix)
	if isFile {
		if path == "" {
			return errors.New("file: without a path")
		}
		if _, err := containerOf(path); err != nil {
			return err
		}
	} else if err := c.validateCamera(); err != nil {
		return err
	}
	if c.FPS < 1 || c.FPS > MaxFPS {
		return fmt.Errorf("fps %d is not from 1 to %d", c.FPS, MaxFPS)
	}
	return nil
}

// validateCamera checks the values that recordings do not have.
func (c Config) validateCamera() error {
	if c.Source != SourceTest {
		if _, err := plan.ParseSource(c.Source); err != nil {
			return fmt.Errorf("%w, or \"test\" or \"file:PATH\"", err)
		}
	}
	if err := validSize("width", c.Width); err != nil {
		return err
	}
	if err := validSize("height", c.Height); err != nil {
		return err
	}
	if !slices.Contains([]int{0, 90, 180, 270}, c.Rotation) {
		return fmt.Errorf("rotation %d is not 0, 90, 180 or 270", c.Rotation)
	}
	if !slices.Contains([]string{"", "off", "50", "60", "auto"}, c.PowerLine) {
		return fmt.Errorf("power line frequency %q is not off, 50, 60 or auto", c.PowerLine)
	}
	return nil
}

// validSize wants even numbers because 4:2:0 halves both dimensions.
func validSize(what string, pixels int) error {
	if pixels < MinSize || pixels > MaxSize || pixels%2 != 0 {
		return fmt.Errorf("%s %d is not an even number from %d to %d", what, pixels, MinSize, MaxSize)
	}
	return nil
}
