//go:build e2e

package hawkbit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// updaterVariable names the program under test.
const updaterVariable = "HAWKBIT_UPDATER"

// limit bounds every wait for something that should come.
const limit = 30 * time.Second

// machineRoots is where libcurl of the updater looks for certificates it
// trusts; its configuration has no key for them.
const machineRoots = "/etc/ssl/certs/ca-certificates.crt"

// TestMain says loudly what is left out without the updater.
func TestMain(m *testing.M) {
	if os.Getenv(updaterVariable) == "" {
		fmt.Fprintf(os.Stderr, "hawkbit: NOT RUN: the real rauc-hawkbit-updater against the stand-ins; "+
			"set %s to the program of version 1.4\n", updaterVariable)
	}
	os.Exit(m.Run())
}

// fleet is a hawkBit server, a RAUC service and what the updater needs to find
// them.
type fleet struct {
	t         *testing.T
	server    *Server
	https     *httptest.Server
	installer *Installer
	results   chan int32
	bus       string
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, results: make(chan int32, 4), bus: startBus(t)}
	f.server = NewServer("DEFAULT", "door", testToken, time.Second)
	f.https = httptest.NewTLSServer(f.server)
	t.Cleanup(f.https.Close)
	roots := x509.NewCertPool()
	roots.AddCert(f.https.Certificate())
	var err error
	if f.installer, err = NewInstaller(f.bus, roots, f.results); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.installer.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// startBus runs a bus of its own and returns its address.
func startBus(t *testing.T) string {
	t.Helper()
	command := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address=1",
		"--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("start dbus-daemon: %v", err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	address, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("read address of the bus: %v", err)
	}
	return strings.TrimSpace(address)
}

// updater is a running rauc-hawkbit-updater.
type updater struct {
	mu  sync.Mutex
	log bytes.Buffer
	new chan struct{} // one message at most: the log has grown
}

func (u *updater) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.log.Write(p)
	select {
	case u.new <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (u *updater) text() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.log.String()
}

// start runs the updater with the shipped configuration and the given token,
// on a machine that trusts the certificates in roots.
func (f *fleet) start(token string, roots []byte) *updater {
	f.t.Helper()
	server := strings.TrimPrefix(f.https.URL, "https://")
	files := map[string]string{"hawkbit_server": server, "hawkbit_target": "door", "hawkbit_gateway-token": token}
	d := newDevice(f.t, files)
	config, message, err := d.configure()
	if err != nil {
		f.t.Fatalf("hawkbit-config: %v: %s", err, message)
	}
	trusted := filepath.Join(d.dir, "roots.pem")
	if err := os.WriteFile(trusted, roots, 0o644); err != nil {
		f.t.Fatal(err)
	}
	u := &updater{new: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, "unshare", "--mount", "sh", "-ec",
		`mount --bind "$1" "$2"; exec "$3" -c "$4"`, "sh", trusted, machineRoots, os.Getenv(updaterVariable), config)
	command.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+f.bus, "no_proxy=*")
	command.Stdout, command.Stderr = u, u
	command.WaitDelay = time.Second // a child of its own would keep the pipe open
	if err := command.Start(); err != nil {
		f.t.Fatalf("start updater: %v", err)
	}
	f.t.Cleanup(func() {
		stop()
		_ = command.Wait() // killed
		if strings.Contains(u.text(), strings.TrimPrefix(testToken, "GatewayToken ")) {
			f.t.Errorf("the log shows the token:\n%s", u.text())
		}
		if f.t.Failed() {
			f.t.Logf("log of the updater:\n%s", u.text())
		}
	})
	return u
}

// ownRoots is the certificate of the stand-in in PEM form.
func (f *fleet) ownRoots() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.https.Certificate().Raw})
}

// await waits until the server has seen what is wanted.
func (f *fleet) await(what string, seen func(Snapshot) bool) Snapshot {
	f.t.Helper()
	deadline := time.After(limit)
	for {
		snapshot, changed := f.server.Look()
		if seen(snapshot) {
			return snapshot
		}
		select {
		case <-changed:
		case <-deadline:
			f.t.Fatalf("no %s within %v; seen %+v", what, limit, snapshot)
		}
	}
}

// closed waits for the end of an action.
func (f *fleet) closed(id string) Feedback {
	f.t.Helper()
	snapshot := f.await("end of action "+id, func(s Snapshot) bool { _, ok := s.Closed(id); return ok })
	end, _ := snapshot.Closed(id)
	return end
}

// request waits for the next call of InstallBundle.
func (f *fleet) request() Request {
	f.t.Helper()
	select {
	case r := <-f.installer.Requests():
		return r
	case <-time.After(limit):
		f.t.Fatalf("RAUC was not called within %v", limit)
		return Request{}
	}
}

// waitLog waits for a line of the updater.
func (f *fleet) waitLog(u *updater, want string) {
	f.t.Helper()
	deadline := time.After(limit)
	for !strings.Contains(u.text(), want) {
		select {
		case <-u.new:
		case <-deadline:
			f.t.Fatalf("no %q in the log within %v", want, limit)
		}
	}
}

