package deptest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Any as a pattern stands for every package.
const Any = "..."

// Rule says what a package may import besides the standard library. A pattern
// is an import path, or one that ends in "/..." for a path and all below it.
type Rule struct {
	// Package is whom the rule is for: a path relative to the module, or a
	// pattern. The packages of a rule may import one another. When several
	// rules fit, the one with the longest Package counts.
	Package string
	Module  []string // patterns of this module, relative to it
	Others  []string // patterns of other modules
}

// Package is a folder with Go files.
type Package struct {
	Path    string   // relative to the module; "." for its root
	Imports []string // import paths, sorted
}

// Load reads the packages of the module whose root folder is given. Folders
// that the go tool ignores (testdata, vendor, node_modules, names that begin with
// '.' or '_', and modules of their own) are left out.
func Load(root fs.FS) ([]Package, error) {
	imports := make(map[string]map[string]bool) // folder → import paths
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (ignored(d.Name()) || isModule(root, name)):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		dir := path.Dir(name)
		if imports[dir] == nil {
			imports[dir] = make(map[string]bool)
		}
		return readImports(root, name, imports[dir])
	})
	if err != nil {
		return nil, fmt.Errorf("load packages: %w", err)
	}
	var packages []Package
	for _, dir := range slices.Sorted(maps.Keys(imports)) {
		packages = append(packages, Package{Path: dir, Imports: slices.Sorted(maps.Keys(imports[dir]))})
	}
	return packages, nil
}

func ignored(folder string) bool {
	switch folder {
	case "testdata", "vendor", "node_modules":
		return true
	}
	return folder[0] == '.' || folder[0] == '_'
}

func isModule(root fs.FS, folder string) bool {
	_, err := fs.Stat(root, path.Join(folder, "go.mod"))
	return err == nil
}

func readImports(root fs.FS, name string, into map[string]bool) error {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		into[imported] = true
	}
	return nil
}

// Check returns a line for each import of the packages that no rule allows, and
// for each package without a rule. exclusive names import patterns that only
// one package of the module may use, whatever its rule allows.
func Check(module string, rules []Rule, exclusive map[string]string, packages []Package) []string {
	var wrong []string
	for _, p := range packages {
		rule, ok := ruleFor(rules, p.Path)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s has no rule", p.Path))
			continue
		}
		for _, imported := range p.Imports {
			if owner, ok := ownerOf(exclusive, imported); ok && owner != p.Path {
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which only %s may", p.Path, imported, owner))
			} else if !rule.allows(module, imported) {
				wrong = append(wrong, fmt.Sprintf("%s may not import %s", p.Path, imported))
			}
		}
	}
	return wrong
}

func ruleFor(rules []Rule, pkg string) (best Rule, found bool) {
	for _, r := range rules {
		if matches(r.Package, pkg) && (!found || len(r.Package) > len(best.Package)) {
			best, found = r, true
		}
	}
	return best, found
}

func ownerOf(exclusive map[string]string, imported string) (string, bool) {
	for pattern, owner := range exclusive {
		if matches(pattern, imported) {
			return owner, true
		}
	}
	return "", false
}

func (r Rule) allows(module, imported string) bool {
	if isStandard(imported) {
		return true
	}
	inModule, ok := strings.CutPrefix(imported, module+"/")
	if !ok {
		return slices.ContainsFunc(r.Others, func(p string) bool { return matches(p, imported) })
	}
	return matches(r.Package, inModule) ||
		slices.ContainsFunc(r.Module, func(p string) bool { return matches(p, inModule) })
}

// isStandard says whether a path is one of the standard library, or cgo's: no
// other path has a first element without a dot.
func isStandard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func matches(pattern, pkg string) bool {
	if pattern == Any || pattern == pkg {
		return true
	}
	base, ok := strings.CutSuffix(pattern, "/...")
	return ok && (pkg == base || strings.HasPrefix(pkg, base+"/"))
}
