package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Board is a running board.
type Board struct {
	options Options
	qemu    *qemu
	control *channel
	monitor *monitor
	log     *os.File // what QEMU itself says
	boots   int      // expected so far; see AwaitRestart
}

// Start boots a board and returns when its devices are there. On an error
// nothing stays behind but files in Options.Dir.
func Start(ctx context.Context, o Options) (*Board, error) {
	if o.Memory == 0 {
		o.Memory = 512
	}
	if o.CPUs == 0 {
		o.CPUs = 2
	}
	image, err := initramfs(o)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(o.Dir, initramfsFile), image, 0o600); err != nil {
		return nil, fmt.Errorf("write initramfs: %w", err)
	}
	b := &Board{options: o, boots: 1}
	if err := b.boot(ctx); err != nil {
		return nil, errors.Join(b.explain("boot the board", err), b.Close())
	}
	return b, nil
}

// boot starts QEMU and waits for the agent.
func (b *Board) boot(ctx context.Context) error {
	control, err := net.Listen("unix", filepath.Join(b.options.Dir, controlSocket))
	if err != nil {
		return fmt.Errorf("listen for the board: %w", err)
	}
	defer control.Close()
	watch, err := net.Listen("unix", filepath.Join(b.options.Dir, monitorSocket))
	if err != nil {
		return fmt.Errorf("listen for QEMU: %w", err)
	}
	defer watch.Close()
	if b.log, err = os.Create(filepath.Join(b.options.Dir, "qemu.log")); err != nil {
		return fmt.Errorf("create QEMU's log: %w", err)
	}
	if b.qemu, err = startQEMU(b.options.arguments(), b.log); err != nil {
		return err
	}
	conn, err := accept(ctx, control, b.qemu)
	if err != nil {
		return err
	}
	b.control = newChannel(conn)
	if conn, err = accept(ctx, watch, b.qemu); err != nil {
		return err
	}
	if b.monitor, err = newMonitor(ctx, conn); err != nil {
		return errors.Join(err, conn.Close())
	}
	return b.awaitHello(ctx)
}

// awaitHello waits for the boot that is expected next.
func (b *Board) awaitHello(ctx context.Context) error {
	hello, err := b.control.awaitBoot(ctx, b.boots)
	if err != nil {
		return err
	}
	if len(hello.Problems) > 0 {
		return fmt.Errorf("the board is not complete: %s", strings.Join(hello.Problems, "; "))
	}
	return nil
}

// AwaitRestart waits until the board has booted once more than so far, by a
// watchdog for example, and returns when it said hello.
func (b *Board) AwaitRestart(ctx context.Context) (time.Time, error) {
	b.boots++
	err := b.awaitHello(ctx)
	return time.Now(), b.explain("wait for the board to restart", err)
}

// Restarted says whether the board booted when nobody expected it.
func (b *Board) Restarted() bool { return b.control.bootCount() > b.boots }

// Close ends the machine.
func (b *Board) Close() error {
	var errs []error
	if b.qemu != nil {
		errs = append(errs, b.qemu.stop())
	}
	if b.control != nil {
		errs = append(errs, b.control.close())
	}
	if b.monitor != nil {
		errs = append(errs, b.monitor.conn.Close())
	}
	if b.log != nil {
		errs = append(errs, b.log.Close())
	}
	return errors.Join(errs...)
}

// consoleLines is how much of the console an error shows.
const consoleLines = 30

// explain adds what the console says to an error of a board that is dead or
// has restarted, and to one of its boot.
func (b *Board) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	alive := b.control != nil && b.control.bootCount() > 0 && !errors.Is(err, errEnded) && !errors.Is(err, ErrRestarted)
	if alive {
		return err
	}
	return fmt.Errorf("%w\nQEMU says:\n%s\nend of the console:\n%s", err,
		b.tail("qemu.log"), b.tail(consoleFile))
}

// Console returns the end of what the kernel and the agent wrote.
func (b *Board) Console() string { return b.tail(consoleFile) }

func (b *Board) tail(name string) string {
	text, err := os.ReadFile(filepath.Join(b.options.Dir, name))
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(text), "\n")
	return strings.Join(lines[max(0, len(lines)-consoleLines):], "")
}
