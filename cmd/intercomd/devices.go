package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/gpio"
)

// inventory is what a board has that a door can use.
type inventory struct {
	Cameras []cameraEntry      `json:"cameras"`
	Picture *pictureEntry      `json:"picture,omitempty"`
	Codecs  []codecEntry       `json:"codecs"`
	Sound   []audio.Info       `json:"sound"`
	Chips   []gpio.Chip        `json:"gpio"`
	Inputs  []gpio.InputDevice `json:"inputs"`

	Problems []string `json:"problems,omitempty"` // what could not be asked, and why
}

// cameraEntry is one camera.
type cameraEntry struct {
	Path    string        `json:"path"`           // /dev/video0
	Link    string        `json:"link,omitempty"` // /dev/v4l/by-id/…, the same after any restart
	Name    string        `json:"name"`
	Driver  string        `json:"driver"`
	Bus     string        `json:"bus"`
	Kind    string        `json:"kind"` // camera or sensor: a sensor needs rpicam-vid
	Formats []formatEntry `json:"formats"`
}

// formatEntry is a pixel format of a camera.
type formatEntry struct {
	Format string      `json:"format"` // four characters
	Sizes  []sizeEntry `json:"sizes"`
}

// sizeEntry is a size of pictures. A range has different limits.
type sizeEntry struct {
	Width     int       `json:"width"` // pixels
	Height    int       `json:"height"`
	MaxWidth  int       `json:"max_width,omitempty"` // of a range
	MaxHeight int       `json:"max_height,omitempty"`
	Rates     []float64 `json:"rates,omitempty"` // pictures a second; empty when the driver does not say
}

// pictureEntry is the way from the camera to H.264 that a configuration would
// take.
type pictureEntry struct {
	Source  string   `json:"source"`
	Wanted  string   `json:"wanted"` // 1280x720 at 25/s
	Kind    string   `json:"kind,omitempty"`
	Steps   []string `json:"steps"`
	Reasons []string `json:"reasons"`
	Else    []string `json:"fallbacks,omitempty"` // what is tried when it fails
	Warning string   `json:"warning,omitempty"`
	Error   string   `json:"error,omitempty"` // why there is none
}

// codecEntry is a hardware encoder or decoder.
type codecEntry struct {
	Path  string   `json:"path"`
	Name  string   `json:"name"`
	Role  string   `json:"role"` // H.264 encoder, JPEG decoder, …
	Takes []string `json:"takes"`
	Makes []string `json:"makes"`
}

// surveyor asks the drivers what there is.
type surveyor struct {
	video   func() ([]cameraEntry, []codecEntry, error)
	picture func(config.Camera) pictureEntry
	sound   func() ([]audio.Info, error)
	chips   func() ([]gpio.Chip, error)
	inputs  func() ([]gpio.InputDevice, error)
}

// survey lists everything. What cannot be asked is named among the problems.
func (s surveyor) survey(cam config.Camera) inventory {
	inv := inventory{
		Cameras: []cameraEntry{}, Codecs: []codecEntry{}, Sound: []audio.Info{},
		Chips: []gpio.Chip{}, Inputs: []gpio.InputDevice{},
	}
	note := func(what string, err error) {
		if err != nil {
			inv.Problems = append(inv.Problems, fmt.Sprintf("list %s: %v", what, err))
		}
	}
	cameras, codecs, err := s.video()
	inv.Cameras, inv.Codecs = append(inv.Cameras, cameras...), append(inv.Codecs, codecs...)
	note("cameras", err)
	if cam.Source.Kind == config.SourceDevice {
		p := s.picture(cam)
		inv.Picture = &p
	}
	sound, err := s.sound()
	inv.Sound = append(inv.Sound, sound...)
	note("sound cards", err)
	chips, err := s.chips()
	inv.Chips = append(inv.Chips, chips...)
	note("GPIO chips", err)
	inputs, err := s.inputs()
	inv.Inputs = append(inv.Inputs, inputs...)
	note("input devices", err)
	return inv
}

// defaultCamera is what is asked for without a configuration.
func defaultCamera() config.Camera {
	return config.Camera{
		Source: config.Source{Kind: config.SourceDevice, Name: "auto"},
		Width:  1280, Height: 720, FPS: 30, Bitrate: 1_500_000,
	}
}

func setupDevices(fs *pflag.FlagSet) action {
	asJSON := fs.Bool("json", false, "print JSON")
	return func(_ context.Context, c *cli, _ []string) error {
		return listDevices(c, systemSurveyor(), *asJSON)
	}
}

// listDevices prints what the board has, and what the configuration, if there
// is one, would make of it.
func listDevices(c *cli, s surveyor, asJSON bool) error {
	cam := defaultCamera()
	if c.config != "" {
		cfg, _, err := config.Load(c.config, c.environ, nil)
		if err != nil {
			return err
		}
		cam = cfg.Camera
	}
	inv := s.survey(cam)
	if asJSON {
		return writeJSON(c.stdout, inv, "  ")
	}
	return writeInventory(c.stdout, inv, c.columns())
}

// Bounds of the width that tables are made for, in characters.
const (
	defaultColumns = 80
	minColumns     = 60
	maxColumns     = 160
)

// columns is the width of the terminal: of the environment's COLUMNS, of the
// terminal itself, or 80.
func (c *cli) columns() int {
	n, err := strconv.Atoi(c.getenv("COLUMNS"))
	if err != nil {
		n = defaultColumns
		if f, ok := c.stdout.(*os.File); ok {
			if size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
				n = int(size.Col)
			}
		}
	}
	return max(minColumns, min(n, maxColumns))
}
