package vm

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// guest is the board's end of a channel.
type guest struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// talk gives a board with a channel to a guest that the test plays.
func talk(t *testing.T) (*Board, *guest) {
	here, there := net.Pipe()
	b := &Board{control: newChannel(here), boots: 1, options: Options{Dir: t.TempDir()}}
	t.Cleanup(func() {
		_ = b.control.close()
		_ = there.Close()
	})
	return b, &guest{t, there, bufio.NewReader(there)}
}

func (g *guest) take() wire.Request {
	g.t.Helper()
	line, err := g.in.ReadBytes('\n')
	if err != nil {
		g.t.Fatal(err)
	}
	var q wire.Request
	if err := json.Unmarshal(line, &q); err != nil {
		g.t.Fatal(err)
	}
	return q
}

func (g *guest) say(replies ...wire.Reply) {
	g.t.Helper()
	for _, r := range replies {
		if err := wire.Encode(g.conn, r); err != nil {
			g.t.Fatal(err)
		}
	}
}

func TestOutput(t *testing.T) {
	for _, c := range []struct {
		name    string
		replies []wire.Reply
		out     string
		err     string
	}{
		{"well", []wire.Reply{{Out: []byte("a ")}, {Out: []byte("b\n")}, {Done: true}}, "a b", ""},
		{"status", []wire.Reply{{Out: []byte("no")}, {Done: true, Code: 3}}, "no", "false: exit status 3: no"},
		{"refused", []wire.Reply{{Done: true, Error: "start command: no shell"}}, "", "no shell"},
		{"of another", []wire.Reply{{ID: 77, Done: true}, {Done: true}}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, g := talk(t)
			go func() {
				q := g.take()
				for _, r := range c.replies {
					if r.ID == 0 {
						r.ID = q.ID
					}
					g.say(r)
				}
			}()
			out, err := b.Output(t.Context(), "false")
			if out != c.out || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q, %v; want %q, %q", out, err, c.out, c.err)
			}
		})
	}
}

// Answers may come in any order.
func TestSideBySide(t *testing.T) {
	b, g := talk(t)
	first, err := begin(b, g, "first")
	if err != nil {
		t.Fatal(err)
	}
	second, err := begin(b, g, "second")
	if err != nil {
		t.Fatal(err)
	}
	g.say(wire.Reply{ID: second.id, Done: true, Code: 2}, wire.Reply{ID: first.id, Done: true, Code: 1})
	for command, code := range map[*Command]int{first: 1, second: 2} {
		var exit *ExitError
		if err := command.Wait(t.Context()); !errors.As(err, &exit) || exit.Code != code {
			t.Errorf("%s: %v, want status %d", command.text, err, code)
		}
	}
}

// begin spawns a command and takes the request.
func begin(b *Board, g *guest, command string) (*Command, error) {
	taken := make(chan struct{})
	go func() {
		g.take()
		close(taken)
	}()
	c, err := b.Spawn(command, nil)
	<-taken
	return c, err
}

// A boot ends what ran, and a line that it cut in two is skipped.
func TestRestart(t *testing.T) {
	b, g := talk(t)
	g.say(wire.Reply{Hello: true})
	c, err := begin(b, g, "sleep 1000")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.conn.Write([]byte(`{"id":1,"ou` + "\n")); err != nil {
		t.Fatal(err)
	}
	if b.Restarted() {
		t.Error("restarted before it did")
	}
	g.say(wire.Reply{Hello: true})
	if err := c.Wait(t.Context()); !errors.Is(err, ErrRestarted) || !strings.Contains(err.Error(), "console") {
		t.Errorf("the command ended with %v", err)
	}
	if !b.Restarted() {
		t.Error("the restart went unnoticed")
	}
	if _, err := b.AwaitRestart(t.Context()); err != nil || b.Restarted() {
		t.Errorf("after the expected restart: %v, restarted %v", err, b.Restarted())
	}
}

func TestProblemsAtBoot(t *testing.T) {
	b, g := talk(t)
	g.say(wire.Reply{Hello: true, Problems: []string{"load module vivid: invalid"}})
	if err := b.awaitHello(t.Context()); err == nil || !strings.Contains(err.Error(), "vivid") {
		t.Errorf("booted with %v", err)
	}
}

// The end of the board ends everything that waits, with the console.
func TestEnd(t *testing.T) {
	b, g := talk(t)
	c, err := begin(b, g, "sleep 1000")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(t.Context()); !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "console") {
		t.Errorf("the command ended with %v", err)
	}
	if _, err := b.AwaitRestart(t.Context()); !errors.Is(err, errEnded) {
		t.Errorf("waiting for a restart ended with %v", err)
	}
}

// A command that outlives its context is stopped on the board.
func TestWaitStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, g := talk(t)
		c, err := begin(b, g, "sleep 1000")
		if err != nil {
			t.Fatal(err)
		}
		var stopped wire.Request
		go func() {
			stopped = g.take()
			g.say(wire.Reply{ID: c.id, Done: true, Code: 143}, wire.Reply{ID: stopped.ID, Done: true})
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waited with %v", err)
		}
		if stopped.Op != wire.Stop || stopped.Target != c.id {
			t.Errorf("asked for %+v", stopped)
		}
		_ = b.control.close()
	})
}

// Files go in pieces, in order.
func TestPutGet(t *testing.T) {
	b, g := talk(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), wire.MaxData/16+5)
	var file []byte
	go func() {
		for len(file) < len(content) {
			q := g.take()
			if !q.Append {
				file = nil
			}
			file = append(file, q.Data...)
			g.say(wire.Reply{ID: q.ID, Done: true})
		}
		q := g.take()
		g.say(wire.Reply{ID: q.ID, Out: file[:100]}, wire.Reply{ID: q.ID, Out: file[100:]}, wire.Reply{ID: q.ID, Done: true})
	}()
	if err := b.Put(t.Context(), "/x", 0o600, content); err != nil {
		t.Fatal(err)
	}
	got, err := b.Get(t.Context(), "/x")
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(content), err)
	}
}

func TestWatch(t *testing.T) {
	b, g := talk(t)
	go func() {
		q := g.take()
		g.say(wire.Reply{ID: q.ID, Out: []byte("0110")}, wire.Reply{ID: q.ID, Done: true})
		q = g.take()
		g.say(wire.Reply{ID: q.ID, Done: true})
	}()
	levels, err := b.Watch(t.Context(), Lamp, time.Millisecond, time.Second)
	if err != nil || len(levels) != 4 || levels[0] != 0 || levels[1] != 1 {
		t.Errorf("%v, %v", levels, err)
	}
	if _, err := b.Level(t.Context(), Lamp); err == nil {
		t.Error("a level without a level")
	}
}

func TestMonitor(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	go func() {
		in := bufio.NewScanner(there)
		say := func(s string) { _, _ = there.Write([]byte(s + "\n")) }
		say(`{"QMP":{"version":{}}}`)
		in.Scan()
		say(`{"return":{}}`)
		in.Scan()
		say(`{"event":"NIC_RX_FILTER_CHANGED"}`)
		say(`{"return":{}}`)
		in.Scan()
		say(`{"error":{"class":"DeviceNotFound","desc":"no card"}}`)
	}()
	m, err := newMonitor(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.do(t.Context(), "set_link", map[string]any{"name": card, "up": true}); err != nil {
		t.Error(err)
	}
	if err := m.do(t.Context(), "set_link", nil); err == nil || !strings.Contains(err.Error(), "no card") {
		t.Errorf("error %v", err)
	}
}
