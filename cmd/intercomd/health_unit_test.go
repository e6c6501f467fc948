package main

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const unitDir = "../../packaging/systemd/"

// unitFile reads the settings of a systemd unit; one that is given twice has
// its values in order.
func unitFile(t *testing.T, path string) map[string][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := make(map[string][]string)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, found := strings.Cut(lines.Text(), "=")
		if found && !strings.HasPrefix(key, "#") {
			out[key] = append(out[key], value)
		}
	}
	return out
}

// The unit starts this program with flags it has, and watches what it feeds.
func TestUnitFitsProgram(t *testing.T) {
	unit := unitFile(t, unitDir+"intercomd.service")
	for key, want := range map[string]string{
		"Type": "notify", "NotifyAccess": "main", "Restart": "always", "WatchdogSignal": "SIGABRT",
		"User": "intercom", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "DevicePolicy": "closed",
		"LoadCredential": "quickblox.password", "CapabilityBoundingSet": "",
	} {
		if got := unit[key]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if len(unit["ExecStart"]) != 1 {
		t.Fatalf("ExecStart is %q", unit["ExecStart"])
	}
	words := strings.Fields(unit["ExecStart"][0])
	cmd, err := findCommand(words[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.flagSet().Parse(words[2:]); err != nil {
		t.Errorf("ExecStart: %v", err)
	}
	if !strings.HasPrefix(defaultSocket, "/run/"+unit["RuntimeDirectory"][0]+"/") {
		t.Errorf("the control socket %s is not in RuntimeDirectory=%s", defaultSocket, unit["RuntimeDirectory"][0])
	}
	if every, err := time.ParseDuration(unit["WatchdogSec"][0] + "s"); err != nil || every < 5*time.Second {
		t.Errorf("WatchdogSec is %v, %v", every, err)
	}
}

// The user of the unit is in a group for each kind of device that the unit lets
// it open.
func TestUnitUserMayOpenDevices(t *testing.T) {
	text, err := os.ReadFile(unitDir + "intercomd.sysusers")
	if err != nil {
		t.Fatal(err)
	}
	unit := unitFile(t, unitDir+"intercomd.service")
	for device, group := range map[string]string{
		"char-video4linux rw": "video", "char-media rw": "video", "char-dma_heap rw": "video",
		"char-alsa rw": "audio", "char-gpiochip rw": "gpio", "char-input r": "input",
	} {
		if !slices.Contains(unit["DeviceAllow"], device) {
			t.Errorf("DeviceAllow lacks %s", device)
		}
		for _, line := range []string{"g " + group, "m intercom " + group} {
			if !strings.Contains(strings.Join(strings.Fields(string(text)), " "), line) {
				t.Errorf("intercomd.sysusers lacks %q", line)
			}
		}
	}
}
