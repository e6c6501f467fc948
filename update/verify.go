package update

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"
)

// maxCertificates is how many a signature may bring, the signer's included.
const maxCertificates = 6

// readKeyring reads the certificates that manifests must chain to.
func readKeyring(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read keyring: %w", err)
	}
	pool := x509.NewCertPool()
	found := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read keyring %s: %w", path, err)
		}
		pool.AddCert(cert)
		found = true
	}
	if !found {
		return nil, fmt.Errorf("read keyring %s: there is no certificate in it", path)
	}
	return pool, nil
}

// openManifest verifies an envelope and returns what is in it. One good
// signature is enough.
func openManifest(data []byte, keyring *x509.CertPool, now time.Time) (Manifest, error) {
	e, err := parseEnvelope(data)
	if err != nil {
		return Manifest{}, err
	}
	signed := preAuthEncoding(e.PayloadType, e.Payload)
	var first error
	for _, s := range e.Signatures {
		err := s.verify(signed, keyring, now)
		if err == nil {
			return parseManifest(e.Payload)
		}
		if first == nil {
			first = err
		}
	}
	return Manifest{}, first
}

// preAuthEncoding is what a DSSE signature is made over.
func preAuthEncoding(payloadType string, payload []byte) []byte {
	b := append([]byte("DSSEv1 "), strconv.Itoa(len(payloadType))...)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	b = append(b, ' ')
	return append(b, payload...)
}

func (s signature) verify(signed []byte, keyring *x509.CertPool, now time.Time) error {
	certs, err := x509.ParseCertificates(s.Cert)
	if err != nil || len(certs) == 0 || len(certs) > maxCertificates {
		return errors.New("the certificate in the manifest is damaged or missing")
	}
	if err := checkSigner(certs, keyring, now); err != nil {
		return err
	}
	key, ok := certs[0].PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return errors.New("the manifest is not signed with an ECDSA key on the curve P-256")
	}
	digest := sha256.Sum256(signed)
	if !ecdsa.VerifyASN1(key, digest[:], s.Sig) {
		return errors.New("the signature of the manifest is wrong: it was changed after it was signed")
	}
	return nil
}

// checkSigner checks the chain from the signer, certs[0], to the keyring.
func checkSigner(certs []*x509.Certificate, keyring *x509.CertPool, now time.Time) error {
	signer := certs[0]
	switch {
	case now.Before(signer.NotBefore):
		return fmt.Errorf("the certificate that signed the manifest is not valid before %s; is the clock right?", day(signer.NotBefore))
	case now.After(signer.NotAfter):
		return fmt.Errorf("the certificate that signed the manifest expired on %s", day(signer.NotAfter))
	}
	intermediates := x509.NewCertPool()
	for _, c := range certs[1:] {
		intermediates.AddCert(c)
	}
	_, err := signer.Verify(x509.VerifyOptions{
		Roots: keyring, Intermediates: intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, // of those between, too
	})
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return errors.New("the manifest was signed by somebody this device does not trust")
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage, err == nil && !maySign(signer):
		return errors.New("the manifest was signed with a certificate that is not for signing software")
	case err != nil:
		return fmt.Errorf("the certificate that signed the manifest is not accepted: %w", err)
	}
	return nil
}

// maySign asks for the purpose code signing, as RAUC's check-purpose=codesign
// does: a certificate without any purpose is not for everything.
func maySign(c *x509.Certificate) bool {
	if c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return false
	}
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageCodeSigning)
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
