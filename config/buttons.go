package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxConference is how many contacts fit into one session besides the device
// (the SDK documents four people).
const maxConference = 3

const (
	defaultDebounce = 20 * time.Millisecond
	minDebounce     = time.Millisecond
	maxDebounce     = 300 * time.Millisecond
)

func (c *checker) buttons(contacts []Contact) []Button {
	names := map[string]int{}
	buttons := make([]Button, len(c.raw.Buttons))
	for i, in := range c.raw.Buttons {
		key := fmt.Sprintf("buttons[%d]", i)
		c.uniqueName(key+".name", in.Name, "buttons", names, i)
		buttons[i] = c.button(key, in, contacts)
		if enter := slices.IndexFunc(buttons[:i], func(b Button) bool { return b.Source == ButtonStdin }); enter >= 0 && buttons[i].Source == ButtonStdin {
			c.problemf(key+".source", "stdin is already the source of buttons[%d], there is one Enter key", enter)
		}
	}
	c.longPresses(buttons, names)
	return buttons
}

// uniqueName checks a name that no other element of the list may have.
func (c *checker) uniqueName(key, name, list string, names map[string]int, i int) {
	c.name(key, name)
	if first, twice := names[name]; twice {
		c.problemf(key, "%s is already the name of %s[%d]", quote(name), list, first)
		return
	}
	names[name] = i
}

func (c *checker) button(key string, in rawButton, contacts []Contact) Button {
	b := Button{
		Name:      in.Name,
		Source:    oneOf(c, key+".source", orDefault(in.Source, ButtonControl), ButtonControl, ButtonStdin, ButtonGPIO, ButtonEvdev),
		Action:    oneOf(c, key+".action", orDefault(in.Action, ButtonCall), ButtonCall, ButtonHangUp),
		LongPress: in.LongPress,
	}
	c.plan(key, in, contacts, &b)
	c.input(key, in, &b)
	return b
}

// plan reads whom a button rings.
func (c *checker) plan(key string, in rawButton, contacts []Contact, b *Button) {
	if b.Action == ButtonHangUp {
		c.useless(key, "action: hangup", "contacts", "mode", "call_type")
		return
	}
	b.Contacts = c.resolveContacts(key+".contacts", in.Contacts, contacts)
	b.Mode = oneOf(c, key+".mode", orDefault(in.Mode, FirstAnswer), FirstAnswer, Conference)
	b.CallType = oneOf(c, key+".call_type", orDefault(in.CallType, VideoCall), VideoCall, AudioCall)
	if len(in.Contacts) == 0 {
		c.problemf(key+".contacts", "is missing, it must name at least one contact")
	}
	if b.Mode == Conference && len(in.Contacts) > maxConference {
		c.problemf(key+".contacts", "%d contacts are too many, allowed are %d with mode: conference", len(in.Contacts), maxConference)
	}
}

// input reads where presses of a button come from.
func (c *checker) input(key string, in rawButton, b *Button) {
	with := "source: " + string(b.Source)
	switch b.Source {
	case ButtonGPIO:
		b.Line = c.line(key, in.Chip, in.Line, in.ActiveLow == nil || *in.ActiveLow)
		b.Bias = oneOf(c, key+".bias", orDefault(in.Bias, PullUp), PullUp, PullDown, NoBias)
		b.Debounce = c.within(key+".debounce", in.Debounce, defaultDebounce, minDebounce, maxDebounce)
		b.KernelDebounce = in.KernelDebounce
		c.useless(key, with, "device", "key")
	case ButtonEvdev:
		b.Device, b.Key = c.inputDevice(key+".device", in.Device), c.key(key+".key", string(in.Key))
		b.Debounce = c.within(key+".debounce", in.Debounce, defaultDebounce, minDebounce, maxDebounce)
		c.useless(key, with, "chip", "line", "active_low", "bias", "kernel_debounce")
	case ButtonControl, ButtonStdin:
		c.useless(key, with, "chip", "line", "active_low", "bias", "debounce", "kernel_debounce", "device", "key", "long_press")
	}
}

// orDefault returns the value of a key of a list's table, where the merged
// settings know no defaults.
func orDefault[T ~string](s string, d T) string {
	if s == "" {
		return string(d)
	}
	return s
}

// useless reports keys that say nothing together with what another key says.
func (c *checker) useless(key, with string, names ...string) {
	for _, name := range names {
		if c.given(key + "." + name) {
			c.problemf(key+"."+name, "has no meaning with %s", with)
		}
	}
}

func (c *checker) inputDevice(key, name string) string {
	if name != "" && (!isDeviceName(name) || strings.HasPrefix(name, "/") && !isUnder(name, "/dev/")) {
		c.problemf(key, "%s is not an input device, allowed are /dev/input/NAME and a part of the name", quote(name))
	}
	return name
}

func (c *checker) key(key, name string) string {
	switch {
	case name == "":
		c.problemf(key, "is missing, it must be a key such as KEY_ENTER")
	case !isDeviceName(name):
		c.problemf(key, "%s is not a key, allowed is the name or the number of one", quote(name))
	}
	return name
}

// longPresses checks which buttons long presses stand for. One that stands for
// a further one would be a riddle to whoever presses.
func (c *checker) longPresses(buttons []Button, names map[string]int) {
	for i, b := range buttons {
		if b.LongPress == "" {
			continue
		}
		key := fmt.Sprintf("buttons[%d].long_press", i)
		target, found := names[b.LongPress]
		switch {
		case !found:
			c.problemf(key, "%s is not in buttons", quote(b.LongPress))
		case target == i:
			c.problemf(key, "%s is the button itself, allowed is another one", quote(b.LongPress))
		case buttons[target].LongPress != "":
			c.problemf(key, "%s has a long_press itself, allowed is a button without one", quote(b.LongPress))
		}
	}
}
