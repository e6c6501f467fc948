package gpio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files that are no devices are no chips and no input devices.
func TestKernelWithoutDevices(t *testing.T) {
	dev := t.TempDir()
	if err := os.Mkdir(filepath.Join(dev, "input"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"gpiochip0", "input/event0"} {
		if err := os.WriteFile(filepath.Join(dev, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := kernel{dev: dev}
	if chips, err := k.chips(); len(chips) > 0 || err != nil {
		t.Errorf("chips %v, %v", chips, err)
	}
	if inputs, err := k.inputs(); len(inputs) > 0 || err != nil {
		t.Errorf("inputs %v, %v", inputs, err)
	}
	before := openFDs(t)
	_, _, err := k.Input(t.Context(), InputRequest{Chip: "gpiochip0", Line: "17"})
	if stateOf(err) != StateMissing || err == nil {
		t.Errorf("input: %v", err)
	}
	if _, err := k.Output(OutputRequest{Line: "17"}); stateOf(err) != StateMissing || err == nil {
		t.Errorf("output: %v", err)
	}
	for _, key := range []string{"KEY_ENTER", "KEY_NONSENSE"} {
		if _, err := k.Key(t.Context(), KeyRequest{Device: "keypad", Key: key}); stateOf(err) != StateMissing || err == nil {
			t.Errorf("key %s: %v", key, err)
		}
	}
	if after := openFDs(t); after != before {
		t.Errorf("%d open files, %d before", after, before)
	}
}

// A device of another kind says so instead of being used.
func TestWrongDevice(t *testing.T) {
	k := kernel{dev: "/dev"}
	if c := k.chip(os.DevNull); !strings.Contains(c.Problem, "GPIO_GET_CHIPINFO") || c.denied {
		t.Errorf("chip %+v", c)
	}
	if d := inputDevice(os.DevNull); !strings.Contains(d.Problem, "EVIOCGNAME") || d.denied {
		t.Errorf("input device %+v", d)
	}
	if c := k.chip(filepath.Join(t.TempDir(), "gpiochip0")); !strings.Contains(c.Problem, "no such file") {
		t.Errorf("chip %+v", c)
	}
}

func TestPathOfADevice(t *testing.T) {
	dev := t.TempDir()
	real := filepath.Join(dev, "gpiochip0")
	if err := os.WriteFile(real, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dev, "gpiochip4")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	k := kernel{dev: dev}
	for device, want := range map[string]string{"": "", "gpiochip0": real, "gpiochip4": real, link: real, "pinctrl-bcm2711": ""} {
		if got := k.path(device); got != want {
			t.Errorf("%q is at %q, want %q", device, got, want)
		}
	}
}

// List tells what this machine has, whatever that is.
func TestList(t *testing.T) {
	if _, err := List(); err != nil {
		t.Error(err)
	}
	if _, err := ListInputs(); err != nil {
		t.Error(err)
	}
}
