package lan

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"mellium.im/xmpp/jid"
)

// Config says whom a [Server] serves, and how.
type Config struct {
	// Domain is the domain of all JIDs served, such as "door.local". Required.
	Domain string

	// Users tells the password of a user, by the local part of the JID (such
	// as "101-7"). ok is false for users that don't exist; an empty password
	// never lets anybody in. It is called from many goroutines and must not
	// block. Required.
	Users func(username string) (password string, ok bool)

	// Certificate is the server's own; nil means no StartTLS.
	Certificate *tls.Certificate

	// RequireTLS refuses logins over TCP before StartTLS, and WebSockets
	// without TLS that come from other machines. It needs a Certificate.
	RequireTLS bool

	// Origins lists the hosts (path.Match patterns, matched against the host
	// of the Origin header) whose pages may open a WebSocket, besides pages
	// from the very host they connect to.
	Origins []string

	// Limits bounds what clients may use; zero fields have defaults.
	Limits Limits
}

// Limits bounds what clients may use. A zero field means its default.
type Limits struct {
	StanzaBytes           int           // one stanza as received; default 256 KiB
	QueueStanzas          int           // waiting for one client; default 64
	QueueBytes            int           // waiting for one client; default 512 KiB
	Connections           int           // at once, besides pipes; default 128
	ConnectionsPerAddress int           // at once from one IPv4 address or IPv6 /64; default 32
	Resources             int           // at once of one user; default 8
	StanzaRate            int           // stanzas a second read from one client; default 100
	StanzaBurst           int           // stanzas read before the rate counts; default 200
	NegotiationTimeout    time.Duration // from connecting to bound; default 15 s
	WriteTimeout          time.Duration // for one stanza to leave; default 10 s
	IdleInterval          time.Duration // silence before the server pings; default 60 s
	IdleTimeout           time.Duration // from that ping to giving up; default 15 s
}

func (l Limits) withDefaults() Limits {
	return Limits{
		StanzaBytes:           cmp.Or(l.StanzaBytes, 256<<10),
		QueueStanzas:          cmp.Or(l.QueueStanzas, 64),
		QueueBytes:            cmp.Or(l.QueueBytes, 512<<10),
		Connections:           cmp.Or(l.Connections, 128),
		ConnectionsPerAddress: cmp.Or(l.ConnectionsPerAddress, 32),
		Resources:             cmp.Or(l.Resources, 8),
		StanzaRate:            cmp.Or(l.StanzaRate, 100),
		StanzaBurst:           cmp.Or(l.StanzaBurst, 200),
		NegotiationTimeout:    cmp.Or(l.NegotiationTimeout, 15*time.Second),
		WriteTimeout:          cmp.Or(l.WriteTimeout, 10*time.Second),
		IdleInterval:          cmp.Or(l.IdleInterval, 60*time.Second),
		IdleTimeout:           cmp.Or(l.IdleTimeout, 15*time.Second),
	}
}

func (l Limits) validate() error {
	for name, v := range map[string]int64{
		"StanzaBytes": int64(l.StanzaBytes), "QueueStanzas": int64(l.QueueStanzas),
		"QueueBytes": int64(l.QueueBytes), "Connections": int64(l.Connections),
		"ConnectionsPerAddress": int64(l.ConnectionsPerAddress), "Resources": int64(l.Resources),
		"StanzaRate": int64(l.StanzaRate), "StanzaBurst": int64(l.StanzaBurst),
		"NegotiationTimeout": int64(l.NegotiationTimeout), "WriteTimeout": int64(l.WriteTimeout),
		"IdleInterval": int64(l.IdleInterval), "IdleTimeout": int64(l.IdleTimeout),
	} {
		if v < 0 {
			return fmt.Errorf("limit %s: %d is negative", name, v)
		}
	}
	return nil
}

// validate returns the configuration with its defaults, the domain normalized.
func (cfg Config) validate() (Config, error) {
	domain, err := jid.New("", cfg.Domain, "")
	switch {
	case cfg.Domain == "":
		return cfg, errors.New("domain is empty")
	case err != nil:
		return cfg, fmt.Errorf("parse domain %q: %w", cfg.Domain, err)
	case cfg.Users == nil:
		return cfg, errors.New("users is nil")
	case cfg.RequireTLS && cfg.Certificate == nil:
		return cfg, errors.New("TLS is required, but there is no certificate")
	}
	if err := cfg.Limits.validate(); err != nil {
		return cfg, err
	}
	cfg.Domain = domain.String()
	cfg.Limits = cfg.Limits.withDefaults()
	return cfg, nil
}
