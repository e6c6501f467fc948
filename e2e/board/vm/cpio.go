package vm

import (
	"bytes"
	"fmt"
	"path"
)

// File types of a cpio entry, as in stat(2).
const (
	typeDirectory = 0o040000
	typeCharacter = 0o020000
	typeRegular   = 0o100000
	typeLink      = 0o120000
)

// archive is a cpio archive in the "newc" format, which the kernel unpacks as
// its first root file system; see Documentation/driver-api/early-userspace/buffer-format.rst.
type archive struct {
	buffer  bytes.Buffer
	made    map[string]bool // directories
	entries int
}

func newArchive() *archive { return &archive{made: map[string]bool{}} }

// directory adds a directory and those above it, once.
func (a *archive) directory(name string) {
	if name == "." || name == "/" || a.made[name] {
		return
	}
	a.directory(path.Dir(name))
	a.made[name] = true
	a.entry(name, typeDirectory|0o755, nil, 0, 0)
}

// file adds a regular file; name has no leading slash.
func (a *archive) file(name string, permissions uint32, data []byte) {
	a.directory(path.Dir(name))
	a.entry(name, typeRegular|permissions, data, 0, 0)
}

// link adds a symbolic link.
func (a *archive) link(name, target string) {
	a.directory(path.Dir(name))
	a.entry(name, typeLink|0o777, []byte(target), 0, 0)
}

// character adds a character device.
func (a *archive) character(name string, major, minor int) {
	a.directory(path.Dir(name))
	a.entry(name, typeCharacter|0o600, nil, major, minor)
}

// finish ends the archive and returns it; nothing can be added after.
func (a *archive) finish() []byte {
	a.entry("TRAILER!!!", 0, nil, 0, 0)
	return a.buffer.Bytes()
}

func (a *archive) entry(name string, mode uint32, data []byte, major, minor int) {
	a.entries++
	a.buffer.WriteString("070701")
	for _, field := range []int{
		a.entries, int(mode), 0, 0, 1, 0, len(data), // inode, mode, owner, group, links, time, size
		0, 0, major, minor, len(name) + 1, 0,
	} {
		fmt.Fprintf(&a.buffer, "%08x", field)
	}
	a.buffer.WriteString(name + "\x00")
	a.pad()
	a.buffer.Write(data)
	a.pad()
}

// pad fills up to a multiple of four bytes.
func (a *archive) pad() {
	for a.buffer.Len()%4 != 0 {
		a.buffer.WriteByte(0)
	}
}
