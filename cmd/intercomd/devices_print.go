package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/intercomd/intercomd/hw/audio"
	"github.com/intercomd/intercomd/hw/gpio"
)

// Where the parts of a line begin, in characters.
const (
	detailIndent = 4
	listIndent   = 12
)

// inventoryWriter prints an inventory for people.
type inventoryWriter struct {
	b       strings.Builder
	columns int
}

// writeInventory prints an inventory in lines of at most so many characters,
// as far as its names allow.
func writeInventory(w io.Writer, inv inventory, columns int) error {
	p := &inventoryWriter{columns: columns}
	p.cameras(inv)
	p.codecs(inv)
	p.sound(inv)
	p.chips(inv.Chips)
	p.inputs(inv.Inputs)
	if len(inv.Problems) > 0 {
		p.title("PROBLEMS")
		for _, text := range inv.Problems {
			p.wrapped("", text)
		}
	}
	if _, err := io.WriteString(w, p.b.String()); err != nil {
		return fmt.Errorf("print devices: %w", err)
	}
	return nil
}

func (p *inventoryWriter) title(text string) {
	if p.b.Len() > 0 {
		p.b.WriteByte('\n')
	}
	p.b.WriteString(text + "\n")
}

// wrapped prints a label and words, which go on below the first word.
func (p *inventoryWriter) wrapped(label, text string) {
	p.list(label, strings.Fields(cell(text)), " ")
}

// list prints a label and items, of which as many as fit stand on a line.
func (p *inventoryWriter) list(label string, items []string, separator string) {
	indent := detailIndent
	if label != "" {
		indent = listIndent
	}
	line := strings.Repeat(" ", detailIndent) + label
	pad := func() { line += strings.Repeat(" ", max(0, indent-utf8.RuneCountInString(line))) }
	pad()
	begin := true
	for i, item := range items {
		if i < len(items)-1 {
			item += strings.TrimRight(separator, " ")
		}
		if !begin && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(item) > p.columns {
			p.b.WriteString(line + "\n")
			line, begin = "", true
			pad()
		}
		if !begin {
			line += " "
		}
		line, begin = line+item, false
	}
	p.b.WriteString(line + "\n")
}

func (p *inventoryWriter) cameras(inv inventory) {
	p.title("CAMERAS")
	if len(inv.Cameras) == 0 {
		p.wrapped("", "None. A USB camera: is it plugged in, and this user in the group video? A CSI camera: is its cable the right way round, and rpicam-apps installed?")
	}
	for _, c := range inv.Cameras {
		fmt.Fprintf(&p.b, "%s  %s\n", cell(c.Path), cell(c.Name))
		p.wrapped("", fmt.Sprintf("%s, driver %s, bus %s", c.Kind, c.Driver, c.Bus))
		if c.Link != "" {
			p.wrapped("", c.Link)
		}
		for _, g := range grouped(c.Formats) {
			p.group(g)
		}
	}
	if inv.Picture != nil {
		p.picture(*inv.Picture)
	}
}

func (p *inventoryWriter) picture(c pictureEntry) {
	p.title(fmt.Sprintf("PICTURE of camera.source %s, %s", cell(c.Source), cell(c.Wanted)))
	if c.Error != "" {
		p.wrapped("none:", c.Error)
		return
	}
	for i, step := range c.Steps {
		label := "from"
		if i > 0 {
			label = "→"
		}
		p.wrapped(label, step)
	}
	for _, reason := range c.Reasons {
		p.wrapped("because", reason)
	}
	if c.Warning != "" {
		p.wrapped("beware", c.Warning)
	}
}

// formatGroup are formats that have the same sizes.
type formatGroup struct {
	formats, sizes []string
}

// group prints the sizes beside the format, or below the formats. Sizes are
// known of those that can be used.
func (p *inventoryWriter) group(g formatGroup) {
	if len(g.sizes) == 0 {
		p.wrapped("others", fewOf(g.formats)+": not used")
		return
	}
	label := g.formats[0]
	if len(g.formats) > 1 {
		p.list("", g.formats, " ")
		label = " "
	}
	p.list(label, g.sizes, ", ")
}

// grouped puts formats with the same sizes and rates together.
func grouped(formats []formatEntry) []formatGroup {
	var groups []formatGroup
	for _, f := range formats {
		sizes := make([]string, 0, len(f.Sizes))
		for _, s := range f.Sizes {
			sizes = append(sizes, s.String())
		}
		i := slices.IndexFunc(groups, func(g formatGroup) bool { return slices.Equal(g.sizes, sizes) })
		if i < 0 {
			groups = append(groups, formatGroup{[]string{cell(f.Format)}, sizes})
			continue
		}
		groups[i].formats = append(groups[i].formats, cell(f.Format))
	}
	return groups
}

