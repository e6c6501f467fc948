package prosody

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// WriteCertificates makes a certificate authority, a server certificate by it
// for domain, and a second authority that signed nothing. It writes ca.pem,
// server.pem, server.key and other-ca.pem into dir; they hold for a
// week. The folder is made if it is missing.
func WriteCertificates(dir, domain string) error {
	ca, caKey, err := authority("lab")
	if err != nil {
		return err
	}
	other, _, err := authority("somebody else")
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make server key: %w", err)
	}
	template := certificate(2, domain)
	template.DNSNames = []string{domain}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		return fmt.Errorf("sign server certificate: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode server key: %w", err)
	}
	return writePEM(dir, map[string]*pem.Block{
		"ca.pem":       {Type: "CERTIFICATE", Bytes: ca.Raw},
		"other-ca.pem": {Type: "CERTIFICATE", Bytes: other.Raw},
		"server.pem":   {Type: "CERTIFICATE", Bytes: server},
		"server.key":   {Type: "PRIVATE KEY", Bytes: der},
	})
}

func authority(name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key of authority: %w", err)
	}
	template := certificate(1, name)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("sign authority: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("parse authority: %w", err)
	}
	return parsed, key, nil
}

func certificate(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(7 * 24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// The files are readable by everybody: the server runs as another user, and
// the keys live for one run in a network without a way out.
func writePEM(dir string, blocks map[string]*pem.Block) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make folder of certificates: %w", err)
	}
	for name, block := range blocks {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o644); err != nil {
			return fmt.Errorf("write certificate: %w", err)
		}
	}
	return nil
}
