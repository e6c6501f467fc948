package provision

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// card is the FAT partition that a PC can write. It is locked, read-only,
// except while something is written.
type card struct {
	disk Disk
	dir  string
}

// errFile tells whoever put the card into a PC what is wrong.
const errFile = "intercom.err"

// resetFiles start a factory reset. Windows adds .txt and hides it.
func resetFiles() []string { return []string{"factory-reset", "factory-reset.txt"} }

// config returns the name and the content of the configuration, "" if there is
// none. FAT keeps capitals and ignores them, and so does this. stray are files
// that look as if they were meant to be it.
func (c card) config() (name string, text []byte, stray []string, err error) {
	entries, err := listIf(c.disk, c.dir)
	if err != nil {
		return "", nil, nil, fmt.Errorf("list card: %w", err)
	}
	for _, e := range entries {
		switch {
		case e.Folder:
		case strings.EqualFold(e.Name, configFile):
			name = e.Name
		case isStray(e.Name):
			stray = append(stray, e.Name)
		}
	}
	if name == "" {
		return "", nil, stray, nil
	}
	text, err = c.disk.Read(path.Join(c.dir, name))
	if errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("%s: has more than %d bytes; is it the right file?", configFile, MaxFile)
	}
	return name, text, stray, err
}

// isStray says whether a file was meant to be the configuration: a copy, or one
// whose end Windows hides. Files that begin with a dot are those of a Mac.
func isStray(name string) bool {
	name = strings.ToLower(name)
	switch path.Ext(name) {
	case ".yaml", ".yml":
		return !strings.HasPrefix(name, ".")
	case ".txt":
		return strings.HasPrefix(name, "intercom")
	}
	return false
}

// strayError is a configuration under a name that does not count.
type strayError struct {
	names []string
	alone bool // there is no intercom.yaml besides
}

func (e *strayError) Error() string {
	if e.alone {
		return fmt.Sprintf("the file is called %q and does not count; rename it to %s (Windows hides the end of names: "+
			"in Explorer, choose View, Show, File name extensions)", e.names[0], configFile)
	}
	return fmt.Sprintf("there is also %q, which does not count; rename or delete it", e.names[0])
}

// there says whether there is a card.
func (c card) there() bool {
	_, err := c.disk.List(c.dir)
	return err == nil
}

// resetRequests returns the names of the files that ask for a factory reset.
func (c card) resetRequests() ([]string, error) {
	entries, err := listIf(c.disk, c.dir)
	if err != nil {
		return nil, fmt.Errorf("list card: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.Folder && slices.Contains(resetFiles(), strings.ToLower(e.Name)) {
			names = append(names, e.Name)
		}
	}
	return names, nil
}

// change writes to the card. The card is locked again whatever happens.
func (c card) change(ops ...Op) error {
	if len(ops) == 0 {
		return nil
	}
	err := doAll(c.disk, Op{Kind: Unlock, Path: c.dir})
	if err == nil {
		err = doAll(c.disk, ops...)
	}
	if err := errors.Join(err, doAll(c.disk, Op{Kind: Lock, Path: c.dir})); err != nil {
		return fmt.Errorf("write to card: %w", err)
	}
	return nil
}

// removal is what it takes to remove files of the card that are there.
func (c card) removal(names ...string) []Op {
	var ops []Op
	for _, name := range names {
		ops = append(ops, Op{Kind: Remove, Path: path.Join(c.dir, name)})
	}
	return append(ops, Op{Kind: Sync, Path: c.dir})
}
