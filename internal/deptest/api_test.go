package deptest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// TestAPITable checks that every name, file, test and scenario in docs/api.md
// exists, and that no listener and no setting of the SDK is left out.
func TestAPITable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/api.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := exported(t, "call")
	for name := range exported(t, "media") {
		names["media."+name] = true
	}
	scenarios, settings := source(t, "e2e/quickblox/*_test.go"), source(t, "config/*.go")
	rows := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) != 5 || strings.HasPrefix(line, "| SDK") {
			continue
		}
		rows++
		for _, name := range quoted(cells[1]) {
			if !names[name] && !strings.Contains(settings, `"`+name+`"`) {
				t.Errorf("no %s: %s", name, line)
			}
		}
		for _, file := range quoted(cells[2]) {
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Error(err)
			}
		}
		for _, name := range quoted(cells[4]) {
			if !strings.Contains(scenarios, `"`+name+`"`) && !strings.Contains(scenarios, `"`+pattern(name)+`"`) {
				t.Errorf("no scenario %s: %s", name, line)
			}
		}
	}
	if rows < 12+18+7 {
		t.Errorf("only %d rows were understood", rows)
	}
	for _, name := range methods(t, "Listener") {
		if !strings.Contains(string(text), "`Listener."+name+"`") {
			t.Errorf("the listener's %s is missing", name)
		}
	}
}

// TestNamedTestsExist checks every `package.TestName` in the documentation.
func TestNamedTestsExist(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)[A-Z]\\w*)`")
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			found++
			if !strings.Contains(source(t, m[1]+"/*_test.go"), "\nfunc "+m[2]+"(") {
				t.Errorf("%s: no test %s in %s", filepath.Base(file), m[2], m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no test is named")
	}
}

// pattern is how a scenario of the conference family is named in its source.
func pattern(name string) string {
	name = strings.NewReplacer("-low-", "-%s-", "-high-", "-%s-").Replace(name)
	return strings.NewReplacer("-first", "-%s", "-last", "-%s").Replace(name)
}

// quoted lists what stands between backticks.
func quoted(cell string) []string {
	var out []string
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

// source joins the files that match.
func source(t *testing.T, glob string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, glob))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", glob, len(files), err)
	}
	var b strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// declarations parses a package without its tests.
func declarations(t *testing.T, dir string) []ast.Decl {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []ast.Decl
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, parsed.Decls...)
	}
	return out
}

// exported lists the names a package declares: X, and X.Y for methods and
// fields.
func exported(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, d := range declarations(t, dir) {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names[receiver(d)+d.Name.Name] = true
		case *ast.GenDecl:
			for _, s := range d.Specs {
				add(names, s)
			}
		}
	}
	return names
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if name, ok := typ.(*ast.Ident); ok {
		return name.Name + "."
	}
	return "?."
}

func add(names map[string]bool, s ast.Spec) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names[n.Name] = true
		}
	case *ast.TypeSpec:
		names[s.Name.Name] = true
		for _, f := range members(s) {
			names[s.Name.Name+"."+f] = true
		}
	}
}

// members lists the fields of a struct, or the methods of an interface.
func members(s *ast.TypeSpec) []string {
	var list *ast.FieldList
	switch typ := s.Type.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return nil
	}
	var out []string
	for _, f := range list.List {
		for _, n := range f.Names {
			out = append(out, n.Name)
		}
	}
	return out
}

// methods lists those of an interface of package call.
func methods(t *testing.T, name string) []string {
	t.Helper()
	for _, d := range declarations(t, "call") {
		gen, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range gen.Specs {
			if typ, ok := s.(*ast.TypeSpec); ok && typ.Name.Name == name {
				return members(typ)
			}
		}
	}
	t.Fatalf("call has no %s", name)
	return nil
}
