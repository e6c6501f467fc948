package rauc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/update/rauc/rauctest"
)

// backend is a boot chooser for a folder: the first line of primary starts
// next, and good marks a slot.
const backend = `#!/bin/sh
case $1 in
get-primary) cat %[1]s/primary ;;
set-primary) echo "$2" >%[1]s/primary ;;
get-state) echo good ;;
set-state) [ "$3" != good ] || echo "$2" >%[1]s/primary ;;
get-current) cat %[1]s/current ;;
esac
`

const systemConf = `[system]
compatible=intercom-rpi4
bootloader=custom
statusfile=%[1]s/status
bundle-formats=-plain
mountprefix=%[1]s/mnt
[handlers]
bootloader-custom-backend=%[1]s/backend
[keyring]
path=%[1]s/pki/keyring.pem
check-purpose=codesign
[slot.rootfs.0]
device=%[1]s/rootA
type=raw
bootname=A
[slot.rootfs.1]
device=%[1]s/rootB
type=raw
bootname=B
`

// realBoard is a RAUC of Debian on a bus of its own, with files for slots.
type realBoard struct {
	dir string
	bus *rauctest.Bus
}

func startReal(t *testing.T) realBoard {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := realBoard{dir: dir, bus: rauctest.StartBus(t)}
	command(t, "../../scripts/pki.sh", "--bad", b.path("pki"))
	b.write(t, "system.conf", fmt.Sprintf(systemConf, dir))
	b.write(t, "backend", fmt.Sprintf(backend, dir))
	b.write(t, "primary", "A\n")
	b.write(t, "current", "B\n")
	b.write(t, "rootA", strings.Repeat("A", 1<<16))
	b.write(t, "rootB", strings.Repeat("B", 1<<16))
	service := exec.Command("rauc", "--conf="+b.path("system.conf"), "--override-boot-slot=B", "service")
	service.Env = append(os.Environ(), "DBUS_STARTER_BUS_TYPE=session", "DBUS_SESSION_BUS_ADDRESS="+b.bus.Address)
	var log bytes.Buffer
	service.Stdout, service.Stderr = &log, &log
	if err := service.Start(); err != nil {
		t.Fatalf("rauc is needed for this test: %v", err)
	}
	t.Cleanup(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
		if t.Failed() {
			t.Logf("RAUC says:\n%s", &log)
		}
	})
	rauctest.WaitForService(t, b.bus)
	return b
}

func (b realBoard) path(name string) string { return filepath.Join(b.dir, name) }

func (b realBoard) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(b.path(name), []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}

func (b realBoard) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(b.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// bundle makes one signed with a certificate of the PKI and returns its path.
func (b realBoard) bundle(t *testing.T, signer, format string) string {
	t.Helper()
	in := b.path("in-" + signer + format)
	if err := os.MkdirAll(in, 0o700); err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(b.dir, in)
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 1<<16) // a squashfs of less than two blocks is no bundle
	if _, err := rand.NewChaCha8([32]byte{}).Read(noise); err != nil {
		t.Fatal(err)
	}
	b.write(t, rel+"/rootfs.img", string(noise))
	b.write(t, rel+"/manifest.raucm", "[update]\ncompatible=intercom-rpi4\nversion=1.1.0\n[bundle]\nformat="+format+"\n[image.rootfs]\nfilename=rootfs.img\n")
	out := b.path(signer + "-" + format + ".raucb")
	command(t, "rauc", "bundle", "--cert="+b.path("pki/"+signer+".pem"), "--key="+b.path("pki/"+signer+".key"), in, out)
	return out
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// change copies a file and changes the copy.
func change(t *testing.T, path string, f func([]byte) []byte) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := path + ".changed.raucb"
	_ = os.Remove(out)
	if err := os.WriteFile(out, f(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRealService speaks with Debian's RAUC.
func TestRealService(t *testing.T) {
	b := startReal(t)
	c, ctx := New(b.bus.Address), limited(t)
	s, err := c.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if booted, _ := s.Booted(); booted.Boot != "B" || booted.Name != "rootfs.1" || s.Primary != "A" || s.Compatible != "intercom-rpi4" {
		t.Errorf("state: %+v", s)
	}
	if err := c.MarkGood(ctx); err != nil || b.read(t, "primary") != "B" {
		t.Errorf("mark good: %v, slot %s starts next", err, b.read(t, "primary"))
	}
	if err := c.Activate(ctx, "rootfs.0"); err != nil || b.read(t, "primary") != "A" {
		t.Errorf("activate: %v, slot %s starts next", err, b.read(t, "primary"))
	}
	got, err := c.Inspect(ctx, b.bundle(t, "signer", "verity"), Access{})
	if err != nil || got.Compatible != "intercom-rpi4" || got.Version != "1.1.0" {
		t.Errorf("inspect: %+v, %v", got, err)
	}
}

// TestRealRefusals wants RAUC's own words understood, and nothing written.
func TestRealRefusals(t *testing.T) {
	b := startReal(t)
	good := b.bundle(t, "signer", "verity")
	signature := change(t, good, func(d []byte) []byte {
		d[len(d)-8-20] ^= 1
		return d
	})
	if err := os.Rename(signature, b.path("signature.raucb")); err != nil {
		t.Fatal(err)
	}
	truncated := change(t, good, func(d []byte) []byte { return d[:len(d)/2] })
	b.write(t, "text", "this is no bundle, and it has more than eight bytes")
	tests := []struct{ name, source, want string }{
		{"rogue", b.bundle(t, "rogue", "verity"), "the bundle was signed by somebody this device does not trust"},
		{"expired", b.bundle(t, "expired", "verity"), "the certificate that signed the bundle has expired"},
		{"wrong purpose", b.bundle(t, "tls-only", "verity"), "the bundle was signed with a certificate that is not for signing software"},
		{"plain format", b.bundle(t, "signer", "plain"), "bundles of this kind are not allowed here"},
		{"truncated", truncated, "the bundle is incomplete, or no bundle at all"},
		{"tampered signature", b.path("signature.raucb"), "the signature of the bundle is "},
		{"no bundle", b.path("text"), "the bundle is incomplete, or no bundle at all"},
		{"no file", b.path("nothing"), "there is no such bundle, or it cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := New(b.bus.Address).Install(limited(t), tt.source, Options{}, nil)
			checkError(t, err, "install bundle: "+tt.want)
			if err != nil && !strings.Contains(err.Error(), "(RAUC: ") {
				t.Errorf("RAUC's own words are missing: %v", err)
			}
		})
	}
	if b.read(t, "primary") != "A" || b.read(t, "rootA") != strings.Repeat("A", 1<<16) || b.read(t, "rootB") != strings.Repeat("B", 1<<16) {
		t.Error("a refused bundle changed something")
	}
}
