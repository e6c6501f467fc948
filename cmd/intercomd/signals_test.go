package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// announced is a log that says on a channel when something was written.
type announced struct{ lines chan string }

func (a announced) Write(b []byte) (int, error) {
	a.lines <- string(b)
	return len(b), nil
}

// TestHangUp sends the signal to this process.
func TestHangUp(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
	}{{"from a terminal", true}, {"without one", false}} {
		t.Run(c.name, func(t *testing.T) {
			h := catchHangups(strings.NewReader(""))
			defer h.release()
			signal.Notify(h.got, syscall.SIGHUP) // also when the test runs under nohup(1)
			h.terminal = c.terminal
			said := announced{make(chan string, 10)}
			ctx, cancel := context.WithCancel(t.Context())
			asked, watched := make(chan string, 10), make(chan error, 1)
			go func() {
				watched <- h.watch(ctx, slog.New(slog.NewTextHandler(said, nil)),
					func() { asked <- "end" }, func() { asked <- "reload" })
			}()
			want := "reload"
			if c.terminal {
				want = "end"
			}
			for range 2 {
				if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
					t.Fatal(err)
				}
				select {
				case got := <-asked:
					if got != want {
						t.Errorf("asked to %s, want %s", got, want)
					}
				case <-time.After(10 * time.Second):
					t.Fatal("nothing was asked")
				}
			}
			cancel()
			if err := <-watched; err != nil {
				t.Errorf("the end: %v", err)
			}
			if told := len(said.lines) > 0; told != c.terminal {
				t.Errorf("said that the terminal is gone: %t", told)
			}
		})
	}
}

// TestPipeWithoutReader writes where nobody reads any more, as standard error:
// the process goes on.
func TestPipeWithoutReader(t *testing.T) {
	h := catchHangups(nil)
	defer h.release()
	if err := syscall.Kill(os.Getpid(), syscall.SIGPIPE); err != nil {
		t.Fatal(err)
	}
	select {
	case <-h.pipes:
	case <-time.After(10 * time.Second):
		t.Fatal("the signal did not come")
	}
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if isTerminal(file) || isTerminal(strings.NewReader("")) || isTerminal(nil) {
		t.Error("something is taken for a terminal that is none")
	}
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if !isTerminal(master) {
		t.Error("a terminal is not seen")
	}
}
