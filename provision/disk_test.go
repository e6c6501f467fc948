package provision_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/intercomd/intercomd/provision"
	"github.com/intercomd/intercomd/provision/disktest"
)

// describe lists all that a disk has below a folder.
func describe(t *testing.T, d provision.Disk, dir string) string {
	t.Helper()
	entries, err := d.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		at := path.Join(dir, e.Name)
		switch {
		case e.Folder:
			fmt.Fprintf(&b, "%s/[%s]", e.Name, describe(t, d, at))
		case e.Target != "":
			fmt.Fprintf(&b, "%s→%s ", e.Name, e.Target)
		default:
			data, err := d.Read(at)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s=%q ", e.Name, data)
		}
	}
	return b.String()
}

// TestDisksAgree does the same to files of the kernel and to the disk of the
// tests, whose word the tests of power cuts take.
func TestDisksAgree(t *testing.T) {
	op := func(k provision.Kind, path, to, data string) provision.Op {
		return provision.Op{Kind: k, Path: path, To: to, Data: []byte(data), Mode: 0o700, Owner: provision.Owner{UID: os.Getuid(), GID: os.Getgid()}}
	}
	disks := map[string]provision.Disk{t.TempDir(): provision.NewDisk(), "/top": disktest.New("/top")}
	for _, step := range []struct {
		op   provision.Op
		fail error
		want string
	}{
		{op: op(provision.MakeFolder, "a", "", ""), want: "a/[]"},
		{op: op(provision.MakeFolder, "a", "", ""), want: "a/[]"},
		{op: op(provision.MakeFolder, "b/c", "", ""), fail: fs.ErrNotExist, want: "a/[]"},
		{op: op(provision.Write, "a/f", "", "hello"), want: `a/[f="hello" ]`},
		{op: op(provision.Overwrite, "a/f", "", "J"), want: `a/[f="Jello" ]`},
		{op: op(provision.Overwrite, "a/f", "", "longer than"), want: `a/[f="longer than" ]`},
		{op: op(provision.Overwrite, "a/g", "", "x"), fail: fs.ErrNotExist, want: `a/[f="longer than" ]`},
		{op: op(provision.Write, "a/f", "", "x"), want: `a/[f="x" ]`},
		{op: op(provision.Sync, "a/f", "", ""), want: `a/[f="x" ]`},
		{op: op(provision.Sync, "a/none", "", ""), fail: fs.ErrNotExist, want: `a/[f="x" ]`},
		{op: op(provision.Link, "l", "a", ""), want: `a/[f="x" ]l→a `},
		{op: op(provision.Link, "l", "b", ""), fail: fs.ErrExist, want: `a/[f="x" ]l→a `},
		{op: op(provision.Link, "m", "c", ""), want: `a/[f="x" ]l→a m→c `},
		{op: op(provision.Rename, "m", "l", ""), want: `a/[f="x" ]l→c `},
		{op: op(provision.Rename, "m", "l", ""), fail: fs.ErrNotExist, want: `a/[f="x" ]l→c `},
		{op: op(provision.Remove, "a", "", ""), fail: syscall.ENOTEMPTY, want: `a/[f="x" ]l→c `},
		{op: op(provision.Remove, "a/f", "", ""), want: `a/[]l→c `},
		{op: op(provision.Remove, "a/f", "", ""), want: `a/[]l→c `},
		{op: op(provision.Remove, "l", "", ""), want: `a/[]`},
		{op: op(provision.Remove, "a", "", ""), want: ``},
	} {
		for top, d := range disks {
			o := step.op
			o.Path = path.Join(top, o.Path)
			if o.Kind == provision.Rename {
				o.To = path.Join(top, o.To)
			}
			if err := d.Do(o); !errors.Is(err, step.fail) {
				t.Errorf("%T: %s: %v", d, step.op, err)
			}
			if got := describe(t, d, top); got != step.want {
				t.Errorf("%T: after %s: %s", d, step.op, got)
			}
		}
	}
}

