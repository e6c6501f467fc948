package rig

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// maxLine bounds one message of the driver: a stanza with a large SDP, or a
// long stack trace of a page.
const maxLine = 4 << 20

// driver is the process that holds the browsers; see driver.js for what is
// spoken with it.
type driver struct {
	process *process
	in      io.WriteCloser
	out     *os.File
	errors  *os.File
	read    chan struct{} // closed when the reader has ended

	mu      sync.Mutex
	last    int
	pending map[int]chan driverMessage
	pages   map[string]func(driverMessage) // who hears a page's events
}

// driverMessage is an answer (ID set) or an event of a page.
type driverMessage struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`

	Page  string          `json:"page"`
	Event string          `json:"event"`
	At    float64         `json:"at"` // ms since 1970
	Data  json.RawMessage `json:"data"`
}

// startDriver runs driver.js of dir with the node modules of modules.
func startDriver(dir, modules, logDir string) (*driver, error) {
	logFile, err := os.Create(filepath.Join(logDir, "driver.log"))
	if err != nil {
		return nil, fmt.Errorf("create driver log: %w", err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make driver pipe: %w", err)
	}
	defer writer.Close()
	var in io.WriteCloser
	var inErr error
	proc, err := start([]string{"node", filepath.Join(dir, "driver.js")}, logFile, func(cmd *exec.Cmd) {
		cmd.Stdout = writer
		cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
		in, inErr = cmd.StdinPipe()
	})
	if err := errors.Join(err, inErr); err != nil {
		return nil, errors.Join(err, reader.Close(), logFile.Close())
	}
	d := newDriver(in)
	d.process, d.out, d.errors = proc, reader, logFile
	go d.readAll(reader)
	return d, nil
}

func newDriver(in io.WriteCloser) *driver {
	return &driver{in: in, read: make(chan struct{}), pending: map[int]chan driverMessage{}, pages: map[string]func(driverMessage){}}
}

// close ends the browsers and the driver.
func (d *driver) close() error {
	err := d.in.Close()
	select {
	case <-d.process.done:
	case <-time.After(stopGrace):
		err = errors.Join(err, d.process.stop())
	}
	<-d.read
	return errors.Join(err, d.out.Close(), d.errors.Close())
}

// listen makes f hear the events of a page; nil ends that.
func (d *driver) listen(page string, f func(driverMessage)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f == nil {
		delete(d.pages, page)
		return
	}
	d.pages[page] = f
}

// do sends a request and stores the result in result unless that is nil.
func (d *driver) do(ctx context.Context, op string, args, result any) error {
	id, answer := d.register()
	defer d.forget(id)
	line, err := json.Marshal(map[string]any{"id": id, "op": op, "args": args})
	if err != nil {
		return fmt.Errorf("driver %s: %w", op, err)
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("driver %s: %w", op, err)
	}
	select {
	case m := <-answer:
		if m.Error != "" {
			return fmt.Errorf("driver %s: %s", op, m.Error)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-d.read:
		return fmt.Errorf("driver %s: the driver has ended", op)
	case <-ctx.Done():
		return fmt.Errorf("driver %s: %w", op, context.Cause(ctx))
	}
}

func (d *driver) register() (int, <-chan driverMessage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last++
	answer := make(chan driverMessage, 1)
	d.pending[d.last] = answer
	return d.last, answer
}

func (d *driver) forget(id int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.pending, id)
}

func (d *driver) readAll(r io.Reader) {
	defer close(d.read)
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for lines.Scan() {
		var m driverMessage
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			continue // a print of a library, not a message
		}
		d.dispatch(m)
	}
}

func (d *driver) dispatch(m driverMessage) {
	d.mu.Lock()
	answer, hear := d.pending[m.ID], d.pages[m.Page]
	delete(d.pending, m.ID)
	d.mu.Unlock()
	switch {
	case m.Page != "" && hear != nil:
		hear(m)
	case m.Page == "" && answer != nil:
		answer <- m
	}
}

// when converts a time of the driver or of a page.
func when(ms float64) time.Time { return time.UnixMicro(int64(ms * 1000)) }
