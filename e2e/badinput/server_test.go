//go:build e2e

package badinput

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/intercomd/intercomd/call"
)

// server has the device meet a server that is not there or not as expected.
// The daemon stays up and says why it is not online.
func (l *lab) server(t *testing.T) {
	a := l.phone(t, anna)
	t.Run("unreachable server", func(t *testing.T) {
		const address = "127.0.0.1:5999"
		d := l.start(t, "xmpp.address="+address)
		reason := d.offline(t, "connection refused")
		d.press(t)
		startForwarder(t, address)
		d.online(t)
		ring := a.signal(t, call.SignalCall, "")
		d.press(t)
		a.signal(t, call.SignalHangUp, ring.Session)
		d.idle(t)
		a.nothingLost(t, d)
		says(t, "status: %s; the press made meanwhile rang when the server came", reason)
	})
	t.Run("wrong password", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "intercomd.yaml"), l.goodConfig(dir))
		write(t, filepath.Join(dir, "password"), "wr0ng")
		d := l.startIn(t, dir)
		reason := d.offline(t, "authentication failed for 104-7@chat.test")
		if strings.Contains(d.logged(), "wr0ng") {
			t.Error("the log shows the password")
		}
		d.stop()
		write(t, filepath.Join(dir, "password"), password(door))
		d = l.startIn(t, dir)
		d.online(t)
		a.nothingLost(t, d)
		says(t, "status: %s", reason)
	})
	t.Run("wrong authority", func(t *testing.T) {
		d := l.start(t, "xmpp.ca_file="+l.path("other-ca.pem"))
		reason := d.offline(t, "check xmpp.ca_file")
		d.stop()
		d = l.startIn(t, d.dir)
		d.online(t)
		a.nothingLost(t, d)
		says(t, "status: %s", reason)
	})
	t.Run("wrong domain", func(t *testing.T) {
		d := l.start(t, "xmpp.domain=chat.tset")
		says(t, "status: %s", d.offline(t, "check xmpp.domain"))
	})
	t.Run("second daemon on the same socket", func(t *testing.T) {
		d := l.start(t)
		d.online(t)
		code, _, stderr := l.run("run", "--config", filepath.Join(d.dir, "intercomd.yaml"))
		if code != 1 || !strings.Contains(stderr, "another intercomd is running on ") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		a.nothingLost(t, d)
		said := strings.ReplaceAll(stderr[strings.LastIndex(stderr, "\n")+1:], d.dir, "DIR")
		documented(t, said)
		says(t, "%s", said)
	})
}

// offline waits for a reason in the status, checks that the command shows it as
// well and that a press is taken, and returns it.
func (d *device) offline(t *testing.T, want string) string {
	t.Helper()
	reason := ""
	eventually(t, "a reason in the status", func() error {
		reason = d.status(t).XMPP.Error
		if !strings.Contains(reason, want) {
			return errors.New("it says " + reason)
		}
		return nil
	})
	code, stdout, stderr := d.run("status")
	if code != 0 || !strings.Contains(stdout, reason) {
		t.Errorf("status: exit code %d: %s%s, want %q in it", code, stdout, stderr, reason)
	}
	if !d.alive() {
		t.Fatal("the device has ended")
	}
	documented(t, reason)
	return reason
}

// startForwarder listens on an address and passes everything on to the server
// until the test ends.
func startForwarder(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var open sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		listener.Close()
		open.Wait()
	})
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { forward(ctx, conn) })
		}
	})
}

// forward joins a connection with one to the server until either, or ctx, ends.
func forward(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	server, err := net.Dial("tcp", prosodyAddress)
	if err != nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(conn, server) // ends like the connection, well or not
		conn.Close()
	})
	_, _ = io.Copy(server, conn) // likewise
	server.Close()
	back.Wait()
}
