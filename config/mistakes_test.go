package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// card is what an installer fills in; the table below spoils it. The lines are
// numbered for whoever writes a case.
const card = `version: 1
device:
  name: Front door
network:
  hostname: door
  wifi:
    ssid: Home
    password: geheim-1
    country: DE
system:
  timezone: UTC
xmpp:
  domain: chat.quickblox.com
quickblox:
  app_id: 7
  user_id: 104
  password: geheim-2
contacts:
  - name: Anna
    user_id: 101
  - name: Ben
    user_id: 102
buttons:
  - name: front
    source: gpio
    line: 17
    contacts: [Anna, Ben]
`

// TestInstallersMistakes gives the message for each kind of mistake that people
// make in a file they edit by hand.
func TestInstallersMistakes(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new string // what is changed in card; "" is all of it
		want     string // one problem a line, "" is none; F is the name of the file
	}{
		{"nothing", "x", "x", ""},
		{"Windows line ends", "\n", "\r\n", ""},
		{"old Macintosh line ends", "\n", "\r", ""},
		{"byte order mark", "version", "\ufeffversion", ""},
		{"comment behind a password", "geheim-2", "geheim-2 # of the account", ""},
		{"password is a number", "geheim-1", "0012345678", ""},
		{"password with # inside", "geheim-2", "geheim#2", ""},
		{"password in quotes", "geheim-2", `"a # b: c"`, ""},
		{"country like a word for no", "DE", "NO", ""},
		{"Wi-Fi with hex key", "geheim-1", strings.Repeat("0a", 32), ""},

		{"empty file", "", "", "F: holds no settings"},
		{"only comments", "", "# later\n", "F: holds no settings"},
		{"UTF-16", "", "\xff\xfev\x00e\x00r\x00", `F: is saved as UTF-16 ("Unicode"); save it with the encoding UTF-8`},
		{"UTF-16 without mark", "", "v\x00e\x00r\x00s\x00", `F: is saved as UTF-16 ("Unicode"); save it with the encoding UTF-8`},
		{"UTF-16, big endian", "", "\xfe\xff\x00v\x00e", `F: is saved as UTF-16 ("Unicode"); save it with the encoding UTF-8`},
		{"Latin-1", "Front door", "Haust\xfcr", "F:3: holds a letter that is not UTF-8; save the file with the encoding UTF-8"},
		{"binary", "", "\x7fELF\x02\x01\x01\x00\x00", "F: is not a text file; write it with a plain editor such as Notepad, not with a word processor"},
		{"rich text", "", `{\rtf1\ansi version: 1}`, "F: is not a text file; write it with a plain editor such as Notepad, not with a word processor"},
		{"word processor", "", "PK\x03\x04 intercom", "F: is not a text file; write it with a plain editor such as Notepad, not with a word processor"},
		{"control character", "Front door", "Front\x1bdoor", "F:3: holds the character U+001B, which no text has; write it with a plain editor such as Notepad, not with a word processor"},
		{"too large", "", strings.Repeat("#", 1<<20+1), "F: has 1048577 bytes, at most 1048576 allowed"},

		{"tab", "  hostname", "\thostname", "F:5: network: begins with a tab; indent with spaces only"},
		{"spaces and a tab", "    country", "  \tcountry", "F:9: network.wifi.password: begins with a tab; indent with spaces only"},
		{"quote not closed", "Front door", `"Front door`, `F:3: device.name: a quotation mark " is opened and not closed`},
		{"single quote not closed", "Front door", `'Front door`, `F:3: device.name: a quotation mark ' is opened and not closed`},
		{"quote in a text in quotes", "Front door", `'Ben's door'`, `F:3: device.name: text stands behind the closing quotation mark '; put the whole text in quotes of the other kind`},
		{"backslash in quotes", "geheim-2", `"C:\door"`, `F:17: quickblox.password: has a \ inside "…", where it must be written \\; or use '…'`},
		{"typographic quotes", "Front door", "“Front door”", "F:3: device.name: begins with the typographic quotation mark “; write straight ones: \""},
		{"typographic quotes around a password", "geheim-1", "„geheim-1“", "F:8: network.wifi.password: begins with the typographic quotation mark „; write straight ones: \""},
		{"typographic quotes around a number", "user_id: 104", "user_id: ’104’", "F:16: quickblox.user_id: begins with the typographic quotation mark ’; write straight ones: \""},
		{"special space before a key", "  hostname", "\u00a0\u00a0hostname", "F:5: network: holds a special space (U+00A0), as web pages and word processors make them; write an ordinary one"},
		{"special space behind a colon", "ssid: Home", "ssid:\u00a0Home", "F:7: network.wifi: holds a special space (U+00A0), as web pages and word processors make them; write an ordinary one"},
		{"special space around a value", "Home", "Home\u200b", "F:7: network.wifi.ssid: holds a special space (U+200B), as web pages and word processors make them; write an ordinary one"},
		{"special space in a value", "Front door", "Front\u00a0door", ""},
		{"too far in", "    country", "      country", "F:9: network.wifi.password: begins in column 7, but the lines it belongs to (from line 7) begin in column 5"},
		{"too far out", "    password: geheim-1", "   password: geheim-1", "F:8: network.wifi: begins in column 4, but the lines it belongs to (from line 7) begin in column 5"},
		{"list too far in", "    user_id: 102", "     user_id: 102", "F:22: contacts[1].name: begins in column 6, but the lines it belongs to (from line 21) begin in column 5"},
		{"dash too far in", "  - name: Ben", "   - name: Ben", "F:21: contacts[0]: begins in column 4, but the lines it belongs to (from line 19) begin in column 3"},
		{"not indented", "  domain", "domain", "F:13: domain: is unknown here, it belongs below xmpp"},
		{"no space behind a colon", "country: DE", "country:DE", "F:9: network.wifi.country: lacks the space after the colon of country:"},
		{"no space behind the only colon", "name: Front door", "name:Front door", "F:3: device: lacks the space after the colon of name:"},
		{"no space before a password", "password: geheim-2", "password:geheim-2", "F:17: quickblox.password: lacks the space after the colon of password:"},
		{"no colon", "hostname: door", "hostname door", "F:5: network: is not KEY: VALUE; a colon and a space must stand behind hostname"},
		{"= for a colon", "hostname: door", "hostname = door", "F:5: network: is not KEY: VALUE; a colon and a space must stand behind hostname"},
		{"no space behind a dash", "  - name: Ben", "  -name: Ben", "F:21: contacts[0].user_id: lacks the space after the dash: - name"},
		{"no dashes", "  - name: Anna\n    user_id: 101\n  - name: Ben\n    user_id: 102", "    name: Anna\n    user_id: 101", `F:18: contacts: is not a list: write "- " in front of the first key of each element`},
		{"dash where none belongs", "  - name: Anna\n    user_id: 101", "  - name: Anna\n  - user_id: 101", "F:19: contacts[0].user_id: is missing, it must be a positive number\nF:20: contacts[1].name: is missing, it must be a name"},
		{"two keys in a line", "  - name: Ben\n    user_id: 102", "  - name: Ben user_id: 102", "F:21: contacts[1].name: holds a second colon; a text with a colon needs quotes, and each KEY: VALUE a line of its own"},
		{"bracket not closed", "[Anna, Ben]", "[Anna, Ben", "F:27: buttons[0].contacts: the bracket [ is opened and not closed"},
		{"wrong bracket", "[Anna, Ben]", "[Anna, Ben}", "F:27: buttons[0].contacts: the bracket [ of line 27 is closed by }"},
		{"bracket too many", "name: Ben", "name: }Ben", "F:21: contacts[1].name: begins with }, which YAML reads otherwise; put the whole text in quotes"},
		{"comma too many", "[Anna, Ben]", "[Anna,, Ben]", "F:27: buttons[0].contacts: has a comma too many"},
		{"comma missing", "[Anna, Ben]", `["Anna" "Ben"]`, `F:27: buttons[0].contacts: text stands behind the closing quotation mark "; put the whole text in quotes of the other kind`},
		{"comma missing at the end of a line", "", "{\"device\": {\"name\": \"x\"}\n \"version\": 1}", `F:2: lacks a comma between two values`},
		{"JSON", "", `{"xmpp":{"domain":"a"},"quickblox":{"app_id":7,"user_id":1,"password":"x"}}`, ""},
		{"one line of a table not indented", "  user_id: 104", "user_id: 104", "F:16: user_id: begins in column 1; if it belongs to quickblox, indent it like the other lines there"},
		{"first line of a table not indented", "  app_id: 7", "app_id: 7", "F:15: app_id: begins in column 1; if it belongs to quickblox, indent it like the other lines there"},
		{"URL between brackets", "version: 1", "webrtc: {ice_servers: [{urls: [turn:h:1?transport=udp]}]}", "F:1: webrtc: holds a ? between brackets, where YAML reads it otherwise; put the whole text in quotes"},
		{"second document", "system:", "---\nsystem:", "F:10: begins a second document; there must be one only, without --- and ... lines"},
		{"text for a list", "[Anna, Ben]", "Anna", `F:27: buttons[0].contacts: "Anna" is not a list of texts, write ["Anna"]`},
		{"YAML bomb", "Front door", "&a [*a,*a,*a]", "F:3: device.name: anchors and aliases (& and *) are not supported; put a text that begins so in quotes"},

		{"key twice", "    country: DE", "    country: DE\n    country: GB", "F:10: network.wifi.country: is given twice, first in line 9"},
		{"table twice", "system:", "device: {}\nsystem:", "F:10: device: is given twice, first in line 2"},
		{"key misspelt", "user_id: 104", "userid: 104", "F:16: quickblox.userid: is unknown, did you mean user_id?"},
		{"key with letters swapped", "country: DE", "contury: DE", "F:9: network.wifi.contury: is unknown, did you mean country?"},
		{"key in capitals", "ssid: Home", "SSID: Home", "F:7: network.wifi.SSID: is unknown, did you mean ssid?"},
		{"key in other words", "  wifi:", "  wlan:", "F:6: network.wlan: is unknown, did you mean wifi?"},
		{"key with a dash", "app_id: 7", "app-id: 7", "F:15: quickblox.app-id: is unknown, did you mean app_id?"},
		{"key of nobody", "hostname: door", "colour: red", "F:5: network.colour: is unknown, allowed are hostname, wifi, address, gateway, dns"},
		{"key one level too high", "  wifi:\n    ssid: Home\n    password: geheim-1\n    country: DE", "  ssid: Home", "F:6: network.ssid: is unknown here, it belongs below network.wifi"},
		{"table at the top", "network:\n  hostname: door\n  wifi:\n    ssid: Home\n    password: geheim-1\n    country: DE", "wifi:\n  ssid: Home", "F:4: wifi: is unknown here, it belongs below network"},

		{"yes", "country: DE", "country: DE\n    hidden: yes", `F:10: network.wifi.hidden: "yes" is not true or false, write true`},
		{"off", "country: DE", "country: DE\n    hidden: off", `F:10: network.wifi.hidden: "off" is not true or false, write false`},
		{"true in quotes", "country: DE", "country: DE\n    hidden: \"true\"", `F:10: network.wifi.hidden: "true" is not true or false, write it without quotes`},
		{"number in quotes", "user_id: 104", `user_id: "104"`, `F:16: quickblox.user_id: "104" is not a whole number, write it without quotes`},
		{"e-mail for a number", "user_id: 104", "user_id: door@example.org", `F:16: quickblox.user_id: "door@example.org" is not a whole number; the id of a user is a number, not an e-mail address`},
		{"number begins with 0", "user_id: 104", "user_id: 0104", "F:16: quickblox.user_id: 0104 begins with 0; write 104"},
		{"number too big", "user_id: 104", "user_id: 10400000000000000000000", "F:16: quickblox.user_id: 10400000000000000000000 is too big for a number"},
		{"number out of range", "user_id: 104", "user_id: 9999999999999999", "F:16: quickblox.user_id: 9999999999999999 is out of range, allowed are 1 to 9007199254740991"},
		{"line of a chip begins with 0", "line: 17", "line: 017", "F:26: buttons[0].line: 017 begins with 0; write 17"},
		{"no unit", "version: 1", "webrtc: {answer_time_interval: 45}", "F:1: webrtc.answer_time_interval: 45 is not a duration such as 30s or 1m30s, write its unit too"},
		{"version 0", "version: 1", "version: 0", "F:1: version: 0 is out of range, allowed are 1 and more"},

		{"place to fill in", "user_id: 104", "user_id: CHANGE-ME", "F:16: quickblox.user_id: still is CHANGE-ME; write the real value"},
		{"password to fill in", "geheim-1", `"CHANGE-ME"`, "F:8: network.wifi.password: still is CHANGE-ME; write the real value"},
		{"user id not filled in", "user_id: 104", "user_id:", "F:16: quickblox.user_id: is empty, it must be a positive number"},
		{"no password", "  password: geheim-2\n", "", "F:14: quickblox.password: is missing, it must be the password of the account; or quickblox.password_file names a file with it; nor is there the systemd credential quickblox.password"},
		{"password is a comment", "geheim-1", "#geheim-1", "F:8: network.wifi.password: is empty: # begins a comment; put a text with # in quotes"},
		{"password is a comment with a space", "geheim-1", "# geheim-1", `F:8: network.wifi.password: is empty (what stands behind # is a comment), it must be the password of the Wi-Fi network; a network without one needs password: ""`},
		{"password cut by a comment", "geheim-2", "geheim #2", "F:17: quickblox.password: ends where # begins a comment; put a text with # in quotes, or a space behind #"},
		{"password with colon", "geheim-2", "geheim: 2", "F:17: quickblox.password: holds a second colon; a text with a colon needs quotes, and each KEY: VALUE a line of its own"},
		{"password begins with @", "geheim-2", "@geheim", "F:17: quickblox.password: begins with @, which YAML reads otherwise; put the whole text in quotes"},
		{"password begins with !", "geheim-2", "!geheim", "F:17: quickblox.password: begins with !, which YAML reads otherwise; put the whole text in quotes"},
		{"password begins with &", "geheim-2", "&geheim", "F:17: quickblox.password: anchors and aliases (& and *) are not supported; put a text that begins so in quotes"},
		{"password begins with *", "geheim-2", "*geheim", "F:17: quickblox.password: begins with *, which YAML reads otherwise; put the whole text in quotes"},
		{"password over two lines", "geheim-2", "geheim\n    geheim", "F:17: quickblox.password: must stand in one line, in quotes if need be"},
		{"password as a block", "geheim-2", "|\n    geheim", "F:17: quickblox.password: must stand in one line, in quotes if need be"},
		{"password twice", "geheim-2", "geheim-2\n  password_file: secret", "F:17: quickblox.password: and quickblox.password_file are both given, only one can hold"},
		{"stored password of nobody", "geheim-2", "(stored)", "F:17: quickblox.password: is (stored), which stands for a password that the device keeps, but it keeps none for this; write the password"},

		{"Wi-Fi password too short", "geheim-1", "geheim", "F:8: network.wifi.password: has 6 characters, allowed are 8 to 63 characters or 64 hex digits"},
		{"Wi-Fi password too long", "geheim-1", strings.Repeat("g", 64), "F:8: network.wifi.password: has 64 characters, allowed are 8 to 63 characters or 64 hex digits"},
		{"no Wi-Fi password", "    password: geheim-1\n", "", `F:6: network.wifi.password: is missing, it must be the password of the Wi-Fi network; a network without one needs password: ""`},
		{"name of the Wi-Fi too long", "Home", strings.Repeat("ü", 17), `F:7: network.wifi.ssid: "üüüüüüüüüüüüüüüüü" has 34 bytes, allowed are 1 to 32`},
		{"Wi-Fi without name", "    ssid: Home\n", "", "F:6: network.wifi.ssid: is missing, it must be the name of the Wi-Fi network"},
		{"no country", "    country: DE\n", "", "F:6: network.wifi.country: is missing, it must be the country the device stands in, such as DE or GB: radio rules differ"},
		{"country of nobody", "DE", "XX", `F:9: network.wifi.country: "XX" is not a country, allowed are codes of two letters (ISO 3166-1) such as DE, GB or US`},
		{"country of the internet", "DE", "UK", `F:9: network.wifi.country: "UK" is not the code of a country, the one of the United Kingdom is GB`},
		{"name of a country", "DE", "Germany", `F:9: network.wifi.country: "Germany" is not the code of a country, the one of Germany is DE`},
		{"country in small letters", "DE", "de", `F:9: network.wifi.country: "de" must be written in capitals: DE`},
		{"host name with a space", "hostname: door", "hostname: front door", `F:5: network.hostname: "front door" is not a host name, allowed are 1 to 63 letters, digits and - inside`},
		{"address without length", "hostname: door", "address: 192.168.1.20", `F:5: network.address: "192.168.1.20" is not an address with the length of its network, such as 192.168.1.20/24`},
		{"router elsewhere", "hostname: door", "address: 192.168.1.20/24\n  gateway: 192.168.2.1", "F:6: network.gateway: 192.168.2.1 is not in the network of network.address, 192.168.1.0/24"},
		{"router is the device", "hostname: door", "address: 192.168.1.20/24\n  gateway: 192.168.1.20", "F:6: network.gateway: 192.168.1.20 is the device itself (network.address)"},
		{"router without address", "hostname: door", "gateway: 192.168.1.1", "F:5: network.gateway: has no meaning without network.address"},
		{"name for an address", "hostname: door", "dns: [fritz.box]", `F:5: network.dns[0]: "fritz.box" is not an address such as 192.168.1.1`},
		{"time zone", "UTC", "MEZ+1:00", `F:11: system.timezone: "MEZ+1:00" is not a time zone, allowed is a name such as Europe/Berlin`},
		{"time zone with dots", "UTC", "../../etc/passwd", `F:11: system.timezone: "../../etc/passwd" is not a time zone, allowed is a name such as Europe/Berlin`},
		{"locale", "timezone: UTC", "locale: deutsch", `F:11: system.locale: "deutsch" is not a locale, allowed is a text such as de_DE.UTF-8 or C.UTF-8`},
		{"time server", "timezone: UTC", `ntp: ["http://pool.ntp.org"]`, `F:11: system.ntp[0]: "http://pool.ntp.org" is not a host, allowed is a name such as pool.ntp.org or an address`},
		{"SSH without keys", "timezone: UTC", "ssh: {enabled: true}", "F:11: system.ssh.authorized_keys: is missing, it must list at least one public key: nobody logs in with a password"},
		{"private key", "timezone: UTC", `ssh: {authorized_keys: ["-----BEGIN OPENSSH PRIVATE KEY-----"]}`, "F:11: system.ssh.authorized_keys[0]: is a private key, allowed is the line of the public one, in the file that ends in .pub"},
		{"no key", "timezone: UTC", `ssh: {authorized_keys: ["ssh-ed25519 AAAA me"]}`, `F:11: system.ssh.authorized_keys[0]: "ssh-ed25519 AAAA me" is not a public key, allowed is a line such as ssh-ed25519 AAAA… name`},
		{"key with options", "timezone: UTC", `ssh: {authorized_keys: ["command=\"x\" ssh-ed25519 AAAA"]}`, `F:11: system.ssh.authorized_keys[0]: "command=\"x\" ssh-ed25519 AAAA" is not a public key, allowed is a line such as ssh-ed25519 AAAA… name`},
		{"http for https", "version: 1", "update: {manifest: \"http://example.org/m.json\"}", `F:1: update.manifest: "http://example.org/m.json" is not a URL of a manifest, allowed is https://HOST/PATH`},
		{"window", "version: 1", "update: {window: 2-5 Uhr}", `F:1: update.window: "2-5 Uhr" is not a time of day, allowed is FROM-TO such as 02:00-05:00`},
		{"window of nothing", "version: 1", "update: {window: 02:00-02:00}", `F:1: update.window: "02:00-02:00" is no time at all; "" is any time`},
		{"asked too often", "version: 1", "update: {check_interval: 10s}", "F:1: update.check_interval: 10s is too short, allowed are 5m and more"},
		{"channel", "version: 1", "update: {channel: Beta!}", `F:1: update.channel: "Beta!" is not a channel, allowed are 1 to 64 small letters, digits, . _ and -`},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := c.new
			if c.old != "" {
				require.True(t, c.old == "x" || strings.Contains(card, c.old))
				file = strings.Replace(card, c.old, c.new, 1)
			}
			if c.old == "\n" {
				file = strings.ReplaceAll(card, c.old, c.new)
			}
			_, _, err := Read("F", []byte(file), t.TempDir(), nil, nil)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, c.want, err.Error())
			assert.NotContains(t, err.Error(), "geheim", "a message must not show a password")
			assert.NotContains(t, err.Error(), "yaml:", "the parser's words are not for people")
		})
	}
}

// TestSlips makes every slip of one key: a character too many or too few
// anywhere in the tables that hold passwords. No message shows a password, each names a line or the file, and what
// is read all the same can be blanked.
func TestSlips(t *testing.T) {
	slips := []string{"", ":", "=", " ", "\t", "\"", "'", "{", "]", "#", "&", "*", "!", "-", ",", "|", "\n", "\u00a0", "“"}
	for at := strings.Index(card, "network:"); at < strings.Index(card, "contacts:"); at++ {
		for _, slip := range slips {
			file := card[:at] + slip + card[at:]
			if slip == "" {
				file = card[:at] + card[at+1:]
			}
			_, _, err := Read("F", []byte(file), "/nowhere", nil, nil)
			if err == nil {
				_, n, err := Blank([]byte(file))
				require.NoError(t, err, file)
				require.Equal(t, 2, n, file)
				continue
			}
			for line := range strings.SplitSeq(err.Error(), "\n") {
				require.Regexp(t, `^F(:\d+)?: `, line, file)
			}
			require.NotContains(t, err.Error(), "geheim", file)
		}
	}
}
