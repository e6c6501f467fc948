package signaling

import (
	"context"
	"encoding/xml"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

var losslessRuns = flag.Int("lossless.n", 2000, "number of schedules of connections that are cut")

// keeper is a server's side of a managed session, written from XEP-0198 alone.
type keeper struct {
	t *testing.T

	mu      sync.Mutex
	handled uint32   // stanzas of the client
	got     []string // the messages among them
	out     []string // stanzas to the client it has not acknowledged
	acked   uint32   // its count
	made    int      // messages made so far
}

// resume begins another connection of the session: the client has handled h.
func (k *keeper) resume(h uint32) uint32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.acknowledge(h)
	return k.handled
}

func (k *keeper) acknowledge(h uint32) {
	n := h - k.acked
	if int(n) > len(k.out) {
		k.t.Fatalf("the client acknowledges %d, sent were %d to %d", h, k.acked, k.acked+uint32(len(k.out)))
	}
	k.out, k.acked = k.out[n:], h
}

// element takes an element and returns the answer.
func (k *keeper) element(e element) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch e.start.Name.Local {
	case "enable":
		return smEnabled
	case "r":
		return smA(k.handled)
	case "a":
		h, err := strconv.ParseUint(e.attr("h"), 10, 32)
		if err != nil {
			k.t.Fatalf("%s: %v", e.raw, err)
		}
		k.acknowledge(uint32(h))
	case "message":
		k.got = append(k.got, e.raw)
		k.handled++
	case "presence":
		k.handled++
	case "iq":
		k.handled++
		answer := `<iq type='result' id='` + e.attr("id") + `'/>`
		k.out = append(k.out, answer)
		return answer
	}
	return ""
}

// make makes a message for the client and maybe asks for its count.
func (k *keeper) make(rng *rand.Rand, total int) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == total {
		return smR
	}
	m := message(strconv.Itoa(k.made))
	k.made++
	k.out = append(k.out, m)
	if rng.IntN(2) == 0 {
		m += smR
	}
	return m
}

func (k *keeper) finished(in, out int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.made == in && len(k.out) == 0 && len(k.got) >= out
}

// serve serves one connection until it ends.
func (k *keeper) serve(conn net.Conn, resumed bool, rng *rand.Rand, in int, wait []time.Duration) {
	p := newPeer(k.t, conn)
	if resumed {
		k.mu.Lock()
		again := strings.Join(k.out, "")
		k.mu.Unlock()
		p.send(again)
	}
	ended := make(chan struct{})
	var wg sync.WaitGroup
	var hello sync.WaitGroup
	if !resumed {
		hello.Add(1)
	}
	wg.Go(func() {
		hello.Wait()
		for i := 0; ; i++ {
			select {
			case <-ended:
				return
			case <-time.After(wait[i%len(wait)]):
				p.send(k.make(rng, in))
			}
		}
	})
	greeted := resumed
	for {
		e, err := p.element()
		if err != nil {
			break
		}
		if answer := k.element(e); answer != "" {
			p.send(answer)
		}
		if !greeted && e.start.Name.Local == "iq" {
			greeted = true
			hello.Done()
		}
	}
	if !greeted {
		hello.Done()
	}
	close(ended)
	wg.Wait()
	conn.Close()
}

// fragile is a connection that stops to carry bytes after so many of them: it
// breaks, or it goes on to swallow them like a network that is gone.
type fragile struct {
	net.Conn
	mu      sync.Mutex
	in, out int
	breaks  bool
}

func (f *fragile) Write(p []byte) (int, error) {
	f.mu.Lock()
	n := min(f.out, len(p))
	f.out -= n
	f.mu.Unlock()
	if n > 0 {
		if _, err := f.Conn.Write(p[:n]); err != nil {
			return 0, err
		}
	}
	if n < len(p) && f.breaks {
		f.Conn.Close()
	}
	return len(p), nil // as the kernel does: it takes what it cannot deliver
}

func (f *fragile) Read(p []byte) (int, error) {
	for {
		n, err := f.Conn.Read(p)
		if err != nil {
			return n, err
		}
		f.mu.Lock()
		left := min(f.in, n)
		f.in -= left
		f.mu.Unlock()
		if left < n && f.breaks {
			f.Conn.Close()
		}
		if left > 0 {
			return left, nil
		}
	}
}

