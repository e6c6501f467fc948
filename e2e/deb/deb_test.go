//go:build e2e

package deb

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The versions of the story: the first, and the one that it is upgraded to.
const (
	first  = "1.0.0"
	second = "1.1.0"
)

// A package is installed on a Debian machine, upgraded, removed, installed again
// and purged.
func TestPackageLives(t *testing.T) {
	root := debianRoot(t)
	folder := filepath.Join(root, "root")
	old := makePackage(t, first, folder)
	if !t.Run("is right", func(t *testing.T) { isRight(t, old) }) {
		return
	}
	makeUpgrade(t, old, second)
	m := boot(t, root)
	for _, step := range []struct {
		name string
		do   func(*testing.T, *machine)
	}{
		{"install", installs},
		{"security", isHardened},
		{"restart after a crash", comesBack},
		{"reload", reloads},
		{"upgrade", upgrades},
		{"upgrade while stopped", staysStopped},
		{"remove", removes},
		{"install again", installsAgain},
		{"purge", purges},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.do(t, m) }) {
			return // the next step builds on this one
		}
	}
}

// isRight looks at the package itself.
func isRight(t *testing.T, path string) {
	report := script(t, nil, "lintian", "--allow-root", "--tag-display-limit", "0", path)
	if strings.Contains(report, "E: ") || strings.Contains(report, "W: ") {
		t.Error("lintian has found something")
	}
	again := makeElsewhere(t, first, t.TempDir())
	if here, there := sum(t, path), sum(t, again); here != there {
		t.Errorf("sha256 is %s, in another folder %s", here, there)
	} else {
		t.Logf("sha256 in two folders: %s", here)
	}
	components := script(t, nil, "sh", "-c", `dpkg-deb --fsys-tarfile "$1" |
		tar -xO ./usr/share/doc/intercomd/sbom.cdx.json.gz | zcat | jq -r '.components[].name' | tr '\n' ' '`, "sh", path)
	for _, part := range []string{"libopus", "libvpx", "openh264", "libjpeg-turbo", "github.com/pion/webrtc/v4", "std"} {
		if !strings.Contains(" "+components, " "+part+" ") {
			t.Errorf("the SBOM does not have %s", part)
		}
	}
}

func packageOf(version string) string { return "/root/intercomd_" + version + "_amd64.deb" }

func installs(t *testing.T, m *machine) {
	m.run(t, "dpkg", "--install", packageOf(first))
	isRunning(t, m, first)
	m.wants(t, "enabled", "systemctl", "is-enabled", "intercomd")

	modes := map[string]string{
		"/etc/intercomd":                "root:intercom 750",
		"/etc/intercomd/intercomd.yaml": "root:intercom 640",
		"/var/lib/intercomd":            "intercom:intercom 700",
		"/run/intercomd/control.sock":   "intercom:intercom 600",
		"/usr/bin/intercomd":            "root:root 755",
	}
	for path, want := range modes {
		m.wants(t, want, "stat", "--format=%U:%G %a", path)
	}
	groups := strings.Fields(m.run(t, "id", "--groups", "--name", "intercom"))
	for _, group := range []string{"intercom", "video", "audio", "gpio", "input"} {
		if !slices.Contains(groups, group) {
			t.Errorf("the user is not in group %s", group)
		}
	}
	if out, err := m.try(t, "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "intercomd", "status"); err == nil || !strings.Contains(out, "permission denied") {
		t.Errorf("nobody may ask: %v", err)
	}
	m.run(t, "setpriv", "--reuid=intercom", "--regid=intercom", "--init-groups", "intercomd", "check-config", "/etc/intercomd/intercomd.yaml")
	m.wants(t, "", "sh", "-c", "md5sum --check --quiet /var/lib/dpkg/info/intercomd.md5sums")
	if log := m.run(t, "journalctl", "--no-pager", "-t", "intercomd"); !strings.Contains(log, "says how to go on") {
		t.Error("the log does not say how to go on")
	}
}

// isRunning asks the daemon itself.
func isRunning(t *testing.T, m *machine, version string) {
	t.Helper()
	m.wants(t, "active", "systemctl", "is-active", "intercomd")
	var status struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal([]byte(m.run(t, "intercomd", "status", "--json")), &status); err != nil {
		t.Fatal(err)
	}
	if status.Version != version {
		t.Errorf("version %q answers, want %s", status.Version, version)
	}
	// Type=notify: it is active because it said that it is ready.
	m.wants(t, "Type=notify\nNotifyAccess=main\nStatusText=listening on /run/intercomd/control.sock",
		"systemctl", "show", "intercomd", "--property=Type,NotifyAccess,StatusText")
}

func isHardened(t *testing.T, m *machine) {
	out := m.run(t, "systemd-analyze", "security", "--offline=true", "--threshold=25", "--no-pager", "intercomd.service")
	if !strings.Contains(out, "Overall exposure level for intercomd.service") {
		t.Error("there is no verdict")
	}
	m.run(t, "systemd-analyze", "verify", "--man=no", "intercomd.service")
}

