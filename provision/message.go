package provision

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/intercomd/intercomd/config"
)

// dated begins the line of intercom.err that is another one each time.
const dated = "Date: "

// message is the text of intercom.err, with the line ends of Windows. configured
// says whether the device goes on with a configuration it has.
func message(wrong error, configured bool, now time.Time) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("A message of the device about %s on this card.", configFile)
	line("%s%s (by the clock of the device, which may be wrong)", dated, now.UTC().Format("2006-01-02 15:04:05 UTC"))
	line("")
	for text := range strings.SplitSeq(wrong.Error(), "\n") {
		line("  %s", printable(text))
	}
	line("")
	line("%s", remedy(wrong))
	if configured {
		line("The device goes on with the configuration it has.")
	} else {
		line("Until then the device has no configuration and cannot ring.")
	}
	line("This file disappears when nothing is wrong any more.")
	return []byte(b.String())
}

// remedy says what to do.
func remedy(wrong error) string {
	var listed *config.Error
	if errors.As(wrong, &listed) {
		return "What to do: open " + configFile + " on a computer, correct what is said above (the number after\r\n" +
			"the name of the file is the line), save it as plain text, put the card back and switch the device on."
	}
	return "What to do: correct this, put the card back and switch the device on."
}

// printable keeps what a file says from looking like something else.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// sameMessage says whether two texts differ by their date only.
func sameMessage(a, b []byte) bool {
	return bytes.Equal(undated(a), undated(b))
}

func undated(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i, l := range lines {
		if bytes.HasPrefix(l, []byte(dated)) {
			lines[i] = nil
		}
	}
	return bytes.Join(lines, nil)
}

// complain writes intercom.err unless it says the same already. Whoever reads it
// sees the card, not where the device has it.
func (c card) complain(text []byte) error {
	text = bytes.ReplaceAll(text, []byte(c.dir+"/"), nil)
	name := path.Join(c.dir, errFile)
	before, found, err := readIf(c.disk, name)
	if err == nil && found && sameMessage(before, text) {
		return nil
	}
	if _, err := c.disk.List(c.dir); errors.Is(err, fs.ErrNotExist) {
		return nil // no card, nobody to tell
	}
	return c.change(put(name, text, 0o644, Owner{})...)
}

// praise removes intercom.err.
func (c card) praise() error {
	if _, found, err := readIf(c.disk, path.Join(c.dir, errFile)); !found && err == nil {
		return nil
	}
	return c.change(c.removal(errFile)...)
}
