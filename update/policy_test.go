package update

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func ofVersion(version string) Update {
	return Update{
		Channel: "stable", Version: version, Compatible: testBoard, URL: "https://h/b.raucb",
		SHA256: strings.Repeat("0", 64), Size: 1,
	}
}

// with changes an update.
func with(u Update, f func(*Update)) Update {
	f(&u)
	return u
}

func percent(n int) *int { return &n }

func TestChoose(t *testing.T) {
	now := rigStart
	tests := []struct {
		name      string
		updates   []Update
		view      func(*view)
		version   string // chosen, "" is none
		available string
		message   string
		err       string
	}{
		{"newer", []Update{ofVersion("1.1.0")}, nil, "1.1.0", "1.1.0", "", ""},
		{"newest of several", []Update{ofVersion("1.1.0"), ofVersion("1.10.0"), ofVersion("1.9.0")}, nil, "1.10.0", "1.10.0", "", ""},
		{"a prerelease is older", []Update{ofVersion("1.0.0-rc.9")}, nil, "", "", "older than 1.0.0 that runs; a downgrade is never installed", ""},
		{"the same", []Update{ofVersion("1.0.0")}, nil, "", "", "1.0.0 is the newest version in channel stable", ""},
		{"downgrade", []Update{ofVersion("0.9.0"), ofVersion("0.8.0")}, nil, "", "", "the newest version in channel stable is 0.9.0, older than", ""},
		{"nothing at all", nil, nil, "", "", "the manifest has nothing for intercom-rpi4", ""},
		{"other board", []Update{with(ofVersion("2.0.0"), func(u *Update) { u.Compatible = "intercom-rpi5" })}, nil, "", "", "the manifest has nothing for intercom-rpi4", ""},
		{"other channel", []Update{with(ofVersion("2.0.0"), func(u *Update) { u.Channel = "beta" })}, nil, "", "", "nothing for intercom-rpi4 in channel stable", ""},
		{"too big a step", []Update{with(ofVersion("3.0.0"), func(u *Update) { u.MinimumVersion = "2.0.0" })}, nil, "", "3.0.0", "", "3.0.0 can only be installed on 2.0.0 or newer, and 1.0.0 runs"},
		{"a step in between", []Update{with(ofVersion("3.0.0"), func(u *Update) { u.MinimumVersion = "2.0.0" }), ofVersion("2.0.0")}, nil, "2.0.0", "3.0.0", "", ""},
		{"step is big enough", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.MinimumVersion = "1.0.0" })}, nil, "1.1.0", "1.1.0", "", ""},
		{"expired", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Expires = now })}, nil, "", "1.1.0", "", "the manifest's offer of 1.1.0 expired on 2026-05-04"},
		{"expires later", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Expires = now.Add(time.Second) })}, nil, "1.1.0", "1.1.0", "", ""},
		{"no rollout yet", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Rollout = percent(0) })}, nil, "", "1.1.0", "1.1.0 is being handed out step by step", ""},
		{"a person takes it", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Rollout = percent(0) })}, func(v *view) { v.byHand = true }, "1.1.0", "1.1.0", "", ""},
		{"whole rollout", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Rollout = percent(100) })}, nil, "1.1.0", "1.1.0", "", ""},
		{"failed", []Update{ofVersion("v1.1.0")}, func(v *view) { v.failed = map[string]time.Time{"1.1.0": now.Add(-23 * time.Hour)} }, "", "1.1.0", "is not tried again for 24 hours", ""},
		{"failed, older takes its place", []Update{ofVersion("1.2.0"), ofVersion("1.1.0")}, func(v *view) { v.failed = map[string]time.Time{"1.2.0": now} }, "1.1.0", "1.2.0", "", ""},
		{"failed long ago", []Update{ofVersion("1.1.0")}, func(v *view) { v.failed = map[string]time.Time{"1.1.0": now.Add(-25 * time.Hour)} }, "1.1.0", "1.1.0", "", ""},
		{"failed by a clock far ahead", []Update{ofVersion("1.1.0")}, func(v *view) { v.failed = map[string]time.Time{"1.1.0": now.Add(900 * time.Hour)} }, "1.1.0", "1.1.0", "", ""},
		{"failed, a person tries", []Update{ofVersion("1.1.0")}, func(v *view) { v.failed, v.byHand = map[string]time.Time{"1.1.0": now}, true }, "1.1.0", "1.1.0", "", ""},
		{"bad version", []Update{ofVersion("one")}, nil, "", "", "", `the manifest's update "one": version: read version "one"`},
		{"no https", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.URL = "http://u:p@h/b?x" })}, nil, "", "", "", `the manifest's update "1.1.0": url: http://h/b: only https is allowed`},
		{"no address", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.URL = "b.raucb" })}, nil, "", "", "", `url: want a web address`},
		{"bad hash", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.SHA256 = strings.Repeat("g", 64) })}, nil, "", "", "", "sha256: want 64"},
		{"bad manifest hash", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.ManifestHash = "ab" })}, nil, "", "", "", "manifest_hash: want 64"},
		{"no size", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Size = 0 })}, nil, "", "", "", "size: want 1 to"},
		{"huge", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Size = maxBundle + 1 })}, nil, "", "", "", "size: want 1 to"},
		{"bad minimum", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.MinimumVersion = "1" })}, nil, "", "", "", "minimum_version: read version"},
		{"bad rollout", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.Rollout = percent(101) })}, nil, "", "", "", "rollout: want 0 to 100"},
		{"bad report address", []Update{with(ofVersion("1.1.0"), func(u *Update) { u.ReportURL = "ftp://h/" })}, nil, "", "", "", "report_url: want a web address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := view{running: versionOf(ofVersion("1.0.0")), compatible: testBoard, channel: "stable", device: testDevice}
			if tt.view != nil {
				tt.view(&v)
			}
			got, err := choose(Manifest{tt.updates}, v, now)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("got error %v, want %q", err, tt.err)
			}
			chosen := ""
			if got.update != nil {
				chosen = got.update.Version
			}
			if chosen != tt.version || got.available != tt.available || !strings.Contains(got.message, tt.message) || (tt.message == "") != (got.message == "") {
				t.Errorf("got %q of %q, %q", chosen, got.available, got.message)
			}
		})
	}
}

