package buildroot_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	scripts = "board/common/rootfs-overlay/usr/lib"

	slotA = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
	slotB = "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n"
)

// board is what the boot backend sees of a board: card, /run, /data, device tree
// and command line, as folders and files of a test.
type board struct {
	t    *testing.T
	root string
}

// newBoard is a board that runs slot and whose card says autoboot ("": no file).
func newBoard(t *testing.T, slot, autoboot string) *board {
	t.Helper()
	b := &board{t: t, root: t.TempDir()}
	for _, dir := range []string{"card", "run", "data", "dt"} {
		if err := os.Mkdir(b.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if autoboot != "" {
		b.write("card/autoboot.txt", autoboot)
	}
	b.write("cmdline", "console=tty1 root=/dev/mmcblk0p5 rauc.slot="+slot+" panic=10\n")
	b.write("dt/partition", "\x00\x00\x00"+map[string]string{"A": "\x02", "B": "\x03"}[slot])
	return b
}

func (b *board) path(name string) string { return filepath.Join(b.root, name) }

func (b *board) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *board) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

func (b *board) exists(name string) bool {
	_, err := os.Stat(b.path(name))
	return err == nil
}

func (b *board) environment() []string {
	return append(os.Environ(),
		"INTERCOM_CARD="+b.path("card"), "INTERCOM_RUN="+b.path("run"),
		"INTERCOM_RAUC_STATE="+b.path("data/rauc"), "INTERCOM_CMDLINE="+b.path("cmdline"),
		"INTERCOM_DT="+b.path("dt"), "INTERCOM_REBOOT_PARAM="+b.path("run/reboot-param"))
}

// script runs a script of the image with the board's environment and extra, and
// gives its exit status, standard output and standard error.
func (b *board) script(name string, extra []string, args ...string) (status int, stdout, stderr string) {
	b.t.Helper()
	// Scripts call tryboot. Reading both tells go test when its cached result is old.
	for _, file := range []string{name, "rauc/tryboot"} {
		if _, err := os.ReadFile(filepath.Join(scripts, file)); err != nil {
			b.t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", append([]string{filepath.Join(scripts, name)}, args...)...)
	cmd.Env = append(b.environment(), extra...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			b.t.Fatal(err)
		}
		status = exit.ExitCode()
	}
	return status, strings.TrimSpace(out.String()), errs.String()
}

// tryboot runs an operation that must succeed and gives what it prints.
func (b *board) tryboot(args ...string) string {
	b.t.Helper()
	status, stdout, stderr := b.script("rauc/tryboot", nil, args...)
	if status != 0 {
		b.t.Fatalf("tryboot %v: exit %d: %s", args, status, stderr)
	}
	return stdout
}

func (b *board) wantTryboot(want string, args ...string) {
	b.t.Helper()
	if got := b.tryboot(args...); got != want {
		b.t.Errorf("tryboot %v = %q, want %q", args, got, want)
	}
}

// powerCut is what a cut leaves: the card and /data, and nothing of /run.
func (b *board) powerCut() {
	b.t.Helper()
	if err := os.RemoveAll(b.path("run")); err != nil {
		b.t.Fatal(err)
	}
}

func TestTrybootReadsTheSlots(t *testing.T) {
	for _, test := range []struct{ slot, autoboot, committed string }{
		{"A", slotA, "A"},
		{"B", slotB, "B"},
		{"B", slotA, "A"}, // a trial
		{"A", strings.ReplaceAll(slotA, "\n", "\r\n"), "A"},
		{"B", "# by hand\n[tryboot]\nboot_partition=2\n[all]\nboot_partition=3\n", "B"},
		{"A", "[all]\nboot_partition=3\nboot_partition=2\n", "A"}, // the last one counts
	} {
		b := newBoard(t, test.slot, test.autoboot)
		b.wantTryboot(test.slot, "get-current")
		b.wantTryboot(test.committed, "get-committed")
		b.wantTryboot(test.committed, "get-primary")
	}
}

func TestTrybootTellsTheRunningSlot(t *testing.T) {
	b := newBoard(t, "B", slotA)
	b.write("dt/partition", "\x00\x00\x00\x00") // older loaders
	b.wantTryboot("B", "get-current")
	if err := os.RemoveAll(b.path("dt")); err != nil {
		t.Fatal(err)
	}
	b.wantTryboot("B", "get-current")
	b.write("cmdline", "rauc.slot=A") // last word, no line end
	b.wantTryboot("A", "get-current")
}

func TestTrialLeavesNoTraceOnTheCard(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.tryboot("set-state", "B", "bad")
	b.wantTryboot("bad", "get-state", "B")
	b.wantTryboot("good", "get-state", "A")
	b.tryboot("set-primary", "B")
	b.wantTryboot("good", "get-state", "B")
	b.wantTryboot("B", "get-primary")
	b.wantTryboot("A", "get-committed")
	if got := b.read("run/reboot-param"); got != "0 tryboot\n" {
		t.Errorf("argument of the next reboot is %q", got)
	}
	if got := b.read("card/autoboot.txt"); got != slotA {
		t.Errorf("the card was written: %q", got)
	}
	b.powerCut()
	b.wantTryboot("A", "get-primary")
}

func TestSetPrimaryTakesATrialBack(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.tryboot("set-primary", "B")
	b.tryboot("set-primary", "A")
	b.wantTryboot("A", "get-primary")
	if b.exists("run/reboot-param") {
		t.Error("the next reboot still is a trial")
	}
}

// An installation over one that waits for its reboot, which then may come at any
// moment of it.
func TestInstallationTakesTheTrialBefore(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.tryboot("set-primary", "B")
	b.tryboot("set-state", "A", "bad")
	b.wantTryboot("B", "get-primary")
	b.tryboot("set-state", "B", "bad")
	b.wantTryboot("A", "get-primary")
	if b.exists("run/reboot-param") {
		t.Error("the next reboot would start half an installation")
	}
	b.tryboot("set-primary", "B")
	b.wantTryboot("B", "get-primary")
	if !b.exists("run/reboot-param") {
		t.Error("the finished installation would not be started")
	}
}

func TestInterruptedInstallationStaysBad(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.tryboot("set-state", "B", "bad")
	b.powerCut()
	b.wantTryboot("bad", "get-state", "B")
	b.wantTryboot("A", "get-primary")
}

func TestCommitRewritesTheSectorInPlace(t *testing.T) {
	for name, before := range map[string]string{
		"as written":       slotA,
		"edited on a PC":   "# Do not touch.\r\n" + strings.ReplaceAll(slotA, "\n", "\r\n"),
		"a whole sector":   slotA + strings.Repeat("#", 511-len(slotA)) + "\n",
		"without an [all]": "[tryboot]\nboot_partition=3\n# " + strings.Repeat("x", 60) + "\n",
	} {
		b := newBoard(t, "B", before)
		file, err := os.Open(b.path("card/autoboot.txt"))
		if err != nil {
			t.Fatal(err)
		}
		b.tryboot("set-state", "B", "good")
		b.wantTryboot("B", "get-committed")
		held, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
		if string(held) != b.read("card/autoboot.txt") || len(held) != len(before) {
			t.Errorf("%s: %d bytes became another file, or %d", name, len(before), len(held))
		}
		if !strings.HasPrefix(string(held), slotB) {
			t.Errorf("%s: became %q", name, held)
		}
	}
}

func TestCommitMakesALostFileAnew(t *testing.T) {
	for name, before := range map[string]string{
		"missing":   "",
		"cut short": "[all]",
		"overlong":  slotA + strings.Repeat("# comment\n", 60),
	} {
		b := newBoard(t, "B", before)
		b.tryboot("set-state", "B", "good")
		if got := b.read("card/autoboot.txt"); got != slotB {
			t.Errorf("%s: became %q", name, got)
		}
	}
}

func TestGoodCommitsOnlyTheRunningSlot(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.tryboot("set-state", "B", "bad")
	b.tryboot("set-state", "B", "good")
	b.wantTryboot("good", "get-state", "B")
	b.wantTryboot("A", "get-committed")
}

func TestCommittedSlotIsNotWrittenAgain(t *testing.T) {
	edited := "# by hand\n" + slotA
	b := newBoard(t, "A", edited)
	b.tryboot("set-state", "A", "good")
	if got := b.read("card/autoboot.txt"); got != edited {
		t.Errorf("became %q", got)
	}
}

func TestBadMarkWithoutData(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.write("data/rauc", "no folder can be made here")
	b.tryboot("set-state", "B", "bad")
	b.wantTryboot("bad", "get-state", "B")
	b.tryboot("set-primary", "B")
	b.wantTryboot("good", "get-state", "B")
}

func TestTrybootRefuses(t *testing.T) {
	noSlot := func(b *board) { b.write("cmdline", "root=/dev/mmcblk0p5 quiet\n") }
	mixed := func(b *board) { b.write("dt/partition", "\x00\x00\x00\x03") }
	readOnly := func(b *board) {
		// A folder in the file's place stands for a card that takes no write, for
		// root, too.
		if err := os.Mkdir(b.path("card/autoboot.txt"), 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		autoboot string
		change   func(*board)
		args     []string
		status   int
		message  string
	}{
		"no operation":        {slotA, nil, nil, 2, "unknown operation ''"},
		"unknown operation":   {slotA, nil, []string{"get-slot"}, 2, "unknown operation 'get-slot'"},
		"slot missing":        {slotA, nil, []string{"set-primary"}, 2, "set-primary takes 1 argument"},
		"unknown slot":        {slotA, nil, []string{"set-primary", "C"}, 2, "slot is 'C'"},
		"slot with a path":    {slotA, nil, []string{"get-state", "../A"}, 2, "slot is '../A'"},
		"too many arguments":  {slotA, nil, []string{"get-primary", "A"}, 2, "get-primary takes 0 argument"},
		"unknown state":       {slotA, nil, []string{"set-state", "A", "fine"}, 2, "state is 'fine'"},
		"state missing":       {slotA, nil, []string{"set-state", "A"}, 2, "set-state takes 2 argument"},
		"no autoboot.txt":     {"", nil, []string{"get-primary"}, 1, "autoboot.txt is missing"},
		"corrupt":             {"\xff\xfe\x00garbage", nil, []string{"get-primary"}, 1, "boot_partition under [all] is ''"},
		"partition 1":         {"[all]\nboot_partition=1\n", nil, []string{"get-committed"}, 1, "is '1': 2 or 3 expected"},
		"partition 22":        {"[all]\nboot_partition=22\n", nil, []string{"get-committed"}, 1, "is '22'"},
		"primary unknown":     {"[tryboot]\nboot_partition=3\n", nil, []string{"set-primary", "B"}, 1, "is ''"},
		"no slot in cmdline":  {slotA, noSlot, []string{"get-current"}, 1, "no rauc.slot=A"},
		"good, slot unknown":  {slotA, noSlot, []string{"set-state", "A", "good"}, 1, "no rauc.slot=A"},
		"kernel of the other": {slotA, mixed, []string{"set-state", "A", "good"}, 1, "kernel of slot B runs on the root file system of slot A"},
		"card takes no write": {"", readOnly, []string{"set-state", "A", "good"}, 1, "autoboot.txt"},
	} {
		b := newBoard(t, "A", test.autoboot)
		if test.change != nil {
			test.change(b)
		}
		status, stdout, stderr := b.script("rauc/tryboot", nil, test.args...)
		if status != test.status || !strings.Contains(stderr, test.message) || stdout != "" {
			t.Errorf("%s: exit %d, printed %q, said %q; want exit %d and %q", name, status, stdout, stderr, test.status, test.message)
		}
		if test.autoboot != "" && b.read("card/autoboot.txt") != test.autoboot {
			t.Errorf("%s: the card was written", name)
		}
		if b.exists("run/pending") || b.exists("run/reboot-param") {
			t.Errorf("%s: a trial is pending", name)
		}
	}
}
