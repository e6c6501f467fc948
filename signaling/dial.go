package signaling

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// dialer finds the server and opens the TCP connection.
type dialer struct {
	domain  string
	address string // host:port, or "" to ask the DNS
	direct  bool   // TLS from the first byte: other SRV records, other port
	timeout time.Duration
	waits   func(atMost time.Duration) // told before each wait

	lookupSRV func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

func newDialer(cfg Config, waits func(time.Duration)) dialer {
	return dialer{
		domain:    cfg.Domain,
		address:   cfg.Address,
		direct:    cfg.TLS == DirectTLS,
		timeout:   cfg.Timing.Dial,
		waits:     waits,
		lookupSRV: net.DefaultResolver.LookupSRV,
	}
}

// dial tries the addresses in order, each within the timeout. The error names
// every address that failed.
func (d dialer) dial(ctx context.Context) (net.Conn, error) {
	addresses, err := d.candidates(ctx)
	if err != nil {
		return nil, err
	}
	var failures []string
	for _, address := range addresses {
		d.waits(d.timeout)
		conn, err := (&net.Dialer{Timeout: d.timeout}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
		if err = explainDial(d.address, err); len(addresses) == 1 {
			return nil, err
		}
		failures = append(failures, err.Error())
	}
	return nil, errors.New(strings.Join(failures, "; "))
}

// candidates returns the addresses to try, best first (RFC 6120 section 3.2.1,
// XEP-0368 section 2).
func (d dialer) candidates(ctx context.Context) ([]string, error) {
	if d.address != "" {
		return []string{d.address}, nil
	}
	service, port := "xmpp-client", "5222"
	if d.direct {
		service, port = "xmpps-client", "5223"
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	d.waits(d.timeout)
	_, records, err := d.lookupSRV(ctx, service, "tcp", d.domain)
	if err != nil || len(records) == 0 {
		// No record, or no answer: the domain itself may still work, and if it
		// does not, its error says more.
		return []string{net.JoinHostPort(d.domain, port)}, nil
	}
	var out []string
	for _, r := range records {
		if target := strings.TrimSuffix(r.Target, "."); target != "" {
			out = append(out, net.JoinHostPort(target, strconv.Itoa(int(r.Port))))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the SRV record _%s._tcp.%s says that there is no such service: check xmpp.domain and xmpp.tls", service, d.domain)
	}
	return out, nil
}
