package buildroot_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const partitionSize = 40 << 20 // of a partition without a file system, bytes

// makeFileSystem puts an ext4 file system with one file into the partition, in
// blocks of 4 KiB, so that its spare superblock is at block 32768.
func (b *board) makeFileSystem() {
	b.t.Helper()
	b.write("precious.txt", "identity of the device\n")
	b.run("truncate", "-s", "160M", b.path("partition"))
	b.run("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", b.path("partition"))
	b.run("debugfs", "-w", "-R", "write "+b.path("precious.txt")+" precious.txt", b.path("partition"))
}

func (b *board) run(name string, args ...string) string {
	b.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// overwrite puts count bytes of value into the partition at offset.
func (b *board) overwrite(offset, count int64, value byte) {
	b.t.Helper()
	file, err := os.OpenFile(b.path("partition"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		b.t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(bytes.Repeat([]byte{value}, int(count)), offset); err != nil {
		b.t.Fatal(err)
	}
}

// checkData runs the check and gives the first word of its result.
func (b *board) checkData() string {
	b.t.Helper()
	status, stdout, stderr := b.script("intercom/check-data", nil, b.path("partition"))
	if status != 0 {
		b.t.Fatalf("check-data: exit %d: %s%s", status, stdout, stderr)
	}
	word, text, found := strings.Cut(b.read("run/data"), ": ")
	if !found || strings.TrimSpace(text) == "" {
		b.t.Errorf("run/data says only %q", b.read("run/data"))
	}
	return word
}

// precious gives the file of makeFileSystem, "" when it is gone.
func (b *board) precious() string {
	b.t.Helper()
	out, err := exec.Command("debugfs", "-R", "cat precious.txt", b.path("partition")).Output()
	if err != nil {
		b.t.Fatal(err)
	}
	return string(out)
}

func (b *board) head() []byte {
	b.t.Helper()
	file, err := os.Open(b.path("partition"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

func TestCheckDataKeepsAFileSystem(t *testing.T) {
	for name, test := range map[string]struct {
		harm func(*board)
		want string
	}{
		"in order":           {func(*board) {}, "ok"},
		"superblock lost":    {func(b *board) { b.overwrite(0, 4096, 0x5a) }, "repaired"},
		"reset is asked for": {func(b *board) { b.write("card/factory-reset.txt", "") }, "ok"},
	} {
		b := newBoard(t, "A", slotA)
		b.makeFileSystem()
		test.harm(b)
		if got := b.checkData(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if got := b.precious(); got != "identity of the device\n" {
			t.Errorf("%s: the file says %q", name, got)
		}
	}
}

func TestCheckDataMakesAFileSystemOnAnEmptyPartition(t *testing.T) {
	for _, value := range []byte{0x00, 0xff} {
		b := newBoard(t, "A", slotA)
		b.overwrite(0, partitionSize, value)
		if got := b.checkData(); got != "made" {
			t.Errorf("partition of %#x: %s, want made", value, got)
		}
		if got := b.checkData(); got != "ok" {
			t.Errorf("partition of %#x, second start: %s, want ok", value, got)
		}
	}
}

func TestCheckDataNeverThrowsDataAway(t *testing.T) {
	b := newBoard(t, "A", slotA)
	b.overwrite(0, partitionSize, 'x')
	before := b.head()
	if got := b.checkData(); got != "broken" {
		t.Errorf("unknown content: %s, want broken", got)
	}
	if !bytes.Equal(before, b.head()) {
		t.Error("the partition was written")
	}
	if got := b.read("run/data"); !strings.Contains(got, "factory-reset") {
		t.Errorf("the message %q does not say what to do", got)
	}

	b.write("card/factory-reset", "")
	if got := b.checkData(); got != "made" {
		t.Errorf("with a factory reset: %s, want made", got)
	}
}

func TestCheckDataWithoutPartition(t *testing.T) {
	b := newBoard(t, "A", slotA)
	if got := b.checkData(); got != "broken" {
		t.Errorf("no partition: %s, want broken", got)
	}
	if status, _, stderr := b.script("intercom/check-data", nil); status != 2 || !strings.Contains(stderr, "usage") {
		t.Errorf("no argument: exit %d, %q", status, stderr)
	}
}
