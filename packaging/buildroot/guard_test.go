package buildroot_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// guard runs the guard with a systemctl that notes how it was called, and gives
// that note and what the guard printed.
func (b *board) guard() (called, printed string) {
	b.t.Helper()
	if err := os.MkdirAll(b.path("bin"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	b.write("bin/systemctl", "#!/bin/sh\necho \"$@\" >>'"+b.path("called")+"'\n")
	if err := os.Chmod(b.path("bin/systemctl"), 0o755); err != nil {
		b.t.Fatal(err)
	}
	status, stdout, stderr := b.script("intercom/guard", []string{
		"PATH=" + b.path("bin") + ":" + os.Getenv("PATH"),
		"INTERCOM_TRYBOOT=board/common/rootfs-overlay/usr/lib/rauc/tryboot",
	})
	if status != 0 {
		b.t.Fatalf("guard: exit %d: %s%s", status, stdout, stderr)
	}
	if b.exists("called") {
		called = strings.TrimSpace(b.read("called"))
	}
	return called, stdout
}

func TestGuardEndsATrial(t *testing.T) {
	unknown := func(b *board) { b.write("cmdline", "quiet\n") }
	lost := func(b *board) { os.Remove(b.path("card/autoboot.txt")) }
	byFirmware := func(b *board) { b.write("dt/tryboot", "\x00\x00\x00\x01") }
	for name, test := range map[string]struct {
		slot    string
		change  []func(*board)
		called  string
		printed string
	}{
		"committed":                 {"A", nil, "", "slot A is committed"},
		"trial":                     {"B", nil, "reboot", "slot B has not proved itself, slot A is committed"},
		"committed in this start":   {"A", []func(*board){byFirmware}, "", "slot A is committed"},
		"autoboot.txt lost":         {"A", []func(*board){lost}, "", "written anew: slot A is committed"},
		"slot unknown":              {"A", []func(*board){unknown}, "", "cannot tell which slot runs"},
		"card unreadable, by trial": {"B", []func(*board){lost, byFirmware}, "reboot", "this is a trial"},
	} {
		b := newBoard(t, test.slot, slotA)
		b.write("run/reboot-param", "0 tryboot\n")
		for _, change := range test.change {
			change(b)
		}
		called, printed := b.guard()
		if called != test.called || !strings.Contains(printed, test.printed) {
			t.Errorf("%s: called systemctl %q and printed %q, want %q and %q", name, called, printed, test.called, test.printed)
		}
		if name == "autoboot.txt lost" && b.read("card/autoboot.txt") != slotA {
			t.Errorf("%s: the card says %q", name, b.read("card/autoboot.txt"))
		}
		if test.called != "" && b.exists("run/reboot-param") {
			t.Errorf("%s: the restart would be a trial again", name)
		}
	}
}

// A guard between an installation and its restart must leave the trial alone
// that is to come.
func TestGuardKeepsAPendingTrial(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.tryboot("set-primary", "B")
	if called, _ := b.guard(); called != "" || !b.exists("run/reboot-param") {
		t.Errorf("called systemctl %q, the pending trial is there: %v", called, b.exists("run/reboot-param"))
	}
}

// The card is mounted read-only; the commit opens it and closes it again. A user
// namespace lets anybody mount.
func TestCommitOnAReadOnlyMount(t *testing.T) {
	b := newBoard(t, "B", "")
	b.write("old.txt", slotA)
	script := `set -eu
mount -t tmpfs card "$INTERCOM_CARD"
cp "$1" "$INTERCOM_CARD/autoboot.txt"
mount -o remount,ro "$INTERCOM_CARD"
sh board/common/rootfs-overlay/usr/lib/rauc/tryboot set-state B good
cat "$INTERCOM_CARD/autoboot.txt"
awk -v dir="$INTERCOM_CARD" '$2 == dir { print substr($4, 1, 2) }' /proc/mounts`
	cmd := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", b.path("old.txt"))
	cmd.Env = b.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if want := slotB + "ro\n"; string(out) != want {
		t.Errorf("the card says %q, want %q", out, want)
	}
}
