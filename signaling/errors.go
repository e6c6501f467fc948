package signaling

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"time"

	xmppstream "mellium.im/xmpp/stream"
)

// failure is what an error means for the next attempt.
type failure int

const (
	failedNetwork  failure = iota // worth trying again soon
	failedMoved                   // worth trying at once, on the network there is now
	failedClock                   // nothing to try before the clock is set
	failedBusy                    // the server asks to be left alone for a while
	failedAuth                    // the server does not accept the account
	failedConflict                // the server took the stream away on purpose
)

// ofNetwork tells whether another network may help.
func (f failure) ofNetwork() bool { return f == failedNetwork || f == failedMoved }

// authError is a refused login. It hides the server's own words, which are
// logged apart.
type authError struct {
	account   string // bare JID
	condition string // of RFC 6120 section 6.5, or a description
}

func (e *authError) Error() string {
	return fmt.Sprintf("authentication failed for %s: check quickblox.user_id and password_file", e.account)
}

// conflictError is a resource that another client holds or took over.
type conflictError struct{ resource string }

func (e *conflictError) Error() string {
	return fmt.Sprintf("another client uses the resource %q (conflict): check xmpp.resource", e.resource)
}

// classify says how fast to come back after err.
func classify(err error) failure {
	var auth *authError
	var conflict *conflictError
	var clock *clockError
	switch {
	case errors.Is(err, errNetworkChanged):
		return failedMoved
	case errors.As(err, &clock):
		return failedClock
	case errors.Is(err, xmppstream.ResourceConstraint):
		return failedBusy
	case errors.As(err, &auth), errors.Is(err, xmppstream.NotAuthorized):
		return failedAuth
	case errors.As(err, &conflict),
		errors.Is(err, xmppstream.Conflict),
		errors.Is(err, xmppstream.PolicyViolation):
		return failedConflict
	}
	return failedNetwork
}

// explainTLS adds to a certificate error where to look.
func explainTLS(domain string, err error) error {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	err = withoutAddresses(err)
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("verify certificate of %s: %w: check xmpp.ca_file", domain, err)
	case errors.As(err, &host):
		return fmt.Errorf("verify certificate of %s: %w: check xmpp.domain", domain, err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		// Its own words hold the present time, so they differ on each attempt.
		return fmt.Errorf("verify certificate of %s: x509: it is valid from %s until %s only: check the clock", domain,
			invalid.Cert.NotBefore.UTC().Format(time.RFC3339), invalid.Cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("start TLS with %s: %w", domain, err)
}

// explainStream adds to a stream error (RFC 6120 section 4.9.3) where to look.
func explainStream(domain, resource string, err error) error {
	var se xmppstream.Error
	if !errors.As(err, &se) {
		return withoutAddresses(err)
	}
	if to := asRedirect(err); to != nil {
		return to
	}
	switch {
	case errors.Is(err, xmppstream.HostUnknown), errors.Is(err, xmppstream.HostGone):
		return fmt.Errorf("the server does not serve %s (%w): check xmpp.domain", domain, err)
	case errors.Is(err, xmppstream.Conflict):
		return &conflictError{resource: resource}
	case len(se.Text) > 0 && se.Text[0].Value != "":
		return fmt.Errorf("the server closed the stream: %w (%s)", err, clip(se.Text[0].Value))
	}
	return fmt.Errorf("the server closed the stream: %w", err)
}

// explainDial adds to a failed connection where to look.
func explainDial(address string, err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		key := "xmpp.domain"
		if address != "" {
			key = "xmpp.address"
		}
		return fmt.Errorf("%w: check %s", err, key)
	}
	return err
}

// withoutAddresses words the end of a connection. It leaves the local port out,
// which is another each time, so that the same failure reads the same.
func withoutAddresses(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("connection lost: closed by the server")
	case errors.As(err, &op) && slices.Contains([]string{"read", "write"}, op.Op):
		return fmt.Errorf("connection lost: %w", op.Err)
	}
	return err
}

// isTimeout tells whether err is a deadline that passed.
func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// clip shortens text from outside for errors and logs.
func clip(s string) string {
	const limit = 200
	if len(s) > limit {
		return s[:limit] + "…"
	}
	return s
}

// condition is the server's own word for a refused login, for the log.
func condition(err error) string {
	var auth *authError
	if errors.As(err, &auth) {
		return auth.condition
	}
	return ""
}
