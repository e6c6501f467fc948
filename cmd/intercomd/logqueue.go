package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// logRoom is how much of the log waits for its reader at most, bytes:
	// minutes of a busy device.
	logRoom = 256 << 10
	// logFlush bounds how long the end of the daemon waits for the reader.
	logFlush = time.Second
)

// logQueue stands between the daemon and whoever reads its log: a pipe that is
// full, a journal that hangs and a disk without room delay nobody who logs.
// Lines that find no room or cannot be written are dropped. A line in their
// place says how many, as soon as one can be written again.
type logQueue struct {
	out     io.Writer
	handler slog.Handler // writes to out
	done    chan struct{}

	mu      sync.Mutex
	more    *sync.Cond // there is something to write, or the end
	lines   []logLine
	size    int    // of lines, bytes
	dropped uint64 // after the last of lines
	ended   bool

	// Of run alone.
	missing uint64 // lines dropped before what is written next, not told yet
	torn    bool   // the last line has no end
}

type logLine struct {
	text   []byte // nil when there is none after those that were dropped
	before uint64 // lines dropped before this one
}

// newLogQueue begins to write what is queued to out; close must follow. It
// counts dropped lines in the format that format makes.
func newLogQueue(out io.Writer, format func(io.Writer) slog.Handler) *logQueue {
	q := &logQueue{out: out, handler: format(out), done: make(chan struct{})}
	q.more = sync.NewCond(&q.mu)
	go q.run()
	return q
}

// Write queues one line and returns at once. It never fails.
func (q *logQueue) Write(line []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended || q.size+len(line) > logRoom {
		q.dropped++
		return len(line), nil
	}
	q.lines = append(q.lines, logLine{bytes.Clone(line), q.dropped})
	q.size, q.dropped = q.size+len(line), 0
	q.more.Signal()
	return len(line), nil
}

// close waits until everything is written, but not for long: what a reader has
// not taken by then ends with the process, as does the goroutine that waits
// for it.
func (q *logQueue) close() {
	q.mu.Lock()
	q.ended = true
	q.more.Signal()
	q.mu.Unlock()
	timer := time.NewTimer(logFlush)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	}
}

// run writes lines until the end, and what is left of them then.
func (q *logQueue) run() {
	defer close(q.done)
	for {
		line, ok := q.next()
		if !ok {
			return
		}
		q.missing += line.before
		q.write(line.text)
	}
}

// next waits for something to write. It says false when nothing will come.
func (q *logQueue) next() (logLine, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.lines) == 0 && q.dropped == 0 && !q.ended {
		q.more.Wait()
	}
	if len(q.lines) == 0 {
		rest := logLine{before: q.dropped}
		q.dropped = 0
		return rest, rest.before > 0
	}
	line := q.lines[0]
	q.lines = q.lines[1:]
	q.size -= len(line.text)
	return line, true
}

// write writes a line, and before it how many are missing.
func (q *logQueue) write(line []byte) {
	if q.torn {
		_, err := q.out.Write([]byte("\n"))
		q.torn = err != nil
	}
	if q.missing > 0 && q.tell(q.missing) == nil {
		q.missing = 0
	}
	n, err := q.out.Write(line)
	if err != nil {
		q.missing++
		q.torn = q.torn || n > 0
	}
}

func (q *logQueue) tell(missing uint64) error {
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "lines of the log were dropped: nobody took them in time", 0)
	r.Add("lines", missing)
	return q.handler.Handle(context.Background(), r)
}
