package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/e2e/prosody"
)

// Domain is the XMPP domain of every server, App the QuickBlox application of
// its users.
const (
	Domain = "chat.site.test"
	App    = 7
)

// FirstUser and LastUser are the ids of the users that every server knows.
const (
	FirstUser = call.UserID(100)
	LastUser  = call.UserID(139)
)

// serverStart bounds how long the server may take until it listens.
const serverStart = 20 * time.Second

// Username is the local part of a user's JID.
func Username(u call.UserID) string { return fmt.Sprintf("%d-%d", u, App) }

// Password is the password of a user.
func Password(u call.UserID) string { return fmt.Sprintf("secret-%d", u) }

// Server is a Prosody that can be killed and started again.
type Server struct {
	Address string // host:port, on loopback
	dir     string
	log     *os.File
	process *process
}

// Prosody without pep and offline messages, as QuickBlox's own server behaves.
const prosodyConfig = `
data_path = "%[1]s/data"
certificates = "%[1]s"
log = { { levels = { min = "info" }, to = "console", timestamps = "%%X" } }
modules_enabled = { "disco", "roster", "saslauth", "tls", "ping", "carbons", "smacks" }
modules_disabled = { "s2s", "pep", "offline" }
interfaces = { "0.0.0.0" }
c2s_ports = { %[2]s }
c2s_direct_tls_ports = {}
http_ports = {}
https_ports = {}
c2s_require_encryption = %[4]t
allow_unencrypted_plain_auth = true
ssl = { certificate = "%[1]s/server.pem", key = "%[1]s/server.key" }
authentication = "internal_plain"
storage = "internal"
VirtualHost "%[3]s"
`

// StartServer runs a server in a new folder dir, which the system's users must
// be able to reach, and returns when it listens on port. Without
// encryption it takes clients without TLS as well.
func StartServer(ctx context.Context, dir string, port int, encryption bool) (*Server, error) {
	s := &Server{Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: dir}
	config := fmt.Sprintf(prosodyConfig, dir, strconv.Itoa(port), Domain, encryption)
	if err := s.prepare(config); err != nil {
		return nil, err
	}
	var err error
	if s.log, err = os.Create(filepath.Join(dir, "prosody.log")); err != nil {
		return nil, fmt.Errorf("create server log: %w", err)
	}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.log.Close())
	}
	return s, nil
}

func (s *Server) prepare(config string) error {
	if err := prosody.WriteCertificates(s.dir, Domain); err != nil {
		return err
	}
	passwords := map[string]string{}
	for u := FirstUser; u <= LastUser; u++ {
		passwords[Username(u)] = Password(u)
	}
	return prosody.Prepare(s.dir, Domain, config, passwords)
}

// Start runs the server after Kill, and returns when it listens.
func (s *Server) Start(ctx context.Context) (err error) {
	args := append([]string{"setpriv", "--reuid", prosody.User, "--regid", prosody.User, "--clear-groups", "--pdeathsig", "KILL"}, prosody.Arguments(s.dir)...)
	s.process, err = start(s.log, args...)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, serverStart)
	defer cancel()
	err = Poll(ctx, "the server to listen", func() error {
		if s.process.ended() {
			cancel()
			return fmt.Errorf("the server ended: %w; see %s", s.process.err, s.log.Name())
		}
		conn, err := net.Dial("tcp", s.Address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		s.process.kill()
	}
	return err
}

// Kill ends the server at once: its clients' connections are reset.
func (s *Server) Kill() { s.process.kill() }

// CAFile is the authority that signed the server's certificate.
func (s *Server) CAFile() string { return filepath.Join(s.dir, "ca.pem") }

// Close ends the server.
func (s *Server) Close() error {
	s.process.kill()
	return s.log.Close()
}
