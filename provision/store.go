package provision

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Names below the folder of the store. What begins with a dot is no file that a
// configuration can refer to.
const (
	linkName   = "config"        // → config.<n>
	linkNew    = "config.new"    // before it becomes the link
	resetName  = "factory-reset" // a reset has begun
	stateName  = "state"         // what the daemon writes
	configFile = "intercom.yaml"
	cardFile   = ".card.yaml"   // the card's file as it was before it was blanked
	seenFile   = ".card.sha256" // of a card's file that this configuration did not come from
)

// store is the folder that holds the configuration in force, and only whole
// ones besides it.
type store struct {
	disk  Disk
	dir   string
	owner Owner // the daemon
}

// stored is a configuration in force.
type stored struct {
	folder string // config.<n>
	text   []byte // intercom.yaml with its secrets
	card   []byte // what was imported, nil if it did not come from the card
	seen   string // of the card's file that was there when it came from elsewhere
}

// open makes the folders that have to be there and removes what a power cut
// left over.
func (s store) open() error {
	err := doAll(s.disk,
		Op{Kind: MakeFolder, Path: s.dir, Mode: 0o755},
		Op{Kind: MakeFolder, Path: s.state(), Mode: 0o700, Owner: s.owner},
		Op{Kind: Sync, Path: s.dir},
		Op{Kind: Sync, Path: path.Dir(s.dir)})
	if err != nil {
		return err
	}
	return s.tidy()
}

func (s store) state() string { return path.Join(s.dir, stateName) }

// current returns the folder of the configuration in force, "" if there is
// none.
func (s store) current() (string, error) {
	entries, err := s.disk.List(s.dir)
	if err != nil {
		return "", fmt.Errorf("list %s: %w", s.dir, err)
	}
	link, _ := find(entries, linkName)
	folder, found := find(entries, link.Target)
	if _, ok := number(link.Target); !ok || !found || !folder.Folder {
		return "", nil
	}
	return link.Target, nil
}

// load returns the configuration in force, nil if there is none.
func (s store) load() (*stored, error) {
	folder, err := s.current()
	if folder == "" || err != nil {
		return nil, err
	}
	st := &stored{folder: folder}
	dir := path.Join(s.dir, folder)
	var errs [3]error
	var found bool
	st.text, found, errs[0] = readIf(s.disk, path.Join(dir, configFile))
	st.card, _, errs[1] = readIf(s.disk, path.Join(dir, cardFile))
	seen, _, err := readIf(s.disk, path.Join(dir, seenFile))
	st.seen, errs[2] = string(seen), err
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("read stored configuration: %w", err)
	}
	if !found {
		return nil, nil
	}
	return st, nil
}

// save puts a configuration into force: files by name, intercom.yaml among
// them. Until the link is renamed the old one is in force, from then on the new
// one.
func (s store) save(files map[string][]byte) error {
	entries, err := s.disk.List(s.dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", s.dir, err)
	}
	folder := next(entries)
	ops := append(s.folder(path.Join(s.dir, folder), files),
		Op{Kind: Sync, Path: s.dir},
		Op{Kind: Remove, Path: path.Join(s.dir, linkNew)},
		Op{Kind: Link, Path: path.Join(s.dir, linkNew), To: folder},
		Op{Kind: Sync, Path: s.dir},
		Op{Kind: Rename, Path: path.Join(s.dir, linkNew), To: path.Join(s.dir, linkName)},
		Op{Kind: Sync, Path: s.dir})
	if err := doAll(s.disk, ops...); err != nil {
		return fmt.Errorf("store configuration: %w", err)
	}
	return s.tidy()
}

// folder makes a folder with files that root writes and the daemon reads.
func (s store) folder(dir string, files map[string][]byte) []Op {
	group := Owner{GID: s.owner.GID}
	folders := map[string]bool{dir: true}
	for name := range files {
		for at := path.Dir(name); at != "."; at = path.Dir(at) {
			folders[path.Join(dir, at)] = true
		}
	}
	var ops []Op
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		ops = append(ops, Op{Kind: MakeFolder, Path: folder, Mode: 0o750, Owner: group})
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		op := Op{Kind: Write, Path: path.Join(dir, name), Data: files[name], Mode: 0o640, Owner: group}
		if strings.HasPrefix(name, ".") {
			op.Mode, op.Owner = 0o600, Owner{}
		}
		ops = append(ops, op, Op{Kind: Sync, Path: op.Path})
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		ops = append(ops, Op{Kind: Sync, Path: folder})
	}
	return ops
}

// tidy removes all configurations that are not in force.
func (s store) tidy() error {
	current, err := s.current()
	if err != nil {
		return err
	}
	return s.remove(func(name string) bool { return name != current && name != linkName })
}

// clear removes every configuration; the link goes first, so that none is in
// force half removed.
func (s store) clear() error {
	err := doAll(s.disk, Op{Kind: Remove, Path: path.Join(s.dir, linkName)}, Op{Kind: Sync, Path: s.dir})
	if err != nil {
		return fmt.Errorf("remove configuration: %w", err)
	}
	return s.remove(func(string) bool { return true })
}

// remove wipes the configurations and links that a function picks by name.
func (s store) remove(pick func(name string) bool) error {
	entries, err := s.disk.List(s.dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", s.dir, err)
	}
	removed := false
	for _, e := range entries {
		_, numbered := number(e.Name)
		if !numbered && e.Name != linkNew && e.Name != linkName || !pick(e.Name) {
			continue
		}
		if err := removeAll(s.disk, s.dir, e, true); err != nil {
			return fmt.Errorf("remove old configuration: %w", err)
		}
		removed = true
	}
	if !removed {
		return nil
	}
	return doAll(s.disk, Op{Kind: Sync, Path: s.dir})
}

// number returns n of config.<n>.
func number(name string) (int, bool) {
	digits, found := strings.CutPrefix(name, linkName+".")
	n, err := strconv.Atoi(digits)
	return n, found && err == nil && n > 0 && strconv.Itoa(n) == digits
}

// next returns a name config.<n> that is higher than all there are.
func next(entries []Entry) string {
	highest := 0
	for _, e := range entries {
		if n, ok := number(e.Name); ok {
			highest = max(highest, n)
		}
	}
	return fmt.Sprintf("%s.%d", linkName, highest+1)
}