func TestKernelDisk(t *testing.T) {
	dir, d := t.TempDir(), provision.NewDisk()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("secret", at("link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(at("link")); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("read a link: %v", err)
	}
	if _, err := d.Read(at("pipe")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("read a pipe: %v", err)
	}
	for _, k := range []provision.Kind{provision.Write, provision.Overwrite} {
		if err := d.Do(provision.Op{Kind: k, Path: at("link"), Data: []byte("y")}); !errors.Is(err, syscall.ELOOP) {
			t.Errorf("%s to a link: %v", k, err)
		}
	}
	if err := os.Truncate(at("secret"), provision.MaxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(at("secret")); !errors.Is(err, provision.ErrTooLarge) {
		t.Errorf("read a large file: %v", err)
	}
	for _, k := range []provision.Kind{provision.Unlock, provision.Lock} {
		if err := d.Do(provision.Op{Kind: k, Path: dir}); err != nil {
			t.Errorf("%s a folder that is no mount point: %v", k, err)
		}
	}
	if err := d.Do(provision.Op{Kind: "melt", Path: dir}); err == nil || !strings.Contains(err.Error(), `unknown operation "melt"`) {
		t.Errorf("an unknown operation: %v", err)
	}
}

// TestModes checks who may read what is stored.
func TestModes(t *testing.T) {
	d := newDisk(house("old"))
	if err := boot(d); err != nil {
		t.Fatal(err)
	}
	daemon := provision.Owner{GID: 900}
	for name, want := range map[string]struct {
		mode  fs.FileMode
		owner provision.Owner
	}{
		"/data/intercomd/config.1":               {0o750, daemon},
		"/data/intercomd/config.1/intercom.yaml": {0o640, daemon},
		"/data/intercomd/config.1/.card.yaml":    {0o600, provision.Owner{}},
		"/data/intercomd/state":                  {0o700, provision.Owner{UID: 900, GID: 900}},
	} {
		if mode, owner, found := d.Mode(name); !found || mode != want.mode || owner != want.owner {
			t.Errorf("%s: %v, %v, %v", name, mode, owner, found)
		}
	}
}

// TestDiskForgets checks that the disk of the tests loses what was not synced.
func TestDiskForgets(t *testing.T) {
	d := disktest.New("/top")
	do := func(k provision.Kind, name, data string) {
		t.Helper()
		if err := d.Do(provision.Op{Kind: k, Path: name, Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
	}
	do(provision.Write, "/top/f", strings.Repeat("old ", 20))
	if left := d.Reboot(disktest.LoseAll, nil); left.Text("/top/f") != "" {
		t.Error("a name that was not synced is there")
	}
	do(provision.Sync, "/top", "")
	if left := d.Reboot(disktest.LoseAll, nil); left.Text("/top/f") != "" {
		t.Error("content that was not synced is there")
	}
	do(provision.Sync, "/top/f", "")
	do(provision.Overwrite, "/top/f", strings.Repeat("new ", 20))
	kinds := map[bool]int{}
	for seed := range uint64(50) {
		text := d.Reboot(disktest.LoseRandom, rand.New(rand.NewPCG(seed, 0))).Text("/top/f")
		kinds[strings.Contains(text, "old") && strings.Contains(text, "new")]++
	}
	if kinds[true] == 0 {
		t.Error("content is never half old and half new")
	}
	d.Mount("/top")
	if err := d.Do(provision.Op{Kind: provision.Write, Path: "/top/f"}); !errors.Is(err, syscall.EROFS) {
		t.Errorf("write to what is locked: %v", err)
	}
	d.CutBefore(1)
	do(provision.Unlock, "/top", "")
	if err := d.Do(provision.Op{Kind: provision.Sync, Path: "/top"}); !errors.Is(err, disktest.ErrPower) {
		t.Errorf("without power: %v", err)
	}
}
