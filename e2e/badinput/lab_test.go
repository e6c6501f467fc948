//go:build e2e

package badinput

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/prosody"
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
	if err := prosody.WriteCertificates(dir, domain); err != nil {
		t.Fatal(err)
	}
	passwords := map[string]string{}
	for u := anna; u <= stranger; u++ {
		passwords[fmt.Sprintf("%d-%d", u, appID)] = password(u)
	}
	if err := prosody.Prepare(dir, domain, fmt.Sprintf(prosodyConfig, dir, domain), passwords); err != nil {
		t.Fatal(err)
	}
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

func (l *lab) startProsody(t *testing.T) {
	t.Helper()
	process, err := prosody.Command(l.dir)
	if err != nil {
		t.Fatal(err)
	}
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
