package config

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checker turns raw settings into a Config and reports what is wrong.
type checker struct {
	*report
	raw         raw
	credentials string            // folder of the systemd credentials, or ""
	claimed     map[string]string // key of the table that uses a line
	referred    map[string]bool   // files of the configuration
	outside     []string          // keys of secrets elsewhere
	digests     map[string][sha256.Size]byte
}

func newChecker(r *report, written raw, credentials string) *checker {
	return &checker{
		report: r, raw: written, credentials: credentials,
		claimed: map[string]string{}, referred: map[string]bool{}, digests: map[string][sha256.Size]byte{},
	}
}

func (c *checker) config() *Config {
	cfg := &Config{
		Version:   c.version(),
		Device:    c.device(),
		XMPP:      c.xmpp(),
		QuickBlox: c.quickblox(),
		LAN:       c.lan(),
		Contacts:  c.contacts(),
		WebRTC:    c.webrtc(),
		Camera:    c.camera(),
		Audio:     c.audio(),
		Watchdog:  c.watchdog(),
		Control:   c.control(),
		Log:       c.log(),
		Network:   c.network(),
		System:    c.system(),
		Update:    c.update(),
	}
	cfg.Buttons = c.buttons(cfg.Contacts)
	cfg.Lamps = c.lamps()
	cfg.Relays = c.relays(cfg.Contacts)
	cfg.AutoAccept = c.autoAccept(cfg.Contacts)
	cfg.Files = slices.Sorted(maps.Keys(c.referred))
	cfg.Outside = slices.Sorted(slices.Values(c.outside))
	if len(c.digests) > 0 {
		cfg.digests = c.digests
	}
	return cfg
}

func (c *checker) version() int {
	return c.inRange(versionKey, c.raw.Version, 1, math.MaxInt32)
}

func (c *checker) device() Device {
	c.name("device.name", c.raw.Device.Name)
	dir := c.resolve("device.state_dir", c.raw.Device.StateDir)
	if !isLine(dir) {
		c.problemf("device.state_dir", "%s is not a path of a folder", quote(dir))
	}
	return Device{Name: c.raw.Device.Name, StateDir: dir}
}

func (c *checker) xmpp() XMPP {
	in := c.raw.XMPP
	c.domain("xmpp.domain", in.Domain)
	if in.Address != "" {
		c.hostPort("xmpp.address", in.Address, 1)
	}
	mode := oneOf(c, "xmpp.tls", in.TLS, TLSStart, TLSDirect, TLSNone)
	if mode == TLSNone && !in.AllowInsecure {
		c.problemf("xmpp.tls", "none sends the calls unprotected, it needs xmpp.allow_insecure: true")
	}
	if !isLine(in.Resource) || len(in.Resource) > 1023 {
		c.problemf("xmpp.resource", "%s is not a resource, allowed are 1 to 1023 bytes of text", quote(in.Resource))
	}
	return XMPP{
		Domain: in.Domain, Address: in.Address, TLS: mode, AllowInsecure: in.AllowInsecure,
		CAFile: c.certificates("xmpp.ca_file", in.CAFile), Resource: in.Resource,
	}
}

func (c *checker) quickblox() QuickBlox {
	in := c.raw.QuickBlox
	c.positive("quickblox.app_id", in.AppID)
	c.positive("quickblox.user_id", in.UserID)
	password := c.password("quickblox", in.Password, in.PasswordFile, c.defaultCredential())
	if !password.IsSet() && !c.raw.LAN.Enabled && !c.anyProblem("quickblox.password_file") {
		c.problemf("quickblox.password", "is missing, it must be the password of the account; or quickblox.password_file names a file with it; nor is there the systemd credential %s", credentialName)
	}
	return QuickBlox{AppID: in.AppID, UserID: in.UserID, Password: password}
}

func (c *checker) lan() LAN {
	in := c.raw.LAN
	c.hostPort("lan.listen", in.Listen, 0)
	cert, key := c.pem("lan.tls_cert", in.TLSCert), c.pem("lan.tls_key", in.TLSKey)
	if in.TLSCert != "" && in.TLSKey == "" {
		c.problemf("lan.tls_key", "is missing, it belongs to lan.tls_cert")
	}
	if in.TLSKey != "" && in.TLSCert == "" {
		c.problemf("lan.tls_cert", "is missing, it belongs to lan.tls_key")
	}
	c.secretAt("lan.tls_key", in.TLSKey)
	return LAN{Enabled: in.Enabled, Listen: in.Listen, TLSCert: cert, TLSKey: key}
}

// name checks a text shown to people.
func (c *checker) name(key, s string) {
	switch {
	case s == "":
		c.problemf(key, "is missing, it must be a name")
	case !isLine(s) || strings.TrimSpace(s) != s || utf8.RuneCountInString(s) > 100:
		c.problemf(key, "%s is not a name, allowed are 1 to 100 characters without space around them", quote(s))
	}
}

func (c *checker) domain(key, s string) {
	switch {
	case s == "":
		c.problemf(key, "is missing, it must be the domain of the XMPP server, such as chat.example.org")
	case !isLine(s) || strings.ContainsAny(s, "@/<>&'\" :") && !isIP(s) || len(s) > 255:
		c.problemf(key, "%s is not a domain, allowed is a name such as chat.example.org", quote(s))
	}
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return err == nil
}

// hostPort checks an address; port 0 lets the system choose where to listen.
func (c *checker) hostPort(key, s string, minPort uint64) {
	_, port, err := net.SplitHostPort(s)
	n, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || n < minPort || !isLine(s) || strings.ContainsAny(s, " /@") {
		c.problemf(key, "%s is not an address, allowed is HOST:PORT", quote(s))
	}
}

// positive checks an id. QuickBlox clients count in JavaScript, exactly up to
// 2^53.
func (c *checker) positive(key string, n int64) {
	switch {
	case n == 0 && !c.given(key):
		c.problemf(key, "is missing, it must be a positive number")
	case n < 1 || n >= 1<<53:
		c.problemf(key, "%d is out of range, allowed are 1 to 9007199254740991", n)
	}
}

// inRange checks a number and returns it.
func (c *checker) inRange(key string, n, low, high int64) int {
	if n < low || n > high {
		if high == math.MaxInt32 {
			c.problemf(key, "%d is out of range, allowed are %d and more", n, low)
		} else {
			c.problemf(key, "%d is out of range, allowed are %d to %d", n, low, high)
		}
		return int(low)
	}
	return int(n)
}

// oneOf checks a word and returns it.
func oneOf[T ~string](c *checker, key, s string, allowed ...T) T {
	if !slices.Contains(allowed, T(s)) {
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = string(a)
		}
		c.problemf(key, "%s is unknown, allowed are %s", quote(s), strings.Join(words, ", "))
	}
	return T(s)
}

// isLine says whether s is one line of text that is not empty.
func isLine(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// quote shows a text in an error, shortened.
func quote(s string) string { return fmt.Sprintf("%.100q", s) }
