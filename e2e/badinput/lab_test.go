//go:build e2e

package badinput

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

// The people. Anna is the contact for whom everything has to go on working,
// Carl the contact who misbehaves; the strangers are in nobody's list.
const (
	domain = "chat.test"
	appID  = 7

	door     = call.UserID(104)
	anna     = call.UserID(101)
	carl     = call.UserID(103)
	stranger = call.UserID(109)

	prosodyAddress = "127.0.0.1:5222"
)

func password(u call.UserID) string { return fmt.Sprintf("secret-%d", u) }

func jidOf(u call.UserID) string { return fmt.Sprintf("%d-%d@%s", u, appID, domain) }

// lab is what all cases share: a server and the daemon's program.
type lab struct {
	dir    string // readable by the server's user
	binary string
}

func (l *lab) path(name string) string { return filepath.Join(l.dir, name) }

// newLab starts Prosody; it ends with the test.
func newLab(t *testing.T) *lab {
	dir, err := os.MkdirTemp("", "badinput") // unlike t.TempDir, it can be given away
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l := &lab{dir: dir, binary: os.Getenv(binaryVariable)}
	if err := l.writeCertificates(); err != nil {
		t.Fatal(err)
	}
	l.writeAccounts(t)
	write(t, l.path("prosody.cfg.lua"), fmt.Sprintf(prosodyConfig, dir, domain))
	l.startProsody(t)
	return l
}

const prosodyConfig = `
data_path = "%[1]s/data"
pidfile = "%[1]s/prosody.pid"
certificates = "%[1]s"
log = { { levels = { min = "info" }, to = "file", filename = "%[1]s/prosody.log" } }
modules_enabled = { "disco", "roster", "saslauth", "tls", "ping" }
modules_disabled = { "s2s", "offline", "pep" }
interfaces = { "127.0.0.1" }
c2s_ports = { 5222 }
c2s_direct_tls_ports = {}
http_ports = {}
https_ports = {}
c2s_require_encryption = true
authentication = "internal_plain"
storage = "internal"
ssl = { certificate = "%[1]s/server.pem", key = "%[1]s/server.key" }
VirtualHost "%[2]s"
`

// writeAccounts makes users 101 to 109 in Prosody's flat files: names
// percent-encoded, a Lua table each.
func (l *lab) writeAccounts(t *testing.T) {
	dir := l.path("data/chat%2etest/accounts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for u := anna; u <= stranger; u++ {
		write(t, filepath.Join(dir, fmt.Sprintf("%d%%2d%d.dat", u, appID)), fmt.Sprintf("return { [\"password\"] = %q; };\n", password(u)))
	}
}

func (l *lab) startProsody(t *testing.T) {
	t.Helper()
	credentials := prosodyUser(t)
	err := filepath.WalkDir(l.dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(credentials.Uid), int(credentials.Gid))
	})
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command("prosody", "--config", l.path("prosody.cfg.lua"), "-F")
	process.Dir = l.dir
	process.SysProcAttr = &syscall.SysProcAttr{Credential: credentials, Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		t.Fatalf("start prosody: %v", err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // "signal: killed"
	})
	eventually(t, "prosody to listen", func() error {
		conn, err := net.Dial("tcp", prosodyAddress)
		if err == nil {
			conn.Close()
		}
		return err
	})
}

func prosodyUser(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("prosody")
	if err != nil {
		t.Fatalf("the Debian package prosody is needed: %v", err)
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if uidErr != nil || gidErr != nil {
		t.Fatalf("user prosody: %v, %v", uidErr, gidErr)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// writeCertificates makes ca.pem, server.pem and server.key by it, and
// other-ca.pem, which has signed nothing.
func (l *lab) writeCertificates() error {
	caKey, ca, err := certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	if err != nil {
		return err
	}
	_, other, err := certificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "somebody else"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	if err != nil {
		return err
	}
	key, server, err := certificate(&x509.Certificate{Subject: pkix.Name{CommonName: domain}, DNSNames: []string{domain}}, ca, caKey)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem":       {Type: "CERTIFICATE", Bytes: ca.Raw},
		"other-ca.pem": {Type: "CERTIFICATE", Bytes: other.Raw},
		"server.pem":   {Type: "CERTIFICATE", Bytes: server.Raw},
		"server.key":   {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(l.path(name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// certificate signs template, by itself without a parent.
func certificate(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	out, err := x509.ParseCertificate(der)
	return key, out, err
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// eventually asks until the condition holds, or fails the test with its last
// error.
func eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(limit)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("wait for %s: %v", what, err)
		}
		<-ticker.C
	}
}
