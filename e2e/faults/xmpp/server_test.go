//go:build e2e

package xmpp

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/faults/relay"
	"github.com/intercomd/intercomd/e2e/prosody"
)

// serverPort is where the server listens, on loopback of its namespace.
const serverPort = "5222"

// patience bounds every wait for something that has to come soon.
const patience = 20 * time.Second

// server is a program that can be killed and started again, in a namespace of
// its own.
type server struct {
	software
	t         *testing.T
	namespace string
	dir       string
	command   []string
	env       []string
	process   *exec.Cmd
	output    *os.File // of all runs
}

// newServer starts a server at its site; it ends with the test.
func newServer(t *testing.T, place *site) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "faults-"+place.kind.name) // unlike t.TempDir, it can be given away
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{software: place.kind, t: t, dir: dir, namespace: place.namespace}
	if err := prosody.WriteCertificates(dir, domain); err != nil {
		t.Fatal(err)
	}
	s.command, s.env = s.setUp(s)
	if err := prosody.GiveTo(s.user, dir); err != nil {
		t.Fatal(err)
	}
	if s.output, err = os.Create(s.path("output.log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.output.Close() })
	t.Cleanup(s.finish)
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// write writes a file and the folders above it.
func (s *server) write(name, content string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// start starts the program and waits until it listens.
func (s *server) start() error {
	args := append([]string{"netns", "exec", s.namespace, "setpriv", "--reuid", s.user, "--regid", s.user, "--clear-groups", "--pdeathsig", "KILL"}, s.command...)
	s.process = exec.Command("ip", args...)
	s.process.Dir, s.process.Env = s.dir, append(os.Environ(), s.env...)
	s.process.Stdout, s.process.Stderr = s.output, s.output
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	return await(s.name+" to listen", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		conn, err := s.dial(ctx)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
}

// dial connects to the server inside its namespace.
func (s *server) dial(ctx context.Context) (conn net.Conn, err error) {
	err = relay.InNamespace(s.namespace, func() (err error) {
		conn, err = relay.To("127.0.0.1:" + serverPort)(ctx)
		return err
	})
	return conn, err
}

// kill ends the program without a chance to say goodbye.
func (s *server) kill() error {
	if s.process == nil || s.process.Process == nil {
		return nil // it could not be started
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // "signal: killed"
	return nil
}

// stop ends the program as an init system does.
func (s *server) stop() error {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.process.Wait() // the exit code is of no interest
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(patience):
		_ = s.process.Process.Kill()
		<-ended
		return fmt.Errorf("%s did not end in good order", s.name)
	}
}

// finish kills the server and, when the test failed, shows the end of its log.
func (s *server) finish() {
	_ = s.kill()
	for _, name := range []string{"server.log", "output.log"} {
		if log, err := os.ReadFile(s.path(name)); err == nil && s.t.Failed() {
			s.t.Logf("end of %s's %s:\n%s", s.name, name, tail(string(log), 3000))
		}
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// await asks until the condition holds, or returns its last error.
func await(what string, condition func() error) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		<-ticker.C
	}
}

// eventually is await that ends the test.
func eventually(t *testing.T, what string, condition func() error) {
	t.Helper()
	if err := await(what, condition); err != nil {
		t.Fatal(err)
	}
}
