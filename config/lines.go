package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	defaultPulse = 3 * time.Second
	minPulse     = 100 * time.Millisecond
	maxPulse     = 10 * time.Second // a door must not stay open

	minWatchdog = 5 * time.Second
	maxWatchdog = 5 * time.Minute
)

// line reads which line of which chip the table at key uses.
func (c *checker) line(key, chip string, name word, activeLow bool) Line {
	l := Line{Chip: orDefault(chip, ChipAuto), Name: string(name), ActiveLow: activeLow}
	if !isDeviceName(l.Chip) || strings.Contains(l.Chip, "/") && !isUnder(l.Chip, "/dev/") {
		c.problemf(key+".chip", "%s is not a chip, allowed are auto, the name, the label and the path of one", quote(l.Chip))
	}
	offset, err := strconv.Atoi(l.Name)
	switch {
	case l.Name == "":
		c.problemf(key+".line", "is missing, it must be the number or the name of a line")
	case err == nil && (offset < 0 || offset > maxOffset):
		c.problemf(key+".line", "%s is out of range, allowed are 0 to %d", l.Name, maxOffset)
	case !isDeviceName(l.Name):
		c.problemf(key+".line", "%s is not a line, allowed are the number and the name of one", quote(l.Name))
	default:
		c.claim(key+".line", l)
	}
	return l
}

// maxOffset is more than the lines of any chip: ioctls of the kernel have no
// room for more than 32 bits, drivers number far fewer.
const maxOffset = 65535

// claim reports a line that something else uses already. Two names of one chip
// are not recognised.
func (c *checker) claim(key string, l Line) {
	name := l.Chip + " " + l.Name
	if first, twice := c.claimed[name]; twice {
		c.problemf(key, "%s of chip %s is already used by %s", l.Name, l.Chip, first)
		return
	}
	c.claimed[name] = key[:strings.LastIndexByte(key, '.')]
}

func (c *checker) lamps() []Lamp {
	names := map[string]int{}
	lamps := make([]Lamp, len(c.raw.Lamps))
	for i, in := range c.raw.Lamps {
		key := fmt.Sprintf("lamps[%d]", i)
		c.uniqueName(key+".name", in.Name, "lamps", names, i)
		lamps[i] = Lamp{
			Name:  in.Name,
			Line:  c.line(key, in.Chip, in.Line, in.ActiveLow),
			Shows: c.indications(key+".shows", in.Shows),
		}
	}
	return lamps
}

func (c *checker) indications(key string, names []string) []Indication {
	if len(names) == 0 {
		return Indications()
	}
	var shown []Indication
	for i, name := range names {
		item := fmt.Sprintf("%s[%d]", key, i)
		indication := oneOf(c, item, name, Indications()...)
		if slices.Contains(shown, indication) {
			c.problemf(item, "%s is named twice", quote(name))
		}
		shown = append(shown, indication)
	}
	return shown
}

func (c *checker) relays(contacts []Contact) []Relay {
	names := map[string]int{}
	relays := make([]Relay, len(c.raw.Relays))
	for i, in := range c.raw.Relays {
		key := fmt.Sprintf("relays[%d]", i)
		c.uniqueName(key+".name", in.Name, "relays", names, i)
		relays[i] = Relay{
			Name:    in.Name,
			Line:    c.line(key, in.Chip, in.Line, in.ActiveLow),
			Pulse:   c.within(key+".pulse", in.Pulse, defaultPulse, minPulse, maxPulse),
			Callers: c.resolveContacts(key+".callers", in.Callers, contacts),
		}
	}
	return relays
}

func (c *checker) watchdog() Watchdog {
	in := c.raw.Watchdog
	if in.Device != "" && !isUnder(in.Device, "/dev/") {
		c.problemf("watchdog.device", "%s is not a watchdog, allowed is /dev/NAME", quote(in.Device))
	}
	return Watchdog{Device: in.Device, Timeout: c.within("watchdog.timeout", &in.Timeout, in.Timeout, minWatchdog, maxWatchdog)}
}

// within checks a duration, which is d if it was not given.
func (c *checker) within(key string, given *time.Duration, d, low, high time.Duration) time.Duration {
	if given == nil {
		return d
	}
	if *given < low || *given > high {
		c.problemf(key, "%v is out of range, allowed are %v to %v", *given, low, high)
	}
	return *given
}
