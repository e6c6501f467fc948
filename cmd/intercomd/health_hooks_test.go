//go:build !testhooks

package main

import (
	gobuild "go/build"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/intercom"
)

// Nothing that a release is built of can be told to hang.
func TestNormalBuildHasNoHooks(t *testing.T) {
	if _, found := reflect.TypeFor[*intercom.Device]().MethodByName("Block"); found {
		t.Error("the device can be blocked")
	}
	if tasks := hooks(nil); len(tasks) > 0 {
		t.Errorf("there are hooks: %v", tasks)
	}
	for _, dir := range []string{".", "../../intercom"} {
		normal, err := gobuild.ImportDir(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range normal.GoFiles {
			text, err := os.ReadFile(dir + "/" + file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "SIGUSR2") {
				t.Errorf("%s/%s knows the hook's signal", dir, file)
			}
		}
		if !slices.ContainsFunc(normal.IgnoredGoFiles, func(file string) bool { return strings.HasSuffix(file, "_testhooks.go") }) {
			t.Errorf("%s: no hook is left out; has it another name now?", dir)
		}
	}
	scripts, err := os.ReadDir("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if script.Name() != "build.sh" && script.Name() != "cross.sh" {
			continue
		}
		text, err := os.ReadFile("../../scripts/" + script.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "testhooks") {
			t.Errorf("%s builds releases with hooks", script.Name())
		}
	}
}
