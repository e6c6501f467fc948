package update

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Limits of everything that is asked of a web server.
const (
	dialTime     = 20 * time.Second
	answerTime   = 30 * time.Second
	stallTime    = 60 * time.Second // without a byte
	manifestTime = time.Minute
	downloadTime = 6 * time.Hour
	maxRedirects = 5
	maxRetry     = 24 * time.Hour // of a server's Retry-After
)

// isPath tells a file from a URL.
func isPath(source string) bool { return filepath.IsAbs(source) }

// checkURL refuses everything but https with a host.
func checkURL(raw string) error {
	if len(raw) > maxText {
		return fmt.Errorf("a web address of more than %d bytes", maxText)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return errors.New("this is no web address")
	}
	return checkParsed(u)
}

func checkParsed(u *url.URL) error {
	switch {
	case u.Scheme == "http":
		return fmt.Errorf("%s: only https is allowed", redactURL(u))
	case u.Scheme != "https" || u.Hostname() == "":
		return errors.New("want a web address like https://updates.example.org/file")
	}
	return nil
}

// redact leaves out of a URL what may be secret: user, password and query.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable web address)"
	}
	return redactURL(u)
}

func redactURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return shown.String()
}

// newHTTP makes a client that speaks https only and checks servers by the
// certificates in caFile, or by the system's when that is "".
func newHTTP(caFile string) (*http.Client, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("read certificates for the update server: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificates for the update server: there is none in %s", caFile)
		}
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialTime}).DialContext,
			TLSClientConfig:       conf,
			TLSHandshakeTimeout:   dialTime,
			ResponseHeaderTimeout: answerTime,
			DisableKeepAlives:     true,
			DisableCompression:    true, // sizes are those of the files
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirections", maxRedirects)
			}
			if err := checkParsed(req.URL); err != nil {
				return fmt.Errorf("redirection to %w", err)
			}
			req.Header.Del("Referer") // it has the query of the address before
			return nil
		},
	}, nil
}

// do sends a request. Errors name the address without its secrets.
func do(client *http.Client, req *http.Request) (*http.Response, error) {
	if err := checkParsed(req.URL); err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err == nil {
		return resp, nil
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its text has the whole address
	}
	if req.Context().Err() != nil {
		return nil, req.Context().Err()
	}
	return nil, fmt.Errorf("%s: %w", redactURL(req.URL), plainTLS(err))
}

// plainTLS says in plain words why a server is not trusted.
func plainTLS(err error) error {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return errors.New("the server is not trusted: its certificate is from somebody this device does not know (update.ca_file)")
	case errors.As(err, &host):
		return fmt.Errorf("the server is not trusted: %w", host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errors.New("the server is not trusted: its certificate is expired or not valid yet; is the clock right?")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("the server does not answer in time")
	}
	return err
}

// statusError is an answer of a web server that is none we want.
type statusError struct {
	code       int
	where      string // redacted
	retryAfter time.Duration
}

func (e *statusError) Error() string {
	text := http.StatusText(e.code)
	return strings.TrimSpace(fmt.Sprintf("%s: the server says %d %s", e.where, e.code, text))
}

func refusedBy(resp *http.Response, now time.Time) error {
	return &statusError{
		code: resp.StatusCode, where: redactURL(resp.Request.URL),
		retryAfter: retryAfter(resp.Header.Get("Retry-After"), now),
	}
}

// retryAfter reads the header Retry-After (RFC 9110, 10.2.3), 0 when it makes
// no sense.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), maxRetry)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetry)
	}
	return 0
}