// TestNothingIsLostOrDoubled cuts connections at every kind of place, both ways
// at once, and wants every message once and in order.
func TestNothingIsLostOrDoubled(t *testing.T) {
	schedules := *losslessRuns
	if testing.Short() {
		schedules = min(schedules, 500)
	}
	resumptions := uint64(0)
	for seed := range schedules {
		synctest.Test(t, func(t *testing.T) { resumptions += cutAndResume(t, uint64(seed)) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d schedules, %d resumptions", schedules, resumptions)
}

func cutAndResume(t *testing.T, seed uint64) uint64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	cfg := Config{Domain: testDomain, Username: testUser, Password: "x", TLS: NoTLS, AllowInsecure: true}
	l, err := New(cfg, testCodec{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	l.SetInCall(true)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in, out, cuts := 1+rng.IntN(8), 1+rng.IntN(8), rng.IntN(5)
	k := &keeper{t: t}
	var received []string
	r := newRunner(l, func(s call.Signal) { received = append(received, string(s.Session)) }, func(State) {})
	var wg sync.WaitGroup
	pauses := make([]time.Duration, out)
	for i := range pauses {
		pauses[i] = time.Duration(rng.IntN(1000)) * time.Millisecond
	}
	wg.Go(func() {
		for i, pause := range pauses {
			time.Sleep(pause)
			l.Send(hangUp(strconv.Itoa(i)))
		}
	})
	wg.Go(func() {
		for end := time.Now().Add(10 * time.Minute); !k.finished(in, out) && time.Now().Before(end); {
			time.Sleep(100 * time.Millisecond)
		}
		cancel()
	})
	for n := 0; ctx.Err() == nil; n++ {
		near, far := net.Pipe()
		conn := &fragile{Conn: newBuffered(near), in: 1 << 30, out: 1 << 30, breaks: rng.IntN(2) == 0}
		if n < cuts {
			conn.in, conn.out = rng.IntN(700), rng.IntN(700)
			if n == 0 {
				conn.in, conn.out = conn.in+400, conn.out+400 // the hello
			}
		}
		wait := []time.Duration{time.Duration(rng.IntN(300)+1) * time.Millisecond, time.Duration(rng.IntN(300)+1) * time.Millisecond}
		served := make(chan struct{})
		s := connectTo(t, r, k, conn)
		serverRng := rand.New(rand.NewPCG(seed, uint64(n)+2))
		go func() {
			defer close(served)
			k.serve(newBuffered(far), s.resumed, serverRng, in, wait)
		}()
		_, _ = r.serve(ctx, s)
		<-served
	}
	wg.Wait()
	var want, sent []string
	for i := range in {
		want = append(want, strconv.Itoa(i))
	}
	for i := range out {
		sent = append(sent, wire(hangUp(strconv.Itoa(i))))
	}
	if got := fmt.Sprint(received); got != fmt.Sprint(want) {
		t.Errorf("the client received %s, want %s", got, want)
	}
	if got := fmt.Sprint(k.got); got != fmt.Sprint(sent) {
		t.Errorf("the server received %s\nwant %s", got, sent)
	}
	return l.resumptions.Load()
}

// connectTo returns the stream of a new connection, as negotiation would.
func connectTo(t *testing.T, r *runner, k *keeper, conn net.Conn) *stream {
	n := &negotiation{socket: conn, framer: &framer{max: maxStanza}, bound: r.link.self, managed: true}
	header := testHeader
	if old := r.session; old.id != "" {
		n.session, n.resumed = old, true
		h := k.resume(old.received.Load())
		header += smResumed(h)
		start := xml.StartElement{Attr: []xml.Attr{{Name: xml.Name{Local: "h"}, Value: fmt.Sprint(h)}, {Name: xml.Name{Local: "previd"}, Value: "s1"}}}
		if err := resumed(old, start); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.framer.Write([]byte(header)); err != nil {
		t.Fatal(err)
	}
	n.framer.steady = true
	return n.stream(r.link, teed{conn, n.framer})
}

// teed shows what is read to the framer, as a negotiated connection does.
type teed struct {
	net.Conn
	framer *framer
}

func (c teed) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if _, bad := c.framer.Write(p[:n]); bad != nil {
		return n, bad
	}
	return n, err
}
