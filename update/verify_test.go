package update

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pki is what scripts/pki.sh makes.
type pki struct{ dir string }

func newPKI(t testing.TB) pki {
	t.Helper()
	p := pki{filepath.Join(t.TempDir(), "pki")}
	if out, err := exec.Command("../scripts/pki.sh", "--bad", p.dir).CombinedOutput(); err != nil {
		t.Fatalf("pki.sh: %v\n%s", err, out)
	}
	return p
}

func (p pki) path(name string) string { return filepath.Join(p.dir, name) }

func (p pki) keyring(t testing.TB) *x509.CertPool {
	t.Helper()
	pool, err := readKeyring(p.path("keyring.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// der is a certificate of the PKI.
func (p pki) der(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(p.path(name + ".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	return block.Bytes
}

// sign makes a signature with openssl.
func (p pki) sign(t testing.TB, name string, content []byte) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "signed")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("openssl", "dgst", "-sha256", "-sign", p.path(name+".key"), file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// envelope signs a payload with one of the PKI's certificates.
func (p pki) envelope(t testing.TB, signer, payload string) envelope {
	t.Helper()
	return envelope{PayloadType, []byte(payload), []signature{
		{p.der(t, signer), p.sign(t, signer, preAuthEncoding(PayloadType, []byte(payload)))},
	}}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const onePayload = `{"updates":[{"channel":"stable","version":"1.1.0","compatible":"intercom-rpi4","later":1}],"future":true}`

func TestPreAuthEncoding(t *testing.T) {
	// The example of the DSSE specification, protocol.md.
	const want = "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
	if got := preAuthEncoding("http://example.com/HelloWorld", []byte("hello world")); string(got) != want {
		t.Errorf("got %q", got)
	}
}

func TestManifestIsVerified(t *testing.T) {
	p := newPKI(t)
	good := p.envelope(t, "signer", onePayload)
	changed := func(f func(*envelope)) []byte {
		e := good
		e.Signatures = append([]signature(nil), good.Signatures...)
		f(&e)
		return encode(t, e)
	}
	tests := []struct {
		name string
		data []byte
		now  time.Time
		want string
	}{
		{"good", encode(t, good), time.Time{}, ""},
		{"a bad signature beside a good one", changed(func(e *envelope) {
			e.Signatures = append([]signature{{p.der(t, "rogue"), []byte("x")}}, e.Signatures...)
		}), time.Time{}, ""},
		{"changed content", changed(func(e *envelope) { e.Payload = []byte(strings.Replace(onePayload, "1.1.0", "9.9.9", 1)) }), time.Time{}, "the signature of the manifest is wrong: it was changed after it was signed"},
		{"other type", changed(func(e *envelope) { e.PayloadType = "text/plain" }), time.Time{}, `the manifest is of another kind ("text/plain")`},
		{"not signed", changed(func(e *envelope) { e.Signatures = nil }), time.Time{}, "the manifest is not signed"},
		{"too many signatures", changed(func(e *envelope) {
			e.Signatures = make([]signature, maxSignatures+1)
		}), time.Time{}, "more than 8 signatures"},
		{"rogue", encode(t, p.envelope(t, "rogue", onePayload)), time.Time{}, "the manifest was signed by somebody this device does not trust"},
		{"expired", encode(t, p.envelope(t, "expired", onePayload)), time.Time{}, "the certificate that signed the manifest expired on 20"},
		{"wrong purpose", encode(t, p.envelope(t, "tls-only", onePayload)), time.Time{}, "a certificate that is not for signing software"},
		{"clock behind", encode(t, good), time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC), "; is the clock right?"},
		{"later", encode(t, good), time.Now().Add(100 * 365 * 24 * time.Hour), "the certificate that signed the manifest expired on"},
		{"no certificate", changed(func(e *envelope) { e.Signatures[0].Cert = nil }), time.Time{}, "the certificate in the manifest is damaged or missing"},
		{"damaged certificate", changed(func(e *envelope) { e.Signatures[0].Cert = []byte("x") }), time.Time{}, "the certificate in the manifest is damaged or missing"},
		{"too large", append(encode(t, good), make([]byte, maxManifest)...), time.Time{}, "the manifest is larger than 64 KiB"},
		{"no JSON", []byte("<html>"), time.Time{}, "the manifest is no signed envelope"},
		{"empty", nil, time.Time{}, "the manifest is no signed envelope"},
		{"content without sense", encode(t, p.envelope(t, "signer", `{"updates": 3}`)), time.Time{}, "the content of the manifest makes no sense"},
		{"too many updates", encode(t, p.envelope(t, "signer", `{"updates":[{}`+strings.Repeat(",{}", maxUpdates)+`]}`)), time.Time{}, "more than 256 updates"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := tt.now
			if now.IsZero() {
				now = time.Now()
			}
			m, err := openManifest(tt.data, p.keyring(t), now)
			if tt.want == "" {
				if err != nil || len(m.Updates) != 1 || m.Updates[0].Version != "1.1.0" {
					t.Errorf("%+v, %v", m, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(m.Updates) > 0 {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// issuer makes certificates of kinds that pki.sh does not.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (i *issuer) issue(t *testing.T, key any, public any, change func(*x509.Certificate)) *issuer {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: fmt.Sprint(time.Now().UnixNano())},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	change(template)
	parent, signer := template, key
	if i != nil {
		parent, signer = i.cert, any(i.key)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	own, _ := key.(*ecdsa.PrivateKey)
	return &issuer{cert, own}
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
}

func TestChains(t *testing.T) {
	rootKey, middleKey, key := newKey(t, elliptic.P256()), newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	root := (*issuer)(nil).issue(t, rootKey, rootKey.Public(), asCA)
	middle := root.issue(t, middleKey, middleKey.Public(), asCA)
	pool := x509.NewCertPool()
	pool.AddCert(root.cert)
	keep := func(*x509.Certificate) {}
	leaf := middle.issue(t, key, key.Public(), keep)
	forServers := root.issue(t, middleKey, middleKey.Public(), func(c *x509.Certificate) {
		asCA(c)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	belowServers := forServers.issue(t, key, key.Public(), keep)
	noPurpose := root.issue(t, key, key.Public(), func(c *x509.Certificate) { c.ExtKeyUsage = nil })
	noSigning := root.issue(t, key, key.Public(), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })
	larger := newKey(t, elliptic.P384())
	large := root.issue(t, larger, larger.Public(), keep)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	withRSA := root.issue(t, rsaKey, rsaKey.Public(), keep)
	notCA := leaf.issue(t, key, key.Public(), keep)

	for name, tt := range map[string]struct {
		certs []*x509.Certificate
		key   *ecdsa.PrivateKey
		want  string
	}{
		"with the one between":    {[]*x509.Certificate{leaf.cert, middle.cert}, key, ""},
		"without it":              {[]*x509.Certificate{leaf.cert}, key, "somebody this device does not trust"},
		"no purpose at all":       {[]*x509.Certificate{noPurpose.cert}, key, "not for signing software"},
		"key not for signatures":  {[]*x509.Certificate{noSigning.cert}, key, "not for signing software"},
		"one between for servers": {[]*x509.Certificate{belowServers.cert, forServers.cert}, key, "not for signing software"},
		"another curve":           {[]*x509.Certificate{large.cert}, larger, "not signed with an ECDSA key on the curve P-256"},
		"RSA":                     {[]*x509.Certificate{withRSA.cert}, key, "not signed with an ECDSA key on the curve P-256"},
		"another key":             {[]*x509.Certificate{leaf.cert, middle.cert}, rootKey, "it was changed after it was signed"},
		"issued by no authority":  {[]*x509.Certificate{notCA.cert, leaf.cert, middle.cert}, key, "somebody this device does not trust"},
		"more than anybody needs": {[]*x509.Certificate{leaf.cert, middle.cert, middle.cert, middle.cert, middle.cert, middle.cert, middle.cert}, key, "damaged or missing"},
	} {
		signed := []byte("content")
		digest := sha256.Sum256(signed)
		sig, err := ecdsa.SignASN1(rand.Reader, tt.key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		s := signature{Sig: sig}
		for _, c := range tt.certs {
			s.Cert = append(s.Cert, c.Raw...)
		}
		err = s.verify(signed, pool, time.Now())
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestReadKeyring(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct{ content, want string }{
		"empty":  {"", "there is no certificate in it"},
		"key":    {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "there is no certificate in it"},
		"broken": {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "read keyring " + filepath.Join(dir, "broken")},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readKeyring(path); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readKeyring(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a keyring that is not there was read")
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"payloadType":"` + PayloadType + `","payload":"e30=","signatures":[{"cert":"MAA=","sig":"MAA="}]}`))
	f.Add([]byte(onePayload))
	f.Add([]byte("{}"))
	pool := x509.NewCertPool()
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := openManifest(data, pool, rigStart); err == nil {
			t.Error("accepted without anybody to trust")
		}
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		c, err := choose(m, view{running: versionOf(ofVersion("1.0.0")), compatible: testBoard, channel: "stable"}, rigStart)
		if err == nil && c.update != nil && (c.update.check() != nil || versionOf(*c.update).Compare(versionOf(ofVersion("1.0.0"))) <= 0) {
			t.Errorf("chose %+v", c.update)
		}
	})
}

// TestManifestScript runs scripts/manifest.sh on a bundle of RAUC.
func TestManifestScript(t *testing.T) {
	p := newPKI(t)
	bundle := newBundle(t, p, "1.2.0")
	out := filepath.Join(t.TempDir(), "stable.json")
	args := []string{
		"--cert", p.path("signer.pem"), "--key", p.path("signer.key"), "--keyring", p.path("keyring.pem"),
		"--url", "https://updates.example.org/v1/", "--channel", "beta", "--rollout", "25", "--minimum", "1.0.0",
		"--expires", "2030-01-31T00:00:00Z", "--report", "https://updates.example.org/report", "-o", out,
	}
	script(t, "", append(args, bundle, bundle)...)
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	m, err := openManifest(data, p.keyring(t), time.Now())
	if err != nil || len(m.Updates) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	content, err := os.ReadFile(bundle)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Updates[1]
	if err := got.check(); err != nil {
		t.Error(err)
	}
	if got.Channel != "beta" || got.Version != "1.2.0" || got.Compatible != testBoard || *got.Rollout != 25 || got.MinimumVersion != "1.0.0" ||
		got.URL != "https://updates.example.org/v1/"+filepath.Base(bundle) || got.SHA256 != hashOf(content) || got.Size != int64(len(content)) ||
		!got.Expires.Equal(time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC)) || got.ReportURL != "https://updates.example.org/report" || !isHash(got.ManifestHash) {
		t.Errorf("%+v", got)
	}
	basic := func(signer string) []string {
		return []string{"--cert", p.path(signer + ".pem"), "--key", p.path("signer.key"), "--url", "https://h", "--keyring", p.path("keyring.pem"), "-o", out}
	}
	script(t, "tls-only.pem is not for signing code", append(basic("tls-only"), bundle)...)
	script(t, "expired.pem has expired", append(basic("expired"), bundle)...)
	script(t, "rogue.pem does not chain to", append(basic("rogue"), bundle)...)
	script(t, "signer.key is not the key of", append([]string{"--unchecked"}, append(basic("rogue"), bundle)...)...)
	script(t, "is no bundle, or not a whole one", append(basic("signer"), p.path("keyring.pem"))...)
	script(t, "there is no file", append(basic("signer"), "nothing")...)
	script(t, `--channel: "a"b" is not as it should be`, append(append(basic("signer"), "--channel", `a"b`), bundle)...)
	script(t, "usage:", bundle)
	script(t, "usage:", "--what", bundle)
}

// script runs manifest.sh; want is a part of its error, "" is none.
func script(t *testing.T, want string, args ...string) {
	t.Helper()
	out, err := exec.Command("../scripts/manifest.sh", args...).CombinedOutput()
	if (err == nil) != (want == "") || !strings.Contains(string(out), want) {
		t.Errorf("manifest.sh %s: %v, want %q\n%s", strings.Join(args, " "), err, want, out)
	}
}

// newBundle makes a bundle with RAUC's own tool.
func newBundle(t *testing.T, p pki, version string) string {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	root := make([]byte, 1<<16)
	rand.Read(root)
	manifest := "[update]\ncompatible=" + testBoard + "\nversion=" + version + "\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.img\n"
	for name, content := range map[string][]byte{"rootfs.img": root, "manifest.raucm": []byte(manifest)} {
		if err := os.WriteFile(filepath.Join(in, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, testBoard+"-"+version+".raucb")
	cmd := exec.Command("rauc", "bundle", "--cert="+p.path("signer.pem"), "--key="+p.path("signer.key"), in, out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("rauc bundle: %v\n%s", err, text)
	}
	return out
}
