package config

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	minCheckInterval = 5 * time.Minute
	maxSSID          = 32 // bytes (IEEE 802.11-2020, 9.4.2.2)
	minPassphrase    = 8  // characters (IEEE 802.11-2020, J.4.1)
	maxPassphrase    = 63
	hexKey           = 64 // digits of a key of 256 bits
)

func (c *checker) network() Network {
	in := c.raw.Network
	if !regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`).MatchString(in.Hostname) {
		c.problemf("network.hostname", "%s is not a host name, allowed are 1 to 63 letters, digits and - inside", quote(in.Hostname))
	}
	n := Network{Hostname: in.Hostname, WiFi: c.wifi(), DNS: c.addresses("network.dns", in.DNS)}
	c.static(&n)
	return n
}

// static reads what replaces DHCP.
func (c *checker) static(n *Network) {
	in := c.raw.Network
	var err error
	if in.Address != "" {
		if n.Address, err = netip.ParsePrefix(in.Address); err != nil || n.Address.Bits() == 0 || !isHostAddress(n.Address.Addr()) {
			c.problemf("network.address", "%s is not an address with the length of its network, such as 192.168.1.20/24", quote(in.Address))
			return
		}
	}
	if in.Gateway == "" {
		return
	}
	n.Gateway, err = netip.ParseAddr(in.Gateway)
	switch {
	case err != nil || !isHostAddress(n.Gateway):
		c.problemf("network.gateway", "%s is not an address such as 192.168.1.1", quote(in.Gateway))
	case in.Address == "":
		c.problemf("network.gateway", "has no meaning without network.address")
	case !n.Gateway.IsLinkLocalUnicast() && !n.Address.Contains(n.Gateway):
		c.problemf("network.gateway", "%v is not in the network of network.address, %v", n.Gateway, n.Address.Masked())
	case n.Gateway == n.Address.Addr():
		c.problemf("network.gateway", "%v is the device itself (network.address)", n.Gateway)
	}
}

func isHostAddress(a netip.Addr) bool {
	return a.IsValid() && a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback()
}

func (c *checker) addresses(key string, list []string) []netip.Addr {
	addresses := make([]netip.Addr, 0, len(list))
	for i, s := range list {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() {
			c.problemf(fmt.Sprintf("%s[%d]", key, i), "%s is not an address such as 192.168.1.1", quote(s))
		}
		addresses = append(addresses, a)
	}
	return addresses
}

func (c *checker) wifi() WiFi {
	in := c.raw.Network.WiFi
	w := WiFi{SSID: string(in.SSID), Hidden: in.Hidden}
	if in.Country != "" {
		w.Country = c.country("network.wifi.country", in.Country)
	}
	if in.SSID == "" {
		if in.Password != "" {
			c.problemf("network.wifi.ssid", "is missing, it must be the name of the Wi-Fi network")
		}
		return w
	}
	if len(in.SSID) > maxSSID || strings.ContainsRune(w.SSID, 0) {
		c.problemf("network.wifi.ssid", "%s has %d bytes, allowed are 1 to %d", quote(w.SSID), len(w.SSID), maxSSID)
	}
	if in.Country == "" {
		c.problemf("network.wifi.country", "is missing, it must be the country the device stands in, such as DE or GB: radio rules differ")
	}
	switch key := "network.wifi.password"; {
	case in.Password == "" && !c.given(key):
		c.problemf(key, `is missing, it must be the password of the Wi-Fi network; a network without one needs password: ""`)
	case c.isUnread(key):
	case in.Password == "":
		c.warnf(key, "is empty: everybody can join this Wi-Fi network and see who talks to whom")
	case c.isPassword(key, in.Password):
		c.passphrase(key, string(in.Password))
		w.Password = NewSecret(string(in.Password))
	}
	return w
}

// passphrase checks a password of Wi-Fi; errors never show it.
func (c *checker) passphrase(key, s string) {
	if _, err := hex.DecodeString(s); len(s) == hexKey && err == nil {
		return
	}
	if len(s) < minPassphrase || len(s) > maxPassphrase {
		c.problemf(key, "has %s, allowed are %d to %d characters or %d hex digits", counted(len(s), "character"), minPassphrase, maxPassphrase, hexKey)
		return
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r > '~' }) {
		c.warnf(key, "holds letters other than A to Z, which many access points do not understand")
	}
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (c *checker) country(key, s string) string {
	code := strings.ToUpper(s)
	switch better, known := countryInstead()[code]; {
	case known:
		c.problemf(key, "%s is not the code of a country, the one of %s is %s", quote(s), better.name, better.code)
	case !isCountry(code):
		c.problemf(key, "%s is not a country, allowed are codes of two letters (ISO 3166-1) such as DE, GB or US", quote(s))
	case code != s:
		c.problemf(key, "%s must be written in capitals: %s", quote(s), code)
	}
	return code
}

func (c *checker) system() System {
	in := c.raw.System
	c.timezone("system.timezone", in.Timezone)
	if !regexp.MustCompile(`^(C|POSIX|[a-z]{2,3}(_[A-Z]{2})?)(\.UTF-8)?$`).MatchString(in.Locale) {
		c.problemf("system.locale", "%s is not a locale, allowed is a text such as de_DE.UTF-8 or C.UTF-8", quote(in.Locale))
	}
	for i, host := range in.NTP {
		if !isHost(host) && !isIP(host) {
			c.problemf(fmt.Sprintf("system.ntp[%d]", i), "%s is not a host, allowed is a name such as pool.ntp.org or an address", quote(host))
		}
	}
	for i, line := range in.SSH.AuthorizedKeys {
		c.publicKey(fmt.Sprintf("system.ssh.authorized_keys[%d]", i), line)
	}
	if in.SSH.Enabled && len(in.SSH.AuthorizedKeys) == 0 {
		c.problemf("system.ssh.authorized_keys", "is missing, it must list at least one public key: nobody logs in with a password")
	}
	return System{ // an empty list is as good as none
		Timezone: in.Timezone, Locale: in.Locale, NTP: append([]string(nil), in.NTP...),
		SSH:         SSH{Enabled: in.SSH.Enabled, AuthorizedKeys: append([]string(nil), in.SSH.AuthorizedKeys...)},
		ButtonSetup: in.ButtonSetup,
	}
}

// publicKeyTypes are those that sshd(8) and dropbear(8) take without settings.
func publicKeyTypes() []string {
	return []string{
		"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
	}
}

// publicKey checks a line of authorized_keys. The blob begins with the type
// once more (RFC 4253 section 6.6).
func (c *checker) publicKey(key, line string) {
	if strings.Contains(line, "PRIVATE KEY") {
		c.problemf(key, "is a private key, allowed is the line of the public one, in the file that ends in .pub")
		return
	}
	name, rest, _ := strings.Cut(line, " ")
	text, _, _ := strings.Cut(rest, " ")
	blob, err := base64.StdEncoding.DecodeString(text)
	inner := ""
	if len(blob) >= 4 {
		if n := binary.BigEndian.Uint32(blob); uint64(n) <= uint64(len(blob)-4) {
			inner = string(blob[4 : 4+n])
		}
	}
	if !isLine(line) || err != nil || inner != name || !slices.Contains(publicKeyTypes(), name) {
		c.problemf(key, "%s is not a public key, allowed is a line such as ssh-ed25519 AAAA… name", quote(line))
	}
}

func (c *checker) update() Update {
	in := c.raw.Update
	if in.Manifest != "" && !isHTTPS(in.Manifest) {
		c.problemf("update.manifest", "%s is not a URL of a manifest, allowed is https://HOST/PATH", quote(in.Manifest))
	}
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`).MatchString(in.Channel) {
		c.problemf("update.channel", "%s is not a channel, allowed are 1 to 64 small letters, digits, . _ and -", quote(in.Channel))
	}
	c.atLeast("update.check_interval", in.CheckInterval, minCheckInterval)
	keyring := c.refer("update.keyring", in.Keyring)
	if !isLine(keyring) {
		c.problemf("update.keyring", "%s is not a path of a file", quote(keyring))
	}
	return Update{
		Manifest: in.Manifest, Channel: in.Channel, CheckInterval: in.CheckInterval, Window: c.window("update.window", in.Window),
		CAFile: c.certificates("update.ca_file", in.CAFile), Keyring: keyring,
	}
}

