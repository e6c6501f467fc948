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

// maxAddresses is how many addresses of an answer of the DNS are tried.
const maxAddresses = 8

// dialer finds the server and opens the TCP connection.
type dialer struct {
	domain  string
	address string // host:port, or "" to ask the DNS
	direct  bool   // TLS from the first byte: other SRV records, other port
	secure  bool   // TLS at all
	given   bool   // connections come from Config.Dial
	local   bool   // the server is on this machine
	timeout time.Duration
	waits   func(atMost time.Duration) // told before each wait

	lookupSRV func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)

	good string // IP address and port of the last login, or ""
}

func newDialer(cfg Config, waits func(time.Duration)) *dialer {
	return &dialer{
		domain:    cfg.Domain,
		address:   cfg.Address,
		direct:    cfg.TLS == DirectTLS,
		secure:    cfg.TLS != NoTLS,
		given:     cfg.Dial != nil,
		local:     isLocal(cfg.Address),
		timeout:   cfg.Timing.Dial,
		waits:     waits,
		lookupSRV: net.DefaultResolver.LookupSRV,
	}
}

// port is the port to use where none is given.
func (d *dialer) port() string {
	if d.direct {
		return "5223"
	}
	return "5222"
}

func isLocal(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// dial opens a connection to address, within the timeout. A name with IPv6 and
// IPv4 addresses is tried with both, a moment apart (RFC 8305). On a fresh
// network it is tried several times, as the first packets are often lost.
func (d *dialer) dial(ctx context.Context, address string, fresh bool) (net.Conn, error) {
	d.waits(d.timeout)
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	nd := net.Dialer{KeepAliveConfig: keepAlive()}
	starts := []time.Duration{0}
	if fresh {
		starts = []time.Duration{0, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond}
	}
	conn, err := race(ctx, starts, func(ctx context.Context) (net.Conn, error) { return nd.DialContext(ctx, "tcp", address) })
	if err != nil {
		return nil, explainDial(d.address, err)
	}
	limitRetransmission(conn)
	return conn, nil
}

// keepAlive finds a peer that is gone below the link's own liveness, should
// that ever not run.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}
}

// remember notes that the link could log in through conn.
func (d *dialer) remember(conn net.Conn) {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		d.good = a.String()
	}
}

// route is the addresses of one attempt.
type route struct {
	dialer  *dialer
	waiting []string // to be tried
	asked   bool     // the configured addresses are among them, or were
	tried   []string
}

// route returns where to try: where the last server sent us and nowhere else;
// or where the session to resume is, then the configured addresses.
func (r *runner) route(old *session) *route {
	d := r.link.dialer
	switch {
	case d.given:
		return &route{dialer: d, waiting: []string{d.domain}, asked: true}
	case r.redirect.address != "":
		return &route{dialer: d, waiting: []string{r.redirect.address}, asked: true}
	case old == nil:
		return &route{dialer: d}
	}
	out := &route{dialer: d}
	if location := hostPort(old.location, d.port()); location != "" && d.secure {
		out.waiting = append(out.waiting, location)
	}
	if d.good != "" {
		out.waiting = append(out.waiting, d.good)
	}
	return out
}

// next returns the address to try next, or "" when there is none.
func (r *route) next(ctx context.Context) (string, error) {
	for {
		if len(r.waiting) == 0 && !r.asked {
			r.asked = true
			addresses, err := r.dialer.candidates(ctx)
			if err != nil {
				return "", err
			}
			r.waiting = addresses
		}
		if len(r.waiting) == 0 {
			return "", nil
		}
		address := r.waiting[0]
		r.waiting = r.waiting[1:]
		if !r.hasTried(address) {
			r.tried = append(r.tried, address)
			return address, nil
		}
	}
}

// failed notes why address failed. When the DNS does not know it, the address
// that worked last is tried next.
func (r *route) failed(address string, err error) {
	var dns *net.DNSError
	if good := r.dialer.good; errors.As(err, &dns) && good != "" && !r.dialer.given {
		r.waiting = append([]string{good}, r.waiting...)
	}
}

func (r *route) hasTried(address string) bool {
	for _, t := range r.tried {
		if t == address {
			return true
		}
	}
	return false
}

// candidates returns the configured addresses, best first (RFC 6120 section
// 3.2.1, XEP-0368 section 2): by priority, and within one by chance according to
// their weights (RFC 2782).
func (d *dialer) candidates(ctx context.Context) ([]string, error) {
	if d.address != "" {
		return []string{d.address}, nil
	}
	service := "xmpp-client"
	if d.direct {
		service = "xmpps-client"
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	d.waits(d.timeout)
	_, records, err := d.lookupSRV(ctx, service, "tcp", d.domain)
	if err != nil || len(records) == 0 {
		return d.withoutRecords(err), nil
	}
	var out []string
	for _, r := range records[:min(len(records), maxAddresses)] {
		if target := strings.TrimSuffix(r.Target, "."); target != "" {
			out = append(out, net.JoinHostPort(target, strconv.Itoa(int(r.Port))))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the SRV record _%s._tcp.%s says that there is no such service: check xmpp.domain and xmpp.tls", service, d.domain)
	}
	return out, nil
}

// withoutRecords returns where to try without SRV records. The domain itself
// may still work, and if it does not, its error says more. When the DNS did not
// answer, the address that worked last comes first.
func (d *dialer) withoutRecords(err error) []string {
	out := []string{net.JoinHostPort(d.domain, d.port())}
	var dns *net.DNSError
	if answered := err == nil || errors.As(err, &dns) && dns.IsNotFound; !answered && d.good != "" {
		out = append([]string{d.good}, out...)
	}
	return out
}
