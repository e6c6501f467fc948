package pi

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

// guest plays the agent: it answers each text by what answer says.
func guest(t *testing.T, conn net.Conn, answer func(text string) string) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := fmt.Fprintln(conn, "hello"); err != nil {
			return
		}
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			number, text, _ := strings.Cut(lines.Text(), " ")
			decoded, err := base64.StdEncoding.DecodeString(text)
			reply := answer(string(decoded))
			if err != nil || reply == "" {
				_ = conn.Close() // a reset
				return
			}
			if _, err := fmt.Fprintln(conn, number, reply); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { <-done })
}

func TestHand(t *testing.T) {
	here, there := net.Pipe()
	guest(t, there, func(text string) string {
		return map[string]string{
			"true":  "0 " + base64.StdEncoding.EncodeToString([]byte("fine\n")),
			"false": "1 " + base64.StdEncoding.EncodeToString([]byte("bad\n")),
			"quiet": "0",
		}[text]
	})
	h := newHand(here)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		h.listen()
	}()
	if out, err := h.do(t.Context(), "true"); out != "fine\n" || err != nil {
		t.Errorf("true: %q, %v", out, err)
	}
	if out, err := h.do(t.Context(), "quiet"); out != "" || err != nil {
		t.Errorf("quiet: %q, %v", out, err)
	}
	_, err := h.do(t.Context(), "false")
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 1 || exit.Output != "bad\n" {
		t.Errorf("false: %v, want exit code 1", err)
	}
	if _, err := h.do(t.Context(), "reboot"); !errors.Is(err, ErrReset) {
		t.Errorf("reboot: %v, want %v", err, ErrReset)
	}
	<-listening
	if _, err := h.do(t.Context(), "true"); !errors.Is(err, ErrReset) {
		t.Errorf("after the reset: %v, want %v", err, ErrReset)
	}
}

func TestRecord(t *testing.T) {
	var echoed []string
	r := newRecord(func(l Line) { echoed = append(echoed, l.Text) })
	r.begin()
	r.read(Console, strings.NewReader("\x1b[1mfirst\x1b[0m\r\n\n  second\nlast"))
	if want := "first,second,last"; strings.Join(echoed, ",") != want {
		t.Errorf("echoed %q, want %q", echoed, want)
	}
	contains := func(text string) func(Line) bool {
		return func(l Line) bool { return strings.Contains(l.Text, text) }
	}
	l, err := r.await(t.Context(), 0, contains("second"))
	if err != nil || l.Boot != 1 || l.From != Console || l.After != 2 {
		t.Errorf("second: %+v, %v", l, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.await(ctx, l.After, contains("second")); !errors.Is(err, context.Canceled) {
		t.Errorf("second again: %v, want it to be behind the mark", err)
	}
	if got := r.mark(); got != 3 {
		t.Errorf("mark %d, want 3", got)
	}
}
