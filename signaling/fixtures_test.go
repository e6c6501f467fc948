package signaling

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

// authority is a certificate authority made for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
	pem  []byte
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return authority{cert: cert, key: key, pool: pool, pem: encodePEM(der)}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encodePEM(der []byte) []byte {
	return fmt.Appendf(nil, "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", base64.StdEncoding.EncodeToString(der))
}

// issue returns a server configuration with a certificate for name.
func (a authority) issue(t *testing.T, name string, notAfter time.Time) *tls.Config {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{"xmpp-client"},
	}
}

// testCodec carries the type and the session of a signal.
type testCodec struct{}

func (testCodec) Encode(s call.Signal) ([]byte, error) {
	if s.Session == "cannot be encoded" {
		return nil, errors.New("no")
	}
	return []byte(wire(s)), nil
}

// wire is the stanza testCodec makes of s.
func wire(s call.Signal) string {
	return fmt.Sprintf(`<message to="%d-7@%s" type="headline"><s t="%s" id="%s">%s</s></message>`,
		s.Peer.User, testDomain, s.Type, escape(string(s.Session)), escape(s.SDP))
}

func (testCodec) Decode(stanza []byte) (call.Signal, error) {
	var m struct {
		XMLName xml.Name  `xml:"jabber:client message"`
		From    string    `xml:"from,attr"`
		Delay   *struct{} `xml:"urn:xmpp:delay delay"`
		S       *struct {
			Type string `xml:"t,attr"`
			ID   string `xml:"id,attr"`
			SDP  string `xml:",chardata"`
		} `xml:"s"`
	}
	if err := xml.Unmarshal(stanza, &m); err != nil {
		return call.Signal{}, err
	}
	switch {
	case m.Delay != nil:
		return call.Signal{}, errors.New("delivered late")
	case m.S == nil:
		return call.Signal{}, errors.New("no call signal")
	case m.S.Type == "panic":
		panic("codec")
	}
	return call.Signal{Type: call.SignalType(m.S.Type), Session: call.SessionID(m.S.ID), SDP: m.S.SDP}, nil
}

// logbook is a slog handler that remembers the lines at or above a level.
type logbook struct {
	mu    sync.Mutex
	lines []string
}

func (b *logbook) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, string(p))
	return len(p), nil
}

// count returns how many lines hold every part.
func (b *logbook) count(parts ...string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
lines:
	for _, line := range b.lines {
		for _, part := range parts {
			if !strings.Contains(line, part) {
				continue lines
			}
		}
		n++
	}
	return n
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "")
}
