package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// watchedFolder is a folder with a file that is watched through a link.
type watchedFolder struct {
	t       *testing.T
	dir     string
	watch   *fileWatch
	changes chan struct{}
}

// watching makes config.1/c.yaml and config.2/c.yaml, and watches
// config/c.yaml, where config is a link to the first.
func watching(t *testing.T) *watchedFolder {
	t.Helper()
	w := &watchedFolder{t: t, dir: t.TempDir(), changes: make(chan struct{}, 100)}
	for _, name := range []string{"config.1", "config.2"} {
		if err := os.Mkdir(w.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
		w.write(name+"/c.yaml", name)
		w.write(name+"/password", "secret")
	}
	w.link("config.1", "config")
	w.watch = newFileWatch(w.path("config/c.yaml"))
	w.watch.follow([]string{"password"})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.watch.run(ctx, func() { w.changes <- struct{}{} }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return w
}

func (w *watchedFolder) path(name string) string { return filepath.Join(w.dir, name) }

func (w *watchedFolder) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// link makes or replaces a link in one step.
func (w *watchedFolder) link(target, name string) {
	w.t.Helper()
	if err := os.Symlink(target, w.path(name+".new")); err != nil {
		w.t.Fatal(err)
	}
	w.rename(name+".new", name)
}

func (w *watchedFolder) rename(from, to string) {
	w.t.Helper()
	if err := os.Rename(w.path(from), w.path(to)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watchedFolder) seen(why string) {
	w.t.Helper()
	select {
	case <-w.changes:
	case <-time.After(10 * time.Second):
		w.t.Fatalf("%s: not seen", why)
	}
}

func TestFileWatch(t *testing.T) {
	w := watching(t)
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"written", func() { w.write("config.1/c.yaml", "longer than before") }},
		{"what belongs to it", func() { w.write("config.1/password", "another") }},
		{"replaced by an editor", func() {
			w.write("config.1/.c.yaml.swp", "new")
			w.rename("config.1/.c.yaml.swp", "config.1/c.yaml")
		}},
		{"gone", func() { w.rename("config.1/c.yaml", "config.1/c.yaml~") }},
		{"back", func() { w.rename("config.1/c.yaml~", "config.1/c.yaml") }},
		{"link swapped", func() { w.link("config.2", "config") }},
		{"written behind the new link", func() { w.write("config.2/c.yaml", "more") }},
		{"folder gone", func() { w.rename("config.2", "config.3") }},
		{"folder back", func() { w.rename("config.3", "config.2") }},
		{"written in the folder that came back", func() { w.write("config.2/c.yaml", "and even more") }},
	} {
		step.do()
		w.seen(step.name)
	}
}

// What was changed between the start of the program and that of the watch is
// seen, other files in the folder are not.
func TestFileWatchSeesWhatWasBefore(t *testing.T) {
	w := &watchedFolder{t: t, dir: t.TempDir()}
	w.write("c.yaml", "one")
	w.watch = newFileWatch(w.path("c.yaml"))
	if w.watch.news() {
		t.Error("nothing has changed")
	}
	w.write("other", "text")
	if w.watch.news() {
		t.Error("another file counts")
	}
	w.write("c.yaml", "three")
	if !w.watch.news() || w.watch.news() {
		t.Error("a change is not told once")
	}
}

func TestSettling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s settling
		for _, step := range []struct {
			after, want time.Duration
		}{{0, settleFor}, {100 * time.Millisecond, settleFor}, {1750 * time.Millisecond, 150 * time.Millisecond}, {time.Second, 0}} {
			time.Sleep(step.after)
			if got := s.event(time.Now()); got != step.want {
				t.Errorf("after another %v: wait %v, want %v", step.after, got, step.want)
			}
		}
		s.end()
		if got := s.event(time.Now()); got != settleFor {
			t.Errorf("the next row: wait %v", got)
		}
	})
}

func TestFoldersOf(t *testing.T) {
	w := &watchedFolder{t: t, dir: t.TempDir()}
	for _, name := range []string{"a/b", "c"} {
		if err := os.MkdirAll(w.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w.write("a/b/file", "")
	w.link("a/b", "relative")
	w.link(w.path("c"), "absolute")
	w.link("../a/b/file", "c/up")
	w.link("loop", "loop")
	for path, want := range map[string][]string{
		"a/b/file":      {"a/b"},
		"relative/file": {"", "a/b"},
		"absolute/up":   {"", "c", "a/b"},
		"a/none/file":   {"a"},
		"absolute/none": {"", "c"},
	} {
		for i := range want {
			want[i] = filepath.Join(w.dir, want[i])
		}
		if got := foldersOf(w.path(path)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := foldersOf(w.path("loop/file")); len(got) != 1 {
		t.Errorf("a loop: %q", got)
	}
}
