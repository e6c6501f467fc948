package camera

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/pion/mediadevices/pkg/driver"
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
	// Source is "test" or "file:PATH". The path ends in .h264, .264 (Annex-B)
	// or .ivf.
	Source string
	// Width and Height are the size of the test pattern in pixels: even, from
	// MinSize to MaxSize. A recording has its own.
	Width, Height int
	// FPS is the frame rate of the test pattern and of Annex-B files, from 1 to
	// MaxFPS. IVF files have their own time.
	FPS int
}

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
	// The manager makes up an id and keeps it to itself: a name of our own
	// finds the driver again.
	name := uuid.NewString()
	info := driver.Info{Label: cfg.Source, Name: name, DeviceType: driver.Camera}
	manager := driver.GetManager()
	if err := manager.Register(&adapter{cfg: cfg}, info); err != nil {
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
// completely. The error names the source and the reason.
func Check(source string) error {
	cfg := Config{Source: source, Width: MinSize, Height: MinSize, FPS: 1}
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("open camera %q: %w", source, err)
	}
	_, err := open(cfg)
	return err
}

func (c Config) validate() error {
	path, isFile := strings.CutPrefix(c.Source, filePrefix)
	switch {
	case isFile:
		if path == "" {
			return errors.New("file: without a path")
		}
		if _, err := containerOf(path); err != nil {
			return err
		}
	case c.Source != SourceTest:
		return errors.New(`unknown source, want "test" or "file:PATH"`)
	default:
		if err := validSize("width", c.Width); err != nil {
			return err
		}
		if err := validSize("height", c.Height); err != nil {
			return err
		}
	}
	if c.FPS < 1 || c.FPS > MaxFPS {
		return fmt.Errorf("fps %d is not from 1 to %d", c.FPS, MaxFPS)
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
