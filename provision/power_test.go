package provision_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/provision"
	"github.com/intercomd/intercomd/provision/disktest"
)

const (
	cardConfig = "/bootcfg/intercom.yaml"
	resetFile  = "/bootcfg/factory-reset.txt"
	template   = "# nothing yet\n"
	rounds     = 4 // random losses for each cut
)

// house returns a configuration as an installer writes it. Its secrets are
// shorter and longer than what they are blanked with.
func house(name string) string {
	return fmt.Sprintf(`# %[1]s
device: {name: "%[1]s"}
quickblox: {app_id: 7, user_id: 104, password: %[1]s} # shorter than the mark
contacts: [{name: Anna, user_id: 101}]
buttons: [{name: front, contacts: [Anna]}]
xmpp: {domain: chat.example.org}
network:
  wifi: {ssid: Home, password: 'the long wifi secret of %[1]s', country: DE}
`, name)
}

// newDisk is a device with an empty store and a card.
func newDisk(card string) *disktest.Disk {
	d := disktest.New("/bootcfg", "/data", "/run", "/usr/share/intercomd")
	d.Mount("/bootcfg")
	d.Put("/usr/share/intercomd/intercom.yaml", template)
	d.Put(cardConfig, card)
	return d
}

func paths() provision.Paths {
	return provision.Paths{Card: "/bootcfg", Data: "/data", Run: "/run", Template: "/usr/share/intercomd/intercom.yaml"}
}

// quiet are the ports of a device whose button nobody holds.
func quiet() provision.Ports {
	return provision.Ports{
		Held: func(context.Context, []config.Button, func(provision.Hold)) provision.Hold {
			return provision.HoldNothing
		},
		Picture: func(context.Context, config.Camera) (image.Image, error) {
			return nil, errors.New("there is no camera")
		},
		Show:     func([]config.Lamp, config.Indication) {},
		Hostname: func(string) error { return nil },
	}
}

// boot runs setup on a disk.
func boot(d *disktest.Disk) error {
	log := slog.New(slog.DiscardHandler)
	s := provision.New(paths(), d, provision.Owner{UID: 900, GID: 900}, quiet(), provision.Options{NoQR: true}, log)
	return s.Run(context.Background())
}

// inForce returns the configuration that a disk has in force, "" for none.
func inForce(t *testing.T, d *disktest.Disk) string {
	t.Helper()
	entries, err := d.List("/data/intercomd")
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if e.Name == "config" {
			return d.Text("/data/intercomd/" + e.Target + "/intercom.yaml")
		}
	}
	return ""
}

// cuts calls check with what every cut of a boot may leave on the disk, before
// anything was repaired.
func cuts(t *testing.T, prepare func() *disktest.Disk, check func(t *testing.T, d *disktest.Disk)) {
	t.Helper()
	whole := prepare()
	whole.CutBefore(-1)
	if err := boot(whole); err != nil {
		t.Fatal(err)
	}
	operations := whole.Log()
	for n := range len(operations) + 1 {
		for round := range rounds + 2 {
			loss, random := disktest.LoseRandom, rand.New(rand.NewPCG(uint64(n), uint64(round)))
			switch round {
			case 0:
				loss = disktest.LoseAll
			case 1:
				loss = disktest.LoseNone
			}
			d := prepare()
			d.CutBefore(n)
			_ = boot(d) // it fails, that is the test
			after := "the end"
			if n < len(operations) {
				after = operations[n].String()
			}
			left := d.Reboot(loss, random)
			t.Run(fmt.Sprintf("before %d %s, round %d", n, after, round), func(t *testing.T) { check(t, left) })
		}
	}
}

// settled boots a disk and checks what holds after every boot.
func settled(t *testing.T, d *disktest.Disk) {
	t.Helper()
	if err := boot(d); err != nil {
		t.Fatalf("the next boot: %v\n%s", err, d.Text("/bootcfg/intercom.err"))
	}
	entries, err := d.List("/data/intercomd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch {
		case e.Name == "state", e.Name == "config":
		case inForce(t, d) != "" && strings.HasPrefix(e.Name, "config."):
		default:
			t.Errorf("%s is left over", e.Name)
		}
	}
	if text := d.Text("/bootcfg/intercom.err"); text != "" {
		t.Errorf("intercom.err says:\n%s", text)
	}
}

