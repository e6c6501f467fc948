//go:build e2e

package xmpp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

const (
	domain   = "chat.test"
	device   = call.UserID(104)
	phone    = call.UserID(101)
	password = "correct horse"
)

// prosody is a Prosody that can be killed and started again.
type prosody struct {
	t           *testing.T
	dir         string
	caFile      string // the authority of its certificate
	plain       string // address for STARTTLS
	direct      string // address for TLS from the first byte
	credentials *syscall.Credential
	process     *exec.Cmd
}

func newProsody(t *testing.T) *prosody {
	t.Helper()
	dir, err := os.MkdirTemp("", "prosody") // unlike t.TempDir, it can be given away
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &prosody{t: t, dir: dir, plain: freeAddress(t), direct: freeAddress(t), credentials: prosodyUser(t)}
	p.caFile = filepath.Join(p.dir, "ca.pem")
	certificate, key := p.writeCertificates()
	for _, u := range []call.UserID{device, phone} {
		p.write(fmt.Sprintf("data/chat%%2etest/accounts/%d%%2d7.dat", u), fmt.Sprintf("return { [\"password\"] = %q; };\n", password))
	}
	p.write("prosody.cfg.lua", fmt.Sprintf(`
data_path = %[1]q
pidfile = %[2]q
certificates = %[3]q
log = { { levels = { min = "debug" }, to = "file", filename = %[4]q } }
modules_enabled = { "c2s", "disco", "iq", "message", "ping", "posix", "presence", "roster", "saslauth", "tls" }
modules_disabled = { "s2s", "offline" }
interfaces = { "127.0.0.1" }
c2s_ports = { %[5]s }
c2s_direct_tls_ports = { %[6]s }
http_ports = {}
https_ports = {}
c2s_require_encryption = true
authentication = "internal_plain"
storage = "internal"
ssl = { certificate = %[7]q, key = %[8]q }
c2s_direct_tls_ssl = { certificate = %[7]q, key = %[8]q }
VirtualHost %[9]q
`, p.path("data"), p.path("prosody.pid"), p.dir, p.path("prosody.log"), port(p.plain), port(p.direct), certificate, key, domain))
	p.start()
	t.Cleanup(p.finish)
	return p
}

func (p *prosody) path(name string) string { return filepath.Join(p.dir, name) }

// write writes a file that Prosody may read, and the folders above it.
func (p *prosody) write(name, content string) string {
	p.t.Helper()
	path := p.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
	for dir := path; dir != filepath.Dir(p.dir); dir = filepath.Dir(dir) {
		if err := os.Chown(dir, int(p.credentials.Uid), int(p.credentials.Gid)); err != nil {
			p.t.Fatal(err)
		}
	}
	return path
}

// start starts the server and waits until it listens.
func (p *prosody) start() {
	p.t.Helper()
	p.process = exec.Command("prosody", "--config", p.path("prosody.cfg.lua"), "-F")
	p.process.Dir = p.dir
	p.process.SysProcAttr = &syscall.SysProcAttr{Credential: p.credentials, Pdeathsig: syscall.SIGKILL}
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

func prosodyUser(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("prosody")
	if err != nil {
		t.Fatalf("the Debian package prosody is needed: %v", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// writeCertificates makes an authority and a certificate for the domain, and
// returns the paths of the latter and its key.
func (p *prosody) writeCertificates() (certificate, key string) {
	p.t.Helper()
	caKey, ca := newCertificate(p.t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	p.write("ca.pem", encode("CERTIFICATE", ca.Raw))
	leafKey, leaf := newCertificate(p.t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: domain}, DNSNames: []string{domain},
	}, ca, caKey)
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.write("chat.crt", encode("CERTIFICATE", leaf.Raw)), p.write("chat.key", encode("PRIVATE KEY", der))
}

// newCertificate signs template, by itself without a parent.
func newCertificate(t *testing.T, template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, out
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
