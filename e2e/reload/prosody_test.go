//go:build e2e

package reload

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
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
	accounts := filepath.Join(dir, "data/chat%2etest/accounts")
	if err := os.MkdirAll(accounts, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		write(t, filepath.Join(accounts, fmt.Sprintf("%d%%2d7.dat", u)), "return { [\"password\"] = \"secret\"; };\n")
	}
	write(t, filepath.Join(dir, "prosody.cfg.lua"), fmt.Sprintf(prosodyConfig, dir))
	credentials := prosodyUser(t)
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(credentials.Uid), int(credentials.Gid))
	})
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command("prosody", "--config", filepath.Join(dir, "prosody.cfg.lua"), "-F")
	process.Dir = dir
	process.SysProcAttr = &syscall.SysProcAttr{Credential: credentials, Pdeathsig: syscall.SIGKILL}
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

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
