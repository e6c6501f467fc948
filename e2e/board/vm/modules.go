package vm

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// moduleSet is the modules that came with a kernel.
type moduleSet struct {
	dir   string              // on the board, without the leading slash
	files map[string]string   // module name → file on the host
	needs map[string][]string // module name → names of modules it needs
}

// readModules reads the modules of a kernel folder (release, mods/*.ko).
func readModules(kernel string) (*moduleSet, error) {
	release, err := os.ReadFile(filepath.Join(kernel, "release"))
	if err != nil {
		return nil, fmt.Errorf("read kernel release: %w", err)
	}
	set := &moduleSet{
		dir:   "lib/modules/" + strings.TrimSpace(string(release)),
		files: map[string]string{}, needs: map[string][]string{},
	}
	files, err := filepath.Glob(filepath.Join(kernel, "mods", "*.ko"))
	if err != nil {
		return nil, fmt.Errorf("list kernel modules: %w", err)
	}
	for _, file := range files {
		name := moduleName(filepath.Base(file))
		set.files[name] = file
		if set.needs[name], err = readDependencies(file); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// moduleName turns a file's name, or a name as people write it, into the
// kernel's name of the module.
func moduleName(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".ko"), "-", "_")
}

// readDependencies reads what a module says about itself.
func readDependencies(file string) ([]string, error) {
	object, err := elf.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read module: %w", err)
	}
	defer object.Close()
	section := object.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("read module %s: no .modinfo", file)
	}
	info, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("read module %s: %w", file, err)
	}
	return dependencies(string(info)), nil
}

// dependencies finds the list in a .modinfo section.
func dependencies(info string) []string {
	for field := range strings.SplitSeq(info, "\x00") {
		if value, found := strings.CutPrefix(field, "depends="); found && value != "" {
			return strings.Split(strings.ReplaceAll(value, "-", "_"), ",")
		}
	}
	return nil
}

// order lists a module behind all that it needs. A name without a file is in
// the kernel itself.
func (s *moduleSet) order(name string) []string {
	var out []string
	var visit func(string)
	visit = func(n string) {
		if s.files[n] == "" || slices.Contains(out, n) {
			return
		}
		for _, need := range s.needs[n] {
			visit(need)
		}
		out = append(out, n)
	}
	visit(moduleName(name))
	return out
}

// load lists what to load, in order, for modules given as "name parameters".
func (s *moduleSet) load(wanted []string) []wire.Module {
	var out []wire.Module
	seen := map[string]bool{}
	for _, w := range wanted {
		name, parameters, _ := strings.Cut(w, " ")
		for _, n := range s.order(name) {
			if seen[n] {
				continue
			}
			seen[n] = true
			m := wire.Module{Path: "/" + s.path(n)}
			if n == moduleName(name) {
				m.Params = parameters
			}
			out = append(out, m)
		}
	}
	return out
}

func (s *moduleSet) path(name string) string { return s.dir + "/" + filepath.Base(s.files[name]) }

// index is modules.dep, by which modprobe finds its way.
func (s *moduleSet) index() string {
	var b strings.Builder
	for name, file := range s.files {
		fmt.Fprintf(&b, "%s:", filepath.Base(file))
		order := s.order(name)
		for _, need := range slices.Backward(order[:len(order)-1]) {
			fmt.Fprintf(&b, " %s", filepath.Base(s.files[need]))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
