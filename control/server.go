package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the server. They keep a broken client from holding memory or a
// connection for long; a healthy one never meets them.
const (
	maxBody      = 64 << 10 // bytes of a request
	maxHeader    = 16 << 10 // bytes
	maxFollowers = 32
	queueLength  = 256 // events waiting for one follower

	readTimeout    = 5 * time.Second  // for a whole request
	requestTimeout = 20 * time.Second // for the device to answer
	writeTimeout   = requestTimeout + 5*time.Second
	lineTimeout    = 10 * time.Second // for a follower to take one line
	closeTimeout   = time.Second      // for open requests at the end
)

// Server opens a [Device] to the command line.
type Server struct {
	path, group string
	dev         Device
	log         *slog.Logger
	ready       chan struct{}
	followers   atomic.Int32
	conns       sync.WaitGroup // goroutines of net/http, one a connection
}

// NewServer makes a server for the socket at path (at most 107 bytes). group
// is the name or number of a group that may use the socket as well; "" leaves
// it to the owner.
func NewServer(path, group string, dev Device, log *slog.Logger) *Server {
	return &Server{path: path, group: group, dev: dev, log: log, ready: make(chan struct{})}
}

// Ready is closed once the socket answers.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Run makes the socket and serves until ctx ends; then it ends the event
// streams, waits up to a second for open requests, removes the socket and
// returns nil. The folder of the socket is made with mode 0755 when it is
// missing. The error is a [RunningError] when a live process has the socket.
// Run may be called once.
func (s *Server) Run(ctx context.Context) error {
	sock, err := listen(ctx, s.path, s.group)
	if err != nil {
		return fmt.Errorf("open control socket: %w", err)
	}
	srv := &http.Server{
		Handler:           s.handler(),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadTimeout:       readTimeout,
		ReadHeaderTimeout: readTimeout,
		WriteTimeout:      writeTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.count,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	srv.SetKeepAlivesEnabled(false) // who asks and does not go away would hold memory
	served := make(chan error, 1)
	go func() { served <- srv.Serve(sock) }()
	close(s.ready)
	s.log.Info("control socket open", "path", s.path)

	select {
	case <-ctx.Done():
		err = shutdown(ctx, srv)
		<-served
	case err = <-served: // only a broken listener ends Serve by itself
		err = fmt.Errorf("serve control socket: %w", err)
	}
	s.conns.Wait()
	return errors.Join(err, sock.remove())
}

// count keeps conns: net/http reports a connection as new before it starts the
// goroutine, and as closed when that ends.
func (s *Server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed:
		s.conns.Done()
	}
}

// shutdown lets open requests finish for a moment, then cuts them off.
func shutdown(ctx context.Context, srv *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := srv.Shutdown(ctx); err == nil {
		return nil
	}
	if err := srv.Close(); err != nil {
		return fmt.Errorf("close control socket: %w", err)
	}
	return nil
}
