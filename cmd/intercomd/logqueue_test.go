package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// reader is what reads a log. Between hold and release it takes nothing;
// between fail and heal it takes some of a line and refuses the rest.
type reader struct {
	mu      sync.Mutex
	text    strings.Builder
	held    chan struct{} // closed on release; nil when it is not held
	failing bool
}

func (r *reader) Write(b []byte) (int, error) {
	r.mu.Lock()
	held := r.held
	r.mu.Unlock()
	if held != nil {
		<-held
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failing {
		n, _ := r.text.Write(b[:min(3, len(b))])
		return n, errors.New("no space left on device")
	}
	return r.text.Write(b)
}

func (r *reader) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = make(chan struct{})
}

func (r *reader) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.held)
	r.held = nil
}

func (r *reader) fail(failing bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = failing
}

func (r *reader) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Split(strings.TrimSuffix(r.text.String(), "\n"), "\n")
}

// brief writes the level and the attributes of a record.
func brief(w io.Writer) slog.Handler {
	return slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}})
}

// logged runs body with a queue before a reader, and returns what was read.
func logged(t *testing.T, body func(q *logQueue, r *reader)) (lines []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &reader{}
		q := newLogQueue(r, brief)
		body(q, r)
		q.close()
		lines = r.lines()
	})
	return lines
}

func put(q *logQueue, lines ...string) {
	for _, line := range lines {
		fmt.Fprintln(q, line)
	}
}

func TestLogQueuePassesOn(t *testing.T) {
	got := logged(t, func(q *logQueue, _ *reader) { put(q, "one", "two"); put(q, "three") })
	if strings.Join(got, " ") != "one two three" {
		t.Errorf("got %q", got)
	}
}

// TestLogQueueDrops has a reader that takes nothing for a while.
func TestLogQueueDrops(t *testing.T) {
	long := strings.Repeat("x", 1023) // 1 KiB with its end
	const fit = logRoom >> 10
	for _, c := range []struct {
		name  string
		after []string // lines put once the reader reads again
		want  []string // what follows the lines that fit
	}{
		{"nothing follows", nil, []string{"level=WARN lines=10"}},
		{"more follows", []string{"next", "last"}, []string{"level=WARN lines=10", "next", "last"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := logged(t, func(q *logQueue, r *reader) {
				r.hold()
				put(q, "first")
				synctest.Wait() // it is being written
				begin := time.Now()
				for range fit + 10 {
					put(q, long)
				}
				if took := time.Since(begin); took != 0 {
					t.Errorf("who logs waited for %v", took)
				}
				r.release()
				synctest.Wait()
				put(q, c.after...)
			})
			if len(got) < 1+fit || got[0] != "first" || got[fit] != long {
				t.Fatalf("%d lines, want %d and more", len(got), fit+1)
			}
			if rest := got[fit+1:]; strings.Join(rest, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("then %q, want %q", rest, c.want)
			}
		})
	}
}

// TestLogQueueTellsInPlace has lines that fit again after some that did not,
// while the reader still takes nothing.
func TestLogQueueTellsInPlace(t *testing.T) {
	got := logged(t, func(q *logQueue, r *reader) {
		r.hold()
		put(q, "first")
		synctest.Wait()
		put(q, strings.Repeat("x", logRoom)) // never fits
		put(q, "second")
		r.release()
	})
	if want := "first\nlevel=WARN lines=1\nsecond"; strings.Join(got, "\n") != want {
		t.Errorf("got %q", got)
	}
}

// TestLogQueueSurvivesErrors has a disk that is full for a while.
func TestLogQueueSurvivesErrors(t *testing.T) {
	got := logged(t, func(q *logQueue, r *reader) {
		put(q, "first")
		synctest.Wait()
		r.fail(true)
		put(q, "second", "third")
		synctest.Wait()
		r.fail(false)
		put(q, "fourth")
	})
	if want := "fourth"; got[len(got)-1] != want || got[len(got)-2] != "level=WARN lines=2" {
		t.Errorf("got %q", got)
	}
	if got[0] != "first" || !strings.HasPrefix(got[1], "sec") {
		t.Errorf("got %q", got)
	}
}

// TestLogQueueEndsWithoutReader ends a queue whose reader never comes back.
func TestLogQueueEndsWithoutReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{}
		r.hold()
		q := newLogQueue(r, brief)
		put(q, "first")
		begin := time.Now()
		q.close()
		if took := time.Since(begin); took != logFlush {
			t.Errorf("the end took %v, want %v", took, logFlush)
		}
		put(q, "too late")
		r.release()
		<-q.done
		if got := r.lines(); got[0] != "first" {
			t.Errorf("got %q", got)
		}
	})
}
