//go:build e2e

package relay

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cable is a wire between two namespaces, with a server at its second port.
type cable struct {
	*Wire
	t      *testing.T
	near   string // namespace of the first port
	server net.Listener
}

func newCable(t *testing.T) *cable {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("a wire makes interfaces in network namespaces: root is needed")
	}
	near, far := fmt.Sprintf("relay%d-a", os.Getpid()), fmt.Sprintf("relay%d-b", os.Getpid())
	for _, name := range []string{near, far} {
		ip(t, "netns add "+name)
		t.Cleanup(func() { ip(t, "netns del "+name) })
		ip(t, "-n "+name+" link set lo up")
	}
	w, err := NewWire(t.Context(), Port{near, "eth0", "10.97.0.1/24"}, Port{far, "eth0", "10.97.0.2/24"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	c := &cable{Wire: w, t: t, near: near}
	err = InNamespace(far, func() (err error) {
		c.server, err = net.Listen("tcp4", "10.97.0.2:1000")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.server.Close() })
	return c
}

// connect opens a TCP connection through the wire.
func (c *cable) connect() (client, server net.Conn) {
	c.t.Helper()
	err := InNamespace(c.near, func() (err error) {
		client, err = net.DialTimeout("tcp4", "10.97.0.2:1000", patience)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if server, err = c.server.Accept(); err != nil {
		c.t.Fatal(err)
	}
	for _, conn := range []net.Conn{client, server} {
		_ = conn.SetDeadline(time.Now().Add(patience))
		c.t.Cleanup(func() { _ = conn.Close() })
	}
	return client, server
}

func ip(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", command, err, out)
	}
}

func TestWireDelaysAndSwallows(t *testing.T) {
	c := newCable(t)
	client, server := c.connect()
	carries(t, client, server, "plain")
	c.SetBoth(Rule{Delay: 40 * time.Millisecond})
	begin := time.Now()
	carries(t, client, server, "there")
	carries(t, server, client, "and back")
	if took := time.Since(begin); took < 80*time.Millisecond {
		t.Errorf("there and back took %v with 40 ms each way", took)
	}
	c.Set(Up, Rule{Hole: true})
	if _, err := io.WriteString(client, "lost"); err != nil {
		t.Fatal(err)
	}
	silent(t, server)
	if c.Counts(Up).Dropped == 0 {
		t.Error("the hole has dropped nothing")
	}
	c.SetBoth(Rule{})
	got := make([]byte, 4)
	if _, err := io.ReadFull(server, got); err != nil || string(got) != "lost" {
		t.Errorf("after the hole TCP brought %q, %v", got, err)
	}
}

func TestWireCarrier(t *testing.T) {
	c := newCable(t)
	for _, on := range []bool{false, true} {
		if err := c.SetCarrier(on); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("ip", "-n", c.near, "link", "show", "eth0").CombinedOutput()
		if down := strings.Contains(string(out), "NO-CARRIER"); err != nil || down == on {
			t.Errorf("carrier set to %v: %s %v", on, out, err)
		}
	}
	client, server := c.connect()
	carries(t, client, server, "plugged in again")
}

// TestWireThroughput wants 50 Mbit/s for less than one core, and says what it was.
func TestWireThroughput(t *testing.T) {
	c := newCable(t)
	client, server := c.connect()
	const megabytes = 32
	received := make(chan int64, 1)
	go func() {
		n, _ := io.Copy(io.Discard, server)
		received <- n
	}()
	begin, spent := time.Now(), processorTime(t)
	piece := make([]byte, 1<<20)
	for range megabytes {
		if _, err := client.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	_ = client.Close()
	if n := <-received; n != megabytes<<20 {
		t.Fatalf("%d bytes came through", n)
	}
	took := time.Since(begin)
	rate := megabytes * 8 * 1.048576 / took.Seconds()
	share := (processorTime(t) - spent).Seconds() * 50 / (megabytes * 8 * 1.048576)
	t.Logf("%.0f Mbit/s; at 50 Mbit/s this process would need %.0f %% of a core", rate, 100*share)
	if rate < 50 || share > 0.5 {
		t.Errorf("%.0f Mbit/s, %.0f %% of a core at 50 Mbit/s", rate, 100*share)
	}
}

// processorTime is what this process has used so far, in user and kernel mode.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
