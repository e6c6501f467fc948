package pi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// flagSize is the size of the disk with the tryboot flag, in bytes.
const flagSize = 1 << 20

// Board is a board with a card in it, off at first.
type Board struct {
	// Card may be looked into and written to while the board is off.
	Card Card

	dir     string
	words   string
	record  *record
	sockets *sockets

	power   sync.Mutex // held by On, Cut and Close
	running *running   // nil while it is off

	hands chan *hand // holds the hand of the present boot, if there is one
}

// running is a board with power.
type running struct {
	cut  context.CancelFunc // takes the power away
	done chan struct{}      // closed when it is off
	err  error              // what failed; to be read after done
}

// New prepares a board. dir is for its files; its path must be short enough for
// sockets. words are added to the kernel's command line, as the firmware of a
// Raspberry Pi adds its own. echo, which may be nil, is told of all that happens
// and must not call the board.
func New(dir string, card Card, words string, echo func(Line)) (*Board, error) {
	if err := os.WriteFile(filepath.Join(dir, "flag"), make([]byte, flagSize), 0o600); err != nil {
		return nil, fmt.Errorf("write tryboot flag: %w", err)
	}
	s, err := listen(dir)
	if err != nil {
		return nil, err
	}
	return &Board{Card: card, dir: dir, words: words, record: newRecord(echo), sockets: s, hands: make(chan *hand, 1)}, nil
}

// Close cuts the power.
func (b *Board) Close() error {
	err := b.Cut()
	b.sockets.close()
	return err
}

// On switches the power on.
func (b *Board) On() error {
	b.power.Lock()
	defer b.power.Unlock()
	if b.running != nil {
		return errors.New("switch on: the board has power")
	}
	if err := os.WriteFile(b.flag(), make([]byte, flagSize), 0o600); err != nil {
		return fmt.Errorf("clear tryboot flag: %w", err)
	}
	ctx, cut := context.WithCancel(context.Background())
	r := &running{cut: cut, done: make(chan struct{})}
	b.running = r
	go func() {
		defer close(r.done)
		defer cut()
		r.err = b.run(ctx)
	}()
	return nil
}

// Cut takes the power away: what the guest had not flushed to its card is lost,
// and so is the tryboot flag.
func (b *Board) Cut() error {
	b.power.Lock()
	defer b.power.Unlock()
	if b.running == nil {
		return nil
	}
	b.running.cut()
	<-b.running.done
	err := b.running.err
	b.running = nil
	return err
}

// run starts the firmware again and again, until the power goes or the guest
// switches itself off.
func (b *Board) run(ctx context.Context) error {
	for {
		end, err := b.boot(ctx)
		switch {
		case ctx.Err() != nil:
			b.record.add(Firmware, "the power is cut")
			return nil
		case errors.Is(err, errFatal):
			b.record.add(Firmware, err.Error())
		case err != nil:
			b.record.add(Firmware, err.Error())
			return err
		case end.off():
			b.record.add(Firmware, "the guest is off")
			return nil
		default:
			b.record.add(Firmware, end.String())
		}
	}
}

// boot is one start of the firmware, to the end of what it started.
func (b *Board) boot(ctx context.Context) (ending, error) {
	b.record.begin()
	tryboot, err := b.takeFlag()
	if err != nil {
		return ending{}, err
	}
	c, err := choose(ctx, b.Card, tryboot, b.dir)
	if err != nil {
		return ending{}, err
	}
	b.record.add(Firmware, c.String())
	disk, err := startDisk(b.Card, b.disk())
	if err != nil {
		return ending{}, err
	}
	qemu, err := b.startQEMU(ctx, c)
	if err != nil {
		return ending{}, errors.Join(err, disk.Process.Kill(), ignoreExit(disk.Wait()))
	}
	return b.attend(ctx, qemu, disk)
}

// takeFlag reads the tryboot flag and clears it: it holds for one boot.
func (b *Board) takeFlag() (bool, error) {
	f, err := os.OpenFile(b.flag(), os.O_RDWR, 0)
	if err != nil {
		return false, fmt.Errorf("read tryboot flag: %w", err)
	}
	defer f.Close()
	one := make([]byte, 1)
	if _, err := f.ReadAt(one, 0); err != nil {
		return false, fmt.Errorf("read tryboot flag: %w", err)
	}
	if _, err := f.WriteAt([]byte{0}, 0); err != nil {
		return false, fmt.Errorf("clear tryboot flag: %w", err)
	}
	return one[0] == 'T', nil
}

// attend listens to a guest until it ends or the power goes.
func (b *Board) attend(ctx context.Context, qemu, disk *exec.Cmd) (ending, error) {
	stop := context.AfterFunc(ctx, func() {
		_ = disk.Process.Kill() // first, so that QEMU cannot flush any more
		_ = qemu.Process.Kill()
	})
	var readers sync.WaitGroup
	end, err := b.connect(&readers)
	if err != nil {
		_ = qemu.Process.Kill()
	}
	waited := ignoreExit(qemu.Wait())
	readers.Wait()
	stop()
	// A server that ends in order would not write back what was not flushed
	// either; QEMU flushes when it ends by itself, as a card keeps what it got.
	_ = disk.Process.Signal(syscall.SIGTERM)
	_ = disk.Wait()
	if err == nil && end.reason == "" && ctx.Err() == nil {
		err = fmt.Errorf("QEMU ended by itself: %s", strings.TrimSpace(fmt.Sprint(qemu.Stderr)))
	}
	return *end, errors.Join(err, waited)
}

// connect takes QEMU's connections and starts a reader for each; the ending is
// to be read after them.
func (b *Board) connect(readers *sync.WaitGroup) (*ending, error) {
	end := &ending{}
	for _, port := range []struct {
		listener *net.UnixListener
		read     func(net.Conn)
	}{
		{b.sockets.console, func(c net.Conn) { b.record.read(Console, c) }},
		{b.sockets.journal, func(c net.Conn) { b.record.read(Journal, c) }},
		{b.sockets.hand, b.lend},
		{b.sockets.monitor, func(c net.Conn) { *end, _ = follow(c) }},
	} {
		conn, err := accept(port.listener)
		if err != nil {
			return end, err
		}
		readers.Go(func() {
			defer conn.Close()
			port.read(conn)
		})
	}
	return end, nil
}

// lend makes the guest's hand available until its connection ends.
func (b *Board) lend(conn net.Conn) {
	h := newHand(conn)
	b.hands <- h
	h.listen()
	<-b.hands
}

// Do runs shell text as root in the guest, once it is up, and returns what it
// printed. The error is an [*ExitError] when it failed and [ErrReset] when the
// board was reset meanwhile.
func (b *Board) Do(ctx context.Context, text string) (string, error) {
	select {
	case h := <-b.hands:
		b.hands <- h
		return h.do(ctx, text)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// Mark is the present place in the record.
func (b *Board) Mark() Mark { return b.record.mark() }

// Await waits for a line after a mark that comes from there and contains the
// text.
func (b *Board) Await(ctx context.Context, after Mark, from Source, text string) (Line, error) {
	l, err := b.record.await(ctx, after, func(l Line) bool {
		return l.From == from && strings.Contains(l.Text, text)
	})
	if err != nil {
		return l, fmt.Errorf("wait for %q in %s: %w", text, from, err)
	}
	return l, nil
}

// Record returns the lines after a mark.
func (b *Board) Record(after Mark) []Line {
	lines, _ := b.record.since(after)
	return lines
}

// ignoreExit drops the error of a process that was killed or failed by itself.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}
