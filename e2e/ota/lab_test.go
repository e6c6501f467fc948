//go:build e2e

package ota

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/ota/pi"
)

// The lab's flags.
var (
	long       = flag.Bool("ota.long", false, "every scenario, not only the short ones")
	cuts       = flag.Int("ota.cuts", 2, "power cuts over install, trial and commit")
	importCuts = flag.Int("ota.importcuts", 1, "power cuts while a configuration is imported")
	resetCuts  = flag.Int("ota.resetcuts", 1, "power cuts during a factory reset")
	seed       = flag.Uint64("ota.seed", 0, "seed of the moments of power cuts; 0 takes one from the clock")
	verbose    = flag.Bool("ota.v", false, "print everything that boards say")
)

// The limits of steps; an emulated board on a busy machine is slow.
const (
	bootLimit    = 3 * time.Minute
	installLimit = 4 * time.Minute
	stepLimit    = time.Minute
)

var errTooLong = errors.New("it took too long")

// lab is what surrounds the boards of a run.
type lab struct {
	dir    string // build/e2e/ota: what scripts/e2e-ota.sh made, and results
	pki    string // see scripts/pki.sh
	ca     authority
	server *bundleServer
	random *rand.Rand
}

func startLab(t *testing.T) *lab {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "build", "e2e", "ota")
	l := &lab{dir: dir, pki: filepath.Join(dir, "pki"), ca: newAuthority(t)}
	startProsody(t, l.ca)
	l.server = startServer(t, l.ca.server(t, "10.0.2.2"))
	for _, version := range []string{good, better, sick, hang, panics, noKernel, crash} {
		l.server.file(version+".raucb", l.image(version, version+".raucb"))
	}
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed of the power cuts: -ota.seed=%d", s)
	l.random = rand.New(rand.NewPCG(s, 0))
	return l
}

// The versions that scripts/e2e-ota.sh makes.
const (
	factory  = "1.0.0"
	good     = "1.1.0"
	better   = "1.2.0"
	sick     = "2.0.1"
	hang     = "2.0.2"
	panics   = "2.0.3"
	noKernel = "2.0.4"
	crash    = "2.0.5"
)

func (l *lab) image(version, name string) string {
	return filepath.Join(l.dir, "images", version, name)
}

// between is a random moment.
func (l *lab) between(low, high time.Duration) time.Duration {
	return low + time.Duration(l.random.Int64N(int64(high-low)))
}

// device is a board with intercomd on it.
type device struct {
	*pi.Board
	t   *testing.T
	lab *lab
	dir string
}

// newDevice takes a copy of a card's image, the factory's if it is "", and puts
// it into a board without power.
func (l *lab) newDevice(t *testing.T, card string) *device {
	t.Helper()
	if card == "" {
		card = l.image(factory, "sdcard.img")
	}
	dir, err := os.MkdirTemp("", "ota") // shorter than t.TempDir, for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	own := filepath.Join(dir, "card")
	copyCard(t, card, own)
	board, err := pi.New(dir, pi.Card{Path: own}, "console=ttyAMA0 systemd.show_status=no", echo())
	if err != nil {
		t.Fatal(err)
	}
	d := &device{Board: board, t: t, lab: l, dir: dir}
	t.Cleanup(func() {
		if err := board.Close(); err != nil {
			t.Errorf("close board: %v", err)
		}
		if t.Failed() && !*verbose {
			for _, line := range board.Record(0) {
				t.Log(line)
			}
		}
	})
	return d
}

// echo prints what a board says at once, if that is asked for.
func echo() func(pi.Line) {
	if !*verbose {
		return nil
	}
	return func(l pi.Line) { fmt.Fprintln(os.Stderr, l) }
}

// copyCard copies an image with its holes.
func copyCard(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "--sparse=always", from, to).CombinedOutput(); err != nil {
		t.Fatalf("copy card: %v: %s", err, out)
	}
}

// limit is a context for a step of the test.
func (d *device) limit(limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(d.t.Context(), limit, errTooLong)
}

// on switches the board on.
func (d *device) on() {
	d.t.Helper()
	if err := d.On(); err != nil {
		d.t.Fatal(err)
	}
}

// cut takes the power away.
func (d *device) cut() {
	d.t.Helper()
	if err := d.Cut(); err != nil {
		d.t.Fatal(err)
	}
}

// run runs shell text in the guest and fails the test if that fails.
func (d *device) run(text string) string {
	d.t.Helper()
	out, err := d.try(stepLimit, text)
	if err != nil {
		d.t.Fatalf("in the guest: %s: %v\n%s", text, err, out)
	}
	return out
}

// try runs shell text in the guest.
func (d *device) try(limit time.Duration, text string) (string, error) {
	ctx, cancel := d.limit(limit)
	defer cancel()
	return d.Do(ctx, text)
}

// await waits for a line of the record after a mark.
func (d *device) await(limit time.Duration, after pi.Mark, from pi.Source, text string) pi.Line {
	d.t.Helper()
	ctx, cancel := d.limit(limit)
	defer cancel()
	l, err := d.Await(ctx, after, from, text)
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

// configuration is the file an installer writes onto the card.
func configuration(name, secret string) string {
	return fmt.Sprintf(`# The door of the lab.
device: {name: %s}
xmpp:
  domain: %s
  address: "10.0.2.2:5222"
  ca_file: lab-ca.pem
quickblox:
  app_id: 7
  user_id: %d
  password: %q
contacts:
  - {name: Anna, user_id: %d}
buttons:
  - {name: front, source: control, contacts: [Anna]}
camera: {source: auto, width: 320, height: 240, fps: 5}
audio: {capture: auto, playback: auto}
update:
  manifest: %smanifest.json
  ca_file: lab-ca.pem
`, name, domain, door, secret, anna, httpsURL)
}

// edit puts files onto the card's first partition, as an installer does.
func (d *device) edit(files map[string][]byte) {
	d.t.Helper()
	ctx, cancel := d.limit(stepLimit)
	defer cancel()
	for name, data := range files {
		if err := d.Card.WriteFile(ctx, 1, name, data); err != nil {
			d.t.Fatal(err)
		}
	}
}

// installer edits the card for a first start.
func (d *device) installer(name string) {
	d.edit(map[string][]byte{
		"intercom.yaml": []byte(configuration(name, password(door))),
		"lab-ca.pem":    d.lab.ca.pem(),
	})
}
