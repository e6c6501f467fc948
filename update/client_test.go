package update

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
	"github.com/intercomd/intercomd/update/rauc/rauctest"
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

// fakeRAUC is RAUC without a bus, for tests of time.
type fakeRAUC struct {
	mu       sync.Mutex
	state    rauc.State
	err      error // of everything
	installs int
	takes    time.Duration // an installation
	watch    func(rauc.Activity)
}

func newFakeRAUC(booted, primary, versionB string) *fakeRAUC {
	return &fakeRAUC{state: board(booted, primary, versionB).state, takes: 20 * time.Second}
}

func (f *fakeRAUC) State(context.Context) (rauc.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Slots = slices.Clone(s.Slots)
	return s, f.err
}

func (f *fakeRAUC) MarkGood(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	booted, _ := f.state.Booted()
	f.state.Primary = booted.Boot
	return f.err
}

func (f *fakeRAUC) Activate(_ context.Context, slot string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.state.Slots {
		if s.Name == slot {
			f.state.Primary = s.Boot
		}
	}
	return f.err
}

func (f *fakeRAUC) Inspect(context.Context, string, rauc.Access) (rauc.Bundle, error) {
	return rauc.Bundle{Compatible: testBoard, Version: "1.1.0"}, nil
}

func (f *fakeRAUC) Install(ctx context.Context, _ string, _ rauc.Options, progress func(rauc.Progress)) error {
	progress(rauc.Progress{Percent: 50})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(f.takes):
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.installs++
	f.state.Primary = "B"
	f.state.Slots[1].Version = "1.1.0"
	return nil
}

func (f *fakeRAUC) Watch(ctx context.Context, tell func(rauc.Activity)) {
	f.mu.Lock()
	f.watch = tell
	f.mu.Unlock()
	<-ctx.Done()
}

// boots starts a slot; primary is what the boot loader would start next.
func (f *fakeRAUC) boots(booted, primary string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Primary = primary
	for i := range f.state.Slots {
		f.state.Slots[i].Booted = f.state.Slots[i].Boot == booted
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

// until waits for a status.
func (d *device) until(what string, f func(Status) bool) Status {
	d.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case s := <-d.news:
			if f(s) {
				return s
			}
		case <-deadline:
			d.t.Fatalf("%s does not come; %s", what, d.states())
		}
	}
}

// world is a device with a RAUC on a bus and a web server with manifest and
// bundle.
type world struct {
	*device
	pki    pki
	server *server
	rauc   *rauctest.Service
	client *Client
	update Update
	signer string
	bundle []byte
	report chan string
	bad    func(*rauctest.Bundle) // changes what RAUC finds
}

func decodeBody(r *http.Request, into any) error { return json.NewDecoder(r.Body).Decode(into) }

func newWorld(t *testing.T, p pki, o rauctest.Options, change func(*world)) *world {
	t.Helper()
	w := &world{device: newDevice(t, "1.0.0"), pki: p, signer: "signer", bundle: noise(100_000), report: make(chan string, 10)}
	mux := http.NewServeMux()
	w.server = newServer(t, mux)
	w.update = Update{
		Channel: "stable", Version: "1.1.0", Compatible: testBoard, URL: w.server.URL + "/b.raucb",
		SHA256: hashOf(w.bundle), Size: int64(len(w.bundle)), ManifestHash: strings.Repeat("ab", 32), ReportURL: w.server.URL + "/report",
	}
	mux.HandleFunc("/m.json", func(rw http.ResponseWriter, _ *http.Request) {
		payload := encode(t, Manifest{[]Update{w.update}})
		_, _ = rw.Write(encode(t, w.pki.envelope(t, w.signer, string(payload))))
	})
	mux.Handle("/b.raucb", fileServer(w.bundle))
	mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		var body reportBody
		if err := decodeBody(r, &body); err != nil {
			t.Error(err)
		}
		w.report <- body.Outcome + " " + body.To + " " + body.Error
	})
	local := filepath.Join(w.config.StateDir, downloadFolder, w.update.SHA256+".raucb")
	good := rauctest.Bundle{Compatible: testBoard, Version: "1.1.0", Hash: w.update.ManifestHash}
	o.Compatible = testBoard
	o.Bundles = map[string]rauctest.Bundle{w.update.URL: good, local: good}
	if change != nil {
		change(w)
	}
	for source, b := range o.Bundles {
		if w.bad != nil {
			w.bad(&b)
			o.Bundles[source] = b
		}
	}
	bus := rauctest.StartBus(t)
	w.rauc = rauctest.Start(t, bus, o)
	w.config.Manifest, w.config.CAFile = w.server.URL+"/m.json", w.server.caFile
	w.config.Keyring, w.config.Bus = w.pki.path("keyring.pem"), bus.Address
	r := rauc.New(bus.Address)
	c, stop := w.run(r, r)
	w.client = c
	t.Cleanup(func() {
		stop()
		w.rauc.Wait()
	})
	return w
}