func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if u.Port() != "" && (err != nil || port == 0) {
		return false
	}
	return isLine(s) && (isHost(u.Hostname()) || isIP(u.Hostname()))
}

// window reads HH:MM-HH:MM.
func (c *checker) window(key, s string) Window {
	if s == "" {
		return Window{}
	}
	m := regexp.MustCompile(`^([01]?\d|2[0-3]):([0-5]\d) ?- ?([01]?\d|2[0-3]):([0-5]\d)$`).FindStringSubmatch(s)
	if m == nil {
		c.problemf(key, "%s is not a time of day, allowed is FROM-TO such as 02:00-05:00", quote(s))
		return Window{}
	}
	w := Window{Start: sinceMidnight(m[1], m[2]), End: sinceMidnight(m[3], m[4])}
	if w.Start == w.End {
		c.problemf(key, `%s is no time at all; "" is any time`, quote(s))
	}
	return w
}

// sinceMidnight reads digits that a regular expression has checked.
func sinceMidnight(hours, minutes string) time.Duration {
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

// zoneFolder is where tzdata is on Debian and on our image.
const zoneFolder = "/usr/share/zoneinfo"

// timezone checks a name of the tz database; without one on this machine, only
// its form.
func (c *checker) timezone(key, s string) {
	if !regexp.MustCompile(`^[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}$`).MatchString(s) {
		c.problemf(key, "%s is not a time zone, allowed is a name such as Europe/Berlin", quote(s))
		return
	}
	if _, err := os.Stat(filepath.Join(zoneFolder, "Europe")); err != nil || isZone(zoneFolder, s) {
		return
	}
	if like := zoneLike(zoneFolder, s); like != "" {
		c.problemf(key, "%s is not a time zone, did you mean %s?", quote(s), like)
		return
	}
	c.problemf(key, "%s is not a time zone, allowed is a name of the tz database such as Europe/Berlin", quote(s))
}

// isZone says whether the folder has the zone (tzfile(5): "TZif").
func isZone(folder, name string) bool {
	f, err := os.Open(filepath.Join(folder, filepath.FromSlash(name)))
	if err != nil {
		return false
	}
	defer f.Close()
	magic := make([]byte, 4)
	n, err := f.Read(magic)
	return err == nil && n == len(magic) && string(magic) == "TZif"
}

// zoneLike finds a zone whose name, or the part of it after the area, differs
// in capitals and spelling of spaces only.
func zoneLike(folder, name string) string {
	for _, area := range []string{"", "Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"} {
		entries, err := os.ReadDir(filepath.Join(folder, area))
		if err != nil {
			continue
		}
		for _, e := range entries {
			zone := strings.TrimPrefix(area+"/"+e.Name(), "/")
			if (strings.EqualFold(e.Name(), name) || strings.EqualFold(zone, name)) && isZone(folder, zone) {
				return zone
			}
		}
	}
	return ""
}
