package netwatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// settle is how long changes are collected before the kernel is asked: a cable
// that is pulled is a change of the link and of each of its routes.
const settle = 10 * time.Millisecond

// lookAgain is how soon the kernel is asked again after it did not answer.
const lookAgain = time.Second

// groups are the multicast groups of rtnetlink(7) that tell of changes.
const groups = unix.RTMGRP_LINK |
	unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR |
	unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE

// Watcher watches the network of the machine, or of the namespace it was made
// in.
type Watcher struct {
	log  *slog.Logger
	news *os.File // a socket on which the kernel says that something has changed
	told history
}

// New opens the socket on which the kernel tells of changes and looks at what
// there is now, which is the start of the comparison; [Watcher.Run] must follow
// and closes the socket. An error means that the kernel has no rtnetlink, that
// a sandbox forbids it (AF_NETLINK), or that no descriptors are left.
func New(log *slog.Logger) (*Watcher, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return nil, errors.Join(fmt.Errorf("subscribe to changes of the network: %w", err), unix.Close(fd))
	}
	w := &Watcher{log: log, news: os.NewFile(uintptr(fd), "netlink")}
	now, err := look()
	if err != nil {
		return nil, errors.Join(err, w.news.Close())
	}
	w.told = begin(now)
	return w, nil
}

// Run gives each change since [New] to f until ctx ends, which is no error. f
// is called from Run and must not block. Run may be called once.
func (w *Watcher) Run(ctx context.Context, f func(Change)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed, listened := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		defer cancel()
		listened <- w.listen(changed)
	}()
	w.watch(ctx, changed, f)
	return errors.Join(w.news.Close(), <-listened) // closing ends the listener
}

// watch compares the network with what it was before, whenever it may have
// changed, until ctx ends.
func (w *Watcher) watch(ctx context.Context, changed <-chan struct{}, f func(Change)) {
	for pause := time.Duration(0); ; {
		if !wait(ctx, pause, changed) {
			return
		}
		pause = 0
		now, err := look()
		if err != nil { // such as no descriptor left
			w.log.Warn("cannot see the network", "retry_in", lookAgain, "err", err)
			pause = lookAgain
			continue
		}
		if change, ok := w.told.note(now); ok {
			w.log.Info("network has changed", "up", change.Up, "moved", change.Moved, "addresses", now.addresses)
			f(change)
		}
	}
}

// wait waits for a pause, or without one for a change and the moment that
// others close to it take. It says whether ctx goes on.
func wait(ctx context.Context, pause time.Duration, changed <-chan struct{}) bool {
	if pause == 0 {
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
		pause = settle
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// listen notes that the kernel says something until the socket is closed. What
// it says does not matter, nor does who says it: the kernel is asked then.
func (w *Watcher) listen(changed chan<- struct{}) error {
	b := make([]byte, unix.NLMSG_HDRLEN) // the rest of the datagram is dropped
	for {
		_, err := w.news.Read(b)
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err == nil, errors.Is(err, io.EOF): // an empty datagram
		case errors.Is(err, unix.ENOBUFS): // some were lost
			w.log.Debug("changes of the network were lost")
		default:
			return fmt.Errorf("read netlink socket: %w", err)
		}
		select {
		case changed <- struct{}{}:
		default: // one is known of already, and not looked at yet
		}
	}
}