// String is the size with its highest rate.
func (s sizeEntry) String() string {
	text := fmt.Sprintf("%dx%d", s.Width, s.Height)
	if s.MaxWidth > s.Width || s.MaxHeight > s.Height {
		text += fmt.Sprintf(" to %dx%d", s.MaxWidth, s.MaxHeight)
	}
	if len(s.Rates) > 0 {
		text += " " + strconv.FormatFloat(slices.Max(s.Rates), 'f', -1, 64) + "/s"
	}
	return text
}

func (p *inventoryWriter) codecs(inv inventory) {
	p.title("HARDWARE CODECS")
	if len(inv.Codecs) == 0 {
		p.wrapped("", "None: without an H.264 camera the processor encodes, in smaller pictures. A Raspberry Pi up to 4 has codecs (bcm2835-codec), a Pi 5 and a PC have none.")
	}
	for _, c := range inv.Codecs {
		fmt.Fprintf(&p.b, "%s  %s, %s\n", cell(c.Path), cell(c.Name), cell(c.Role))
		p.wrapped("takes", strings.Join(c.Takes, " "))
		p.wrapped("makes", strings.Join(c.Makes, " "))
	}
}

func (p *inventoryWriter) sound(inv inventory) {
	p.title("SOUND")
	if len(inv.Sound) == 0 {
		p.wrapped("", "None. Is the card plugged in, and this user in the group audio? A sound HAT needs its dtoverlay in config.txt, the Pi's own jack dtparam=audio=on.")
		return
	}
	for _, d := range inv.Sound {
		direction := "speaker"
		if d.Capture {
			direction = "microphone"
		}
		fmt.Fprintf(&p.b, "%s  %s of %s\n", cell(d.Spec), direction, cell(d.Name))
		p.wrapped("", d.Kind+", "+soundState(d))
		if d.Volume != "" {
			p.wrapped("volume", d.Volume)
		}
		if d.Auto {
			p.wrapped("auto", "takes this one: "+strings.TrimPrefix(d.AutoWhy, "auto: "))
		}
	}
}

// soundState is what is known of a sound device's formats, or who has it.
func soundState(d audio.Info) string {
	switch {
	case !d.Busy:
		return d.Formats
	case d.Holder == "":
		return "in use by another program"
	}
	return "in use by " + d.Holder
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// table prints rows in columns; the first row is the heading.
func (p *inventoryWriter) table(rows [][]string) {
	t := tabwriter.NewWriter(&p.b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // a strings.Builder does not fail
}

func (p *inventoryWriter) chips(chips []gpio.Chip) {
	p.title("GPIO")
	if len(chips) == 0 {
		p.wrapped("", "None. Is this user in the group gpio? Debian gives the chips to root: packaging/systemd/intercomd.rules changes that.")
	}
	for _, c := range chips {
		if c.Problem != "" {
			fmt.Fprintf(&p.b, "%s  %s\n", cell(c.Path), cell(c.Name))
			p.wrapped("", c.Problem)
			continue
		}
		used := slices.DeleteFunc(slices.Clone(c.Lines), func(l gpio.Line) bool { return !l.Used })
		fmt.Fprintf(&p.b, "%s  %s, lines 0 to %d, %d in use\n", cell(c.Path), cell(c.Label), len(c.Lines)-1, len(used))
		if len(used) > 0 {
			p.usedLines(used)
		}
	}
}

func (p *inventoryWriter) usedLines(lines []gpio.Line) {
	rows := [][]string{{"    LINE", "NAME", "DIRECTION", "USED BY"}}
	for _, l := range lines {
		direction := "input"
		if l.Output {
			direction = "output"
		}
		if l.ActiveLow {
			direction += ", active low"
		}
		holder := l.Consumer
		if holder == "" {
			holder = "the kernel"
		}
		rows = append(rows, []string{fmt.Sprintf("    %d", l.Offset), dash(l.Name), direction, holder})
	}
	p.table(rows)
}

// shown is how many keys and formats that matter little are listed.
const shown = 6

func (p *inventoryWriter) inputs(inputs []gpio.InputDevice) {
	p.title("INPUT DEVICES WITH KEYS")
	if len(inputs) == 0 {
		p.wrapped("", "None.")
		return
	}
	rows := [][]string{{"DEVICE", "NAME", "KEYS"}}
	for _, d := range inputs {
		rows = append(rows, []string{d.Path, d.Name, keysCell(d)})
	}
	p.table(rows)
}

// keysCell lists the first few keys of a device.
func keysCell(d gpio.InputDevice) string {
	if d.Problem != "" {
		return d.Problem
	}
	names := make([]string, 0, len(d.Keys))
	for _, k := range d.Keys {
		names = append(names, strings.TrimPrefix(gpio.KeyName(k), "KEY_"))
	}
	return fewOf(names)
}

// fewOf lists the first few names, and how many more there are.
func fewOf(names []string) string {
	text := strings.Join(names[:min(len(names), shown)], " ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
