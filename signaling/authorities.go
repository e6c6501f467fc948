package signaling

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
)

// authorities is the TLS configuration with the authorities of a file that may
// be replaced while the program runs. It belongs to the goroutine of Run.
type authorities struct {
	file   string // "" when they do not come from a file
	pem    []byte // its content
	config *tls.Config
	failed string // why it could not be read again, as logged last
}

// newSessionCache keeps TLS sessions, so that the next handshake with the same
// server is a short one (RFC 8446 section 2.2).
func newSessionCache() tls.ClientSessionCache { return tls.NewLRUClientSessionCache(4) }

func newAuthorities(file string, config *tls.Config) (*authorities, error) {
	a := &authorities{file: file, config: config}
	if file == "" {
		return a, nil
	}
	if err := a.load(); err != nil {
		return nil, err
	}
	return a, nil
}

// load reads the file, and makes a new configuration when it has changed.
func (a *authorities) load() error {
	pem, err := os.ReadFile(a.file)
	if err != nil {
		return fmt.Errorf("xmpp.ca_file: %w", err)
	}
	if a.pem != nil && bytes.Equal(pem, a.pem) {
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("xmpp.ca_file: %s holds no PEM certificate", a.file)
	}
	a.config = a.config.Clone()
	a.config.RootCAs, a.pem = pool, pem
	a.config.ClientSessionCache = newSessionCache() // what others vouched for is checked again
	return nil
}

// current returns the configuration for an attempt. A file that cannot be read
// now, as it is being replaced, leaves the authorities it had.
func (a *authorities) current(log *slog.Logger) *tls.Config {
	if a.file == "" {
		return a.config
	}
	failed := ""
	if err := a.load(); err != nil {
		failed = err.Error()
	}
	if failed != "" && failed != a.failed {
		log.Warn("the authorities are those read before", "error", failed)
	}
	a.failed = failed
	return a.config
}
