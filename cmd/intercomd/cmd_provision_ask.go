package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// asker asks questions on a terminal.
type asker struct {
	terminal *os.File // nil if answers come from elsewhere, as in tests
	in       *bufio.Reader
	out      io.Writer
}

// maxAnswer is how many bytes of an answer count.
const maxAnswer = 4096

// newAsker reads answers from in. Questions go to out.
func newAsker(in io.Reader, out io.Writer) *asker {
	q := &asker{out: out}
	if isTerminal(in) {
		q.terminal, _ = in.(*os.File)
	}
	q.in = bufio.NewReaderSize(in, maxAnswer)
	return q
}

// text asks for a text unless there is one; an empty answer is the default.
func (q *asker) text(ctx context.Context, into *string, question, otherwise string) error {
	if *into != "" {
		return nil
	}
	if otherwise != "" {
		question += " [" + otherwise + "]"
	}
	answer, err := q.line(ctx, question)
	*into = cmp.Or(strings.TrimSpace(answer), otherwise)
	return err
}

// valid repeats a question until nothing is wrong with the answer. What a flag
// gave is not asked for, and checked at the end with all the rest.
func (q *asker) valid(into *string, ask func() error, wrong func() string) error {
	if *into != "" {
		return nil
	}
	for {
		if err := ask(); err != nil {
			return err
		}
		text := wrong()
		if text == "" {
			return nil
		}
		fmt.Fprintf(q.out, "  Not possible: %s\n", text)
		*into = ""
	}
}

// number asks for a number above 0 until it is one.
func (q *asker) number(ctx context.Context, into *int64, question string) error {
	return q.validNumber(ctx, into, question, func() string { return "" })
}

// validNumber is number until nothing else is wrong with it either.
func (q *asker) validNumber(ctx context.Context, into *int64, question string, wrong func() string) error {
	for *into == 0 {
		answer, err := q.line(ctx, question)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(answer), 10, 64)
		if err != nil || n <= 0 {
			fmt.Fprintf(q.out, "  That is not a number above 0.\n")
			continue
		}
		*into = n
		if text := wrong(); text != "" {
			fmt.Fprintf(q.out, "  Not possible: %s\n", text)
			*into = 0
		}
	}
	return nil
}

// secret asks for a password, which the terminal does not show.
func (q *asker) secret(ctx context.Context, into *string, question string) (err error) {
	if *into != "" {
		return nil
	}
	if q.terminal != nil {
		show, err := q.hide()
		if err != nil {
			return err
		}
		defer func() {
			err = errors.Join(err, show())
			fmt.Fprintln(q.out)
		}()
	}
	*into, err = q.line(ctx, question)
	return err
}

// hide stops the terminal's echo until show is called.
func (q *asker) hide() (show func() error, err error) {
	fd := int(q.terminal.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("hide password: %w", err)
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETSF, &hidden); err != nil {
		return nil, fmt.Errorf("hide password: %w", err)
	}
	return func() error { return unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}

// line asks and returns what is answered up to the end of the line.
func (q *asker) line(ctx context.Context, question string) (string, error) {
	fmt.Fprintf(q.out, "%s: ", question)
	if err := q.await(ctx); err != nil {
		return "", err
	}
	answer, err := q.in.ReadString('\n')
	if err != nil && (!errors.Is(err, io.EOF) || answer == "") {
		return "", errors.New("no answer to: " + question)
	}
	return strings.TrimRight(answer, "\r\n"), nil
}

// await waits until there is something to read, so that an interrupt ends the
// program in order, with the terminal as it was.
func (q *asker) await(ctx context.Context) error {
	for q.terminal != nil && q.in.Buffered() == 0 {
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		fds := []unix.PollFd{{Fd: int32(q.terminal.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int((100 * time.Millisecond).Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for an answer: %w", err)
		}
		if n > 0 {
			return nil
		}
	}
	return nil
}
