package buildroot_test

import (
	"strings"
	"testing"
)

// preInstall runs the handler for a bundle of a version on an image of another.
func preInstall(t *testing.T, offered, running string) (status int, stdout string) {
	t.Helper()
	b := newBoard(t, "A", slotA)
	b.write("data/manifest.raucm", "[update]\ncompatible=intercom-rpi4\nversion="+offered+"\n\n[image.rootfs]\nversion=99.0.0\n")
	b.write("os-release", "NAME=Buildroot\nVERSION_ID=2026.05.1\nIMAGE_ID=intercom-rpi4\nIMAGE_VERSION="+running+"\n")
	return b.preInstall()
}

func (b *board) preInstall() (status int, stdout string) {
	b.t.Helper()
	status, stdout, _ = b.script("rauc/pre-install", []string{
		"RAUC_BUNDLE_MOUNT_POINT=" + b.path("data"), "INTERCOM_OS_RELEASE=" + b.path("os-release"),
		"INTERCOM_TRYBOOT=board/common/rootfs-overlay/usr/lib/rauc/tryboot",
	})
	return status, stdout
}

func TestPreInstallRefusesOlderVersions(t *testing.T) {
	// Each version is older than the next (semver.org §11).
	order := []string{
		"0.9.10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
		"1.0.0-rc.1", "1.0.0", "1.0.9", "1.0.10", "1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0",
		"9007199254740992.0.0", "9007199254740993.0.0",
	}
	for i, older := range order {
		for _, newer := range order[i+1:] {
			if status, out := preInstall(t, older, newer); status != 10 ||
				out != "<< error version '"+older+"' is older than '"+newer+"', which runs: no downgrade" {
				t.Errorf("%s on %s: exit %d, %q", older, newer, status, out)
			}
		}
		if i+1 < len(order) {
			if status, out := preInstall(t, order[i+1], older); status != 0 {
				t.Errorf("%s on %s: exit %d, %q", order[i+1], older, status, out)
			}
		}
	}
}

func TestPreInstallTakesTheSameVersion(t *testing.T) {
	for _, test := range [][2]string{
		{"1.2.3", "1.2.3"}, {"1.2.3", `"1.2.3"`}, {"1.2.3+build.5", "1.2.3+build.9"}, {"1.2.3-rc.1", "1.2.3-rc.1"},
	} {
		if status, out := preInstall(t, test[0], test[1]); status != 0 || out != "" {
			t.Errorf("%s on %s: exit %d, %q", test[0], test[1], status, out)
		}
	}
}

func TestPreInstallRefusesWhatItCannotCompare(t *testing.T) {
	for _, offered := range []string{"", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.3 ", "1.2.3;reboot", "1.2.3$(reboot)", "latest"} {
		if status, out := preInstall(t, offered, "1.2.3"); status != 1 || !strings.Contains(out, "cannot compare version '"+offered+"'") {
			t.Errorf("%q: exit %d, %q", offered, status, out)
		}
	}
	if status, out := preInstall(t, "1.2.3", ""); status != 1 || !strings.Contains(out, "with '', which runs") {
		t.Errorf("unnamed image: exit %d, %q", status, out)
	}
	b := newBoard(t, "A", slotA)
	if status, out := b.preInstall(); status != 1 ||
		!strings.Contains(out, "no manifest to read") {
		t.Errorf("bundle without manifest: exit %d, %q", status, out)
	}
}

// During a trial, the other slot is the one that works.
func TestPreInstallKeepsTheCommittedSlot(t *testing.T) {
	trial := newBoard(t, "B", slotA)
	if status, out := trial.preInstall(); status != 11 || !strings.Contains(out, "slot B is on trial, and slot A is needed if it fails") {
		t.Errorf("trial: exit %d, %q", status, out)
	}
	lost := newBoard(t, "A", "")
	if status, out := lost.preInstall(); status != 1 || !strings.Contains(out, "cannot tell which slot is committed") {
		t.Errorf("autoboot.txt lost: exit %d, %q", status, out)
	}
}
