package update

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
	"github.com/intercomd/intercomd/update/rauc/rauctest"
)

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
		{"other hash while", rauctest.Options{Old: true}, func(w *world) { w.update.ManifestHash = strings.Repeat("cd", 32) }, "this is not the bundle that the manifest promised (RAUC: Refusing", "failed 1.1.0 this is not the bundle"},
		{"other board", rauctest.Options{}, func(w *world) { w.bad = func(b *rauctest.Bundle) { b.Compatible = "intercom-rpi5" } }, `the bundle is for another kind of board: for "intercom-rpi5"`, "failed 1.1.0 the bundle is for"},
		{"older inside", rauctest.Options{}, func(w *world) { w.bad = func(b *rauctest.Bundle) { b.Version = "0.9.0" } }, "the bundle has version 0.9.0, older than 1.0.0 that runs", "failed 0.9.0 the bundle has"},
		{"rogue bundle", rauctest.Options{}, func(w *world) {
			w.bad = func(b *rauctest.Bundle) { b.Refusal = "unable to get local issuer certificate" }
		}, "the bundle was signed by somebody this device does not trust", "failed 1.1.0 the bundle was signed by"},
		{"broken bundle", rauctest.Options{}, func(w *world) {
			w.bad = func(b *rauctest.Bundle) { b.Broken = "Failed to check dm-verity" }
		}, "the content of the bundle is not what was signed", "failed 1.1.0 the content of"},
		{"broken off while streamed", rauctest.Options{}, func(w *world) {
			w.bad = func(b *rauctest.Bundle) { b.Broken = "Error reading from file: Input/output error" }
		}, "or the connection or the card broke down", ""},
		{"broken off on the disk", rauctest.Options{}, func(w *world) {
			w.update.ManifestHash = ""
			w.bad = func(b *rauctest.Bundle) { b.Broken = "Error reading from file: Input/output error" }
		}, "or the connection or the card broke down", "failed 1.1.0 the content of"},
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
			if tt.report == "" {
				if s.Last != nil {
					t.Errorf("the bundle is blamed: %+v", s.Last)
				}
				return
			}
			if s.Last == nil {
				t.Fatal("the bundle is not blamed")
			}
			if got := <-w.report; !strings.HasPrefix(got, tt.report) {
				t.Errorf("report %q", got)
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
