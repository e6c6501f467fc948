package signaling

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/intercomd/intercomd/call"
)

// Codec translates between call signals and whole <message> stanzas.
type Codec interface {
	// Encode returns the stanza that carries s, addressed to s.Peer. The link
	// writes the bytes as they are.
	Encode(s call.Signal) ([]byte, error)
	// Decode reads one received <message>. The root element always declares its
	// namespace. An error means that the stanza is no call signal; the link
	// counts it and goes on.
	Decode(stanza []byte) (call.Signal, error)
}

// TLSMode says how the link is encrypted. The values are those of the
// configuration key xmpp.tls.
type TLSMode string

// The modes. The zero value means StartTLS.
const (
	StartTLS  TLSMode = "starttls" // RFC 6120 section 5; required, never skipped
	DirectTLS TLSMode = "direct"   // TLS from the first byte, XEP-0368
	NoTLS     TLSMode = "none"     // plain TCP; only with Config.AllowInsecure
)

// Config says where to log in, and as whom.
type Config struct {
	Domain   string // XMPP domain; the server's certificate must be valid for it
	Username string // local part of the JID, <user id>-<app id>
	Password string
	Resource string // bound as given; default "intercom"

	// Address is the server's host:port. Without it the SRV records of Domain
	// are asked (RFC 6120 section 3.2.1; with DirectTLS those of XEP-0368), then
	// Domain itself at port 5222 (DirectTLS: 5223).
	Address string

	TLS           TLSMode
	AllowInsecure bool           // permits NoTLS
	CAFile        string         // PEM file; replaces the system's authorities; read again when it changes
	RootCAs       *x509.CertPool // used when CAFile is empty; nil is the system's

	// Dial replaces address lookup and TCP, for a server in the same process.
	Dial func(context.Context) (net.Conn, error)

	Timing Timing
}

// Timing holds the bounds and intervals of a link. A zero field means its
// default.
type Timing struct {
	Dial      time.Duration // for each address, and for the DNS; default 10 s
	Attempt   time.Duration // after which no further address is tried; default 1 min
	Negotiate time.Duration // TLS, login and bind together; default 30 s
	Write     time.Duration // for each stanza; default 10 s
	Close     time.Duration // for the goodbye when Run ends; default 1 s

	PingIdle    time.Duration // silence after which the server is pinged; default 25 s
	PingTimeout time.Duration // further silence after which the link is dead; default 10 s

	// The same while a call is set up or up; default 5 s each.
	PingIdleInCall, PingTimeoutInCall time.Duration

	// Probe is how long a server may be silent after the network changed, when
	// the stream can be resumed without loss; default 300 ms.
	Probe time.Duration

	BackoffMin  time.Duration // bound of the first random wait; doubles; default 0.5 s
	BackoffMax  time.Duration // bound of every random wait; default 30 s; less for the first minute
	RefusedMin  time.Duration // wait after a refused login or a conflict; doubles; default 1 min
	RefusedMax  time.Duration // longest such wait; default 15 min
	StableAfter time.Duration // time online after which random waits start anew; default 5 s
}

// liveness returns the intervals that hold now.
func (t Timing) liveness(inCall bool) (idle, timeout time.Duration) {
	if inCall {
		return t.PingIdleInCall, t.PingTimeoutInCall
	}
	return t.PingIdle, t.PingTimeout
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&t.Dial, 10 * time.Second},
		{&t.Attempt, time.Minute},
		{&t.Negotiate, 30 * time.Second},
		{&t.Write, 10 * time.Second},
		{&t.Close, time.Second},
		{&t.PingIdle, 25 * time.Second},
		{&t.PingTimeout, 10 * time.Second},
		{&t.PingIdleInCall, 5 * time.Second},
		{&t.PingTimeoutInCall, 5 * time.Second},
		{&t.Probe, 300 * time.Millisecond},
		{&t.BackoffMin, 500 * time.Millisecond},
		{&t.BackoffMax, 30 * time.Second},
		{&t.RefusedMin, time.Minute},
		{&t.RefusedMax, 15 * time.Minute},
		{&t.StableAfter, 5 * time.Second},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return t
}

const defaultResource = "intercom"

// validated returns cfg with its defaults, the JID to ask for and the TLS
// configuration. Errors name the configuration key.
func (cfg Config) validated() (Config, jid.JID, *authorities, error) {
	if cfg.TLS == "" {
		cfg.TLS = StartTLS
	}
	if cfg.Resource == "" {
		cfg.Resource = defaultResource
	}
	cfg.Timing = cfg.Timing.withDefaults()
	if err := cfg.check(); err != nil {
		return cfg, jid.JID{}, nil, err
	}
	self, err := cfg.jid()
	if err != nil {
		return cfg, jid.JID{}, nil, err
	}
	tls, err := cfg.authorities(self)
	return cfg, self, tls, err
}

func (cfg Config) check() error {
	switch {
	case cfg.Domain == "":
		return errors.New("xmpp.domain: missing")
	case cfg.Username == "":
		return errors.New("quickblox.user_id: missing")
	case cfg.Password == "":
		return errors.New("quickblox.password_file: the password is empty")
	}
	switch cfg.TLS {
	case StartTLS, DirectTLS:
	case NoTLS:
		if !cfg.AllowInsecure {
			return fmt.Errorf("xmpp.tls: %q sends everything in clear text and needs xmpp.allow_insecure: true", cfg.TLS)
		}
	default:
		return fmt.Errorf("xmpp.tls: %q is not one of %s, %s, %s", cfg.TLS, StartTLS, DirectTLS, NoTLS)
	}
	return checkAddress(cfg.Address)
}

func checkAddress(address string) error {
	if address == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("xmpp.address: %q is not host:port: %w", address, err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); host == "" || err != nil || n == 0 {
		return fmt.Errorf("xmpp.address: %q is not host:port with a port from 1 to 65535", address)
	}
	return nil
}

func (cfg Config) jid() (jid.JID, error) {
	domain, err := jid.New("", cfg.Domain, "")
	if err != nil {
		return jid.JID{}, fmt.Errorf("xmpp.domain: %q is no domain: %w", cfg.Domain, err)
	}
	bare, err := domain.WithLocal(cfg.Username)
	if err != nil {
		return jid.JID{}, fmt.Errorf("quickblox.user_id: %q is no local part of a JID: %w", cfg.Username, err)
	}
	full, err := bare.WithResource(cfg.Resource)
	if err != nil {
		return jid.JID{}, fmt.Errorf("xmpp.resource: %q is no resource: %w", cfg.Resource, err)
	}
	return full, nil
}

func (cfg Config) authorities(self jid.JID) (*authorities, error) {
	if cfg.TLS == NoTLS {
		return newAuthorities("", nil)
	}
	out := &tls.Config{
		ServerName: self.Domainpart(),
		MinVersion: tls.VersionTLS12,
		RootCAs:    cfg.RootCAs,

		ClientSessionCache: newSessionCache(),
	}
	if cfg.TLS == DirectTLS {
		out.NextProtos = []string{"xmpp-client"} // XEP-0368 section 3
	}
	return newAuthorities(cfg.CAFile, out)
}
