//go:build e2e

package ota

import (
	"encoding/json"
	"strings"
)

// state is what must outlive updates and power cuts.
type state struct {
	version   string // of the image that runs
	slot      string
	committed string // slot
	id        string // of the device
	config    string // sha256 of the configuration in force
}

// state asks a running board.
func (d *device) state() state {
	d.t.Helper()
	lines := strings.Split(strings.TrimSpace(d.run(`
		. /etc/os-release && echo "$IMAGE_VERSION"
		/usr/lib/rauc/tryboot get-current
		/usr/lib/rauc/tryboot get-committed
		cat /data/intercomd/state/device-id || echo none
		sha256sum </data/intercomd/config/intercom.yaml | cut -d " " -f 1
	`)), "\n")
	if len(lines) != 5 {
		d.t.Fatalf("state of the board: %q", lines)
	}
	return state{lines[0], lines[1], lines[2], lines[3], lines[4]}
}

// same fails the test when identity or configuration are others than before.
func (s state) same(d *device, before state) {
	d.t.Helper()
	if s.id != before.id || s.id == "none" {
		d.t.Errorf("the device's id is %s, and was %s", s.id, before.id)
	}
	if s.config != before.config {
		d.t.Errorf("the configuration in force is another than before")
	}
}

// runs fails the test unless a version runs from the committed slot.
func (s state) runs(d *device, version string) {
	d.t.Helper()
	if s.version != version || s.slot != s.committed {
		d.t.Errorf("version %s runs from slot %s, slot %s is committed; want %s, committed", s.version, s.slot, s.committed, version)
	}
}

// updateStatus is what `intercomd status` says of updates.
type updateStatus struct {
	State   string `json:"state"`
	Version string `json:"version"`
	Message string `json:"message"`
	Error   string `json:"error"`
	Last    *struct {
		To      string `json:"to"`
		Outcome string `json:"outcome"`
		Error   string `json:"error"`
	} `json:"last"`
}

func (d *device) updateStatus() updateStatus {
	d.t.Helper()
	var s struct {
		Update updateStatus `json:"update"`
	}
	if err := json.Unmarshal([]byte(d.run("intercomd status --json")), &s); err != nil {
		d.t.Fatalf("read status: %v", err)
	}
	return s.Update
}

// slots are the partitions of a slot's boot and root images.
var slots = map[int]int{2: 5, 3: 6}

// committedVersion looks at a card without power: its committed slot must hold
// one of the versions whole, whose name is returned.
func (d *device) committedVersion(versions ...string) string {
	d.t.Helper()
	ctx, cancel := d.limit(stepLimit)
	defer cancel()
	boot, err := d.Card.Committed(ctx)
	if err != nil {
		d.t.Fatalf("after the cut the firmware finds no slot: %v", err)
	}
	for _, version := range versions {
		root, err := d.Card.Holds(slots[boot], d.lab.image(version, "rootfs.squashfs"))
		if err != nil {
			d.t.Fatal(err)
		}
		kernel, err := d.Card.Holds(boot, d.lab.image(version, "boot.vfat"))
		if err != nil {
			d.t.Fatal(err)
		}
		if root && kernel {
			return version
		}
	}
	d.t.Fatalf("after the cut the committed slot (partition %d) holds none of %v whole", boot, versions)
	return ""
}
