package provision

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// NewDisk returns the kernel's files. Owners are set only if the process is
// root's.
func NewDisk() Disk { return kernelDisk{own: os.Geteuid() == 0} }

type kernelDisk struct{ own bool }

// Read implements [Disk]. It opens neither links nor what could block.
func (kernelDisk) Read(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: it is not a regular file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("read %s: %w", name, ErrTooLarge)
	}
	return data, err
}

// List implements [Disk].
func (kernelDisk) List(name string) ([]Entry, error) {
	read, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, r := range read {
		e := Entry{Name: r.Name(), Folder: r.IsDir()}
		if r.Type()&fs.ModeSymlink != 0 {
			if e.Target, err = os.Readlink(filepath.Join(name, e.Name)); err != nil {
				return nil, err
			}
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return entries, nil
}

// Do implements [Disk].
func (k kernelDisk) Do(op Op) error {
	switch op.Kind {
	case MakeFolder:
		return k.makeFolder(op)
	case Write, Overwrite:
		return k.write(op)
	case Sync:
		return syncFile(op.Path)
	case Rename:
		return os.Rename(op.Path, op.To)
	case Link:
		return os.Symlink(op.To, op.Path)
	case Remove:
		if err := os.Remove(op.Path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	case Unlock:
		return remount(op.Path, 0)
	case Lock:
		return remount(op.Path, unix.MS_RDONLY)
	}
	return fmt.Errorf("unknown operation %q", op.Kind)
}

func (k kernelDisk) makeFolder(op Op) error {
	err := os.Mkdir(op.Path, op.Mode)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(op.Path, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return k.give(f, op)
}

func (k kernelDisk) write(op Op) (err error) {
	flags := os.O_WRONLY | unix.O_NOFOLLOW
	if op.Kind == Write {
		flags |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(op.Path, flags, op.Mode)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	if op.Kind == Write {
		if err := k.give(f, op); err != nil {
			return err
		}
	}
	_, err = f.Write(op.Data)
	return err
}

// give gives an open file its mode and owner. FAT has neither: there the mount
// decides, and what it refuses is no error.
func (k kernelDisk) give(f *os.File, op Op) error {
	if k.own {
		if err := f.Chown(op.Owner.UID, op.Owner.GID); err != nil && !errors.Is(err, syscall.EPERM) {
			return err
		}
	}
	if err := f.Chmod(op.Mode); err != nil && !errors.Is(err, syscall.EPERM) {
		return err
	}
	return nil
}

func syncFile(name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	return f.Sync()
}

// remount changes whether a file system may be written. A folder that is no
// mount point stays as it is (mount(2), MS_REMOUNT: EINVAL).
func remount(name string, readOnly uintptr) error {
	var at, above unix.Stat_t
	if err := unix.Stat(name, &at); err != nil {
		return err
	}
	if err := unix.Stat(filepath.Join(name, ".."), &above); err != nil {
		return err
	}
	if at.Dev == above.Dev {
		return nil
	}
	var now unix.Statfs_t
	if err := unix.Statfs(name, &now); err != nil {
		return err
	}
	keep := uintptr(now.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_NOATIME)
	return unix.Mount("", name, "", unix.MS_REMOUNT|keep|readOnly, "")
}
