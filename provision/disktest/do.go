package disktest

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"
	"syscall"

	"github.com/intercomd/intercomd/provision"
)

// Do implements [provision.Disk].
func (d *Disk) Do(op provision.Op) error {
	if len(d.log) == d.cutAt {
		d.off = true
	}
	if d.off {
		return ErrPower
	}
	d.log = append(d.log, op)
	switch op.Kind {
	case provision.Unlock:
		delete(d.locked, op.Path)
		return nil
	case provision.Lock:
		d.locked[op.Path] = true
		d.lookup(op.Path).syncAll()
		return nil
	case provision.Sync:
		return d.sync(op.Path)
	}
	for folder := range d.locked {
		if strings.HasPrefix(op.Path, folder+"/") {
			return &fs.PathError{Op: string(op.Kind), Path: op.Path, Err: syscall.EROFS}
		}
	}
	return d.change(op)
}

func (d *Disk) change(op provision.Op) error {
	parent, name := d.lookup(path.Dir(op.Path)), path.Base(op.Path)
	if parent == nil || !parent.folder {
		return &fs.PathError{Op: string(op.Kind), Path: op.Path, Err: fs.ErrNotExist}
	}
	n := parent.names[name]
	switch op.Kind {
	case provision.MakeFolder:
		return makeFolder(parent, name, op)
	case provision.Write:
		if n == nil {
			n = &node{}
			parent.set(map[string]*node{name: n})
		}
		n.data, n.mode, n.owner = bytes.Clone(op.Data), op.Mode, op.Owner
	case provision.Overwrite:
		if n == nil {
			return &fs.PathError{Op: "overwrite", Path: op.Path, Err: fs.ErrNotExist}
		}
		rest := n.data[min(len(op.Data), len(n.data)):]
		n.data = append(bytes.Clone(op.Data), rest...)
	case provision.Rename:
		if n == nil || path.Dir(op.To) != path.Dir(op.Path) {
			return &fs.PathError{Op: "rename", Path: op.Path, Err: fs.ErrNotExist}
		}
		parent.set(map[string]*node{name: nil, path.Base(op.To): n})
	case provision.Link:
		if n != nil {
			return &fs.PathError{Op: "link", Path: op.Path, Err: fs.ErrExist}
		}
		parent.set(map[string]*node{name: {target: op.To}})
	case provision.Remove:
		if n != nil && n.folder && len(n.names) > 0 {
			return &fs.PathError{Op: "remove", Path: op.Path, Err: syscall.ENOTEMPTY}
		}
		if n != nil {
			parent.set(map[string]*node{name: nil})
		}
	default:
		return fmt.Errorf("unknown operation %q", op.Kind)
	}
	return nil
}

func makeFolder(parent *node, name string, op provision.Op) error {
	n := parent.names[name]
	if n != nil && !n.folder {
		return &fs.PathError{Op: "make folder", Path: op.Path, Err: syscall.ENOTDIR}
	}
	if n == nil {
		n = newFolder()
		parent.set(map[string]*node{name: n})
	}
	n.mode, n.owner = op.Mode, op.Owner
	return nil
}

// set changes names of a folder in one step.
func (n *node) set(change map[string]*node) {
	apply(n.names, change)
	n.changes = append(n.changes, change)
}

// sync makes a file or the names in a folder safe.
func (d *Disk) sync(name string) error {
	n := d.lookup(name)
	if n == nil {
		return &fs.PathError{Op: "sync", Path: name, Err: fs.ErrNotExist}
	}
	n.sync()
	return nil
}

func (n *node) sync() {
	if n.folder {
		n.safeNames, n.changes = maps.Clone(n.names), nil
		return
	}
	n.safe = bytes.Clone(n.data)
}

func (n *node) syncAll() {
	n.sync()
	for _, child := range n.names {
		child.syncAll()
	}
}
