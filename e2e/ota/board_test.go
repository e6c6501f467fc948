//go:build e2e

package ota

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/ota/pi"
)

// TestBoard is the life of a board, from the factory to the worst of updates.
func TestBoard(t *testing.T) {
	l := startLab(t)
	startAnna(t, l)
	s := &story{
		t: t, lab: l, device: l.newDevice(t, ""),
		times: table{heads: []string{"what", "what happened", "time"}},
	}
	t.Cleanup(func() { s.times.write(t, l, "scenarios.md") })
	s.step("factory card, provisioned, online", s.firstBoot)
	for _, r := range refusals(t, l) {
		s.step("refused: "+r.name, func(d *device) string { return s.refuse(d, r) })
	}
	s.step("nothing of that stays", s.untouched)
	s.step("update during a call", s.updateInCall)
	for _, f := range faults() {
		if f.short || *long {
			s.step("falls back: "+f.name, func(d *device) string { return s.fallBack(d, f) })
		}
	}
	s.step("power cuts over install, trial and commit", s.cutUpdates)
	s.step("power cuts while a configuration is imported", s.cutImports)
	s.step("power cuts during a factory reset", s.cutResets)
}

// story is the device and what is known of it from step to step.
type story struct {
	t       *testing.T
	lab     *lab
	device  *device
	before  state  // to be found again
	version string // that is committed
	base    string // a copy of the card with the version good, to go back to
	times   table
}

// step is a part of the story; without it the next make no sense. f says what
// happened.
func (s *story) step(name string, f func(d *device) string) {
	s.t.Helper()
	began := time.Now()
	ok := s.t.Run(name, func(t *testing.T) {
		d := *s.device
		d.t = t
		said := f(&d)
		if !t.Failed() && said != "" {
			s.times.add(t, name, said, seconds(time.Since(began)))
		}
	})
	if !ok {
		s.t.FailNow()
	}
}

// firstBoot is the installer's: a card from the factory, one file edited.
func (s *story) firstBoot(d *device) string {
	d.installer("Front door")
	d.on()
	online := d.online(0)
	s.before = d.state()
	s.before.runs(d, factory)
	s.version = factory
	card := d.run("cat /bootcfg/intercom.yaml; ls /bootcfg")
	if strings.Contains(card, password(door)) {
		d.t.Errorf("the password is still on the card:\n%s", card)
	}
	if strings.Contains(card, "intercom.err") {
		d.t.Errorf("intercom.err is on the card:\n%s", card)
	}
	d.t.Log(strings.TrimSpace(d.run("systemd-analyze")))
	return "online " + kernelTime(online) + " s after the kernel's start, password blanked on the card"
}

// online waits until the program is online in a boot after a mark.
func (d *device) online(after pi.Mark) pi.Line {
	d.t.Helper()
	return d.await(bootLimit, after, pi.Journal, "xmpp online")
}

// kernelTime is a journal line's time since the kernel's start: "[   12.345678] …".
func kernelTime(l pi.Line) string {
	text, _, _ := strings.Cut(strings.TrimPrefix(l.Text, "["), "]")
	text, _, _ = strings.Cut(strings.TrimSpace(text), ".")
	return text
}

// refusal is an update that the device must not take.
type refusal struct {
	name    string
	serve   func()
	command string
	message string // part of what is said
}

// refusals are the bad manifests and bundles.
func refusals(t *testing.T, l *lab) []refusal {
	t.Helper()
	bundle := filepath.Join(l.dir, "bad", "payload.raucb")
	signed := l.manifest(t, "signer", bundle)
	manifest := func(text []byte) func() { return func() { l.server.text("manifest.json", text) } }
	list := []refusal{
		{"manifest with a bad signature", manifest(changed(t, signed, func(e map[string]any) {
			e["payload"] = payload(t, l.manifest(t, "signer", filepath.Join(l.dir, "bad", "board.raucb")))
		})), "", "the signature of the manifest is wrong: it was changed after it was signed"},
		{"manifest without a signature", manifest(changed(t, signed, func(e map[string]any) { e["signatures"] = []any{} })), "", "the manifest is not signed"},
		{"manifest of a rogue CA", manifest(l.manifest(t, "rogue", bundle)), "", "the manifest was signed by somebody this device does not trust"},
		{"manifest of an expired certificate", manifest(l.manifest(t, "expired", bundle)), "", "the certificate that signed the manifest expired on"},
		{"manifest of a certificate for TLS", manifest(l.manifest(t, "tls-only", bundle)), "", "the manifest was signed with a certificate that is not for signing software"},
		{"oversized manifest", manifest(oversized(signed)), "", "the manifest is larger than 64 KiB"},
	}
	for _, r := range [][3]string{
		{"downgrade", "downgrade", "older than 1.0.0 that runs; a downgrade is never installed"},
		{"wrong board", "board", "the bundle is for another kind of board"},
		{"bundle of a rogue CA", "rogue", "the bundle was signed by somebody this device does not trust"},
		{"bundle of an expired certificate", "expired", "the certificate that signed the bundle has expired"},
		{"bundle of a certificate for TLS", "purpose", "the bundle was signed with a certificate that is not for signing software"},
		{"tampered payload", "payload", "the content of the bundle is not what was signed"},
		{"tampered signature", "signature", "signature"},
		{"truncated bundle", "truncated", "the bundle is incomplete, or no bundle at all"},
	} {
		name := "bad-" + r[1] + ".raucb"
		path := filepath.Join(l.dir, "bad", r[1]+".raucb")
		list = append(list, refusal{r[0], func() { l.server.file(name, path) }, httpsURL + name, r[2]})
	}
	return list
}

