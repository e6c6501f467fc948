package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// host is the other end of an agent's channel.
type host struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Scanner
}

func serve(t *testing.T) *host {
	t.Helper()
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- newAgent(there, newChip(wire.Chip{})).serve(wire.Reply{Hello: true, Uptime: 1.5}) }()
	h := &host{t, here, bufio.NewScanner(here)}
	h.in.Buffer(nil, wire.MaxLine)
	t.Cleanup(func() {
		_ = there.Close()
		_ = here.Close()
		<-done
	})
	if !h.in.Scan() || h.in.Text() != "" {
		t.Fatalf("the first line is %q, want the end of an earlier boot's", h.in.Text())
	}
	if hello := h.take(); !hello.Hello || hello.Uptime != 1.5 {
		t.Fatalf("the agent said %+v", hello)
	}
	return h
}

func (h *host) take() wire.Reply {
	h.t.Helper()
	var r wire.Reply
	if !h.in.Scan() {
		h.t.Fatalf("the channel ended: %v", h.in.Err())
	}
	if err := json.Unmarshal(h.in.Bytes(), &r); err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *host) ask(q wire.Request) {
	h.t.Helper()
	if err := wire.Encode(h.conn, q); err != nil {
		h.t.Fatal(err)
	}
}

// finish collects the answer to one request.
func (h *host) finish(id uint64) (out string, last wire.Reply) {
	h.t.Helper()
	for {
		r := h.take()
		if r.ID != id {
			continue
		}
		out += string(r.Out)
		if r.Done {
			return out, r
		}
	}
}

func TestRun(t *testing.T) {
	h := serve(t)
	for i, c := range []struct {
		command, out string
		code         int
	}{
		{"echo out; echo err >&2", "out\nerr\n", 0},
		{"exit 7", "", 7},
		{"kill -9 $$", "", 137},
		{"head -c 600000 /dev/zero | tr '\\0' x", strings.Repeat("x", 600000), 0},
	} {
		id := uint64(i + 1)
		h.ask(wire.Request{ID: id, Op: wire.Run, Command: c.command})
		out, last := h.finish(id)
		if out != c.out || last.Code != c.code || last.Error != "" {
			t.Errorf("%s: %d bytes, %+v; want %d bytes, status %d", c.command, len(out), last, len(c.out), c.code)
		}
	}
}

func TestStop(t *testing.T) {
	h := serve(t)
	for i, c := range []struct {
		command string
		code    int
	}{
		{"echo ready; exec sleep 1000", 143},
		{"trap '' TERM; echo ready; while true; do sleep 0.1; done", 137},
	} {
		run, stop := uint64(10*i+1), uint64(10*i+2)
		h.ask(wire.Request{ID: run, Op: wire.Run, Command: c.command})
		if r := h.take(); string(r.Out) != "ready\n" {
			t.Fatalf("%s: %+v", c.command, r)
		}
		h.ask(wire.Request{ID: stop, Op: wire.Stop, Target: run})
		ended := map[uint64]wire.Reply{}
		for len(ended) < 2 {
			if r := h.take(); r.Done {
				ended[r.ID] = r
			}
		}
		if ended[run].Code != c.code || ended[stop].Error != "" {
			t.Errorf("%s: %+v, want status %d", c.command, ended, c.code)
		}
	}
	h.ask(wire.Request{ID: 99, Op: wire.Stop, Target: 1})
	if _, last := h.finish(99); last.Error != "" {
		t.Errorf("stop of what has ended: %+v", last)
	}
}

func TestFiles(t *testing.T) {
	h := serve(t)
	path := filepath.Join(t.TempDir(), "new", "file")
	big := bytes.Repeat([]byte("z"), wire.MaxData)
	h.ask(wire.Request{ID: 1, Op: wire.Put, Path: path, Mode: 0o600, Data: big})
	h.finish(1)
	h.ask(wire.Request{ID: 2, Op: wire.Put, Path: path, Data: []byte("end"), Append: true})
	h.finish(2)
	h.ask(wire.Request{ID: 3, Op: wire.Get, Path: path})
	if out, _ := h.finish(3); out != string(big)+"end" {
		t.Errorf("%d bytes came back", len(out))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	h.ask(wire.Request{ID: 4, Op: wire.Put, Path: path, Mode: 0o600, Data: []byte("short")})
	h.finish(4)
	if content, err := os.ReadFile(path); string(content) != "short" {
		t.Errorf("a new file holds %d bytes, %v", len(content), err)
	}
	h.ask(wire.Request{ID: 5, Op: wire.Get, Path: path + ".missing"})
	if _, last := h.finish(5); !strings.Contains(last.Error, "no such file") {
		t.Errorf("a missing file: %+v", last)
	}
}

// What an earlier boot was told, half of it, does not disturb.
func TestStrangeLines(t *testing.T) {
	h := serve(t)
	for _, line := range []string{"", `d":"echo"}`, "null", `{"op":"run"}`} {
		if _, err := h.conn.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	h.ask(wire.Request{ID: 8, Op: "dance"})
	if _, last := h.finish(8); !strings.Contains(last.Error, "dance") {
		t.Errorf("an unknown operation: %+v", last)
	}
}

func TestNetemMessage(t *testing.T) {
	m := qdiscMessage(36, 0, 3, netemOptions(wire.Netem{Delay: 1e6, Loss: 0.5}))
	if got := int(m[0]) | int(m[1])<<8; got != len(m) || len(m)%4 != 0 {
		t.Errorf("a message of %d bytes says %d", len(m), got)
	}
	if !bytes.Contains(m, []byte("netem\x00")) {
		t.Error("the message names no discipline")
	}
	if got := attribute(5, []byte{1, 2, 3}); !bytes.Equal(got, []byte{7, 0, 5, 0, 1, 2, 3, 0}) {
		t.Errorf("attribute %v", got)
	}
}

func TestVerdict(t *testing.T) {
	answer := func(code byte) []byte {
		return append([]byte{36, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, code, 255, 255, 255)
	}
	done := answer(0)
	done[17], done[18], done[19] = 0, 0, 0
	if err := verdict(done); err != nil {
		t.Errorf("done is %v", err)
	}
	if err := verdict(answer(256 - 22)); err == nil || !strings.Contains(err.Error(), "invalid argument") {
		t.Errorf("EINVAL is %v", err)
	}
	if err := verdict([]byte{1, 2}); err == nil {
		t.Error("two bytes are an answer")
	}
}
