package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bench is a proxy before a server that the test plays.
type bench struct {
	*Proxy
	t        *testing.T
	accepted chan net.Conn
}

const patience = 10 * time.Second

func newBench(t *testing.T) *bench {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProxy(To(server.Addr().String()), 1)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Proxy: p, t: t, accepted: make(chan net.Conn, 10)}
	ctx, cancel := context.WithCancel(context.Background())
	ran, served := make(chan error, 1), make(chan struct{})
	go func() { ran <- p.Run(ctx) }()
	go func() {
		defer close(served)
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			b.accepted <- conn
		}
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ran; err != nil {
			t.Errorf("run: %v", err)
		}
		if open, _ := p.Connections(); open != 0 {
			t.Errorf("%d connections outlive Run", open)
		}
		_ = server.Close()
		<-served
	})
	return b
}

// connect opens a connection and returns both of its ends, bounded in time.
func (b *bench) connect() (client, server net.Conn) {
	b.t.Helper()
	client, err := net.Dial("tcp", b.Address())
	if err != nil {
		b.t.Fatal(err)
	}
	select {
	case server = <-b.accepted:
	case <-time.After(patience):
		b.t.Fatal("the server got no connection")
	}
	for _, conn := range []net.Conn{client, server} {
		_ = conn.SetDeadline(time.Now().Add(patience))
		b.t.Cleanup(func() { _ = conn.Close() })
	}
	return client, server
}

// carries sends text from one end and wants it at the other.
func carries(t *testing.T, from, to net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(from, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(to, got); err != nil || string(got) != text {
		t.Fatalf("read %q, %v; want %q", got, err, text)
	}
}

// silent wants nothing to read for a moment.
func silent(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	n, err := conn.Read(make([]byte, 1))
	var timeout net.Error
	if n > 0 || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("read %d bytes, %v; want silence", n, err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
}

// wasReset wants the connection to end with a reset, after this many bytes.
func wasReset(t *testing.T, conn net.Conn, bytes int) {
	t.Helper()
	rest, err := io.ReadAll(conn)
	if !errors.Is(err, syscall.ECONNRESET) || len(rest) != bytes {
		t.Errorf("read %d bytes, then %v; want %d and a reset", len(rest), err, bytes)
	}
}

func TestProxyCarriesBothWaysAndEnds(t *testing.T) {
	b := newBench(t)
	client, server := b.connect()
	carries(t, client, server, strings.Repeat("question", 1000))
	carries(t, server, client, strings.Repeat("answer", 1000))
	_ = client.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(server); err != nil || len(rest) > 0 {
		t.Errorf("the client's end came as %q, %v", rest, err)
	}
	carries(t, server, client, "still open this way")
	_ = server.Close()
	if _, err := io.ReadAll(client); err != nil {
		t.Errorf("the server's end came as %v", err)
	}
	if got := b.Counts(Up).Bytes; got != 8000 {
		t.Errorf("%d bytes counted, want 8000", got)
	}
}

func TestProxyReset(t *testing.T) {
	b := newBench(t)
	client, server := b.connect()
	carries(t, client, server, "before")
	b.Reset()
	wasReset(t, client, 0)
	wasReset(t, server, 0)
	client, server = b.connect()
	carries(t, client, server, "after")
}

func TestProxyCutsInTheMiddle(t *testing.T) {
	b := newBench(t)
	client, server := b.connect()
	carries(t, client, server, "before")
	b.CutAfter(Up, 10)
	if _, err := io.WriteString(client, "1234"); err != nil {
		t.Fatal(err)
	}
	carriesOn := make([]byte, 4)
	if _, err := io.ReadFull(server, carriesOn); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(client, "56789012345"); err != nil {
		t.Fatal(err)
	}
	wasReset(t, client, 0)
	// What the server's kernel has not handed over before a reset is discarded.
	if rest, err := io.ReadAll(server); !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix("567890", string(rest)) {
		t.Errorf("the server read %q, then %v; want at most 567890 and a reset", rest, err)
	}
	if got := b.Counts(Up).Bytes; got != 10 {
		t.Errorf("%d bytes counted before the cut, want the 6 and the 4 that were carried whole", got)
	}
}

func TestProxyVanish(t *testing.T) {
	for _, gone := range []Side{Client, Server} {
		b := newBench(t)
		client, server := b.connect()
		carries(t, client, server, "before")
		b.Vanish(gone)
		left, lost := client, server
		if gone == Client {
			left, lost = server, client
		}
		wasReset(t, lost, 0)
		if _, err := io.WriteString(left, "into the void"); err != nil {
			t.Errorf("side %d gone: write: %v", gone, err)
		}
		silent(t, left)
		client, server = b.connect()
		carries(t, client, server, "another connection")
	}
}

func TestProxyHole(t *testing.T) {
	b := newBench(t)
	client, server := b.connect()
	carries(t, client, server, "before")
	b.Set(Up, Rule{Hole: true})
	if _, err := io.WriteString(client, "held"); err != nil {
		t.Fatal(err)
	}
	silent(t, server)
	carries(t, server, client, "the other way is open")
	b.Set(Up, Rule{})
	got := make([]byte, 4)
	if _, err := io.ReadFull(server, got); err != nil || string(got) != "held" {
		t.Errorf("read %q, %v after the hole", got, err)
	}
}

func TestProxyRate(t *testing.T) {
	b := newBench(t)
	client, server := b.connect()
	b.Set(Up, Rule{Rate: 100_000})
	begin := time.Now()
	carries(t, client, server, strings.Repeat("x", 20_000))
	if took := time.Since(begin); took < 190*time.Millisecond {
		t.Errorf("20 kB took %v at 100 kB/s", took)
	}
}

func TestProxyWithoutServer(t *testing.T) {
	refused := errors.New("refused")
	p, err := NewProxy(func(context.Context) (net.Conn, error) { return nil, refused }, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- p.Run(ctx) }()
	client, err := net.DialTimeout("tcp", p.Address(), patience)
	if err == nil {
		defer client.Close()
		_ = client.SetDeadline(time.Now().Add(patience))
		wasReset(t, client, 0)
	} else if !errors.Is(err, syscall.ECONNRESET) { // it may come before Dial is done
		t.Error(err)
	}
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("run: %v", err)
	}
}