// TestOverHTTPSAndDBus is the whole road with real sockets: manifest, bundle,
// RAUC's interface, and the restart.
func TestOverHTTPSAndDBus(t *testing.T) {
	p := newPKI(t)
	for name, tt := range map[string]struct {
		options rauctest.Options
		stream  bool
	}{
		"streamed":                     {rauctest.Options{}, true},
		"streamed without its promise": {rauctest.Options{NoHash: true}, true},
		"downloaded":                   {rauctest.Options{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, p, tt.options, func(w *world) {
				if !tt.stream {
					w.update.ManifestHash = ""
				}
			})
			if err := w.client.Install(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			w.until("the restart", func(s Status) bool { return s.State == StateRestarting })
			if w.rauc.Primary() != "B" || w.restarted() != 1 {
				t.Errorf("slot %s starts next, %d restarts", w.rauc.Primary(), w.restarted())
			}
			args := w.rauc.Requests()
			if _, ca := args[0]["tls-ca"]; ca != tt.stream {
				t.Errorf("arguments %v", args)
			}
			whole := false
			for _, r := range w.server.requests() {
				whole = whole || r.URL.Path == "/b.raucb" && r.Header.Get("Range") == ""
			}
			if whole == tt.stream {
				t.Errorf("downloaded: %t", whole)
			}
			if entries, err := os.ReadDir(filepath.Join(w.config.StateDir, downloadFolder)); err == nil && len(entries) > 0 {
				t.Errorf("%d downloads are left", len(entries))
			}
			rec, err := loadRecord(w.config.StateDir)
			if p := rec.Pending; err != nil || p == nil || p.To != "1.1.0" || p.Slot != "B" || !p.Restarting || !p.ByHand || p.ReportURL == "" {
				t.Errorf("record %+v, %v", p, err)
			}
		})
	}
}

func TestRefusedOverHTTPSAndDBus(t *testing.T) {
	tests := []struct {
		name    string
		options rauctest.Options
		change  func(*world)
		want    string
		report  string
	}{
		{"rogue manifest", rauctest.Options{}, func(w *world) { w.signer = "rogue" }, "the manifest was signed by somebody this device does not trust", ""},
		{"other hash before", rauctest.Options{}, func(w *world) { w.update.ManifestHash = strings.Repeat("cd", 32) }, "its own manifest has another hash", "failed 1.1.0 this is not the bundle"},
		{"other hash after", rauctest.Options{Old: true, NoHash: true}, func(w *world) { w.update.ManifestHash = strings.Repeat("cd", 32) }, "what RAUC installed is not the bundle that the manifest promised", "failed 1.1.0 what RAUC installed"},
		{"other hash while", rauctest.Options{Old: true}, func(w *world) { w.update.ManifestHash = strings.Repeat("cd", 32) }, "this is not the bundle that the manifest promised (RAUC: Refusing", "failed 1.1.0 install bundle"},
		{"other board", rauctest.Options{}, func(w *world) { w.bad = func(b *rauctest.Bundle) { b.Compatible = "intercom-rpi5" } }, `the bundle is for another kind of board: for "intercom-rpi5"`, "failed 1.1.0 the bundle is for"},
		{"older inside", rauctest.Options{}, func(w *world) { w.bad = func(b *rauctest.Bundle) { b.Version = "0.9.0" } }, "the bundle has version 0.9.0, older than 1.0.0 that runs", "failed 0.9.0 the bundle has"},
		{"rogue bundle", rauctest.Options{}, func(w *world) {
			w.bad = func(b *rauctest.Bundle) { b.Refusal = "unable to get local issuer certificate" }
		}, "the bundle was signed by somebody this device does not trust", "failed 1.1.0 read bundle"},
		{"broken bundle", rauctest.Options{}, func(w *world) {
			w.bad = func(b *rauctest.Bundle) { b.Broken = "Failed to check dm-verity" }
		}, "the content of the bundle is not what was signed", "failed 1.1.0 install bundle"},
		{"not started", rauctest.Options{Inert: true}, nil, "RAUC installed the bundle, but would not start it", ""},
		{"bundle away", rauctest.Options{}, func(w *world) { w.update.URL = w.server.URL + "/gone" }, "fetch 1.1.0: " + "https://127.0.0.1", ""},
	}
	p := newPKI(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, p, tt.options, tt.change)
			if err := w.client.Install(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			s := w.until("the failure", func(s Status) bool { return s.State == StateFailed })
			if !strings.Contains(s.Error, tt.want) || w.restarted() != 0 || w.rauc.Primary() != "A" {
				t.Errorf("got %q, %d restarts, slot %s starts next", s.Error, w.restarted(), w.rauc.Primary())
			}
			if tt.report != "" {
				if got := <-w.report; !strings.HasPrefix(got, tt.report) {
					t.Errorf("report %q", got)
				}
			}
		})
	}
}

// TestPlainFileByHand needs no network.
func TestPlainFileByHand(t *testing.T) {
	w := newWorld(t, newPKI(t), rauctest.Options{}, nil)
	dir := t.TempDir()
	if err := w.client.Install(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	s := w.until("the failure", func(s Status) bool { return s.State == StateFailed })
	if s.Error != fmt.Sprintf("install %s: this is no file", dir) {
		t.Errorf("a folder: %q", s.Error)
	}
	if err := w.client.Install(t.Context(), dir+"/nothing"); err != nil {
		t.Fatal(err)
	}
	s = w.until("the failure", func(s Status) bool { return s.State == StateFailed })
	if !strings.Contains(s.Error, "there is no such bundle") {
		t.Errorf("no file: %q", s.Error)
	}
	w.client.Reconfigure(Config{})
	if err := w.client.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "update.manifest") {
		t.Errorf("without a manifest: %v", err)
	}
}
