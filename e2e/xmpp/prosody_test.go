//go:build e2e

package xmpp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	server "github.com/intercomd/intercomd/e2e/prosody"
)

const (
	domain   = "chat.test"
	device   = call.UserID(104)
	phone    = call.UserID(101)
	password = "correct horse"
)

const prosodyConfig = `
data_path = "%[1]s/data"
pidfile = "%[1]s/prosody.pid"
certificates = "%[1]s"
log = { { levels = { min = "debug" }, to = "file", filename = "%[1]s/prosody.log" } }
modules_enabled = { "c2s", "disco", "iq", "message", "ping", "posix", "presence", "roster", "saslauth", "tls" }
modules_disabled = { "s2s", "offline" }
interfaces = { "127.0.0.1" }
c2s_ports = { %[2]s }
c2s_direct_tls_ports = { %[3]s }
http_ports = {}
https_ports = {}
c2s_require_encryption = true
authentication = "internal_plain"
storage = "internal"
ssl = { certificate = "%[1]s/server.pem", key = "%[1]s/server.key" }
c2s_direct_tls_ssl = { certificate = "%[1]s/server.pem", key = "%[1]s/server.key" }
VirtualHost "%[4]s"
`

// prosody is a Prosody that can be killed and started again.
type prosody struct {
	t       *testing.T
	dir     string
	caFile  string // the authority of its certificate
	plain   string // address for STARTTLS
	direct  string // address for TLS from the first byte
	process *exec.Cmd
}

func newProsody(t *testing.T) *prosody {
	t.Helper()
	dir, err := os.MkdirTemp("", "prosody") // unlike t.TempDir, it can be given away
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &prosody{t: t, dir: dir, plain: freeAddress(t), direct: freeAddress(t)}
	p.caFile = p.path("ca.pem")
	passwords := map[string]string{}
	for _, u := range []call.UserID{device, phone} {
		passwords[fmt.Sprintf("%d-7", u)] = password
	}
	err = errors.Join(
		server.WriteCertificates(dir, domain),
		server.Prepare(dir, domain, fmt.Sprintf(prosodyConfig, dir, port(p.plain), port(p.direct), domain), passwords),
	)
	if err != nil {
		t.Fatal(err)
	}
	p.start()
	t.Cleanup(p.finish)
	return p
}

func (p *prosody) path(name string) string { return filepath.Join(p.dir, name) }

// start starts the server and waits until it listens.
func (p *prosody) start() {
	p.t.Helper()
	var err error
	if p.process, err = server.Command(p.dir); err != nil {
		p.t.Fatal(err)
	}
	if err := p.process.Start(); err != nil {
		p.t.Fatalf("start prosody: %v", err)
	}
	for _, address := range []string{p.plain, p.direct} {
		if err := waitForListener(address, 20*time.Second); err != nil {
			log, _ := os.ReadFile(p.path("prosody.log"))
			p.t.Fatalf("prosody: %v\n%s", err, log)
		}
	}
}

// finish kills the server and, when the test failed, shows its log.
func (p *prosody) finish() {
	p.kill()
	if log, err := os.ReadFile(p.path("prosody.log")); err == nil && p.t.Failed() {
		p.t.Logf("prosody.log:\n%s", log)
	}
}

// kill ends the server without a chance to say goodbye.
func (p *prosody) kill() {
	_ = p.process.Process.Kill()
	_ = p.process.Wait() // "signal: killed"
}

func waitForListener(address string, limit time.Duration) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(limit)
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
		<-ticker.C
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
