package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The structures and numbers are those of the C headers, on this machine's
// architecture and on the boards'.
func TestABIMatchesHeaders(t *testing.T) {
	for _, arch := range []struct {
		goarch, cc string
		run        []string
	}{
		{"amd64", "gcc", nil},
		{"arm64", "aarch64-linux-gnu-gcc", []string{"qemu-aarch64-static"}},
	} {
		t.Run(arch.goarch, func(t *testing.T) {
			dir := t.TempDir()
			inGo, inC := filepath.Join(dir, "go"), filepath.Join(dir, "c")
			build := exec.Command("go", "build", "-o", inGo, ".")
			build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch.goarch, "CGO_ENABLED=0")
			output(t, build)
			source := filepath.Join(dir, "abi.c")
			if err := os.WriteFile(source, []byte(program()), 0o600); err != nil {
				t.Fatal(err)
			}
			output(t, tool(t, arch.cc, "-static", "-o", inC, source))
			ours := run(t, arch.run, inGo)
			kernels := run(t, arch.run, inC)
			if len(ours) != len(table()) || len(kernels) != len(ours) {
				t.Fatalf("%d lines of Go, %d of C, want %d", len(ours), len(kernels), len(table()))
			}
			for i := range ours {
				if ours[i] != kernels[i] {
					t.Errorf("here %s, in the header %s", ours[i], kernels[i])
				}
			}
		})
	}
}

// program prints the same lines as this one, in C.
func program() string {
	var b strings.Builder
	b.WriteString("#include <stdio.h>\n#include <stddef.h>\n#include <time.h>\n#include <sys/ioctl.h>\n")
	b.WriteString("#include <sound/asound.h>\nint main(void) {\n")
	for _, e := range table() {
		fmt.Fprintf(&b, "printf(\"%%s = %%llu\\n\", %q, (unsigned long long)(%s));\n", e.c, e.c)
	}
	b.WriteString("return 0; }\n")
	return b.String()
}

func tool(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no %s here: `scripts/setup.sh cross` installs it", name)
	}
	return exec.Command(path, args...)
}

func run(t *testing.T, emulator []string, program string) []string {
	t.Helper()
	c := exec.Command(program)
	if len(emulator) > 0 {
		c = tool(t, emulator[0], program)
	}
	return strings.Split(strings.TrimSpace(output(t, c)), "\n")
}

func output(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	var failed strings.Builder
	c.Stderr = &failed
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, failed.String())
	}
	return string(out)
}