// TestUpdater runs the real updater. Each subtest has a fleet of its own.
func TestUpdater(t *testing.T) {
	if os.Getenv(updaterVariable) == "" {
		return // TestMain has said so
	}
	token := strings.TrimPrefix(testToken, "GatewayToken ")
	for name, run := range map[string]func(*testing.T, string){
		"deployment": testDeployment, "failure": testFailure, "cancel unknown": testCancelUnknown,
		"cancel too late": testCancelTooLate, "wrong token": testWrongToken, "untrusted server": testUntrusted,
	} {
		t.Run(name, func(t *testing.T) { run(t, token) })
	}
}

func testDeployment(t *testing.T, token string) {
	f := newFleet(t)
	f.start(token, f.ownRoots())
	known := f.await("attributes", func(s Snapshot) bool { return s.Attributes != nil }).Attributes
	if known["board"] != "rpi4" || known["version"] != "1.2.0-rc.1" || known["product"] != "intercomd" {
		t.Errorf("attributes %v, want board, version and product", known)
	}
	bundle := bytes.Repeat([]byte("bundle"), 50_000)
	f.results <- 0
	f.server.Order(Action{ID: "1", Version: "1.3.0", Bundle: bundle})
	request := f.request()
	sum := sha256.Sum256(bundle)
	switch {
	case request.Fetched != hex.EncodeToString(sum[:]):
		t.Errorf("RAUC fetched %q (%s), want the bundle", request.Fetched, request.Error)
	case !strings.HasPrefix(request.Source, "https://"):
		t.Errorf("source %q, want https", request.Source)
	case !slices.Equal(request.Headers, []string{"Authorization: " + testToken}):
		t.Error("RAUC did not get the token for the server")
	case request.TLSNoVerify:
		t.Error("RAUC was told not to verify the server")
	}
	if end := f.closed("1"); end.Finished != "success" || end.Cancel {
		t.Errorf("end %+v, want success", end)
	}
	seen, _ := f.server.Look()
	if !slices.ContainsFunc(seen.Feedback, func(f Feedback) bool { return f.Execution == "proceeding" }) {
		t.Errorf("feedback %+v, want progress on the way", seen.Feedback)
	}
	// The next action of the same process, too.
	f.results <- 0
	f.server.Order(Action{ID: "2", Version: "1.4.0", Bundle: bundle})
	if end := f.closed("2"); end.Finished != "success" {
		t.Errorf("second end %+v, want success", end)
	}
}

func testFailure(t *testing.T, token string) {
	f := newFleet(t)
	f.start(token, f.ownRoots())
	f.results <- 1
	f.server.Order(Action{ID: "1", Version: "1.3.0", Bundle: []byte("bundle")})
	if end := f.closed("1"); end.Finished != "failure" {
		t.Errorf("end %+v, want failure", end)
	}
	seen, _ := f.server.Look()
	if !slices.ContainsFunc(seen.Feedback, func(f Feedback) bool {
		return slices.Contains(f.Details, "LastError: Installation error: no such luck")
	}) {
		t.Errorf("feedback %+v, want RAUC's error", seen.Feedback)
	}
}

func testCancelUnknown(t *testing.T, token string) {
	f := newFleet(t)
	f.start(token, f.ownRoots())
	f.server.Order(Action{ID: "5", Cancel: true})
	if end := f.closed("5"); !end.Cancel || end.Execution != "closed" || end.Finished != "success" {
		t.Errorf("end %+v, want the cancellation confirmed", end)
	}
	if n := len(f.installer.Requests()); n != 0 {
		t.Errorf("RAUC was called %d times", n)
	}
}

// testCancelTooLate cancels while RAUC installs: the updater refuses, and the
// installation comes to its end.
func testCancelTooLate(t *testing.T, token string) {
	f := newFleet(t)
	f.start(token, f.ownRoots())
	action := Action{ID: "1", Version: "1.3.0", Bundle: []byte("bundle")}
	f.server.Order(action)
	f.request()
	action.Cancel = true
	f.server.Order(action)
	if end := f.closed("1"); !end.Cancel || end.Execution != "rejected" {
		t.Errorf("end %+v, want the cancellation rejected", end)
	}
	f.results <- 0
	f.await("success", func(s Snapshot) bool {
		return slices.ContainsFunc(s.Feedback, func(f Feedback) bool { return !f.Cancel && f.Finished == "success" })
	})
}

func testWrongToken(t *testing.T, _ string) {
	f := newFleet(t)
	f.server.Order(Action{ID: "1", Version: "1.3.0", Bundle: []byte("bundle")})
	u := f.start("stale", f.ownRoots())
	f.await("refusal", func(s Snapshot) bool { return s.Refused > 0 })
	f.waitLog(u, "Failed to authenticate. Check if gateway_token is correct?")
	if n := len(f.installer.Requests()); n != 0 {
		t.Errorf("RAUC was called %d times", n)
	}
}

// testUntrusted has a machine that knows other certificates than the server's.
func testUntrusted(t *testing.T, token string) {
	f := newFleet(t)
	f.server.Order(Action{ID: "1", Version: "1.3.0", Bundle: []byte("bundle")})
	other, err := os.ReadFile("../../config/testdata/ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	u := f.start(token, other)
	f.waitLog(u, "Scheduled check for new software failed: SSL peer certificate or SSH remote key was not OK")
	if seen, _ := f.server.Look(); seen.Polls+seen.Refused != 0 {
		t.Errorf("the token went to a server that cannot be trusted: %+v", seen)
	}
}
