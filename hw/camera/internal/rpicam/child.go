package rpicam

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// StopTimeout is how long the child may take to end after SIGINT.
const StopTimeout = time.Second

const defaultFrameTimeout = 3 * time.Second

// Child is a program that writes pictures to its output.
type Child struct {
	cfg    Config
	out    *os.File
	stderr tail
	cancel context.CancelFunc
	exited chan struct{} // closed with err set
	err    error
	once   sync.Once
}

// Start starts the program.
func Start(cfg Config) (*Child, error) {
	if cfg.FrameTimeout == 0 {
		cfg.FrameTimeout = defaultFrameTimeout
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cfg.Program, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Child{cfg: cfg, out: out, cancel: cancel, exited: make(chan struct{})}
	cmd := exec.CommandContext(ctx, cfg.Program, Args(cfg)...)
	cmd.Stdout, cmd.Stderr = in, &c.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = StopTimeout
	err = cmd.Start()
	in.Close() // the child has its own
	if err != nil {
		cancel()
		out.Close()
		return nil, fmt.Errorf("start %s: %w", cfg.Program, err)
	}
	go func() {
		defer close(c.exited)
		c.err = cmd.Wait()
	}()
	return c, nil
}

// Read reads what the child writes, at least one byte. The error says when
// there was nothing for too long, and why the child ended.
func (c *Child) Read(p []byte) (int, error) {
	if err := c.out.SetReadDeadline(time.Now().Add(c.cfg.FrameTimeout)); err != nil {
		return 0, c.failed(err)
	}
	n, err := c.out.Read(p)
	if n > 0 {
		return n, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, fmt.Errorf("read %s: no picture within %v%s", c.cfg.Program, c.cfg.FrameTimeout, c.stderr.said())
	}
	return 0, c.failed(err)
}

// failed explains the end of the output.
func (c *Child) failed(err error) error {
	timer := time.NewTimer(StopTimeout)
	defer timer.Stop()
	select {
	case <-c.exited:
		err = errors.New("ended by itself")
		if c.err != nil {
			err = c.err
		}
	case <-timer.C:
	}
	return fmt.Errorf("read %s: %w%s", c.cfg.Program, err, c.stderr.said())
}

// Stop tells the child to end and ends a Read under way.
func (c *Child) Stop() {
	c.cancel()
	_ = c.out.SetReadDeadline(time.Unix(1, 0)) // fails only when closed
}

// Close ends the child and waits for it. It is idempotent. How the child ends
// is of no interest any more.
func (c *Child) Close() error {
	var err error
	c.once.Do(func() {
		c.Stop()
		<-c.exited
		err = c.out.Close()
	})
	return err
}

// maxTail is how much of what the child says is kept, in bytes and lines.
const (
	maxTail  = 2048
	maxLines = 3
)

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - maxTail; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// said is the last lines on one line, to be put after an error.
func (t *tail) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(t.text), "?")), "\n")
	if len(lines) > maxLines {
		lines = lines[len(lines)-maxLines:]
	}
	if text := strings.Join(lines, " | "); text != "" {
		return ": " + text
	}
	return ""
}
