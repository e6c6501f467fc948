package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// ExitError is the end of a command that did not succeed.
type ExitError struct {
	Command string
	Code    int    // as a shell counts: 128 + number for one ended by a signal
	Output  string // the end of it, when nobody else got it
}

// Error implements error.
func (e *ExitError) Error() string {
	text := fmt.Sprintf("%s: exit status %d", e.Command, e.Code)
	if e.Output != "" {
		text += ": " + e.Output
	}
	return text
}

// Command is a command that runs on the board.
type Command struct {
	board *Board
	text  string
	id    uint64
	done  chan struct{} // closed when it has ended
	err   error         // how, valid after done
}

// Spawn starts a shell command. Both outputs go to out, which may be nil and
// is written to by one goroutine at a time; it must not block.
func (b *Board) Spawn(command string, out io.Writer) (*Command, error) {
	write := func(p []byte) {
		if out != nil {
			_, _ = out.Write(p) // a writer of the test's own memory or file
		}
	}
	id, p, err := b.control.begin(wire.Request{Op: wire.Run, Command: command}, write)
	if err != nil {
		return nil, b.explain("run "+command, err)
	}
	c := &Command{board: b, text: command, id: id, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		r, err := b.control.wait(context.Background(), p)
		switch {
		case err != nil:
			c.err = b.explain("run "+command, err)
		case r.Code != 0:
			c.err = &ExitError{Command: command, Code: r.Code}
		}
	}()
	return c, nil
}

// Done is closed when the command has ended.
func (c *Command) Done() <-chan struct{} { return c.done }

// Wait waits for the end of the command and returns how it was. At the end of
// ctx the command is stopped.
func (c *Command) Wait(ctx context.Context) error {
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("run %s: %w", c.text, context.Cause(ctx)), c.Stop())
	}
}

// stopLimit bounds the end of a command: the agent kills after 2 s.
const stopLimit = 10 * time.Second

// Stop ends the command, by SIGKILL if SIGTERM does not, and waits for its end.
func (c *Command) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	if err := c.board.control.ask(ctx, wire.Request{Op: wire.Stop, Target: c.id}, nil); err != nil {
		return c.board.explain("stop "+c.text, err)
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop %s: %w", c.text, context.Cause(ctx))
	}
}

// Run runs a shell command to its end.
func (b *Board) Run(ctx context.Context, command string, out io.Writer) error {
	c, err := b.Spawn(command, out)
	if err != nil {
		return err
	}
	return c.Wait(ctx)
}

// Output runs a shell command and returns what it wrote, without the space
// around it.
func (b *Board) Output(ctx context.Context, command string) (string, error) {
	var out bytes.Buffer
	err := b.Run(ctx, command, &out)
	text := strings.TrimSpace(out.String())
	var exit *ExitError
	if errors.As(err, &exit) {
		exit.Output = text
	}
	return text, err
}

// Put writes a file with these permissions, and the folders above it.
func (b *Board) Put(ctx context.Context, path string, mode os.FileMode, data []byte) error {
	q := wire.Request{Op: wire.Put, Path: path, Mode: uint32(mode.Perm())}
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), wire.MaxData)
		q.Data, q.Append = data[:n], !first
		if err := b.control.ask(ctx, q, nil); err != nil {
			return b.explain("put "+path, err)
		}
		data = data[n:]
	}
	return nil
}

// Get reads a file.
func (b *Board) Get(ctx context.Context, path string) ([]byte, error) {
	var content []byte
	err := b.control.ask(ctx, wire.Request{Op: wire.Get, Path: path}, func(p []byte) { content = append(content, p...) })
	if err != nil {
		return nil, b.explain("get "+path, err)
	}
	return content, nil
}

// Drive puts levels on an input line; the board's own clock times them. It
// returns after the last step.
func (b *Board) Drive(ctx context.Context, line int, steps ...wire.Step) error {
	err := b.control.ask(ctx, wire.Request{Op: wire.Drive, Line: line, Steps: steps}, nil)
	return b.explain(fmt.Sprintf("drive line %d", line), err)
}

// Press pulls a button's line to ground for a time.
func (b *Board) Press(ctx context.Context, line int, hold time.Duration) error {
	return b.Drive(ctx, line, wire.Step{Level: 0, Hold: hold}, wire.Step{Level: 1})
}

// Level reads a line, whoever drives it: 0 or 1.
func (b *Board) Level(ctx context.Context, line int) (int, error) {
	levels, err := b.Watch(ctx, line, 0, 0)
	if err != nil {
		return 0, err
	}
	return levels[0], nil
}

// Watch reads a line at once and then every so often, with the board's clock.
// It returns at least one level.
func (b *Board) Watch(ctx context.Context, line int, every, duration time.Duration) ([]int, error) {
	var out bytes.Buffer
	q := wire.Request{Op: wire.Watch, Line: line, Every: every, For: duration}
	err := b.control.ask(ctx, q, func(p []byte) { out.Write(p) })
	if err != nil {
		return nil, b.explain(fmt.Sprintf("watch line %d", line), err)
	}
	var levels []int
	for _, c := range out.Bytes() {
		levels = append(levels, int(c-'0'))
	}
	if len(levels) == 0 {
		return nil, fmt.Errorf("watch line %d: the board saw nothing", line)
	}
	return levels, nil
}

// PlugChip makes the GPIO chip disappear, or appear again.
func (b *Board) PlugChip(ctx context.Context, on bool) error {
	return b.explain("plug the GPIO chip", b.control.ask(ctx, wire.Request{Op: wire.Plug, On: on}, nil))
}

// SetNetem impairs what the board sends; the zero value ends that.
func (b *Board) SetNetem(ctx context.Context, n wire.Netem) error {
	return b.explain("impair the network", b.control.ask(ctx, wire.Request{Op: wire.Net, Netem: n}, nil))
}

// SetLink plugs the network cable or pulls it: the board's card notices.
func (b *Board) SetLink(ctx context.Context, up bool) error {
	return b.explain("set the link", b.monitor.do(ctx, "set_link", map[string]any{"name": card, "up": up}))
}
