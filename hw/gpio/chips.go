package gpio

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Chip is a GPIO chip.
type Chip struct {
	Path    string `json:"path"`              // /dev/gpiochip0
	Name    string `json:"name"`              // gpiochip0; the number differs between boards
	Label   string `json:"label"`             // pinctrl-bcm2711; the driver's name for it
	Lines   []Line `json:"lines"`             // by offset
	Problem string `json:"problem,omitempty"` // why there is no more to tell

	denied bool
}

// Line is a line of a chip.
type Line struct {
	Offset    int    `json:"offset"`
	Name      string `json:"name,omitempty"` // GPIO17; may be empty, need not be unique
	Used      bool   `json:"used"`           // a program or the kernel holds it
	Consumer  string `json:"consumer,omitempty"`
	Output    bool   `json:"output"`
	ActiveLow bool   `json:"active_low"`
	Bias      Bias   `json:"bias,omitempty"` // as far as the kernel knows
}

// headerLabels are the chips that a Raspberry Pi's header is wired to: up to
// the Pi 3, the Pi 4, the Pi 5.
func headerLabels() []string {
	return []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}
}

// String names the chip as a person finds it.
func (c Chip) String() string {
	if c.Label == "" {
		return c.Name
	}
	return fmt.Sprintf("%s (%s)", c.Label, c.Name)
}

// find finds a line. path is what the file system makes of the chip's name, or
// "" when it is no path. The error is a DeviceError.
func find(chips []Chip, chip, path, line string) (Chip, Line, error) {
	c, err := findChip(chips, chip, path, line)
	if err != nil {
		return Chip{}, Line{}, err
	}
	if c.denied {
		return Chip{}, Line{}, deniedChip(c, line)
	}
	if c.Problem != "" {
		return Chip{}, Line{}, problem(StateFailed, "open line %s of chip %s: %s", line, c, c.Problem)
	}
	l, ok := c.line(line)
	if !ok {
		return Chip{}, Line{}, noLine(c, line)
	}
	return c, l, nil
}

// findChip finds a chip by path, name or label, or the one that a board's
// header is wired to.
func findChip(chips []Chip, chip, path, line string) (Chip, error) {
	if chip == "" {
		return headerChip(chips, line)
	}
	var found []Chip
	for _, c := range chips {
		if c.Path == path || c.Name == chip {
			return c, nil
		}
		if c.Label == chip {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Chip{}, noChip(chips, chip, line)
	}
	return Chip{}, problem(StateFailed, "open line %s of chip %q: several chips have that label, set chip to one of: %s",
		line, chip, list(found, func(c Chip) string { return c.Name }))
}

// headerChip is the only chip, the one with a header's label, or the first one
// that has a line of that name.
func headerChip(chips []Chip, line string) (Chip, error) {
	if len(chips) == 1 {
		return chips[0], nil
	}
	for _, c := range chips {
		if slices.Contains(headerLabels(), c.Label) {
			return c, nil
		}
	}
	for _, c := range chips {
		if l, ok := c.line(line); ok && l.Name == line {
			return c, nil
		}
	}
	return Chip{}, noChip(chips, "", line)
}

// noChip says that there is no such chip, and which there are. A chip that may
// not be opened could have the label.
func noChip(chips []Chip, chip, line string) error {
	if i := slices.IndexFunc(chips, func(c Chip) bool { return c.denied }); i >= 0 {
		return deniedChip(chips[i], line)
	}
	if len(chips) == 0 {
		return problem(StateMissing, "open %s: there are no GPIO chips at all, is the kernel's driver loaded?", lineName(chip, line))
	}
	what := strconv.Quote(chip) + ": there is no such chip"
	if chip == "" {
		what = "the header: it is not known which chip that is, set chip"
	}
	return problem(StateMissing, "open line %s of chip %s; there are: %s", line, what, list(chips, Chip.String))
}

func deniedChip(c Chip, line string) error {
	return problem(StateDenied, "open line %s of chip %s: no permission for %s; add the user to the group gpio", line, c, c.Path)
}

// noLine says that the chip has no such line, and which are like it.
func noLine(c Chip, line string) error {
	text := fmt.Sprintf("open line %s of chip %s: there is no such line", line, c)
	if names := similar(c.Lines, line); len(names) > 0 {
		text += "; there are: " + strings.Join(names, ", ")
	}
	if len(c.Lines) > 0 {
		text += fmt.Sprintf("; offsets are 0 to %d", len(c.Lines)-1)
	}
	return &DeviceError{State: StateMissing, Text: text}
}

// line finds a line by offset or name; the first one of several.
func (c Chip) line(spec string) (Line, bool) {
	offset, err := strconv.Atoi(spec)
	for _, l := range c.Lines {
		if err == nil && l.Offset == offset || err != nil && spec != "" && l.Name == spec {
			return l, true
		}
	}
	return Line{}, false
}

// busy says who holds a line.
func busy(c Chip, l Line, line string) error {
	holder := strconv.Quote(l.Consumer)
	if l.Consumer == "" {
		holder = "another program or the kernel"
	}
	return problem(StateBusy, "open line %s of chip %s: %s holds it; stop that, or use another line", line, c, holder)
}

// maxSimilar is how many names a message offers.
const maxSimilar = 5

// similar are the names of lines that somebody may have meant, nearest first.
func similar(lines []Line, name string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	want := strings.ToLower(name)
	for _, l := range lines {
		d := distance(want, strings.ToLower(l.Name))
		if l.Name != "" && d <= 2 && !slices.ContainsFunc(found, func(c candidate) bool { return c.name == l.Name }) {
			found = append(found, candidate{l.Name, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range found[:min(len(found), maxSimilar)] {
		names = append(names, c.name)
	}
	return names
}

// distance is how many bytes have to be put in, taken out or replaced to make
// b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// list joins what name gives for each.
func list[T any](all []T, name func(T) string) string {
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = name(v)
	}
	return strings.Join(names, ", ")
}
