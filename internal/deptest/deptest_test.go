package deptest

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestLoad(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	packages, err := Load(fstest.MapFS{
		"root.go":               file("package root\nimport \"fmt\"\n"),
		"a/a.go":                file("package a\nimport (\n\t\"os\"\n\tx \"m/b\"\n)\n"),
		"a/a_windows.go":        file("//go:build windows\npackage a\nimport _ \"m/w\"\n"),
		"a/a_test.go":           file("package a\nimport \"testing\"\n"),
		"a/testdata/t.go":       file("not Go"),
		"a/.hidden/t.go":        file("not Go"),
		"a/_old/t.go":           file("not Go"),
		"node_modules/x/x.go":   file("not Go"),
		"vendor/x/x.go":         file("not Go"),
		"build/copy/go.mod":     file("module copy\n"),
		"build/copy/a/a.go":     file("not Go"),
		"b/only_test.go":        file("package b\n"),
		"docs/readme.md":        file("text"),
		"c/c.go":                file("package c\nimport \"C\"\nfunc f() { this is cut off"),
		"c/more.go":             file("package c\nimport `m/a`\n"),
		"c/inner/deep/inner.go": file("package deep\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Package{
		{".", []string{"fmt"}},
		{"a", []string{"m/b", "m/w", "os"}},
		{"c", []string{"C", "m/a"}},
		{"c/inner/deep", nil},
	}
	if !slices.EqualFunc(packages, want, func(a, b Package) bool {
		return a.Path == b.Path && slices.Equal(a.Imports, b.Imports)
	}) {
		t.Errorf("got %+v, want %+v", packages, want)
	}
}

func TestLoadNamesUnreadableFile(t *testing.T) {
	_, err := Load(fstest.MapFS{"a/a.go": {Data: []byte("paket a")}})
	if err == nil || !strings.Contains(err.Error(), "load packages: a/a.go:1:1") {
		t.Errorf("got %v, want the place named", err)
	}
}

func TestCheck(t *testing.T) {
	rules := []Rule{
		{Package: "core/..."},
		{Package: "edge", Module: []string{"core"}, Others: []string{"example.org/lib/..."}},
		{Package: "edge/pure", Module: []string{"core/..."}},
		{Package: "main", Module: []string{Any}, Others: []string{Any}},
		{Package: "settings", Others: []string{"example.org/keys"}},
	}
	exclusive := map[string]string{"example.org/keys": "settings"}
	tests := []struct{ name, pkg, imports, want string }{
		{"standard library", "core", "fmt", ""},
		{"cgo", "core", "C", ""},
		{"within a rule", "core", "m.org/m/core/sub", ""},
		{"within a rule, upward", "core/sub", "m.org/m/core", ""},
		{"nothing else", "core", "m.org/m/edge", "core may not import m.org/m/edge"},
		{"no other module", "core/sub", "example.org/lib", "core/sub may not import example.org/lib"},
		{"allowed", "edge", "m.org/m/core", ""},
		{"allowed package only", "edge", "m.org/m/core/sub", "edge may not import m.org/m/core/sub"},
		{"allowed tree", "edge", "example.org/lib/x/y", ""},
		{"name that begins the same", "edge", "example.org/library", "edge may not import example.org/library"},
		{"longer rule counts", "edge/pure", "example.org/lib", "edge/pure may not import example.org/lib"},
		{"tree of a rule", "edge/pure", "m.org/m/core/sub", ""},
		{"anything", "main", "m.org/m/edge/pure", ""},
		{"any other module", "main", "example.org/lib", ""},
		{"exclusive, its owner", "settings", "example.org/keys", ""},
		{"exclusive, somebody else", "main", "example.org/keys", "main imports example.org/keys, which only settings may"},
		{"without a rule", "new", "fmt", "new has no rule"},
		{"below a rule for one", "edge/other", "fmt", "edge/other has no rule"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packages := []Package{{Path: tt.pkg, Imports: []string{tt.imports}}}
			if got := strings.Join(Check("m.org/m", rules, exclusive, packages), "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