// noSecrets checks that the card shows none.
func noSecrets(t *testing.T, d *disktest.Disk, name string) {
	t.Helper()
	card := d.Text(cardConfig)
	if strings.Contains(card, "password: "+name) || strings.Contains(card, "the long wifi secret of "+name) {
		t.Errorf("a secret is left on the card:\n%s", card)
	}
}

func TestPowerCutsDuringImport(t *testing.T) {
	for _, test := range []struct{ what, before string }{{"first configuration", ""}, {"another configuration", "old"}} {
		t.Run(test.what, func(t *testing.T) {
			prepare := func() *disktest.Disk {
				d := newDisk(template)
				if test.before != "" {
					d.Put(cardConfig, house(test.before))
					if err := boot(d); err != nil {
						t.Fatal(err)
					}
				}
				d.Put(cardConfig, house("new"))
				return d
			}
			cuts(t, prepare, func(t *testing.T, d *disktest.Disk) {
				if got := inForce(t, d); got != house("new") && (test.before == "" && got != "" || test.before != "" && got != house(test.before)) {
					t.Fatalf("in force right after the cut:\n%s", got)
				}
				settled(t, d)
				if got := inForce(t, d); got != house("new") {
					t.Errorf("in force after the next boot:\n%s", got)
				}
				noSecrets(t, d, "new")
				if !strings.HasPrefix(d.Text(cardConfig), "# new\n") {
					t.Errorf("the card reads\n%s", d.Text(cardConfig))
				}
				settled(t, d) // and the blanked file is no news
				if got := inForce(t, d); got != house("new") {
					t.Errorf("in force after one more boot:\n%s", got)
				}
			})
		})
	}
}

func TestPowerCutsDuringReset(t *testing.T) {
	identity := []string{"/data/system/dropbear/dropbear_ed25519_host_key", "/data/hawkbit/target-token"}
	prepare := func() *disktest.Disk {
		d := newDisk(house("old"))
		if err := boot(d); err != nil {
			t.Fatal(err)
		}
		if err := d.Do(provision.Op{Kind: provision.Write, Path: "/data/intercomd/state/device-id", Data: []byte("abc\n")}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"/data/system", "/data/system/dropbear", "/data/hawkbit"} {
			if err := d.Do(provision.Op{Kind: provision.MakeFolder, Path: name, Mode: 0o700}); err != nil {
				t.Fatal(err)
			}
		}
		d = d.Reboot(disktest.LoseNone, nil)
		for _, name := range identity {
			d.Put(name, "of this device\n")
		}
		d.Put(resetFile, "")
		return d
	}
	cuts(t, prepare, func(t *testing.T, d *disktest.Disk) {
		if got := inForce(t, d); got != "" && got != house("old") {
			t.Fatalf("in force right after the cut:\n%s", got)
		}
		settled(t, d)
		if got := inForce(t, d); got != "" {
			t.Errorf("in force after the reset:\n%s", got)
		}
		if got := d.Text(cardConfig); got != template {
			t.Errorf("the card reads\n%s", got)
		}
		if d.Text("/data/intercomd/state/device-id") != "" {
			t.Error("the device's id is left")
		}
		for _, name := range append([]string{resetFile, "/data/intercomd/factory-reset"}, identity...) {
			if _, _, found := d.Mode(name); found {
				t.Errorf("%s is left", name)
			}
		}
	})
}

// TestPowerCutsOneAfterAnother cuts the repair of what a cut left, too.
func TestPowerCutsOneAfterAnother(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 5))
		d := newDisk(house("old"))
		if err := boot(d); err != nil {
			t.Fatal(err)
		}
		d.Put(cardConfig, house("new"))
		for range 1 + random.IntN(5) {
			d.CutBefore(random.IntN(40))
			_ = boot(d) // cut somewhere, or not at all
			d = d.Reboot(disktest.LoseRandom, random)
			if got := inForce(t, d); got != house("old") && got != house("new") {
				t.Fatalf("seed %d: in force:\n%s", seed, got)
			}
		}
		settled(t, d)
		if got := inForce(t, d); got != house("new") {
			t.Errorf("seed %d: in force at last:\n%s", seed, got)
		}
		noSecrets(t, d, "new")
	}
}
