package vm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The archive is what the cpio program of busybox and others unpack.
func TestArchive(t *testing.T) {
	a := newArchive()
	a.directory("empty")
	a.file("usr/bin/tool", 0o755, []byte("#!/bin/sh\n"))
	a.file("usr/bin/other", 0o644, []byte("odd"))
	a.link("bin/sh", "busybox")
	image := a.finish()
	if len(image)%4 != 0 || !strings.HasPrefix(string(image), "070701") {
		t.Fatalf("%d bytes, begins %q", len(image), image[:6])
	}
	entries := readArchive(t, image)
	want := map[string]entry{
		"empty": {mode: 0o040755}, "usr": {mode: 0o040755}, "usr/bin": {mode: 0o040755}, "bin": {mode: 0o040755},
		"usr/bin/tool":  {mode: 0o100755, data: "#!/bin/sh\n"},
		"usr/bin/other": {mode: 0o100644, data: "odd"},
		"bin/sh":        {mode: 0o120777, data: "busybox"},
	}
	for name, w := range want {
		if got := entries[name]; got != w {
			t.Errorf("%s: %+v, want %+v", name, got, w)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("entries %v", entries)
	}
}

type entry struct {
	mode int
	data string
}

// readArchive reads a newc archive, by its definition.
func readArchive(t *testing.T, image []byte) map[string]entry {
	t.Helper()
	entries := map[string]entry{}
	for {
		field := func(n int) int {
			v := 0
			for _, c := range string(image[6+8*n : 14+8*n]) {
				v = v*16 + strings.IndexRune("0123456789abcdef", c)
			}
			return v
		}
		up := func(n int) int { return (n + 3) / 4 * 4 }
		mode, size, nameSize := field(1), field(6), field(11)
		name := string(image[110 : 110+nameSize-1])
		body := up(110 + nameSize)
		if name == "TRAILER!!!" {
			return entries
		}
		if _, twice := entries[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		entries[name] = entry{mode, string(image[body : body+size])}
		image = image[up(body+size):]
	}
}

func TestInitramfs(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("release", "6.1.0\n")
	o := Options{
		Kernel: dir, Guest: write("guest", "agent"), Busybox: write("busybox", "box"), Address: "10.0.0.2/24",
		Files: map[string]string{"/usr/bin/intercomd": write("program", "door")},
	}
	image, err := initramfs(o)
	if err != nil {
		t.Fatal(err)
	}
	entries := readArchive(t, image)
	for name, data := range map[string]string{"init": "agent", "bin/busybox": "box", "usr/bin/intercomd": "door"} {
		if got := entries[name]; got.data != data || got.mode != 0o100755 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	spec := entries["etc/board.json"].data
	for _, part := range []string{`"address":"10.0.0.2/24"`, `"label":"pinctrl-bcm2711"`, `"17":"GPIO17"`, `"lines":54`} {
		if !strings.Contains(spec, part) {
			t.Errorf("no %s in %s", part, spec)
		}
	}
	o.Files["/etc/x"] = filepath.Join(dir, "missing")
	if _, err := initramfs(o); err == nil {
		t.Error("a missing file was put into the file system")
	}
}

// Command lines name what the options say, and the machine never has a card
// that could reach the host's network.
func TestArguments(t *testing.T) {
	o := Options{Dir: "/d", Kernel: "/k", Memory: 512, CPUs: 2}
	alone := strings.Join(o.arguments(), " ")
	if strings.Contains(alone, "netdev") || strings.HasPrefix(alone, "ip ") {
		t.Errorf("a board without a namespace has a card: %s", alone)
	}
	for _, part := range []string{"-kernel /k/vmlinuz", "-initrd /d/initramfs", "path=/d/control", "-m 512", "-smp 2", "-nodefaults"} {
		if !strings.Contains(alone, part) {
			t.Errorf("no %q in %s", part, alone)
		}
	}
	o.Namespace, o.Tap = "lab-hub", "board0"
	wired := strings.Join(o.arguments(), " ")
	for _, part := range []string{"ip netns exec lab-hub qemu-system-aarch64", "ifname=board0", "virtio-net-device"} {
		if !strings.Contains(wired, part) {
			t.Errorf("no %q in %s", part, wired)
		}
	}
}

func TestQEMUThatEnds(t *testing.T) {
	q, err := startQEMU([]string{"sh", "-c", "exit 3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	<-q.done
	if exit, ok := q.err.(*exec.ExitError); !ok || exit.ExitCode() != 3 {
		t.Errorf("ended with %v", q.err)
	}
	if err := q.stop(); err != nil {
		t.Errorf("stop after the end: %v", err)
	}
}