// TestRollout wants about as many devices as the manifest says, and others for
// each version.
func TestRollout(t *testing.T) {
	const devices = 4000
	for _, want := range []int{1, 10, 50, 90} {
		both, first, second := 0, 0, 0
		for i := range devices {
			a, b := share(fmt.Sprint(i), "1.1.0") < want, share(fmt.Sprint(i), "1.2.0") < want
			if a {
				first++
			}
			if b {
				second++
			}
			if a && b {
				both++
			}
		}
		for _, n := range []int{first, second} {
			if off := n*100/devices - want; off < -3 || off > 3 {
				t.Errorf("%d %% of the devices get what %d %% should", n*100/devices, want)
			}
		}
		if want == 50 && (both > first*6/10 || both < first*4/10) {
			t.Errorf("%d of %d go first both times", both, first)
		}
	}
}

func TestAdmit(t *testing.T) {
	o := offer{compatible: testBoard, running: versionOf(ofVersion("1.1.0")), version: "1.2.0", hash: "AB"}
	byHand := offer{compatible: testBoard, running: o.running}
	tests := []struct {
		name  string
		offer offer
		found found
		want  string
	}{
		{"as promised", o, found{testBoard, "1.2.0", "ab"}, ""},
		{"RAUC knows no hash", o, found{testBoard, "1.2.0", ""}, ""},
		{"other board", o, found{"intercom-rpi5", "1.2.0", "ab"}, `the bundle is for another kind of board: for "intercom-rpi5", and this is intercom-rpi4`},
		{"other version", o, found{testBoard, "1.3.0", "ab"}, "the bundle has version 1.3.0, and the manifest promised 1.2.0"},
		{"other hash", o, found{testBoard, "1.2.0", "cd"}, "its own manifest has another hash"},
		{"older", byHand, found{testBoard, "1.0.0", ""}, "the bundle has version 1.0.0, older than 1.1.0 that runs; a downgrade is never installed"},
		{"the same again", byHand, found{testBoard, "1.1.0", ""}, ""},
		{"newer", byHand, found{testBoard, "2.0.0", "ef"}, ""},
		{"no version", byHand, found{testBoard, "", ""}, "the bundle: read version"},
	}
	for _, tt := range tests {
		err := tt.offer.admit(tt.found)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}
