package lan

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// ErrClosed is returned by a [Server] that has been closed.
var ErrClosed = errors.New("XMPP server closed")

// errFull refuses a connection beyond the limits.
var errFull = errors.New("too many connections")

// Server is an XMPP server for the users of one domain. All its methods may be
// called from any goroutine.
type Server struct {
	cfg   Config
	log   *slog.Logger
	hub   hub
	guard guard
	salt  []byte // key of the users' salts, random for every server
	tls   *tls.Config

	ctx    context.Context // until Close
	cancel context.CancelFunc

	mu     sync.Mutex // guards what follows; never held while waiting
	closed bool
	slots  map[netip.Prefix]int // connections by remote network
	total  int                  // connections of all networks
	work   sync.WaitGroup       // connections and goroutines; Add only while !closed
}

// New returns a server. It starts nothing: connections come from
// [Server.Serve], [Server.WebSocket] and [Server.Dial]. The error says what is
// wrong with cfg.
func New(cfg Config, log *slog.Logger) (*Server, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, fmt.Errorf("configure XMPP server: %w", err)
	}
	s := &Server{
		cfg:   cfg,
		log:   log,
		hub:   hub{users: map[string]map[string]*client{}},
		guard: guard{entries: map[netip.Prefix]strikes{}},
		salt:  []byte(rand.Text()),
		slots: map[netip.Prefix]int{},
	}
	if cfg.Certificate != nil {
		s.tls = &tls.Config{
			Certificates: []tls.Certificate{*cfg.Certificate},
			MinVersion:   tls.VersionTLS12,
			NextProtos:   []string{"xmpp-client"},
		}
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Serve accepts clients over TCP until ctx is done or the server is closed. It
// closes ln and its connections, waits for them and returns nil; any other
// error is one of ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer func() {
		if stop() {
			_ = ln.Close()
		}
	}()
	var conns sync.WaitGroup
	defer conns.Wait()
	defer cancel() // before waiting
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
			continue
		}
		if err != nil {
			return fmt.Errorf("accept XMPP client: %w", err)
		}
		conns.Go(func() { s.serveTCP(ctx, conn) })
	}
}

// serveTCP serves one connection until it ends or ctx is done.
func (s *Server) serveTCP(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	remote := remoteAddr(conn.RemoteAddr().String())
	slot, err := s.admit(remote)
	if err != nil {
		s.log.Warn("connection refused", "remote", remote, "error", err)
		return
	}
	defer slot.release()
	defer context.AfterFunc(ctx, slot.cancel)()
	c := s.newClient(remote, overTCP, false)
	c.setTCP(conn)
	c.run(slot.ctx)
}

// Dial opens a connection from inside the process. The transport counts as
// private: no StartTLS is offered, and PLAIN is. ctx is not used after Dial
// has returned; the connection lasts until either side closes it.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial XMPP server: %w", err)
	}
	slot, err := s.admit(netip.Addr{})
	if err != nil {
		return nil, fmt.Errorf("dial XMPP server: %w", err)
	}
	near, far := net.Pipe()
	c := s.newClient(netip.Addr{}, overTCP, true)
	c.setTCP(far)
	go func() {
		defer slot.release()
		defer func() { _ = far.Close() }()
		c.run(slot.ctx)
	}()
	return near, nil
}

// Online returns how many resources of a user have sent available presence.
// The user is named by the local part of the JID.
func (s *Server) Online(username string) int { return s.hub.online(username) }

// Run waits until ctx is done, closes the server and returns nil.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.Close()
	return nil
}

// Close tells all clients that the system shuts down, ends their connections,
// with at most a second of patience, and waits for all goroutines. After it,
// nobody can connect.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.work.Wait()
}

// slot is the right to one connection.
type slot struct {
	ctx     context.Context // done when the connection must end
	cancel  context.CancelFunc
	release func() // exactly once, after the connection has ended
}

// admit grants a connection from remote. The pipe, which is the zero address,
// is always admitted: crowds outside must not keep the device itself out.
func (s *Server) admit(remote netip.Addr) (slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return slot{}, ErrClosed
	}
	if remote.IsValid() {
		if s.total >= s.cfg.Limits.Connections || s.slots[network(remote)] >= s.cfg.Limits.ConnectionsPerAddress {
			return slot{}, errFull
		}
		s.total++
		s.slots[network(remote)]++
	}
	s.work.Add(1)
	ctx, cancel := context.WithCancel(s.ctx)
	return slot{ctx: ctx, cancel: cancel, release: func() {
		cancel()
		s.dismiss(remote)
	}}, nil
}

func (s *Server) dismiss(remote netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.work.Done()
	if !remote.IsValid() {
		return
	}
	s.total--
	if s.slots[network(remote)]--; s.slots[network(remote)] == 0 {
		delete(s.slots, network(remote))
	}
}

// endGrace is how long an ended stream may take to be closed by both sides.
const endGrace = time.Second
