//go:build e2e

package board

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
)

// driverLimit bounds the driver tests of one package, boot included.
const driverLimit = 5 * time.Minute

// TestDrivers runs the driver tests of every package that has some, each on a
// board of its own.
func TestDrivers(t *testing.T) {
	packages, err := driverPackages(checkout(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) == 0 {
		t.Fatal("no package below hw has a _board_test.go")
	}
	for _, pkg := range packages {
		t.Run(strings.TrimPrefix(pkg, "hw/"), func(t *testing.T) {
			t.Parallel() // most of them wait for their board most of the time
			testDriver(t, pkg)
		})
	}
}

// driverPackages lists the folders below hw with driver tests.
func driverPackages(root string) ([]string, error) {
	var packages []string
	err := filepath.WalkDir(filepath.Join(root, "hw"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_board_test.go") {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if !slices.Contains(packages, dir) {
			packages = append(packages, dir)
		}
		return err
	})
	return packages, err
}

func testDriver(t *testing.T, pkg string) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), driverLimit, errTooLong)
	defer cancel()
	root, dir := checkout(t), shortDir(t)
	tests, err := driverTests(filepath.Join(root, pkg))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "driver.test")
	if err := vm.BuildTest(ctx, root, "./"+pkg, program); err != nil {
		t.Fatal(err)
	}
	options, err := vm.DefaultOptions(ctx, root, dir)
	if err != nil {
		t.Fatal(err)
	}
	options.Files["/root/driver.test"] = program
	if err := addTestdata(options.Files, filepath.Join(root, pkg, "testdata")); err != nil {
		t.Fatal(err)
	}
	board, err := vm.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	defer closeBoard(t, board)
	var out bytes.Buffer
	err = board.Run(ctx, "cd /root && exec ./driver.test -test.v -test.run '"+tests+"'", &out)
	t.Logf("on the board:\n%s", out.String())
	if err != nil {
		t.Errorf("%v\nend of the console:\n%s", err, board.Console())
	}
}

// driverTests returns the pattern that selects the tests in a package's
// _board_test.go files: its other tests need no board, and much of its time.
func driverTests(folder string) (string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_board_test.go"))
	if err != nil {
		return "", err
	}
	var names []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && isTest(f.Name.Name) {
				names = append(names, f.Name.Name)
			}
		}
	}
	if len(names) == 0 {
		return "", errors.New("no test in the _board_test.go files of " + folder)
	}
	return "^(" + strings.Join(names, "|") + ")$", nil
}

func isTest(name string) bool { return strings.HasPrefix(name, "Test") && name != "TestMain" }

// addTestdata puts the files of a package's testdata folder beside its test
// program.
func addTestdata(files map[string]string, folder string) error {
	if _, err := os.Stat(folder); err != nil {
		return nil // most have none
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(filepath.Dir(folder), path)
		files[filepath.Join("/root", name)] = path
		return err
	})
}
