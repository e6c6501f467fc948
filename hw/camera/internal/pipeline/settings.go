package pipeline

import (
	"errors"
	"log/slog"
	"sync"

	"github.com/intercomd/intercomd/hw/camera/internal/plan"
	"github.com/intercomd/intercomd/hw/internal/v4l2"
	"github.com/intercomd/intercomd/hw/internal/v4l2/uapi"
)

// Settings of a camera's own controls.
type Settings struct {
	Exposure   *int   // units of 100 µs, 0 for automatic; nil leaves it
	Brightness *int   // the camera's own unit; nil leaves it
	PowerLine  string // "off", "50", "60" or "auto"; "" leaves it
	Told       *Told  // what was logged before
}

// Told remembers what was said, so that it is said once. The nil Told forgets.
type Told struct {
	mu   sync.Mutex
	said map[string]bool
}

// First reports whether something is said for the first time.
func (t *Told) First(what string) bool {
	if t == nil {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.said == nil {
		t.said = map[string]bool{}
	}
	first := !t.said[what]
	t.said[what] = true
	return first
}

// setting is a control and its value.
type setting struct {
	name  string
	id    v4l2.ControlID
	value int
}

func (s Settings) list() []setting {
	var list []setting
	if s.Exposure != nil && *s.Exposure == 0 {
		list = append(list, setting{"exposure", v4l2.ControlExposureAuto, uapi.V4L2_EXPOSURE_APERTURE_PRIORITY})
	} else if s.Exposure != nil {
		list = append(list,
			setting{"exposure", v4l2.ControlExposureAuto, uapi.V4L2_EXPOSURE_MANUAL},
			setting{"exposure time", v4l2.ControlExposureAbsolute, *s.Exposure})
	}
	if s.Brightness != nil {
		list = append(list, setting{"brightness", v4l2.ControlBrightness, *s.Brightness})
	}
	frequencies := map[string]int{"off": 0, "50": uapi.V4L2_CID_POWER_LINE_FREQUENCY_50HZ, "60": uapi.V4L2_CID_POWER_LINE_FREQUENCY_60HZ, "auto": uapi.V4L2_CID_POWER_LINE_FREQUENCY_AUTO}
	if v, ok := frequencies[s.PowerLine]; ok {
		list = append(list, setting{"power line frequency", v4l2.ControlPowerLine, v})
	}
	return list
}

// apply sets what the camera has and says once what it lacks.
func (s Settings) apply(d *v4l2.Device, log *slog.Logger) {
	for _, c := range s.list() {
		info, err := d.Control(c.id)
		value := int64(c.value)
		if err == nil && info.Type == v4l2.TypeInteger {
			if value = info.Clamp(value); value != int64(c.value) && s.Told.First(c.name+" range") {
				log.Warn("camera setting is out of range", "camera", d.Path(), "setting", c.name, "want", c.value, "set", value, "min", info.Min, "max", info.Max)
			}
		}
		if err == nil {
			err = d.SetControl(c.id, int32(value))
		}
		if err != nil && s.Told.First(c.name) {
			log.Warn("camera keeps its setting", "camera", d.Path(), "name", d.Capability().Card, "setting", c.name, "error", plain(err))
		}
	}
}

// plain is an error without its wrapping when it only says that something is
// missing.
func plain(err error) error {
	if errors.Is(err, v4l2.ErrNoControl) {
		return v4l2.ErrNoControl
	}
	return err
}

// turn has the camera turn its pictures.
func turn(d *v4l2.Device, t plan.Turn) error {
	h, v, ok := t.Flips()
	if !ok {
		h, v = t.Mirror, false
	}
	flips := []setting{{"mirror", v4l2.ControlHFlip, truth(h)}, {"flip", v4l2.ControlVFlip, truth(v)}}
	if !ok {
		flips = append(flips, setting{"rotation", v4l2.ControlRotate, t.Rotation})
	}
	for _, f := range flips {
		// A control that is missing is fine when nothing is wanted of it. Those
		// that exist are reset, as they outlive the program that set them.
		if err := d.SetControl(f.id, int32(f.value)); err != nil && f.value != 0 {
			return err
		}
	}
	return nil
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
