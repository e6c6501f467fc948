package gpio

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// String names the device as a person finds it.
func (d InputDevice) String() string {
	if d.Name == "" {
		return d.Path
	}
	return fmt.Sprintf("%q (%s)", d.Name, d.Path)
}

// findInput finds a device by path, name or part of the name, or the first one
// with the key. Path is what the file system makes of name. The error is a
// DeviceError.
func findInput(devices []InputDevice, name, path string, code uint16) (InputDevice, error) {
	d, ok := matchInput(devices, name, path, code)
	switch {
	case !ok:
		return d, noInput(devices, name, code)
	case d.denied:
		return d, deniedInput(d)
	case d.Problem != "":
		return d, problem(StateFailed, "open input device %s: %s", d, d.Problem)
	case !slices.Contains(d.Keys, int(code)):
		return d, problem(StateMissing, "open input device %s: it has no key %s", d, KeyName(int(code)))
	}
	return d, nil
}

// matchInput tries the ways to name a device, the most exact first. A keyboard
// may be several devices of nearly the same name: the one with the key is meant.
func matchInput(devices []InputDevice, name, path string, code uint16) (InputDevice, bool) {
	has := func(d InputDevice) bool { return slices.Contains(d.Keys, int(code)) }
	if name == "" {
		return first(devices, has)
	}
	matches := []func(d InputDevice) bool{
		func(d InputDevice) bool { return d.Path == path || filepath.Base(d.Path) == name },
		func(d InputDevice) bool { return d.Name == name },
		func(d InputDevice) bool { return strings.Contains(strings.ToLower(d.Name), strings.ToLower(name)) },
	}
	for _, match := range matches {
		if d, ok := first(devices, func(d InputDevice) bool { return match(d) && has(d) }); ok {
			return d, true
		}
	}
	for _, match := range matches {
		if d, ok := first(devices, match); ok {
			return d, true
		}
	}
	return InputDevice{}, false
}

func first(devices []InputDevice, match func(InputDevice) bool) (InputDevice, bool) {
	if i := slices.IndexFunc(devices, match); i >= 0 {
		return devices[i], true
	}
	return InputDevice{}, false
}

// noInput says that there is no such device, and which there are. One that may
// not be opened could have the name.
func noInput(devices []InputDevice, name string, code uint16) error {
	if i := slices.IndexFunc(devices, func(d InputDevice) bool { return d.denied }); i >= 0 {
		return deniedInput(devices[i])
	}
	what := fmt.Sprintf("open input device %q: there is no such device", name)
	if name == "" {
		what = "open input device: none has the key " + KeyName(int(code))
	}
	if len(devices) == 0 {
		return problem(StateMissing, "%s; there are none with keys, is it plugged in?", what)
	}
	return problem(StateMissing, "%s; there are: %s", what, list(devices, InputDevice.String))
}

func deniedInput(d InputDevice) error {
	return problem(StateDenied, "open input device %s: no permission; add the user to the group input", d)
}
