package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/intercomd/intercomd/call"
)

// owner opens one kind of device for its first user and closes it after the
// last. Both may take long, so its goroutine does them, and everybody else
// posts requests.
type owner struct {
	kind     call.Kind
	cfg      Config
	counters *counters
	log      *slog.Logger
	requests *queue[any] // *useRequest, or *capture that one user left
	done     chan struct{}

	mu      sync.Mutex
	capture *capture // nil while nobody uses the device
	failed  error    // of the last attempt to open
	busy    bool     // opening or closing
	late    bool     // and somebody gave up waiting for it
}

// useRequest asks for a share.
type useRequest struct {
	ctx   context.Context
	reply chan useReply // unbuffered: the taker has it or has given up
}

type useReply struct {
	capture *capture
	err     error
}

func newOwner(kind call.Kind, cfg Config, c *counters, log *slog.Logger) *owner {
	return &owner{kind: kind, cfg: cfg, counters: c, log: log, requests: newQueue[any](), done: make(chan struct{})}
}

// use asks for a share in the device and waits for it. While the device hangs,
// only the first who asks waits until ctx ends; the others fail at once.
func (o *owner) use(ctx context.Context) (*capture, error) {
	if o.isLate() {
		return nil, o.doesNotAnswer()
	}
	req := &useRequest{ctx: ctx, reply: make(chan useReply)}
	o.requests.put(req)
	select {
	case r := <-req.reply:
		return r.capture, r.err
	case <-ctx.Done():
		o.gaveUp(ctx)
		return nil, fmt.Errorf("open %s: %w", deviceName(o.kind), ctx.Err())
	case <-o.done:
		return nil, fmt.Errorf("open %s: %w", deviceName(o.kind), errNotRunning)
	}
}

func (o *owner) doesNotAnswer() error {
	return fmt.Errorf("open %s: the device does not answer", deviceName(o.kind))
}

func (o *owner) isLate() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.late
}

// gaveUp notes that somebody waited in vain, if it is the device that is late.
func (o *owner) gaveUp(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.late = o.late || o.busy && errors.Is(ctx.Err(), context.DeadlineExceeded)
}

// setBusy brackets the work of the goroutine. Whoever is late has answered in
// the end.
func (o *owner) setBusy(busy bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy, o.late = busy, false
}

// leave gives a share back. It does not block.
func (o *owner) leave(c *capture) { o.requests.put(c) }

// run serves requests until ctx ends, then closes the device.
func (o *owner) run(ctx context.Context) {
	defer close(o.done)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-o.requests.ready:
		}
		o.setBusy(true)
		for _, r := range o.requests.take() {
			switch r := r.(type) {
			case *useRequest:
				o.serve(ctx, r)
			case *capture:
				o.drop(r)
			}
		}
		o.setBusy(false)
	}
	if o.capture != nil {
		o.close()
	}
}

// serve gets what a request wants and hands it over.
func (o *owner) serve(ctx context.Context, r *useRequest) {
	if r.ctx.Err() != nil || ctx.Err() != nil {
		return // given up while it waited
	}
	c, err := o.join()
	select {
	case r.reply <- useReply{c, err}:
	case <-r.ctx.Done():
		o.drop(c)
	case <-ctx.Done():
		o.drop(c)
	}
}

// join counts one more user of the device, opening it for the first.
func (o *owner) join() (*capture, error) {
	c := o.capture // only this goroutine changes it
	if c == nil {
		var err error
		c, err = openCapture(o.kind, o.cfg, o.counters, o.log)
		o.mu.Lock()
		o.capture, o.failed = c, err
		o.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	c.users++
	return c, nil
}

// drop counts one user less, closing the device after the last.
func (o *owner) drop(c *capture) {
	if c == nil || c != o.capture {
		return
	}
	if c.users--; c.users == 0 {
		o.close()
	}
}

func (o *owner) close() {
	c := o.capture
	o.mu.Lock()
	o.capture = nil
	o.mu.Unlock()
	if err := c.close(); err != nil {
		o.log.Warn("device does not close", "error", err)
	}
}

// state tells how the device is.
func (o *owner) state() (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.late:
		return stateMissing, o.doesNotAnswer()
	case o.capture != nil:
		return o.capture.state()
	case o.failed != nil:
		return stateMissing, o.failed
	}
	return stateIdle, nil
}
