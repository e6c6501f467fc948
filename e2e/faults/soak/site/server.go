package site

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/intercomd/intercomd/call"
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

// prepare writes configuration, certificate and accounts. Prosody's flat files
// have names percent-encoded, a Lua table each.
func (s *Server) prepare(config string) error {
	accounts := filepath.Join(s.dir, "data", strings.ReplaceAll(Domain, ".", "%2e"), "accounts")
	if err := os.MkdirAll(accounts, 0o755); err != nil {
		return fmt.Errorf("create accounts: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "prosody.cfg.lua"), []byte(config), 0o600); err != nil {
		return fmt.Errorf("write server configuration: %w", err)
	}
	for u := FirstUser; u <= LastUser; u++ {
		name := filepath.Join(accounts, fmt.Sprintf("%d%%2d%d.dat", u, App))
		line := fmt.Sprintf("return { [\"password\"] = %q; };\n", Password(u))
		if err := os.WriteFile(name, []byte(line), 0o600); err != nil {
			return fmt.Errorf("write account: %w", err)
		}
	}
	if err := writeCertificate(s.dir); err != nil {
		return err
	}
	return giveToProsody(s.dir)
}

func giveToProsody(dir string) error {
	u, err := user.Lookup("prosody")
	if err != nil {
		return fmt.Errorf("find the server's user (Debian package prosody): %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return fmt.Errorf("read uid of %s: %w", u.Username, err)
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, -1)
	})
}

// Start runs the server after Kill, and returns when it listens.
func (s *Server) Start(ctx context.Context) (err error) {
	s.process, err = start(s.log, "setpriv", "--reuid", "prosody", "--regid", "prosody", "--clear-groups", "--pdeathsig", "KILL",
		"prosody", "-F", "--config", filepath.Join(s.dir, "prosody.cfg.lua"))
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
func (s *Server) CAFile() string { return filepath.Join(s.dir, "server.pem") }

// Close ends the server.
func (s *Server) Close() error {
	s.process.kill()
	return s.log.Close()
}
