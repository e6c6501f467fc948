package gpio

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// header is a chip as a Raspberry Pi has it.
func header(name, label string) Chip {
	c := Chip{Path: "/dev/" + name, Name: name, Label: label}
	for i, l := range []string{"ID_SDA", "ID_SCL", "GPIO2", "GPIO17", "GPIO27", "", ""} {
		c.Lines = append(c.Lines, Line{Offset: i, Name: l})
	}
	return c
}

func TestFind(t *testing.T) {
	pi4 := []Chip{header("gpiochip0", "pinctrl-bcm2711"), {Path: "/dev/gpiochip1", Name: "gpiochip1", Label: "raspberrypi-exp-gpio", Lines: []Line{{Name: "BT_ON"}}}}
	pi5 := []Chip{{Path: "/dev/gpiochip0", Name: "gpiochip0", Label: "pinctrl-rp1", Lines: header("", "").Lines}, {Path: "/dev/gpiochip10", Name: "gpiochip10", Label: "gpio-brcmstb@107d508500"}}
	pc := []Chip{{Path: "/dev/gpiochip0", Name: "gpiochip0", Label: "INT34C6:00"}, header("gpiochip1", "cp2104")}
	twins := []Chip{header("gpiochip0", "pcf8574"), header("gpiochip1", "pcf8574")}
	locked := []Chip{{Path: "/dev/gpiochip0", Name: "gpiochip0", Problem: "permission denied", denied: true}}
	broken := []Chip{{Path: "/dev/gpiochip0", Name: "gpiochip0", Problem: "inappropriate ioctl"}}
	tests := []struct {
		name             string
		chips            []Chip
		chip, path, line string
		wantChip         string
		wantOffset       int
		wantState        string // of the error
		wantWords        []string
	}{
		{name: "by label and name", chips: pi4, chip: "pinctrl-bcm2711", line: "GPIO17", wantChip: "gpiochip0", wantOffset: 3},
		{name: "by name and offset", chips: pi4, chip: "gpiochip0", line: "4", wantChip: "gpiochip0", wantOffset: 4},
		{name: "by path", chips: pi4, chip: "/dev/gpiochip1", path: "/dev/gpiochip1", line: "BT_ON", wantChip: "gpiochip1"},
		{name: "by link", chips: pi5, chip: "gpiochip4", path: "/dev/gpiochip0", line: "GPIO27", wantChip: "gpiochip0", wantOffset: 4},
		{name: "header of a Pi 4", chips: pi4, line: "17", wantState: StateMissing, wantWords: []string{"line 17", "pinctrl-bcm2711", "0 to 6"}},
		{name: "header of a Pi 5", chips: pi5, line: "GPIO17", wantChip: "gpiochip0", wantOffset: 3},
		{name: "header of a PC by line", chips: pc, line: "GPIO17", wantChip: "gpiochip1", wantOffset: 3},
		{name: "header of a PC by offset", chips: pc, line: "3", wantState: StateMissing, wantWords: []string{"set chip", "INT34C6:00", "cp2104"}},
		{name: "the only chip", chips: pi4[1:], line: "0", wantChip: "gpiochip1"},
		{name: "no chips", chip: "pinctrl-bcm2711", line: "GPIO17", wantState: StateMissing, wantWords: []string{"GPIO17", "pinctrl-bcm2711", "no GPIO chips"}},
		{name: "no chips at all", line: "GPIO17", wantState: StateMissing, wantWords: []string{"GPIO17", "no GPIO chips"}},
		{name: "no such chip", chips: pi4, chip: "pinctrl-rp1", line: "GPIO17", wantState: StateMissing, wantWords: []string{`"pinctrl-rp1"`, "pinctrl-bcm2711 (gpiochip0)", "raspberrypi-exp-gpio (gpiochip1)"}},
		{name: "no such line", chips: pi4, chip: "gpiochip0", line: "gpio7", wantState: StateMissing, wantWords: []string{"gpio7", "GPIO17", "GPIO27", "GPIO2"}},
		{name: "line without a name", chips: pi4, chip: "gpiochip0", line: "", wantState: StateMissing},
		{name: "negative offset", chips: pi4, chip: "gpiochip0", line: "-1", wantState: StateMissing},
		{name: "same label twice", chips: twins, chip: "pcf8574", line: "GPIO17", wantState: StateFailed, wantWords: []string{"gpiochip0", "gpiochip1"}},
		{name: "same label, by name", chips: twins, chip: "gpiochip1", line: "GPIO17", wantChip: "gpiochip1", wantOffset: 3},
		{name: "forbidden", chips: locked, chip: "gpiochip0", line: "17", wantState: StateDenied, wantWords: []string{"line 17", "/dev/gpiochip0", "group gpio"}},
		{name: "forbidden and perhaps it", chips: locked, chip: "pinctrl-bcm2711", line: "17", wantState: StateDenied, wantWords: []string{"group gpio"}},
		{name: "no chip at all", chips: broken, line: "17", wantState: StateFailed, wantWords: []string{"gpiochip0", "inappropriate"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, l, err := find(tt.chips, tt.chip, tt.path, tt.line)
			if tt.wantState == "" {
				if err != nil || c.Name != tt.wantChip || l.Offset != tt.wantOffset {
					t.Errorf("%s %d, %v; want %s %d", c.Name, l.Offset, err, tt.wantChip, tt.wantOffset)
				}
				return
			}
			if err == nil || stateOf(err) != tt.wantState {
				t.Fatalf("error %v is %s, want %s", err, stateOf(err), tt.wantState)
			}
			for _, word := range tt.wantWords {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q lacks %q", err, word)
				}
			}
		})
	}
}

// TestNoChipsAtAll advises nobody to choose one.
func TestNoChipsAtAll(t *testing.T) {
	_, _, err := find(nil, "", "", "17")
	if want := "open line 17 of chip the header: there are no GPIO chips at all, is the kernel's driver loaded?"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestBusyNamesTheHolder(t *testing.T) {
	c := header("gpiochip0", "pinctrl-bcm2711")
	for consumer, want := range map[string]string{"gpio-keys": `"gpio-keys"`, "": "another program"} {
		err := busy(c, Line{Consumer: consumer}, "GPIO17")
		for _, word := range []string{want, "GPIO17", "pinctrl-bcm2711"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q lacks %q", err, word)
			}
		}
	}
}

func TestDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"gpio17", "gpio17", 0},
		{"gpio71", "gpio17", 2}, {"gpio7", "gpio17", 1}, {"kitten", "sitting", 3},
	}
	for _, tt := range tests {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("from %q to %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestSimilar(t *testing.T) {
	var lines []Line
	for _, name := range []string{"GPIO17", "GPIO1", "GPIO2", "GPIO3", "GPIO4", "GPIO5", "GPIO6", "GPIO17", "", "RELAY"} {
		lines = append(lines, Line{Name: name})
	}
	got := similar(lines, "gpio1")
	if want := []string{"GPIO1", "GPIO17", "GPIO2", "GPIO3", "GPIO4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDeviceError(t *testing.T) {
	err := &DeviceError{State: StateMissing, Text: "line 17 was lost", Err: unix.ENODEV}
	if !errors.Is(err, unix.ENODEV) || err.Error() != "line 17 was lost: no such device" {
		t.Errorf("%v", err)
	}
}
