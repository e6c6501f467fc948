package pi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Source says where a line of the record comes from.
type Source string

const (
	// Firmware: what the played firmware and power supply did.
	Firmware Source = "firmware"
	// Console: the guest's serial line, where its kernel writes.
	Console Source = "console"
	// Journal: the guest's journal.
	Journal Source = "journal"
)

// Line is one thing that happened.
type Line struct {
	// At is when it came, from the first power-on.
	At time.Duration
	// Boot counts the starts of the firmware, from 1.
	Boot int
	From Source
	Text string
	// After is the place behind it.
	After Mark
}

func (l Line) String() string {
	return fmt.Sprintf("%7.1fs boot %d %s: %s", l.At.Seconds(), l.Boot, l.From, l.Text)
}

// record keeps what happened, in order.
type record struct {
	began time.Time
	echo  func(Line) // told of every line, in order; may be nil

	mu    sync.Mutex
	boot  int
	lines []Line
	more  chan struct{} // closed and replaced by every line
}

func newRecord(echo func(Line)) *record {
	return &record{began: time.Now(), echo: echo, more: make(chan struct{})}
}

func (r *record) add(from Source, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line := Line{At: time.Since(r.began), Boot: r.boot, From: from, Text: text, After: Mark(len(r.lines) + 1)}
	r.lines = append(r.lines, line)
	if r.echo != nil {
		r.echo(line)
	}
	close(r.more)
	r.more = make(chan struct{})
}

// begin counts another start of the firmware.
func (r *record) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.boot++
}

// read adds all lines of a stream, until it ends.
func (r *record) read(from Source, stream io.Reader) {
	escape := regexp.MustCompile(`\x1b(\[[0-9;?!]*[a-zA-Z]|[^\[])`)
	lines := bufio.NewReader(stream)
	for {
		text, err := lines.ReadString('\n')
		text = strings.TrimSpace(escape.ReplaceAllString(text, ""))
		if text != "" {
			r.add(from, text)
		}
		if err != nil {
			return
		}
	}
}

// Mark is a place in the record: that many lines came before.
type Mark int

func (r *record) mark() Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Mark(len(r.lines))
}

// since returns the lines from a mark on, and a channel that is closed when
// there are more.
func (r *record) since(m Mark) ([]Line, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines[m:len(r.lines):len(r.lines)], r.more
}

// await waits for a line from a mark on that matches.
func (r *record) await(ctx context.Context, from Mark, match func(Line) bool) (Line, error) {
	for {
		lines, more := r.since(from)
		for _, l := range lines {
			if match(l) {
				return l, nil
			}
		}
		from += Mark(len(lines))
		select {
		case <-more:
		case <-ctx.Done():
			return Line{}, context.Cause(ctx)
		}
	}
}
