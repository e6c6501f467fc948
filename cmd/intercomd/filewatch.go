package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A file is read when nothing has changed around it for settleFor, or when
// changes have gone on for settleMost.
const (
	settleFor  = 200 * time.Millisecond
	settleMost = 2 * time.Second
)

// fileWatch notices that a file, or one of those that belong to it, has become
// another one: written, replaced by an editor, gone, or reached through a
// symbolic link that leads elsewhere now.
type fileWatch struct {
	path string

	mu    sync.Mutex
	trace string   // as last seen
	files []string // that belong to it; relative to its folder
}

func newFileWatch(path string) *fileWatch {
	w := &fileWatch{path: path}
	w.trace = w.look()
	return w
}

// follow names the files that belong to the watched one, relative to its folder.
// How they are now is taken to be known.
func (w *fileWatch) follow(files []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Equal(files, w.files) {
		return
	}
	w.files = slices.Clone(files)
	w.trace = w.look()
}

// look describes the files as they are. The lock is held, or nobody else has w.
func (w *fileWatch) look() string {
	text := describe(w.path)
	for _, file := range w.files {
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(w.path), file)
		}
		text += describe(file)
	}
	return text
}

// describe is a text that changes when a path leads to another file, or to
// another content of it.
func describe(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Sprintf("%s: missing\n", path)
	}
	return fmt.Sprintf("%s: %d %d %v\n", path, inode(info), info.Size(), info.ModTime())
}

// news says whether the files have changed since it was asked last.
func (w *fileWatch) news() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.trace
	w.trace = w.look()
	return w.trace != before
}

// run calls changed for each change until ctx ends. The error is that of the
// kernel.
func (w *fileWatch) run(ctx context.Context, changed func()) (err error) {
	kernel, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", w.path, err)
	}
	defer func() {
		if closed := kernel.Close(); err == nil && closed != nil {
			err = fmt.Errorf("end the watch of %s: %w", w.path, closed)
		}
	}()
	if err := w.place(kernel); err != nil {
		return err
	}
	var settling settling
	settled := time.NewTimer(0) // what has changed before is looked at as well
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-kernel.Events:
			settled.Reset(settling.event(time.Now()))
		case err := <-kernel.Errors: // some events are lost
			if err != nil && ctx.Err() == nil {
				settled.Reset(settling.event(time.Now()))
			}
		case <-settled.C:
			settling.end()
			if err := w.place(kernel); err != nil {
				return err
			}
			if w.news() {
				changed()
			}
		}
	}
}

// settling is a row of events that have not been acted on.
type settling struct{ since time.Time }

// event says how long to wait after an event at now.
func (s *settling) event(now time.Time) time.Duration {
	if s.since.IsZero() {
		s.since = now
	}
	return max(0, min(settleFor, settleMost-now.Sub(s.since)))
}

func (s *settling) end() { s.since = time.Time{} }

// place watches the folders in which a change can make the path lead to another
// file, as they are now.
func (w *fileWatch) place(kernel *fsnotify.Watcher) error {
	folders := foldersOf(w.path)
	for _, old := range kernel.WatchList() {
		if !slices.Contains(folders, old) {
			_ = kernel.Remove(old) // one that is gone is not watched any more
		}
	}
	for _, folder := range folders {
		if err := kernel.Add(folder); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("watch %s: %w", folder, err)
		}
	}
	return nil
}

// maxLinks is how many symbolic links a path is followed through, as the kernel
// does (path_resolution(7)).
const maxLinks = 40

// foldersOf lists the folders that hold the file, or links on the way to it. Of
// a path that ends early it lists those up to there.
func foldersOf(path string) []string {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	var folders []string
	add := func(folder string) {
		if !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	at, rest := "/", split(path)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		next := filepath.Join(at, name)
		target, err := os.Readlink(next)
		switch {
		case err == nil && links < maxLinks:
			links++
			add(at)
			if filepath.IsAbs(target) {
				at = "/"
			}
			rest = append(split(target), rest...)
			continue
		case err == nil || len(rest) == 0 || missing(next): // a loop, the file, or the end of what there is
			add(at)
			return folders
		}
		at = next
	}
	return folders
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return err != nil
}

// split cuts a path into its names. It keeps "..", which is resolved against a
// folder that is no link any more.
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })
}
