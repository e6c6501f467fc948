package provision

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// MaxFile is how many bytes of a file are read at most.
const MaxFile = 1 << 20

// ErrTooLarge is the error for a file of more than [MaxFile] bytes.
var ErrTooLarge = errors.New("the file is too large")

// Disk is the file system as far as this package uses it. What Do did may be
// lost or half done until a Sync of the file, and of its folder for the name.
// Package disktest has one whose power can be cut.
type Disk interface {
	// Read returns the content of a regular file of at most [MaxFile] bytes.
	Read(path string) ([]byte, error)
	// List returns what is in a folder, by name.
	List(path string) ([]Entry, error)
	// Do changes something.
	Do(op Op) error
}

// Entry is something in a folder.
type Entry struct {
	Name   string
	Folder bool
	Target string // of a symbolic link, "" for all else
}

// Owner is whom a file belongs to; the zero value is root.
type Owner struct{ UID, GID int }

// Kind is what an [Op] does.
type Kind string

// The kinds of operations.
const (
	MakeFolder Kind = "make folder" // it may be there already, and gets owner and mode
	Write      Kind = "write"       // the whole file, which is made or emptied before
	Overwrite  Kind = "overwrite"   // the first bytes of a file that is there; the rest stays
	Sync       Kind = "sync"        // a file, or the names in a folder
	Rename     Kind = "rename"      // to To, replacing what is there
	Link       Kind = "link"        // makes a symbolic link to To
	Remove     Kind = "remove"      // a file, a link or an empty folder; missing is no error
	Unlock     Kind = "unlock"      // allow writing on the file system mounted at Path
	Lock       Kind = "lock"        // forbid it again, with everything written
)

// Op is one change of a disk.
type Op struct {
	Kind  Kind
	Path  string
	To    string      // of Rename and Link
	Data  []byte      // of Write and Overwrite
	Mode  fs.FileMode // of MakeFolder and Write
	Owner Owner       // of MakeFolder and Write
}

// String names the change without what is written.
func (o Op) String() string {
	if o.To == "" {
		return fmt.Sprintf("%s %s", o.Kind, o.Path)
	}
	return fmt.Sprintf("%s %s to %s", o.Kind, o.Path, o.To)
}

// doAll carries operations out until one fails.
func doAll(d Disk, ops ...Op) error {
	for _, op := range ops {
		if err := d.Do(op); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
	}
	return nil
}

// put is what it takes to have a file on the disk, its name included.
func put(name string, data []byte, mode fs.FileMode, owner Owner) []Op {
	return []Op{
		{Kind: Write, Path: name, Data: data, Mode: mode, Owner: owner},
		{Kind: Sync, Path: name},
		{Kind: Sync, Path: path.Dir(name)},
	}
}

// readIf reads a file that may be missing.
func readIf(d Disk, name string) (data []byte, found bool, err error) {
	data, err = d.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// listIf lists a folder that may be missing.
func listIf(d Disk, name string) ([]Entry, error) {
	entries, err := d.List(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// removeAll removes a file, or a folder and what is in it. Links are not
// followed. With wipe the content of files is overwritten first.
func removeAll(d Disk, dir string, e Entry, wipe bool) error {
	name := path.Join(dir, e.Name)
	switch {
	case e.Folder:
		if err := empty(d, name, wipe); err != nil {
			return err
		}
	case wipe && e.Target == "":
		if err := wipeFile(d, name); err != nil {
			return err
		}
	}
	return doAll(d, Op{Kind: Remove, Path: name})
}

// empty removes what is in a folder, which may be missing.
func empty(d Disk, dir string, wipe bool) error {
	entries, err := listIf(d, dir)
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, e := range entries {
		if err := removeAll(d, dir, e, wipe); err != nil {
			return err
		}
	}
	return nil
}

// wipeFile overwrites what a file holds. One that cannot be read is left to its
// removal.
func wipeFile(d Disk, name string) error {
	data, err := d.Read(name)
	if err != nil || len(data) == 0 {
		return nil
	}
	return doAll(d, Op{Kind: Overwrite, Path: name, Data: make([]byte, len(data))}, Op{Kind: Sync, Path: name})
}

// find returns the entry of a name.
func find(entries []Entry, name string) (Entry, bool) {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return Entry{}, false
	}
	return entries[i], true
}
