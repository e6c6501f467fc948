//go:build e2e

package deb

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The time of all files in the packages.
const epoch = "1790000000"

// script runs a program in the folder of the repository.
func script(t *testing.T, environ []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = repository(t)
	cmd.Env = append(os.Environ(), environ...)
	out, err := cmd.CombinedOutput()
	t.Logf("$ %s\n%s", strings.Join(args, " "), out)
	if err != nil {
		t.Fatalf("%s: %v", args[0], err)
	}
	return string(out)
}

func repository(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// makePackage builds program and package of a version and returns its path.
func makePackage(t *testing.T, version, folder string) string {
	t.Helper()
	environ := []string{"VERSION=" + version, "SOURCE_DATE_EPOCH=" + epoch, "BINARIES=" + folder, "DIST=" + folder}
	script(t, environ, "scripts/build.sh", filepath.Join(folder, "intercomd-linux-amd64"))
	script(t, environ, "scripts/deb.sh", "amd64")
	return filepath.Join(folder, "intercomd_"+version+"_amd64.deb")
}

// makeElsewhere is makePackage with the repository mounted at another place, so
// that all absolute paths are others.
func makeElsewhere(t *testing.T, version, folder string) string {
	t.Helper()
	place := t.TempDir()
	environ := []string{"VERSION=" + version, "SOURCE_DATE_EPOCH=" + epoch, "BINARIES=" + folder, "DIST=" + folder}
	script(t, environ, "unshare", "--mount", "sh", "-euc", `
		mount --bind "$PWD" "$1"
		cd "$1"
		scripts/build.sh "$2/intercomd-linux-amd64"
		scripts/deb.sh amd64`, "sh", place, folder)
	return filepath.Join(folder, "intercomd_"+version+"_amd64.deb")
}

func sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

// makeUpgrade makes a later version out of a package: its program says so, and
// its example has changed. That is quicker than to make all of it again.
func makeUpgrade(t *testing.T, old, version string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "package")
	script(t, nil, "dpkg-deb", "--raw-extract", old, folder)
	script(t, []string{"VERSION=" + version}, "scripts/build.sh", filepath.Join(folder, "usr/bin/intercomd"))
	edit(t, filepath.Join(folder, "DEBIAN/control"), "Version: "+first, "Version: "+version)
	edit(t, filepath.Join(folder, "etc/intercomd/intercomd.yaml"), "# 2. Who", "# A line more.\n\n# 2. Who")
	path := filepath.Join(filepath.Dir(old), "intercomd_"+version+"_amd64.deb")
	script(t, nil, "dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", folder, path)
}

// edit changes a file as an editor that writes it in place, pairs of old and new
// text.
func edit(t *testing.T, path string, pairs ...string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(pairs...).Replace(string(text))
	if changed == string(text) {
		t.Fatalf("%s has none of %q", path, pairs)
	}
	if err := os.WriteFile(path, []byte(changed), 0o640); err != nil {
		t.Fatal(err)
	}
}

// debianRoot unpacks a minimal Debian of the host's release.
func debianRoot(t *testing.T) string {
	t.Helper()
	archive := filepath.Join(repository(t), "build/e2e-deb/root.tar")
	if _, err := os.Stat(archive); err != nil {
		if err := os.MkdirAll(filepath.Dir(archive), 0o755); err != nil {
			t.Fatal(err)
		}
		args := []string{"mmdebstrap", "--quiet", "--format=tar", "--variant=minbase", "--include=systemd-sysv,udev,dbus", release(t), archive + ".new"}
		for _, sources := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
			if _, err := os.Stat(sources); err == nil {
				args = append(args, sources)
				break
			}
		}
		script(t, nil, args...)
		if err := os.Rename(archive+".new", archive); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	script(t, nil, "tar", "--extract", "--numeric-owner", "--directory="+root, "--file="+archive)
	return root
}

// release is the code name of the host's Debian.
func release(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^VERSION_CODENAME="?(\w+)"?$`).FindSubmatch(text)
	if found == nil {
		t.Fatal("/etc/os-release has no VERSION_CODENAME: these tests need Debian")
	}
	return string(found[1])
}
