package prosody

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const domain = "chat.test"

// verify checks the server's certificate against the authority in a file.
func verify(t *testing.T, dir, authority string) error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := os.ReadFile(filepath.Join(dir, authority))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(trusted) {
		t.Fatalf("%s holds no certificate", authority)
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: domain})
	return err
}

func TestCertificates(t *testing.T) {
	dir := t.TempDir()
	if err := WriteCertificates(dir, domain); err != nil {
		t.Fatal(err)
	}
	if err := verify(t, dir, "ca.pem"); err != nil {
		t.Errorf("own authority: %v", err)
	}
	var unknown x509.UnknownAuthorityError
	if err := verify(t, dir, "other-ca.pem"); !errors.As(err, &unknown) {
		t.Errorf("another authority: %v, want an unknown authority", err)
	}
}

// TestEncode compares with the files that prosodyctl 0.12 makes.
func TestEncode(t *testing.T) {
	for name, want := range map[string]string{
		"chat.test": "chat%2etest", "104-7": "104%2d7", "Anna": "Anna", "a_b": "a%5fb", "ü": "%c3%bc",
	} {
		if got := encode(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
