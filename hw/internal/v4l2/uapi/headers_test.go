package uapi

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// printLayout makes the test binary print its layout and end: so the binary of
// another architecture tells what Go does there.
const printLayout = "UAPI_PRINT_LAYOUT"

func TestMain(m *testing.M) {
	if os.Getenv(printLayout) == "" {
		os.Exit(m.Run())
	}
	expressions, values := layout()
	for i, e := range expressions {
		fmt.Printf("%s = %d\n", e, values[i])
	}
}

// TestHeaders compares sizes, offsets and numbers with those a C compiler sees
// in the kernel's headers.
func TestHeaders(t *testing.T) {
	tests := []struct {
		arch, compiler string
		run            []string // what runs a binary of the architecture
	}{
		{"amd64", "gcc", nil},
		{"arm64", "aarch64-linux-gnu-gcc", []string{"qemu-aarch64-static"}},
	}
	for _, tt := range tests {
		t.Run(tt.arch, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c := output(t, nil, append(tt.run, compileC(t, dir, tt.compiler))...)
			g := output(t, []string{printLayout + "=1"}, append(tt.run, compileGo(t, dir, tt.arch))...)
			compare(t, strings.Split(c, "\n"), strings.Split(g, "\n"))
		})
	}
}

// compare reports the lines that differ.
func compare(t *testing.T, want, got []string) {
	t.Helper()
	if len(want) != len(got) || len(got) < 300 {
		t.Fatalf("C has %d lines, Go %d", len(want), len(got))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("C: %s, Go: %s", want[i], got[i])
		}
	}
}

// compileC builds a program that prints the layout's expressions.
func compileC(t *testing.T, dir, compiler string) string {
	t.Helper()
	var b strings.Builder
	for _, header := range []string{"stdio.h", "stddef.h", "sys/time.h", "linux/videodev2.h", "linux/uvcvideo.h", "linux/usb/video.h", "linux/dma-buf.h"} {
		fmt.Fprintf(&b, "#include <%s>\n", header)
	}
	b.WriteString("int main(void) {\n")
	expressions, _ := layout()
	for _, e := range expressions {
		fmt.Fprintf(&b, "\tprintf(\"%%s = %%llu\\n\", %q, (unsigned long long)%s);\n", e, e)
	}
	b.WriteString("}\n")
	source, binary := filepath.Join(dir, "layout.c"), filepath.Join(dir, "layout")
	if err := os.WriteFile(source, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	output(t, nil, compiler, "-static", "-o", binary, source)
	return binary
}

// compileGo builds this test for another architecture.
func compileGo(t *testing.T, dir, arch string) string {
	t.Helper()
	binary := filepath.Join(dir, "uapi.test")
	output(t, []string{"GOOS=linux", "GOARCH=" + arch, "CGO_ENABLED=0"}, "go", "test", "-c", "-o", binary, ".")
	return binary
}

// output runs a program and fails the test if that is not possible.
func output(t *testing.T, env []string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Fatalf("%v: run scripts/setup.sh cross", err)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// TestConstantsAreListed finds the constants that TestHeaders would leave out.
func TestConstantsAreListed(t *testing.T) {
	listed := map[string]bool{}
	for _, c := range constants() {
		listed[c.name] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			for _, n := range constantNames(decl) {
				if ast.IsExported(n) && !listed[n] {
					t.Errorf("%s: %s is not listed", name, n)
				}
			}
		}
	}
}

// constantNames lists what a declaration of constants names.
func constantNames(decl ast.Decl) []string {
	group, ok := decl.(*ast.GenDecl)
	if !ok || group.Tok != token.CONST {
		return nil
	}
	var names []string
	for _, spec := range group.Specs {
		if value, ok := spec.(*ast.ValueSpec); ok {
			for _, id := range value.Names {
				names = append(names, id.Name)
			}
		}
	}
	return names
}

// TestOffset checks that a descriptor and an offset survive the union on the
// machine's byte order.
func TestOffset(t *testing.T) {
	for _, v := range []uint32{0, 7, 1 << 30, 1<<32 - 1} {
		m := ^uintptr(0)
		SetOffset(&m, v)
		if got := Offset(&m); got != v {
			t.Errorf("Offset = %d, want %d", got, v)
		}
	}
}
