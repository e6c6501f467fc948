//go:build e2e

package reload

import (
	"context"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/prosody"
)

const (
	prosodyAddress = "127.0.0.1:5222"

	// prosodyConfig does without TLS: everything stays in the namespace.
	prosodyConfig = `
data_path = "%[1]s/data"
pidfile = "%[1]s/prosody.pid"
certificates = "%[1]s"
log = { { levels = { min = "info" }, to = "file", filename = "%[1]s/prosody.log" } }
modules_enabled = { "disco", "roster", "saslauth", "ping" }
modules_disabled = { "s2s", "offline", "pep", "tls" }
interfaces = { "127.0.0.1" }
c2s_ports = { 5222 }
c2s_direct_tls_ports = {}
http_ports = {}
https_ports = {}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
VirtualHost "chat.test"
`
)

// startProsody starts a server with accounts for some users, until the test
// ends.
func startProsody(t *testing.T, users ...int) {
	t.Helper()
	dir, err := os.MkdirTemp("", "reload") // unlike t.TempDir, it can be given away
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	passwords := map[string]string{}
	for _, u := range users {
		passwords[fmt.Sprintf("%d-7", u)] = "secret"
	}
	if err := prosody.Prepare(dir, "chat.test", fmt.Sprintf(prosodyConfig, dir), passwords); err != nil {
		t.Fatal(err)
	}
	process, err := prosody.Command(dir)
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
	awaitListener(t, prosodyAddress)
}

// awaitListener asks until somebody listens; nothing tells of it.
func awaitListener(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ask := time.NewTicker(20 * time.Millisecond)
	defer ask.Stop()
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ask.C:
		case <-ctx.Done():
			t.Fatalf("nobody listens at %s: %v", address, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
