package update

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// device is the rest of the device, and the board below it.
type device struct {
	t      *testing.T
	config Config
	boot   string // file with the boot id

	mu       sync.Mutex
	health   Health
	busy     bool
	restarts int
	statuses []Status
	news     chan Status // each status, for real time
}

func newDevice(t *testing.T, version string) *device {
	t.Helper()
	dir := t.TempDir()
	d := &device{
		t: t, health: fine().Health, boot: filepath.Join(dir, "boot_id"), news: make(chan Status, 1000),
		config: Config{StateDir: filepath.Join(dir, "state"), OSRelease: filepath.Join(dir, "os-release"), RuntimeDir: dir},
	}
	if err := os.Mkdir(d.config.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	d.boots("boot-1", version)
	return d
}

// boots is a new start of the kernel.
func (d *device) boots(id, version string) {
	d.t.Helper()
	for path, content := range map[string]string{
		d.boot: id + "\n", d.config.OSRelease: "IMAGE_ID=" + testBoard + "\nIMAGE_VERSION=" + version + "\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *device) ports() Ports {
	return Ports{
		Health: func(context.Context) Health {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.health
		},
		IfIdle: func(f func()) bool {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.busy {
				f()
			}
			return !d.busy
		},
		Restart: func() error { d.restarts++; return nil },
		Changed: func(s Status) {
			d.mu.Lock()
			d.statuses = append(d.statuses, s)
			d.mu.Unlock()
			d.news <- s
		},
	}
}

func (d *device) set(f func(*device)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

func (d *device) restarted() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.restarts
}

// states are those told so far, each once in a row.
func (d *device) states() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []string
	for _, s := range d.statuses {
		list = append(list, string(s.State))
	}
	return strings.Join(slices.Compact(list), " ")
}

// run runs a client until the returned function is called.
func (d *device) run(s slots, i installer) (*Client, func()) {
	d.t.Helper()
	c := newClient(d.config, d.ports(), s, i, slog.New(slog.DiscardHandler))
	c.boot, c.worker.pause = d.boot, time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return c, func() {
		cancel()
		if err := <-ended; err != nil {
			d.t.Errorf("Run: %v", err)
		}
	}
}

// TestWholeUpdate goes from a person's request over the restart to the commit,
// with a call in between.
func TestWholeUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDevice(t, "1.0.0"), newFakeRAUC("A", "A", "")
		c, stop := d.run(f, f)
		c.SetBusy(true)
		if err := c.Install(t.Context(), "/data/b.raucb"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := c.Status(); s.State != StateWaiting || s.Slot != "A" || s.Version != "1.0.0" {
			t.Errorf("during a call: %+v", s)
		}
		if err := c.Check(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("asked meanwhile: %v", err)
		}
		time.Sleep(time.Hour)
		if f.installs > 0 {
			t.Error("installed during a call")
		}
		c.SetBusy(false)
		synctest.Wait()
		if s := c.Status(); s.State != StateInstalling || s.Progress != 50 {
			t.Errorf("after the call: %+v", s)
		}
		time.Sleep(f.takes + time.Second)
		if s := c.Status(); s.State != StateRestarting || d.restarted() != 1 {
			t.Errorf("installed: %+v, %d restarts", s, d.restarted())
		}
		stop()

		d.boots("boot-2", "1.1.0")
		f.boots("B", "A")
		d.set(func(d *device) { d.health.Camera = false })
		c, stop = d.run(f, f)
		time.Sleep(time.Minute)
		if s := c.Status(); s.State != StateTrial || !strings.Contains(s.Message, "the camera does not open") || f.state.Primary != "A" {
			t.Errorf("on trial: %+v", s)
		}
		d.set(func(d *device) { d.health.Camera = true })
		time.Sleep(14 * time.Second)
		s := c.Status()
		if s.State != StateIdle || f.state.Primary != "B" || s.Last == nil || s.Last.Outcome != OutcomeOK || s.Last.To != "1.1.0" {
			t.Errorf("healthy: %+v", s)
		}
		stop()
		const want = "idle checking waiting installing waiting restarting idle trial idle"
		if got := d.states(); got != want {
			t.Errorf("states: %s, want %s", got, want)
		}
		// Once more: it stays so.
		c, stop = d.run(f, f)
		time.Sleep(time.Hour)
		if s := c.Status(); s.State != StateIdle || !reflect.DeepEqual(s.Last.To, "1.1.0") || d.restarted() != 1 {
			t.Errorf("after another start: %+v", s)
		}
		stop()
	})
}

func TestFallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDevice(t, "1.0.0"), newFakeRAUC("A", "A", "")
		c, stop := d.run(f, f)
		if err := c.Install(t.Context(), "/data/b.raucb"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		stop()
		d.boots("boot-2", "1.1.0")
		f.boots("B", "A")
		d.set(func(d *device) { d.health.Online = false })
		c, stop = d.run(f, f)
		time.Sleep(179 * time.Second)
		if d.restarted() != 1 {
			t.Error("given up too early")
		}
		time.Sleep(5 * time.Second)
		if s := c.Status(); s.State != StateRestarting || d.restarted() != 2 || f.state.Primary != "A" {
			t.Errorf("given up: %+v, %d restarts", s, d.restarted())
		}
		stop()
		d.boots("boot-3", "1.0.0")
		f.boots("A", "A")
		c, stop = d.run(f, f)
		time.Sleep(time.Second)
		s := c.Status()
		if s.State != StateFailed || !strings.Contains(s.Error, "the server is not reached") || s.Last.Outcome != OutcomeFailed {
			t.Errorf("back: %+v, %+v", s, s.Last)
		}
		stop()
	})
}

func TestRAUCThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDevice(t, "1.0.0"), newFakeRAUC("A", "A", "")
		f.takes = 100 * time.Hour
		c, stop := d.run(f, f)
		if err := c.Install(t.Context(), "/data/b.raucb"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(installTime - time.Minute)
		if s := c.Status(); s.State != StateInstalling {
			t.Errorf("meanwhile: %+v", s)
		}
		time.Sleep(2 * time.Minute)
		if s := c.Status(); s.State != StateFailed || s.Error != "install /data/b.raucb: RAUC was not done within 6h0m0s" {
			t.Errorf("in the end: %+v", s)
		}
		stop()

		hangs := hangingInspect{f}
		c, stop = d.run(f, hangs)
		if err := c.Install(t.Context(), "/data/b.raucb"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(inspectTime + time.Minute)
		if s := c.Status(); s.State != StateFailed || !strings.Contains(s.Error, "could not read the bundle within 10m0s") {
			t.Errorf("inspecting: %+v", s)
		}
		stop()
	})
}

func TestOthersInstallWhileItRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDevice(t, "1.0.0"), newFakeRAUC("A", "A", "")
		d.config.Window = Window{From: 2 * time.Hour, To: 3 * time.Hour}
		c, stop := d.run(f, f)
		synctest.Wait()
		f.watch(rauc.Activity{Installing: true})
		f.watch(rauc.Activity{Progress: &rauc.Progress{Percent: 30}})
		synctest.Wait()
		if s := c.Status(); s.State != StateInstalling || s.Progress != 30 {
			t.Errorf("meanwhile: %+v", s)
		}
		if err := f.Install(t.Context(), "", rauc.Options{}, func(rauc.Progress) {}); err != nil {
			t.Fatal(err)
		}
		f.watch(rauc.Activity{Done: true, OK: true})
		synctest.Wait()
		if s := c.Status(); s.State != StateWaiting || d.restarted() != 0 {
			t.Errorf("before the window: %+v", s)
		}
		time.Sleep(24 * time.Hour)
		if d.restarted() == 0 {
			t.Error("no restart in the window")
		}
		stop()
	})
}

func TestBadBeginnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDevice(t, "1.0.0"), newFakeRAUC("A", "A", "")
		if err := os.WriteFile(filepath.Join(d.config.StateDir, recordFile), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, stop := d.run(f, f)
		synctest.Wait()
		if s := c.Status(); s.State != StateIdle {
			t.Errorf("with a broken record: %+v", s)
		}
		stop()
		d.config.OSRelease, d.config.StateDir = "/nothing", "/nothing"
		c, stop = d.run(f, f)
		synctest.Wait()
		if s := c.Status(); s.State != StateUnavailable || !strings.Contains(s.Message, "the version that runs is unknown") {
			t.Errorf("without anything: %+v", s)
		}
		stop()
		if err := c.Install(t.Context(), ""); !errors.Is(err, ErrClosed) {
			t.Errorf("asked after the end: %v", err)
		}
	})
}

// TestNothingIsInstalledUnnoted: what cannot be remembered would be tried again
// after every fall back.
func TestNothingIsInstalledUnnoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, f := newDevice(t, "1.0.0"), newFakeRAUC("A", "A", "")
		inTheWay := filepath.Join(d.config.StateDir, recordFile+".new")
		if err := os.Mkdir(inTheWay, 0o700); err != nil {
			t.Fatal(err)
		}
		c, stop := d.run(f, f)
		defer stop()
		install := func() {
			if err := c.Install(t.Context(), "/data/b.raucb"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		install()
		if s := c.Status(); s.State != StateFailed || !strings.Contains(s.Error, "install /data/b.raucb: cannot note what follows: write ") {
			t.Errorf("%+v", s)
		}
		if err := os.Remove(inTheWay); err != nil {
			t.Fatal(err)
		}
		install()
		if d.restarted() == 0 {
			t.Errorf("no restart later: %+v", c.Status())
		}
	})
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	c := New(Config{}, Ports{}, slog.New(slog.DiscardHandler))
	for source, want := range map[string]string{
		"http://h/b": "install update: http://h/b: only https is allowed", "b.raucb": "install update: want a web address like",
	} {
		if err := c.Install(t.Context(), source); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", source, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("asked without a Run: %v", err)
	}
	if s := c.Status(); s.State != StateIdle {
		t.Errorf("before Run: %+v", s)
	}
}
