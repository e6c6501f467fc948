package config

import (
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
	resolved := c.resolve(key, path)
	info, err := os.Stat(resolved)
	switch {
	case err != nil:
		c.problemf(key, "%s", fileReason(resolved, err))
	case info.IsDir():
		c.problemf(key, "%s is a folder, allowed is a file", quote(resolved))
	}
	return resolved
}

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
	resolved := c.resolve(key, path)
	data, err := readBounded(resolved, maxCertificate)
	switch {
	case err != nil:
		c.problemf(key, "%s", fileReason(resolved, err))
	case !x509.NewCertPool().AppendCertsFromPEM(data):
		c.problemf(key, "%s holds no certificate, allowed are certificates in PEM form", quote(resolved))
	}
	return resolved
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
		resolved = c.resolve(key, path)
	}
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
