//go:build e2e

package badinput

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// control sends junk to the control socket, and commands that make no sense.
func (l *lab) control(t *testing.T, d *device, a *phone) {
	for _, c := range []struct{ name, sent, want string }{
		{"no HTTP", "\x00\xff\x00\xffhello\r\n\r\n", "400 Bad Request"},
		{"huge header", "GET /v1/status HTTP/1.1\r\nHost: d\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", "431 Request Header Fields Too Large"},
		{"no Host", "GET /v1/status HTTP/1.1\r\n\r\n", "400 Bad Request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := d.dialControl()
			if err != nil {
				t.Fatal(err)
			}
			got := exchange(t, conn, c.sent)
			if !strings.Contains(got, c.want) {
				t.Errorf("answer %q, want %q", got, c.want)
			}
			first, _, _ := strings.Cut(got, "\r\n")
			says(t, "%s", first)
		})
	}
	for _, c := range []struct {
		name, path string
		body       io.Reader
		status     int
		want       string
	}{
		{"body of 10 MB", "/v1/press", bytes.NewReader(append([]byte(`{"button":"`), bytes.Repeat([]byte("x"), 10<<20)...)), http.StatusRequestEntityTooLarge, "more than 65536 bytes"},
		{"unknown field", "/v1/press", strings.NewReader(`{"button":"front","force":true}`), http.StatusBadRequest, `unknown field "force"`},
		{"not JSON", "/v1/press", strings.NewReader("press it"), http.StatusBadRequest, "read request: "},
		{"wrong type", "/v1/press", strings.NewReader(`{"button":5}`), http.StatusBadRequest, "button"},
		{"unknown path", "/v1/open", strings.NewReader("{}"), http.StatusNotFound, "no path "},
		{"unknown verb", "/v1/session/explode", strings.NewReader("{}"), http.StatusNotFound, `no verb "explode"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, text := d.post(t, c.path, c.body)
			text = strings.ReplaceAll(text, `\"`, `"`)
			if status != c.status || !strings.Contains(text, c.want) {
				t.Errorf("%d %s, want %d with %q", status, text, c.status, c.want)
			}
			documented(t, fmt.Sprintf("%d %s", status, text))
			says(t, "%d %s", status, text)
		})
	}
	for _, c := range []struct {
		command string
		code    int
		want    string
	}{
		{"press back", 1, `no button "back"; there is: front`},
		{"call Zoe", 1, `no contact "Zoe"`},
		{"accept", 1, "there is no session"},
		{"stop nothing", 1, `no session "nothing"`},
		{"explode", 2, "explode"},
	} {
		t.Run("intercomd "+c.command, func(t *testing.T) {
			code, stdout, stderr := d.run(strings.Fields(c.command)...)
			if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d, %q, %q; want %d with %q", code, stdout, stderr, c.code, c.want)
			}
			first, _, _ := strings.Cut(stderr, "\n")
			documented(t, first)
			says(t, "%s", first)
		})
	}
	t.Run("no daemon", func(t *testing.T) {
		dir := t.TempDir()
		code, _, stderr := l.run("status", "--socket", filepath.Join(dir, "none.sock"))
		if code != 1 || !strings.Contains(stderr, "none.sock") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
		said := strings.ReplaceAll(stderr, dir, "DIR")
		documented(t, said)
		says(t, "%s", said)
	})
	a.nothingLost(t, d)
}

// exchange writes a request as it is and returns the answer up to its end or
// to a bound.
func exchange(t *testing.T, conn io.ReadWriteCloser, request string) string {
	t.Helper()
	defer conn.Close()
	if c, ok := conn.(interface{ SetDeadline(time.Time) error }); ok {
		if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = io.WriteString(conn, request) // the other side may have had enough
	answer := make([]byte, 4096)
	n, _ := io.ReadAtLeast(conn, answer, len("HTTP/1.1 400 Bad Request\r\n")) // what came is looked at
	return string(answer[:n])
}