// comesBack kills the daemon as a crash would.
func comesBack(t *testing.T, m *machine) {
	next := m.follow(t, "journalctl", "--follow", "--lines=0", "--output=cat", "--unit=intercomd")
	m.run(t, "systemctl", "kill", "--kill-whom=main", "--signal=KILL", "intercomd")
	next("Scheduled restart job")
	next("Started ")
	isRunning(t, m, first)
}

// A reload takes a new contact in without a restart, and refuses a mistake.
func reloads(t *testing.T, m *machine) {
	const path = "etc/intercomd/intercomd.yaml"
	pid := m.run(t, "systemctl", "show", "intercomd", "--property=MainPID")
	next := m.follow(t, "journalctl", "--follow", "--lines=0", "--output=cat", "--unit=intercomd")

	edit(t, filepath.Join(m.root, path), "name: Ben\n", "name: Benedict\n", "Anna, Ben]", "Anna, Benedict]")
	m.run(t, "systemctl", "reload", "intercomd")
	next("state=applied")
	if status := m.run(t, "intercomd", "status"); !strings.Contains(status, "Benedict (102)") {
		t.Error("the contact is not known after the reload")
	}

	edit(t, filepath.Join(m.root, path), "user_id: 102", "user_id: nobody")
	m.run(t, "systemctl", "reload", "intercomd")
	next("contacts[1].user_id")
	edit(t, filepath.Join(m.root, path), "user_id: nobody", "user_id: 102")
	isRunning(t, m, first)
	if now := m.run(t, "systemctl", "show", "intercomd", "--property=MainPID"); now != pid {
		t.Errorf("the daemon was %s, is %s", pid, now)
	}
}

// The administrator's configuration stays, and the new version runs.
func upgrades(t *testing.T, m *machine) {
	path := filepath.Join(m.root, "etc/intercomd/intercomd.yaml")
	edit(t, path, "name: Front door", "name: Back door")
	own, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m.run(t, "dpkg", "--force-confold", "--install", packageOf(second))
	isRunning(t, m, second)
	if status := m.run(t, "intercomd", "status"); !strings.HasPrefix(status, "Back door: ") {
		t.Error("the new version does not run with the old configuration")
	}
	if got, _ := os.ReadFile(path); string(got) != string(own) {
		t.Error("the upgrade has changed the configuration")
	}
	m.wants(t, "root:intercom 640", "stat", "--format=%U:%G %a", "/etc/intercomd/intercomd.yaml")
	if !m.has("/etc/intercomd/intercomd.yaml.dpkg-dist") {
		t.Error("the new example is not beside the configuration")
	}
}

// Who stopped the service finds it stopped after an upgrade.
func staysStopped(t *testing.T, m *machine) {
	m.run(t, "systemctl", "stop", "intercomd")
	m.run(t, "dpkg", "--force-confold", "--install", packageOf(second))
	m.wants(t, "inactive", "systemctl", "is-active", "intercomd")
	m.run(t, "systemctl", "start", "intercomd")
	isRunning(t, m, second)
}

func removes(t *testing.T, m *machine) {
	m.run(t, "sh", "-c", "echo secret >/etc/intercomd/password")
	m.run(t, "dpkg", "--remove", "intercomd")
	m.wants(t, "inactive", "systemctl", "is-active", "intercomd")
	for path, want := range map[string]bool{
		"/usr/bin/intercomd":                               false,
		"/usr/lib/systemd/system/intercomd.service":        false,
		"/run/intercomd":                                   false,
		"/etc/intercomd/intercomd.yaml":                    true,
		"/etc/intercomd/password":                          true,
		"/var/lib/intercomd":                               true,
		"/usr/share/doc/intercomd/examples/rpi.yaml":       false,
		"/usr/share/bash-completion/completions/intercomd": false,
	} {
		if got := m.has(path); got != want {
			t.Errorf("%s is there: %t, want %t", path, got, want)
		}
	}
}

func installsAgain(t *testing.T, m *machine) {
	m.run(t, "dpkg", "--force-confold", "--install", packageOf(second))
	isRunning(t, m, second)
	if status := m.run(t, "intercomd", "status"); !strings.HasPrefix(status, "Back door: ") {
		t.Error("the configuration from before the removal is not used")
	}
}

func purges(t *testing.T, m *machine) {
	out := m.run(t, "dpkg", "--purge", "intercomd")
	if !strings.Contains(out, "The user and group intercom stay") {
		t.Error("the purge does not say what stays")
	}
	m.run(t, "id", "intercom")
	left := m.run(t, "find", "/", "-xdev", "-name", "*intercomd*", "-not", "-path", "/root/*", "-not", "-path", "/proc/*")
	if left != "" {
		t.Errorf("the purge leaves\n%s", left)
	}
	m.wants(t, "", "systemctl", "--no-legend", "list-unit-files", "intercomd*")
}
