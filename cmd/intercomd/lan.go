package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/signaling/lan"
)

// lanServer is the XMPP server and the handset page of LAN mode, on one
// address.
type lanServer struct {
	xmpp        *lan.Server
	ownPassword string // of the device, made at each start
	http        *http.Server
	listen      string
	tls         bool
	log         *slog.Logger
}

func newLANServer(c *config.Config, log *slog.Logger) (*lanServer, error) {
	s := &lanServer{ownPassword: rand.Text(), listen: c.LAN.Listen, log: log}
	passwords := map[string]string{account(c.QuickBlox.UserID, c.QuickBlox.AppID): s.ownPassword}
	for _, k := range c.Contacts {
		passwords[account(k.UserID, c.QuickBlox.AppID)] = k.Password.Reveal()
	}
	var err error
	s.xmpp, err = lan.New(lan.Config{
		Domain: c.XMPP.Domain,
		Users:  func(name string) (string, bool) { p, ok := passwords[name]; return p, ok },
	}, log)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/xmpp", s.xmpp.WebSocket())
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	if c.LAN.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(c.LAN.TLSCert, c.LAN.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("tls_cert, tls_key: %w", err)
		}
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		s.tls = true
	}
	return s, nil
}

// run serves until ctx ends.
func (s *lanServer) run(ctx context.Context) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("lan.listen: %w", err)
	}
	s.log.Info("handset page is up", "address", ln.Addr().String(), "tls", s.tls)
	xmppCtx, stopXMPP := context.WithCancel(ctx)
	xmpp := make(chan error, 1)
	go func() { xmpp <- s.xmpp.Run(xmppCtx) }()
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() })
	defer stop()
	err = s.serve(ln)
	stopXMPP()
	if xerr := <-xmpp; xerr != nil {
		return xerr
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *lanServer) serve(ln net.Listener) error {
	if s.tls {
		return s.http.ServeTLS(ln, "", "")
	}
	return s.http.Serve(ln)
}
