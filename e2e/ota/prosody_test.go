//go:build e2e

package ota

import (
	"bufio"
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
	for name, content := range prosodyFiles(t, dir, ca) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	owner := giveToProsody(t, dir)
	cmd := exec.Command("prosody", "--config", filepath.Join(dir, "prosody.cfg.lua"), "-F")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Pdeathsig: syscall.SIGKILL}
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

func prosodyFiles(t *testing.T, dir string, ca authority) map[string][]byte {
	t.Helper()
	certificate := ca.server(t, domain)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"server.pem": block("CERTIFICATE", certificate.Certificate[0]),
		"server.key": block("PRIVATE KEY", key),
		"prosody.cfg.lua": fmt.Appendf(nil, `
data_path = %[1]q
pidfile = %[2]q
certificates = %[3]q
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
ssl = { certificate = %[4]q, key = %[5]q }
VirtualHost %[6]q
`, filepath.Join(dir, "data"), filepath.Join(dir, "prosody.pid"), dir, filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"), domain),
	}
	for _, user := range []int{door, anna} {
		name := fmt.Sprintf("data/chat%%2etest/accounts/%d%%2d7.dat", user)
		files[name] = fmt.Appendf(nil, "return { [\"password\"] = %q; };\n", password(user))
	}
	return files
}

// giveToProsody makes the server's user the owner of a folder.
func giveToProsody(t *testing.T, dir string) *syscall.Credential {
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
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(uid), int(gid))
	})
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
