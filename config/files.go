package config

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"
)

const (
	maxSecret      = 4096    // bytes
	maxCertificate = 1 << 20 // bytes
	credentialName = "quickblox.password"
)

// existing checks that a file is there and returns its path; "" stays "".
func (c *checker) existing(key, path string) string {
	if path == "" {
		return ""
	}
	resolved := c.refer(key, path)
	info, err := os.Stat(resolved)
	switch {
	case err != nil:
		c.problemf(key, "%s", fileReason(resolved, err))
	case info.IsDir():
		c.problemf(key, "%s is a folder, allowed is a file", quote(resolved))
	}
	return resolved
}

// pem is existing for a file whose content matters to [Changed].
func (c *checker) pem(key, path string) string {
	resolved := c.existing(key, path)
	if data, err := readBounded(resolved, maxCertificate); err == nil {
		c.digest(key, data)
	}
	return resolved
}

// digest notes what is in a file.
func (c *checker) digest(key string, data []byte) { c.digests[key] = sha256.Sum256(data) }

// inFolder checks that a file can be made where the path says.
func (c *checker) inFolder(key, path string) string {
	resolved := c.resolve(key, path)
	info, err := os.Stat(filepath.Dir(resolved))
	switch {
	case err != nil:
		c.problemf(key, "%s", fileReason(filepath.Dir(resolved), err))
	case !info.IsDir():
		c.problemf(key, "%s is not a folder", quote(filepath.Dir(resolved)))
	}
	return resolved
}

// certificates checks a file of PEM certificates; "" stays "".
func (c *checker) certificates(key, path string) string {
	if path == "" {
		return ""
	}
	resolved := c.refer(key, path)
	data, err := readBounded(resolved, maxCertificate)
	c.digest(key, data)
	switch {
	case err != nil:
		c.problemf(key, "%s", fileReason(resolved, err))
	case !x509.NewCertPool().AppendCertsFromPEM(data):
		c.problemf(key, "%s holds no certificate, allowed are certificates in PEM form", quote(resolved))
	}
	return resolved
}

// password reads the password of a table: inline, in a file, or in fallback.
func (c *checker) password(table string, inline secret, file, fallback string) Secret {
	key := table + ".password"
	switch {
	case inline == "":
		return c.secret(key+"_file", file, fallback)
	case file != "":
		c.problemf(key, "and %s_file are both given, only one can hold", key)
		return Secret{}
	case !c.isPassword(key, inline):
		return Secret{}
	}
	return NewSecret(string(inline))
}

// isPassword checks a password that stands in the configuration itself.
func (c *checker) isPassword(key string, s secret) bool {
	switch {
	case s == StoredMark:
		c.unreadf(key, "is %s, which stands for a password that the device keeps, but it keeps none for this; write the password", StoredMark)
	case !isLine(string(s)) || len(s) > maxSecret:
		c.unreadf(key, "is not a password, allowed is one line of text of at most %d bytes", maxSecret)
	default:
		return true
	}
	return false
}

// secret reads the password in the file that a key names, or in fallback if
// the key has no value. It is unset if there is neither, or a problem.
func (c *checker) secret(key, path, fallback string) Secret {
	resolved := c.credential(path)
	switch {
	case path == "" && fallback == "":
		return Secret{}
	case path == "":
		resolved = fallback
	case resolved == "":
		resolved = c.refer(key, path)
	}
	c.secretAt(key, path)
	data, err := readBounded(resolved, maxSecret)
	if err != nil {
		c.unreadf(key, "%s", fileReason(resolved, err))
		return Secret{}
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if password == "" || !utf8.ValidString(password) || strings.ContainsAny(password, "\x00\r\n") {
		c.unreadf(key, "%s holds no password, allowed is one line of text", quote(resolved))
		return Secret{}
	}
	c.warnIfPublic(key, resolved)
	return NewSecret(password)
}

// credential returns the path of the systemd credential of a name, or "" if
// there is none or the name is a path.
func (c *checker) credential(name string) string {
	if c.credentials == "" || name == "" || name == "." || name == ".." || strings.ContainsRune(name, '/') {
		return ""
	}
	path := filepath.Join(c.credentials, name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func (c *checker) defaultCredential() string { return c.credential(credentialName) }

func (c *checker) warnIfPublic(key, path string) {
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o007 != 0 {
		c.warnf(key, "%s can be read or changed by every user (mode %04o), better is 0600 or 0640", quote(path), info.Mode().Perm())
	}
}

// refer resolves a path like [report.resolve] and notes that the file belongs
// to the configuration.
func (c *checker) refer(key, path string) string {
	if resolved := c.resolve(key, path); resolved != path {
		c.referred[path] = true
		return resolved
	}
	return path
}

// secretAt notes the key of a secret that lies elsewhere than the configuration.
func (c *checker) secretAt(key, path string) {
	if filepath.IsAbs(path) {
		c.outside = append(c.outside, key)
	}
}

// fileReason says why a file cannot be used, with its path once.
func fileReason(path string, err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("file %s does not exist", quote(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("file %s may not be read", quote(path))
	case errors.As(err, &errno):
		return fmt.Sprintf("file %s cannot be used: %v", quote(path), errno)
	}
	return fmt.Sprintf("file %s cannot be used: %v", quote(path), err)
}
