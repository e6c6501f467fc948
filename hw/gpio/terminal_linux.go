package gpio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readSize is how much is read at once, in bytes; lines may be longer.
const readSize = 256

// terminal is a button that is pressed by the Enter key.
type terminal struct {
	button string
	file   *os.File
}

// NewTerminal makes every line that arrives from a terminal or pipe a press of
// a button. It takes a file and no io.Reader because the wait for input has to
// end with the context, and only a file can be waited for. At the end of the
// input there are no more presses; Run goes on until it is cancelled.
func NewTerminal(button string, file *os.File) Source {
	return &terminal{button: button, file: file}
}

// Run implements [Source].
func (t *terminal) Run(ctx context.Context, report func(Press)) error {
	if err := t.run(ctx, report); err != nil {
		return fmt.Errorf("read button %q from %s: %w", t.button, t.file.Name(), err)
	}
	<-ctx.Done()
	return nil
}

// run returns at the end of the input and when ctx is cancelled.
func (t *terminal) run(ctx context.Context, report func(Press)) error {
	fd, err := duplicate(t.file)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	cancelled, release, err := cancelFD(ctx)
	if err != nil {
		return err
	}
	defer release()

	var debouncer Debouncer
	buf := make([]byte, readSize)
	for {
		if err := waitReadable(fd, cancelled); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			continue
		case err == unix.EIO: // the terminal went away
			return nil
		case err != nil:
			return err
		case n == 0:
			return nil
		}
		now := time.Now()
		if bytes.IndexByte(buf[:n], '\n') >= 0 && debouncer.Accept(t.button, now) {
			report(Press{Button: t.button, Time: now})
		}
	}
}

// duplicate gives a descriptor of our own, so that a file closed meanwhile does
// not make us read whatever gets its number next. The blocking mode, which the
// shell shares, is left alone.
func duplicate(f *os.File) (int, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var dupErr error
	err = conn.Control(func(original uintptr) {
		fd, dupErr = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(err, dupErr)
}
