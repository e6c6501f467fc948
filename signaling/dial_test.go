package signaling

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

func TestCandidates(t *testing.T) {
	notFound := &net.DNSError{Err: "no such host", Name: "chat.test", IsNotFound: true}
	tests := []struct {
		name    string
		dialer  *dialer
		records []*net.SRV
		err     error
		asked   string
		want    []string
		fails   string
	}{
		{"fixed address", &dialer{address: "10.0.0.1:5000"}, nil, nil, "", []string{"10.0.0.1:5000"}, ""},
		{"records", &dialer{}, []*net.SRV{{Target: "a.test.", Port: 1}, {Target: "b.test.", Port: 2}}, nil,
			"_xmpp-client._tcp.chat.test", []string{"a.test:1", "b.test:2"}, ""},
		{"direct records", &dialer{direct: true}, []*net.SRV{{Target: "a.test.", Port: 443}}, nil,
			"_xmpps-client._tcp.chat.test", []string{"a.test:443"}, ""},
		{"no records", &dialer{}, nil, notFound, "_xmpp-client._tcp.chat.test", []string{"chat.test:5222"}, ""},
		{"no direct records", &dialer{direct: true}, nil, notFound, "_xmpps-client._tcp.chat.test", []string{"chat.test:5223"}, ""},
		{"no answer", &dialer{}, nil, context.DeadlineExceeded, "_xmpp-client._tcp.chat.test", []string{"chat.test:5222"}, ""},
		{"no answer, an address known", &dialer{good: "192.0.2.1:5222"}, nil, context.DeadlineExceeded, "_xmpp-client._tcp.chat.test", []string{"192.0.2.1:5222", "chat.test:5222"}, ""},
		{"no records, an address known", &dialer{good: "192.0.2.1:5222"}, nil, notFound, "_xmpp-client._tcp.chat.test", []string{"chat.test:5222"}, ""},
		{"many records", &dialer{}, slices.Repeat([]*net.SRV{{Target: "a.test.", Port: 1}}, 100), nil, "_xmpp-client._tcp.chat.test", slices.Repeat([]string{"a.test:1"}, maxAddresses), ""},
		{"no service", &dialer{}, []*net.SRV{{Target: ".", Port: 0}}, nil, "_xmpp-client._tcp.chat.test", nil,
			"_xmpp-client._tcp.chat.test says that there is no such service: check xmpp.domain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := ""
			d := tt.dialer
			d.domain, d.timeout, d.waits = "chat.test", time.Minute, func(time.Duration) {}
			d.lookupSRV = func(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
				asked = "_" + service + "._" + proto + "." + name
				return "", tt.records, tt.err
			}
			got, err := d.candidates(t.Context())
			switch {
			case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)):
				t.Errorf("error %v, want %q", err, tt.fails)
			case tt.fails == "" && err != nil:
				t.Errorf("error %v", err)
			case !slices.Equal(got, tt.want) || asked != tt.asked:
				t.Errorf("asked %q, got %q; want %q, %q", asked, got, tt.asked, tt.want)
			}
		})
	}
}

// closedPort returns a loopback address that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestUnreachableServer(t *testing.T) {
	address := closedPort(t)
	l, err := New(Config{Domain: testDomain, Username: testUser, Password: "x", Address: address}, testCodec{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var got State
	if err := l.Run(ctx, func(call.Signal) {}, func(s State) { got = s; cancel() }); err != nil {
		t.Fatal(err)
	}
	if want := "dial tcp " + address + ": connect: connection refused"; got.Err == nil || got.Err.Error() != want {
		t.Errorf("error %v, want %s", got.Err, want)
	}
}

func TestUnknownHostSaysWhereToLook(t *testing.T) {
	dns := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "chat.tset", IsNotFound: true}}
	for address, want := range map[string]string{"": "check xmpp.domain", "chat.tset:5222": "check xmpp.address"} {
		if got := explainDial(address, dns).Error(); got != "dial tcp: lookup chat.tset: no such host: "+want {
			t.Errorf("with address %q: %s", address, got)
		}
	}
}

func TestSocketErrorsReadTheSameEachTime(t *testing.T) {
	reset := errors.New("connection reset by peer")
	for port := 1; port < 3; port++ {
		err := &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: port}, Err: reset}
		if got := explainStream("d", "r", err); got.Error() != "connection lost: connection reset by peer" || !errors.Is(got, reset) {
			t.Errorf("port %d: %v", port, got)
		}
	}
}
