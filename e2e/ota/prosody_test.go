//go:build e2e

package ota

import (
	"bufio"
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/prosody"
)

// The users of the XMPP server.
const (
	domain = "chat.test"
	door   = 104
	anna   = 101
)

func password(user int) string { return fmt.Sprintf("secret of %d", user) }

// startProsody runs an XMPP server on the namespace's loopback, port 5222, until
// the test ends.
func startProsody(t *testing.T, ca authority) {
	t.Helper()
	dir, err := os.MkdirTemp("", "prosody") // unlike t.TempDir, it can be given away
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	writeServer(t, dir, ca)
	cmd, err := prosody.Command(dir)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start prosody: %v", err)
	}
	listening, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "Activated service 'c2s' on [127.0.0.1]:5222") {
				close(listening)
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = cmd.Wait() // "signal: killed"
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case <-listening:
	case <-ended:
		t.Fatal("prosody ended at once")
	case <-ctx.Done():
		t.Fatal("prosody does not listen")
	}
}

// writeServer writes what the server needs, with a certificate of the
// authority that boards trust.
func writeServer(t *testing.T, dir string, ca authority) {
	t.Helper()
	certificate := ca.server(t, domain)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"server.pem": block("CERTIFICATE", certificate.Certificate[0]),
		"server.key": block("PRIVATE KEY", key),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	passwords := map[string]string{}
	for _, user := range []int{door, anna} {
		passwords[fmt.Sprintf("%d-7", user)] = password(user)
	}
	if err := prosody.Prepare(dir, domain, fmt.Sprintf(prosodyConfig, dir, domain), passwords); err != nil {
		t.Fatal(err)
	}
}

const prosodyConfig = `
data_path = "%[1]s/data"
pidfile = "%[1]s/prosody.pid"
certificates = "%[1]s"
log = { { levels = { min = "info" }, to = "console" } }
modules_enabled = { "c2s", "disco", "iq", "message", "ping", "posix", "presence", "roster", "saslauth", "smacks", "tls" }
modules_disabled = { "s2s", "offline" }
interfaces = { "127.0.0.1" }
c2s_ports = { 5222 }
http_ports = {}
https_ports = {}
c2s_require_encryption = true
authentication = "internal_plain"
storage = "internal"
ssl = { certificate = "%[1]s/server.pem", key = "%[1]s/server.key" }
VirtualHost "%[2]s"
`
