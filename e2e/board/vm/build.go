package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build builds a Go package of the module at root for the board, without cgo,
// as the file output.
func Build(ctx context.Context, root, pkg, output string) error {
	return goTool(ctx, root, "build", "-trimpath", "-ldflags=-s -w", "-o", output, pkg)
}

// BuildTest builds a package's test program for the board with the build tag
// board, and with cgo where the package needs it.
func BuildTest(ctx context.Context, root, pkg, output string) error {
	cgo, err := needsC(ctx, root, pkg)
	if err != nil {
		return err
	}
	if !cgo {
		return goTool(ctx, root, "test", "-c", "-tags", "board", "-o", output, pkg)
	}
	args := []string{"test", "-c", "-tags", "board,netgo,osusergo", "-ldflags", "-linkmode external -extldflags -static", "-o", output, pkg}
	cmd := exec.CommandContext(ctx, filepath.Join(root, "scripts", "board-go.sh"), args...)
	cmd.Dir = root
	_, err = finish(cmd, args)
	return err
}

// needsC says whether a package or its tests reach C code.
func needsC(ctx context.Context, root, pkg string) (bool, error) {
	const withC = "{{if and .CgoFiles (not .Standard)}}{{.ImportPath}}{{end}}"
	args := []string{"list", "-deps", "-test", "-tags", "board", "-f", withC, pkg}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=1", "GOOS=linux", "GOARCH=arm64")
	out, err := finish(cmd, args)
	return len(strings.TrimSpace(out)) > 0, err
}

func goTool(ctx context.Context, root string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	_, err := finish(cmd, args)
	return err
}

// finish runs a go command and returns its standard output.
func finish(cmd *exec.Cmd, args []string) (string, error) {
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s%s", strings.Join(args, " "), err, out, complaint.String())
	}
	return string(out), nil
}

// DefaultOptions returns the options of a board for the checkout at root, whose
// files go into dir: the guest program is built there, kernel and busybox come
// from the scripts, which fetch and build what is missing.
func DefaultOptions(ctx context.Context, root, dir string) (Options, error) {
	o := Options{Dir: dir, Guest: filepath.Join(dir, "guest"), Files: map[string]string{}}
	var err error
	if o.Kernel, err = script(ctx, root, "scripts/board-kernel.sh"); err != nil {
		return o, err
	}
	if o.Busybox, err = script(ctx, root, "scripts/board-busybox.sh"); err != nil {
		return o, err
	}
	return o, Build(ctx, root, "./e2e/board/guest", o.Guest)
}

// script runs a script that prints a path as its last line.
func script(ctx context.Context, root, name string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(root, name))
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1], nil
}
