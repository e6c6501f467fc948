package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/control"
)

// door keeps the control socket open, and moves it when the configuration says
// so.
type door struct {
	dev   control.Device
	log   *slog.Logger
	moves chan move
	ready chan struct{} // closed once the first socket answers

	mu    sync.Mutex
	at    config.Control
	shut  bool // it is being moved
	count int  // of moves
}

// move asks for another place; done is told how that went.
type move struct {
	to   config.Control
	done chan<- error
}

func newDoor(at config.Control, dev control.Device, log *slog.Logger) *door {
	return &door{at: at, dev: dev, log: log, moves: make(chan move), ready: make(chan struct{})}
}

// served is a control server at work.
type served struct {
	*control.Server
	end   context.CancelFunc
	ended chan error
}

func (d *door) serve(at config.Control) *served {
	ctx, end := context.WithCancel(context.Background())
	s := &served{control.NewServer(at.Socket, at.Group, d.dev, d.log), end, make(chan error, 1)}
	go func() { s.ended <- s.Run(ctx) }()
	return s
}

// stop ends a server and waits for it.
func (s *served) stop() error {
	s.end()
	return <-s.ended
}

// open waits until a server answers. The error is that of one that has ended.
func (s *served) open() error {
	select {
	case <-s.Ready():
		return nil
	case err := <-s.ended:
		s.end()
		return err
	}
}

// run serves until ctx ends. The error is that of a socket that could not be
// made, or broke.
func (d *door) run(ctx context.Context) error {
	at, _ := d.place()
	s := d.serve(at)
	if err := s.open(); err != nil {
		return err
	}
	close(d.ready)
	for {
		select {
		case <-ctx.Done():
			return s.stop()
		case err := <-s.ended:
			s.end()
			return err
		case m := <-d.moves:
			next, err := d.follow(s, m)
			if next == nil {
				return err
			}
			s = next
			m.done <- err
		}
	}
}

// follow closes the socket and opens it elsewhere, or where it was if that
// fails. It returns no server when both fail.
func (d *door) follow(s *served, m move) (*served, error) {
	from, _ := d.place()
	d.set(m.to, true)
	defer func() { d.set(m.to, false) }()
	if err := s.stop(); err != nil {
		d.log.Warn("control socket not closed", "err", err)
	}
	next := d.serve(m.to)
	err := next.open()
	if err == nil {
		return next, nil
	}
	back := d.serve(from)
	m.to = from
	if again := back.open(); again != nil {
		return nil, errors.Join(err, again)
	}
	return back, err
}

// move opens the socket at another place, unless it is there, and returns once
// it answers. The error says why it stays where it was.
func (d *door) move(ctx context.Context, to config.Control) error {
	if at, _ := d.place(); at == to {
		return nil
	}
	done := make(chan error, 1)
	select {
	case d.moves <- move{to, done}:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *door) place() (at config.Control, shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at, d.shut
}

func (d *door) set(at config.Control, shut bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.shut = at, shut
	d.count++
}

// ping asks the socket whether it answers.
func (d *door) ping(ctx context.Context) error {
	d.mu.Lock()
	at, shut, count := d.at, d.shut, d.count
	d.mu.Unlock()
	if shut {
		return nil
	}
	err := pingSocket(ctx, at.Socket)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.count != count { // it moved away
		return nil
	}
	return err
}
