package disktest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/intercomd/intercomd/provision"
)

// ErrPower is the error of every operation after the power was cut.
var ErrPower = errors.New("the power is off")

// Loss says what of the operations that were not synced survives a cut.
type Loss int

// The losses.
const (
	LoseAll    Loss = iota // nothing
	LoseNone               // everything
	LoseRandom             // any part
)

// node is a file, a folder or a symbolic link. What is safe survives a cut.
type node struct {
	folder bool
	target string
	mode   fs.FileMode
	owner  provision.Owner

	data, safe []byte

	names, safeNames map[string]*node
	changes          []map[string]*node // of names since the last sync, nil removes
}

func newFolder() *node {
	return &node{folder: true, names: map[string]*node{}, safeNames: map[string]*node{}}
}

// Disk is a [provision.Disk]. It is not safe for concurrent use.
type Disk struct {
	root   *node
	locked map[string]bool // mount points that must not be written
	cutAt  int             // the operation that the power does not survive, -1 for none
	off    bool
	log    []provision.Op
}

var _ provision.Disk = (*Disk)(nil)

// New makes an empty disk with folders, whose parents come with them. All of it
// is safe.
func New(folders ...string) *Disk {
	d := &Disk{root: newFolder(), locked: map[string]bool{}, cutAt: -1}
	for _, f := range folders {
		at := d.root
		for name := range strings.SplitSeq(strings.Trim(f, "/"), "/") {
			if at.names[name] == nil {
				at.names[name] = newFolder()
				at.safeNames[name] = at.names[name]
			}
			at = at.names[name]
		}
	}
	return d
}

// Mount makes a folder a file system of its own that is locked.
func (d *Disk) Mount(folder string) { d.locked[folder] = true }

// Put puts a file on the disk, past all locks. It is safe.
func (d *Disk) Put(name, text string) {
	parent := d.lookup(path.Dir(name))
	n := &node{data: []byte(text), safe: []byte(text), mode: 0o644}
	parent.names[path.Base(name)], parent.safeNames[path.Base(name)] = n, n
}

// CutBefore cuts the power before the n-th operation from now, counted from 0.
func (d *Disk) CutBefore(n int) { d.log, d.cutAt = nil, n }

// Log returns the operations since the start or CutBefore.
func (d *Disk) Log() []provision.Op { return d.log }

// Text returns the content of a file, "" if there is none.
func (d *Disk) Text(name string) string {
	n := d.lookup(name)
	if n == nil {
		return ""
	}
	return string(n.data)
}

// Mode returns the mode and the owner of what is at a path.
func (d *Disk) Mode(name string) (fs.FileMode, provision.Owner, bool) {
	n := d.lookup(name)
	if n == nil {
		return 0, provision.Owner{}, false
	}
	return n.mode, n.owner, true
}

// Reboot returns the disk after the power was cut and is back. The mounts are
// locked.
func (d *Disk) Reboot(loss Loss, random *rand.Rand) *Disk {
	after := &Disk{root: d.root.survive(loss, random, map[*node]*node{}), locked: map[string]bool{}, cutAt: -1}
	for folder := range d.locked {
		after.locked[folder] = true
	}
	return after
}

// survive returns what is left of a node. done keeps one that has two names
// one.
func (n *node) survive(loss Loss, random *rand.Rand, done map[*node]*node) *node {
	if done[n] != nil {
		return done[n]
	}
	left := &node{folder: n.folder, target: n.target, mode: n.mode, owner: n.owner}
	done[n] = left
	if !n.folder {
		left.data = mix(n.safe, n.data, loss, random)
		left.safe = left.data
		return left
	}
	names := maps.Clone(n.safeNames)
	for _, change := range n.changes {
		if loss == LoseAll || loss == LoseRandom && random.IntN(2) == 0 {
			continue
		}
		apply(names, change)
	}
	left.names, left.safeNames = map[string]*node{}, map[string]*node{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		child := names[name].survive(loss, random, done)
		left.names[name], left.safeNames[name] = child, child
	}
	return left
}

func apply(names, change map[string]*node) {
	for name, n := range change {
		if n == nil {
			delete(names, name)
		} else {
			names[name] = n
		}
	}
}

// part is how many bytes of a file are written at once.
const part = 16

// mix is what a file may hold after a cut.
func mix(before, now []byte, loss Loss, random *rand.Rand) []byte {
	switch {
	case loss == LoseAll:
		return bytes.Clone(before)
	case loss == LoseNone || bytes.Equal(before, now):
		return bytes.Clone(now)
	}
	length := len(before)
	if random.IntN(2) == 0 {
		length = len(now)
	}
	mixed := make([]byte, length)
	for at := 0; at < length; at += part {
		from := before
		if random.IntN(2) == 0 {
			from = now
		}
		if at < len(from) {
			copy(mixed[at:min(at+part, length)], from[at:])
		}
	}
	return mixed
}

// lookup returns what is at a path, nil if there is nothing. Links are not
// followed, except in the middle.
func (d *Disk) lookup(name string) *node {
	at := d.root
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		if at.target != "" {
			return nil
		}
		if part == "" {
			continue
		}
		if at = at.names[part]; at == nil {
			return nil
		}
	}
	return at
}

// Read implements [provision.Disk].
func (d *Disk) Read(name string) ([]byte, error) {
	n := d.lookup(name)
	switch {
	case d.off:
		return nil, ErrPower
	case n == nil:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case n.folder || n.target != "":
		return nil, fmt.Errorf("read %s: it is not a regular file", name)
	}
	return bytes.Clone(n.data), nil
}

// List implements [provision.Disk].
func (d *Disk) List(name string) ([]provision.Entry, error) {
	n := d.lookup(name)
	switch {
	case d.off:
		return nil, ErrPower
	case n == nil:
		return nil, &fs.PathError{Op: "list", Path: name, Err: fs.ErrNotExist}
	case !n.folder:
		return nil, &fs.PathError{Op: "list", Path: name, Err: syscall.ENOTDIR}
	}
	var entries []provision.Entry
	for _, child := range slices.Sorted(maps.Keys(n.names)) {
		c := n.names[child]
		entries = append(entries, provision.Entry{Name: child, Folder: c.folder, Target: c.target})
	}
	return entries, nil
}
