//go:build e2e

package ota

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/ota/pi"
)

// cutAfter takes the power away at a random moment from now on. Whatever else
// happens to the board meanwhile happens.
func (s *story) cutAfter(d *device, low, high time.Duration) time.Duration {
	d.t.Helper()
	after := s.lab.between(low, high)
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.t.Context().Done():
	}
	d.cut()
	return after
}

// cutUpdates cuts the power of updates from good to better.
func (s *story) cutUpdates(d *device) string {
	results := table{heads: []string{"cut", "during", "moment", "committed then", "online again after"}}
	defer func() { results.write(d.t, s.lab, "cuts.md") }()
	kept := map[string]int{}
	for n := range *cuts {
		phase := []string{"install", "trial", "commit"}[n%3]
		moment := s.cutUpdate(d, phase)
		version := d.committedVersion(good, better)
		kept[version]++
		s.keep(d, version)
		mark := d.Mark()
		began := time.Now()
		d.on()
		d.online(mark)
		took := time.Since(began)
		now := d.state()
		now.runs(d, version)
		now.same(d, s.before)
		results.add(d.t, fmt.Sprint(n+1), phase, moment, version, seconds(took))
		if d.t.Failed() {
			return ""
		}
		// An installation that was whole before the cut is carried on with.
		if version == better || phase == "install" {
			s.restore(d)
		}
	}
	return fmt.Sprintf("%d cuts: %d times the old version, %d times the new one, always whole, always online again", *cuts, kept[good], kept[better])
}

// cutUpdate begins an update and cuts the power in a phase of it.
func (s *story) cutUpdate(d *device, phase string) string {
	d.t.Helper()
	mark := d.Mark()
	d.run("(intercomd update " + httpsURL + better + ".raucb >/run/lab/update.log 2>&1 &)")
	d.await(stepLimit, mark, pi.Journal, "state=installing")
	if phase == "install" {
		return seconds(s.cutAfter(d, 0, 20*time.Second)) + " after its begin"
	}
	d.await(bootLimit, mark, pi.Firmware, "boots partition")
	if phase == "trial" {
		return seconds(s.cutAfter(d, 0, 30*time.Second)) + " after the reset"
	}
	d.await(bootLimit, mark, pi.Journal, "on trial and healthy")
	return seconds(s.cutAfter(d, 10*time.Second, 17*time.Second)) + " after the first good look"
}

// keep copies the first card with the version good that is without power.
func (s *story) keep(d *device, version string) {
	d.t.Helper()
	if version == good && s.base == "" {
		s.base = filepath.Join(d.dir, "base")
		copyCard(d.t, d.Card.Path, s.base)
	}
}

// restore puts the card with the version good back in.
func (s *story) restore(d *device) {
	d.t.Helper()
	d.cut()
	copyCard(d.t, s.base, d.Card.Path)
	mark := d.Mark()
	d.on()
	d.online(mark)
}

// cutImports edits the card and cuts the power while that is taken over.
func (s *story) cutImports(d *device) string {
	results := table{heads: []string{"cut", "moment after the begin of setup", "taken over before the cut", "password on the card then"}}
	defer func() { results.write(d.t, s.lab, "importcuts.md") }()
	for n := range *importCuts {
		d.cut()
		text := configuration(fmt.Sprintf("Door %d", n), password(door))
		d.edit(map[string][]byte{"intercom.yaml": []byte(text), "lab-ca.pem": s.lab.ca.pem()})
		mark := d.Mark()
		d.on()
		d.await(bootLimit, mark, pi.Journal, "Starting intercomd-setup.service")
		moment := s.cutAfter(d, 0, 3*time.Second)
		_, early := d.said(mark, "configuration taken over")
		onCard := s.onCard(d)
		mark = d.Mark()
		d.on()
		d.online(mark)
		now := d.state()
		now.runs(d, good)
		if want := fmt.Sprintf("%x", sha256.Sum256([]byte(text))); now.config != want {
			d.t.Fatalf("cut %d: the configuration in force is not the one of the card", n+1)
		}
		if now.id != s.before.id {
			d.t.Fatalf("cut %d: the device's id has changed", n+1)
		}
		if left := d.run("cat /bootcfg/intercom.yaml"); strings.Contains(left, password(door)) {
			d.t.Fatalf("cut %d: the password is still on the card", n+1)
		}
		s.before.config = now.config
		results.add(d.t, fmt.Sprint(n+1), seconds(moment), fmt.Sprint(early), fmt.Sprint(onCard))
	}
	return fmt.Sprintf("%d cuts: the new configuration in force, online, password blanked", *importCuts)
}

// said looks for a line of the journal after a mark.
func (d *device) said(after pi.Mark, text string) (pi.Line, bool) {
	for _, l := range d.Record(after) {
		if l.From == pi.Journal && strings.Contains(l.Text, text) {
			return l, true
		}
	}
	return pi.Line{}, false
}

// onCard says whether the password is on a card without power.
func (s *story) onCard(d *device) bool {
	d.t.Helper()
	ctx, cancel := d.limit(stepLimit)
	defer cancel()
	text, err := d.Card.ReadFile(ctx, 1, "intercom.yaml")
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.Contains(string(text), password(door))
}

// cutResets asks for a factory reset by a file and cuts its power.
func (s *story) cutResets(d *device) string {
	results := table{heads: []string{"cut", "moment after the begin of setup", "file on the card then"}}
	defer func() { results.write(d.t, s.lab, "resetcuts.md") }()
	for n := range *resetCuts {
		d.cut()
		s.keep(d, good)
		d.edit(map[string][]byte{"factory-reset.txt": []byte("\n")})
		mark := d.Mark()
		d.on()
		d.await(bootLimit, mark, pi.Journal, "Starting intercomd-setup.service")
		moment := s.cutAfter(d, 0, 3*time.Second)
		ctx, cancel := d.limit(stepLimit)
		_, absent := d.Card.ReadFile(ctx, 1, "factory-reset.txt")
		cancel()
		mark = d.Mark()
		d.on()
		d.await(bootLimit, mark, pi.Journal, "no configuration: waiting")
		s.wiped(d)
		results.add(d.t, fmt.Sprint(n+1), seconds(moment), fmt.Sprint(absent == nil))
		if d.t.Failed() {
			return ""
		}
		if n+1 < *resetCuts {
			s.restore(d)
		}
	}
	return fmt.Sprintf("%d cuts: everything wiped, the card asks for settings again", *resetCuts)
}

// wiped looks for what a factory reset should have taken.
func (s *story) wiped(d *device) {
	d.t.Helper()
	left := d.run(`
		ls -d /data/intercomd/config /data/intercomd/config.* 2>/dev/null
		ls /data/intercomd/state
		ls /bootcfg | grep -i factory-reset
		grep -rl "` + password(door) + `" /data/intercomd /bootcfg
		true
	`)
	if strings.TrimSpace(left) != "" {
		d.t.Errorf("the reset left:\n%s", left)
	}
	if text := d.run("cat /bootcfg/intercom.yaml"); !strings.Contains(text, "device:") {
		d.t.Errorf("the card's intercom.yaml is no template:\n%s", text)
	}
}
