package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

const (
	stopGrace = 5 * time.Second       // from SIGTERM to SIGKILL
	pollEvery = 20 * time.Millisecond // for what tells of no change
)

// process is a started program whose end is always waited for.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // its exit, valid after done
}

// start runs a program that dies with this process.
func start(out io.Writer, args ...string) (*process, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// What the kernel calls the parent is the thread: it must live as long
		// as the program, and threads that visit networks end.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", args[0], err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// ended says whether the program has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the program at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // one that has ended already is as good
	<-p.done
}

// stop ends the program as an init system does and returns its exit.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop process: %w", err)
	}
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-p.done:
		return p.err
	case <-grace.C:
		p.kill()
		return fmt.Errorf("stop process: still running %v after SIGTERM", stopGrace)
	}
}

// Poll asks until condition returns nil, or ctx ends; the error then holds the
// last one of condition.
func Poll(ctx context.Context, what string, condition func() error) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w (last: %w)", what, context.Cause(ctx), err)
		}
	}
}
