package gpio

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// running is a source at work.
type running struct {
	t       *testing.T
	presses chan Press
	cancel  context.CancelFunc
	ended   chan error
}

func start(t *testing.T, file *os.File) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, presses: make(chan Press), cancel: cancel, ended: make(chan error, 1)}
	source := NewTerminal("front", file)
	go func() {
		r.ended <- source.Run(ctx, func(p Press) {
			select {
			case r.presses <- p:
			case <-ctx.Done():
			}
		})
		close(r.ended)
	}()
	t.Cleanup(func() { cancel(); <-r.ended })
	return r
}

func (r *running) wantPress() {
	r.t.Helper()
	select {
	case p := <-r.presses:
		if p.Button != "front" || p.Time.IsZero() {
			r.t.Errorf("press %+v", p)
		}
	case err := <-r.ended:
		r.t.Fatalf("ended with %v instead of a press", err)
	}
}

// wantEnd cancels and wants Run to return nil.
func (r *running) wantEnd() {
	r.t.Helper()
	r.cancel()
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run ended with %v", err)
	}
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func write(t *testing.T, f *os.File, s string) {
	t.Helper()
	if _, err := f.WriteString(s); err != nil {
		t.Fatal(err)
	}
}

func TestEnterPresses(t *testing.T) {
	in, out := pipe(t)
	r := start(t, in)
	write(t, out, "no line yet")
	write(t, out, "\n")
	r.wantPress()
	r.wantEnd()
}

// The whole input is there and ends, so run ends by itself.
func TestLinesThatPress(t *testing.T) {
	oneRead := strings.Repeat("x", readSize-1) + "\n"
	tests := []struct {
		name  string
		input string
		want  int
	}{
		{"nothing", "", 0},
		{"no line", "hello", 0},
		{"Enter", "\n", 1},
		{"line", "hello\n", 1},
		{"lines at once", "\n\n\n", 1},
		{"again at once", oneRead + oneRead + oneRead, 1},
		{"long line", strings.Repeat("x", 5*readSize) + "\n", 1},
		{"binary", "\x00\xff\x1b[A\r", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, out := pipe(t)
			write(t, out, tt.input)
			out.Close()
			got := 0
			if err := (&terminal{button: "front", file: in}).run(t.Context(), func(Press) { got++ }); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%d presses, want %d", got, tt.want)
			}
		})
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	in, _ := pipe(t)
	r := start(t, in)
	r.wantEnd()
}

func TestCancelledBefore(t *testing.T) {
	in, out := pipe(t)
	write(t, out, "\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := NewTerminal("front", in).Run(ctx, func(p Press) { t.Errorf("press %+v", p) })
	if err != nil {
		t.Error(err)
	}
}

// Without a terminal, as under a service manager, there are just no presses.
func TestEndOfInputIsNoEnd(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := NewTerminal("front", null).Run(ctx, func(p Press) { t.Errorf("press %+v", p) }); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took < 20*time.Millisecond {
		t.Errorf("Run ended by itself after %v", took)
	}
}

func TestClosedFile(t *testing.T) {
	in, _ := pipe(t)
	in.Close()
	if err := NewTerminal("front", in).Run(t.Context(), nil); err == nil {
		t.Error("no error")
	}
}

// A real terminal hands over lines, and stays as the shell left it.
func TestPseudoTerminal(t *testing.T) {
	master, slave := pty(t)
	r := start(t, slave)
	write(t, master, "\r") // what the Enter key sends
	r.wantPress()
	r.wantEnd()
	flags, err := unix.FcntlInt(slave.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_NONBLOCK != 0 {
		t.Errorf("flags of the terminal %#x, %v: made non-blocking", flags, err)
	}
}

// pty opens both ends of a pseudo-terminal (pty(7)).
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	// Opened as a shell's terminal is: in blocking mode.
	sfd, err := unix.Open("/dev/pts/"+strconv.Itoa(n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	slave = os.NewFile(uintptr(sfd), "terminal")
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// openFDs counts the descriptors of this process.
func openFDs(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestRunLeavesNothingBehind(t *testing.T) {
	in, out := pipe(t)
	before := openFDs(t)
	for range 5 {
		r := start(t, in)
		write(t, out, "\n")
		r.wantPress()
		r.wantEnd()
	}
	if after := openFDs(t); after != before {
		t.Errorf("%d open files, %d before", after, before)
	}
}
