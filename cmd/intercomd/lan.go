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
	"github.com/intercomd/intercomd/web/handset"
)

// lanServer is the XMPP server and the handset page of LAN mode, on one
// address.
type lanServer struct {
	xmpp        *lan.Server
	ownPassword string           // of the device, made at each start
	madeUp      map[int64]string // passwords of contacts without one, by user id
	http        *http.Server
	listen      string
	tls         bool
	log         *slog.Logger
}

// newLANServer makes the server. Handsets that are logged in at the one before
// know the passwords that it has made up.
func newLANServer(c *config.Config, before map[int64]string, log *slog.Logger) (*lanServer, error) {
	page, passwords := accounts(c, before)
	s := &lanServer{ownPassword: rand.Text(), madeUp: page.Accounts, listen: c.LAN.Listen, log: log}
	passwords[account(c.QuickBlox.UserID, c.QuickBlox.AppID)] = s.ownPassword
	var err error
	s.xmpp, err = lan.New(lan.Config{
		Domain: c.XMPP.Domain,
		Users:  func(name string) (string, bool) { p, ok := passwords[name]; return p, ok },
	}, log)
	if err != nil {
		return nil, err
	}
	pages, err := handset.Handler(page)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle("/xmpp", s.xmpp.WebSocket())
	s.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s, s.loadCertificate(c.LAN)
}

// accounts gives every contact an account on the LAN server. A contact without
// a password of its own, which is possible only while nobody but this machine
// can reach the server, gets one made up, which the page is told; it stays what
// it was before.
func accounts(c *config.Config, before map[int64]string) (page handset.Config, passwords map[string]string) {
	page = handset.Config{
		AppID: c.QuickBlox.AppID, Domain: c.XMPP.Domain,
		Device:   handset.Person{Name: c.Device.Name, UserID: c.QuickBlox.UserID},
		Accounts: make(map[int64]string),
	}
	passwords = make(map[string]string)
	for _, k := range c.Contacts {
		password := k.Password.Reveal()
		if !k.Password.IsSet() {
			if password = before[k.UserID]; password == "" {
				password = rand.Text()
			}
			page.Accounts[k.UserID] = password
		}
		passwords[account(k.UserID, c.QuickBlox.AppID)] = password
		page.Contacts = append(page.Contacts, handset.Person{Name: k.Name, UserID: k.UserID})
	}
	return page, passwords
}

func (s *lanServer) loadCertificate(c config.LAN) error {
	if c.TLSCert == "" {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return fmt.Errorf("tls_cert, tls_key: %w", err)
	}
	s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	s.tls = true
	return nil
}

// run serves until ctx ends.
func (s *lanServer) run(ctx context.Context) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("lan.listen: %w", err)
	}
	ln = newGate(ln)
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
