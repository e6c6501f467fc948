package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/intercomd/intercomd/e2e/board/wire"
)

// killAfter is how long a command has to end after SIGTERM, and how long its
// output stays open for children it left behind.
const killAfter = 2 * time.Second

// agent does what the host asks for.
type agent struct {
	channel io.ReadWriter
	chip    *chip

	writing sync.Mutex // one line at a time

	mu      sync.Mutex
	running map[uint64]int // process groups by request
}

func newAgent(channel io.ReadWriter, chip *chip) *agent {
	return &agent{channel: channel, chip: chip, running: map[uint64]int{}}
}

// serve says hello and answers requests, side by side, until the channel
// breaks. Requests that still run then are left to the end of the process.
func (a *agent) serve(hello wire.Reply) error {
	// A line end first: what an earlier boot left half written ends there.
	if _, err := a.channel.Write([]byte("\n")); err != nil {
		return err
	}
	a.reply(hello)
	lines := bufio.NewScanner(a.channel)
	lines.Buffer(make([]byte, 64<<10), wire.MaxLine)
	for lines.Scan() {
		var q wire.Request
		if json.Unmarshal(lines.Bytes(), &q) != nil || q.ID == 0 {
			continue // meant for an earlier boot
		}
		go a.answer(q)
	}
	return lines.Err()
}

// reply sends one line. A host that is gone is no trouble of the board's.
func (a *agent) reply(r wire.Reply) {
	a.writing.Lock()
	defer a.writing.Unlock()
	_ = wire.Encode(a.channel, r)
}

func (a *agent) answer(q wire.Request) {
	code, err := a.do(q)
	done := wire.Reply{ID: q.ID, Done: true, Code: code}
	if err != nil {
		done.Error = err.Error()
	}
	a.reply(done)
}

func (a *agent) do(q wire.Request) (code int, err error) {
	switch q.Op {
	case wire.Run:
		return a.run(q)
	case wire.Stop:
		return 0, a.stop(q.Target)
	case wire.Put:
		return 0, put(q)
	case wire.Get:
		return 0, a.get(q)
	case wire.Drive:
		return 0, a.chip.drive(q.Line, q.Steps)
	case wire.Watch:
		levels, err := a.chip.watch(q.Line, q.Every, q.For)
		a.reply(wire.Reply{ID: q.ID, Out: levels})
		return 0, err
	case wire.Plug:
		return 0, a.chip.plug(q.On)
	case wire.Net:
		return 0, setNetem("eth0", q.Netem)
	default:
		return 0, fmt.Errorf("unknown operation %q", q.Op)
	}
}

// output sends what a command writes.
type output struct {
	agent *agent
	id    uint64
}

// Write implements io.Writer.
func (o output) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n := min(len(rest), wire.MaxData)
		o.agent.reply(wire.Reply{ID: o.id, Out: rest[:n]})
		rest = rest[n:]
	}
	return len(b), nil
}

func (a *agent) run(q wire.Request) (code int, err error) {
	cmd := exec.Command("/bin/sh", "-c", q.Command)
	cmd.Stdout = output{a, q.ID}
	cmd.Stderr = cmd.Stdout
	cmd.WaitDelay = killAfter
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	a.mu.Lock()
	err = cmd.Start()
	if err == nil {
		a.running[q.ID] = cmd.Process.Pid
	}
	a.mu.Unlock()
	if err != nil {
		return 0, fmt.Errorf("start command: %w", err)
	}
	err = cmd.Wait()
	a.mu.Lock()
	delete(a.running, q.ID)
	a.mu.Unlock()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exitCode(exit), nil
	case errors.Is(err, exec.ErrWaitDelay): // a child in the background keeps the output
		return 0, nil
	}
	return 0, err
}

// exitCode is as a shell counts: 128 + the signal for a killed command.
func exitCode(exit *exec.ExitError) int {
	if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return exit.ExitCode()
}

// stop ends a running command; the answer to its own request says how it went.
func (a *agent) stop(target uint64) error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		a.mu.Lock()
		group, runs := a.running[target]
		if runs {
			// Under the lock: the process is not collected, its number is its own.
			_ = syscall.Kill(-group, signal)
		}
		a.mu.Unlock()
		if !runs {
			return nil
		}
		if signal == syscall.SIGTERM {
			a.awaitEnd(target)
		}
	}
	return nil
}

// awaitEnd returns when the command has ended, at the latest after killAfter.
func (a *agent) awaitEnd(target uint64) {
	for end := time.Now().Add(killAfter); time.Now().Before(end); time.Sleep(portLook) {
		a.mu.Lock()
		_, runs := a.running[target]
		a.mu.Unlock()
		if !runs {
			return
		}
	}
}

func put(q wire.Request) error {
	if err := os.MkdirAll(filepath.Dir(q.Path), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if q.Append {
		flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	file, err := os.OpenFile(q.Path, flags, os.FileMode(q.Mode))
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	_, err = file.Write(q.Data)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

func (a *agent) get(q wire.Request) error {
	file, err := os.Open(q.Path)
	if err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(output{a, q.ID}, file); err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	return nil
}
