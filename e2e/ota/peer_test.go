//go:build e2e

package ota

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// peer is Anna: intercomd on the host, which answers the door by itself.
type peer struct {
	record
	cmd *exec.Cmd
}

// record keeps what a process logs.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) add(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintln(&r.text, line)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// startAnna runs Anna's client until the test ends and returns once it is
// online.
func startAnna(t *testing.T, l *lab) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"ca.pem":   string(l.ca.pem()),
		"password": password(anna) + "\n",
		"intercom.yaml": fmt.Sprintf(`
device: {name: Anna}
xmpp: {domain: %s, address: "127.0.0.1:5222", ca_file: ca.pem, resource: anna}
quickblox: {app_id: 7, user_id: %d, password_file: %s}
contacts: [{name: Door, user_id: %d}]
auto_accept: {enabled: true, callers: [Door]}
camera: {source: test, width: 320, height: 240, fps: 5}
audio: {capture: test, playback: "null", announce: true}
control: {socket: %s}
`, domain, anna, filepath.Join(dir, "password"), door, filepath.Join(dir, "control.sock")),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &peer{cmd: exec.Command(filepath.Join(l.dir, "peer"), "run", "--config", filepath.Join(dir, "intercom.yaml"))}
	p.cmd.Env = append(os.Environ(), "INTERCOMD_DEVICE_STATE_DIR="+dir)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.run(t)
}

// run starts the process and waits for the link.
func (p *peer) run(t *testing.T) {
	t.Helper()
	log, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start Anna's client: %v", err)
	}
	online, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		told := false
		for lines := bufio.NewScanner(log); lines.Scan(); {
			p.add(lines.Text())
			if !told && strings.Contains(lines.Text(), "xmpp online") {
				told = true
				close(online)
			}
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-ended
		_ = p.cmd.Wait() // "signal: killed"
		if t.Failed() {
			t.Logf("Anna's log:\n%s", p)
		}
	})
	select {
	case <-online:
	case <-ended:
		t.Fatalf("Anna's client ended:\n%s", p)
	case <-t.Context().Done():
		t.Fatal("Anna is not online")
	}
}