// refuse asks for a bad update.
func (s *story) refuse(d *device, r refusal) string {
	r.serve()
	command := "intercomd update --check"
	if r.command != "" {
		command = "intercomd update " + r.command
	}
	out, err := d.try(installLimit, command)
	var exit *pi.ExitError
	if !errors.As(err, &exit) {
		d.t.Fatalf("%s: %v, want a refusal\n%s", command, err, out)
	}
	said := lastLine(out)
	if !strings.Contains(said, r.message) {
		d.t.Errorf("refused with %q, want %q", said, r.message)
	}
	return "`" + said + "`"
}

// lastLine is the last line that says something, without the program's name.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimPrefix(lines[len(lines)-1], "intercomd update: ")
}

// untouched looks whether refused updates left the running slot alone.
func (s *story) untouched(d *device) string {
	now := d.state()
	now.runs(d, factory)
	now.same(d, s.before)
	if out := d.run("cat /run/systemd/reboot-param 2>/dev/null || true"); out != "" {
		d.t.Errorf("the next reboot is a trial: %q", out)
	}
	// Nothing writes to the running slot, so it can be read beside the guest.
	if got := d.committedVersion(factory); got != factory {
		d.t.Errorf("version %s is committed", got)
	}
	return "slot A is the factory's, bit for bit, and committed"
}

// updateInCall offers an update while the door talks to Anna.
func (s *story) updateInCall(d *device) string {
	l := s.lab
	l.server.text("manifest.json", l.manifest(d.t, "signer", l.image(good, good+".raucb")))
	mark := d.Mark()
	d.run("intercomd press front")
	d.await(stepLimit, mark, pi.Journal, "state=CONNECTED")
	d.run("(intercomd update >/run/lab/update.log 2>&1 &)")
	waits := d.await(stepLimit, mark, pi.Journal, "state=waiting").After
	d.run("! intercomd status | grep '^sessions  *none'")
	if sent := l.server.took(good + ".raucb"); sent > 1<<20 {
		d.t.Errorf("%d bytes of the update were taken during the call", sent)
	}
	d.run("intercomd stop")
	began := time.Now()
	d.await(installLimit, waits, pi.Journal, "state=installing")
	d.await(installLimit, waits, pi.Journal, "state=restarting")
	installed := time.Since(began)
	trial := d.await(bootLimit, waits, pi.Firmware, "boots partition 3, tryboot true")
	healthy := d.await(bootLimit, trial.After, pi.Journal, "on trial and healthy")
	committed := d.await(installLimit, healthy.After, pi.Journal, "state=idle")
	now := d.state()
	now.runs(d, good)
	now.same(d, s.before)
	s.version = good
	last := d.updateStatus().Last
	if last == nil || last.To != good || last.Outcome != "ok" {
		d.t.Errorf("the result is told as %+v", last)
	}
	size := fileSize(d.t, l.image(good, good+".raucb"))
	return fmt.Sprintf("waited for the end of the call, installed in %s, committed %s after the reset; %.1f of %.1f MB downloaded",
		seconds(installed), seconds(committed.At-trial.At), float64(l.server.took(good+".raucb"))/1e6, float64(size)/1e6)
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// fault is a version that must not stay.
type fault struct {
	name, version string
	short         bool
	begun, ended  string // what the firmware says of the trial
	limit         time.Duration
}

func faults() []fault {
	return []fault{
		{"no kernel", noKernel, true, "fatal error", "Image", bootLimit},
		{"panic", panics, false, "tryboot true", "guest-reset", bootLimit},
		{"hang", hang, false, "tryboot true", "the watchdog resets the board", bootLimit},
		{"never healthy", sick, false, "tryboot true", "guest-reset", 6 * time.Minute},
		{"intercomd ends at once", crash, false, "tryboot true", "guest-reset", 8 * time.Minute},
	}
}

// fallBack installs a version that fails and waits for the old one.
func (s *story) fallBack(d *device, f fault) string {
	mark := d.Mark()
	out, err := d.try(installLimit, "intercomd update "+httpsURL+f.version+".raucb")
	if err != nil && !errors.Is(err, pi.ErrReset) {
		d.t.Fatalf("install: %v\n%s", err, out)
	}
	trial := d.await(bootLimit, mark, pi.Firmware, f.begun)
	d.await(f.limit, trial.After-1, pi.Firmware, f.ended)
	back := d.await(bootLimit, trial.After, pi.Firmware, "tryboot false")
	online := d.online(back.After)
	d.await(bootLimit, back.After, pi.Journal, "state=failed")
	now := d.state()
	now.runs(d, s.version)
	now.same(d, s.before)
	last := d.updateStatus().Last
	if last == nil || last.To != f.version || last.Outcome != "failed" {
		d.t.Fatalf("the result is told as %+v", last)
	}
	return fmt.Sprintf("old version online %s after the trial's reset; told: `%s`", seconds(online.At-trial.At), last.Error)
}
