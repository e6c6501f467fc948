package provision

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/intercomd/intercomd/config"
)

// systemOf returns the files that a configuration makes, by name below /run, as
// they are at last.
func systemOf(t *testing.T, cfg *config.Config) (files map[string]Op, err error) {
	t.Helper()
	ops, err := systemFiles("/run", cfg)
	files = map[string]Op{}
	for _, op := range ops {
		switch op.Kind {
		case Remove:
			delete(files, op.Path)
		case Write, Link:
			files[strings.TrimPrefix(op.Path, "/run/")] = op
		case MakeFolder:
			if op.Mode != 0o755 {
				t.Errorf("%s has mode %v", op.Path, op.Mode)
			}
		default:
			t.Errorf("unexpected: %s", op)
		}
	}
	return files, err
}

// parsed is a configuration of good and more settings.
func parsed(t *testing.T, more string) *config.Config {
	t.Helper()
	base := good
	if strings.Contains(more, "network:") {
		base = base[:strings.Index(base, "network:")]
	}
	cfg, _, err := config.Read("test", []byte(base+more), "/", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl anna@laptop"

func TestSystemFiles(t *testing.T) {
	for _, test := range []struct {
		what, more string
		want       map[string][]string // parts of files
		none       []string
	}{
		{
			what: "Wi-Fi by DHCP",
			want: map[string][]string{
				wiredFile: {"Type=ether", "DHCP=yes", "MulticastDNS=yes"},
				wifiFile:  {"Type=wlan", "DHCP=yes", "MulticastDNS=yes"},
				keyFile:   {"country=DE", "\tssid=486f6d65\n", "\tpsk=\"wifi-secret-2\"\n", "key_mgmt=SAE WPA-PSK"},
			},
			none: []string{sshKeys, sshEnabled, timeFile},
		},
		{
			what: "cable with a fixed address",
			more: "network: {address: 192.168.7.20/24, gateway: 192.168.7.1, dns: [192.168.7.1, 2001:db8::1]}\n",
			want: map[string][]string{wiredFile: {
				"Address=192.168.7.20/24\n", "Gateway=192.168.7.1\n", "DNS=192.168.7.1\nDNS=2001:db8::1\n", "MulticastDNS=yes",
			}},
			none: []string{wifiFile, keyFile},
		},
		{
			what: "Wi-Fi with a fixed address, hidden, open",
			more: "network: {address: 10.0.0.2/8, wifi: {ssid: Cafe, password: '', country: FR, hidden: true}}\n",
			want: map[string][]string{
				wifiFile:  {"Address=10.0.0.2/8\n"},
				wiredFile: {"DHCP=yes"},
				keyFile:   {"\tscan_ssid=1\n", "key_mgmt=NONE"},
			},
		},
		{
			what: "own name servers with DHCP",
			more: "network: {dns: [9.9.9.9]}\n",
			want: map[string][]string{wiredFile: {"DNS=9.9.9.9\n", "[DHCPv4]\nRouteMetric=100\nUseDNS=no\n", "[IPv6AcceptRA]\nRouteMetric=100\nUseDNS=no\n"}},
		},
		{
			what: "time, language and SSH",
			more: "system:\n  timezone: Europe/Berlin\n  locale: de_DE.UTF-8\n  ntp: [ntp.example.org, 192.0.2.1]\n" +
				"  ssh: {enabled: true, authorized_keys: ['" + key + "']}\n",
			want: map[string][]string{
				timeFile: {"[Time]\nNTP=ntp.example.org 192.0.2.1\n"}, localeFile: {"LANG=de_DE.UTF-8\n"},
				sshKeys: {key + "\n"}, sshEnabled: {"yes\n"},
			},
		},
		{
			what: "SSH with keys, but off",
			more: "system:\n  ssh: {enabled: false, authorized_keys: ['" + key + "']}\n",
			none: []string{sshKeys, sshEnabled},
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			files, err := systemOf(t, parsed(t, test.more))
			if err != nil {
				t.Fatal(err)
			}
			for name, parts := range test.want {
				for _, part := range parts {
					if !strings.Contains(string(files[name].Data), part) {
						t.Errorf("%s lacks %q:\n%s", name, part, files[name].Data)
					}
				}
			}
			for _, name := range test.none {
				if _, found := files[name]; found {
					t.Errorf("%s is there:\n%s", name, files[name].Data)
				}
			}
			for _, name := range []string{keyFile, sshKeys} {
				if op, found := files[name]; found && op.Mode != 0o600 {
					t.Errorf("%s has mode %v", name, op.Mode)
				}
			}
		})
	}
}

func TestZone(t *testing.T) {
	cfg := parsed(t, "system: {timezone: Europe/Berlin}\n")
	files, err := systemOf(t, cfg)
	if err != nil || files[zoneLink].To != "/usr/share/zoneinfo/Europe/Berlin" {
		t.Errorf("%v, %v", files[zoneLink], err)
	}
	for _, zone := range []string{"../../../etc/shadow", "/etc/shadow/..", "", "Europe/../../x", "a\nb"} {
		cfg.System.Timezone = zone
		files, err := systemOf(t, cfg)
		if _, found := files[zoneLink]; found || err == nil || !strings.Contains(err.Error(), "no name of the tz database") {
			t.Errorf("%q: %v, %v", zone, files[zoneLink], err)
		}
	}
}

// TestNothingInjectsLines gives names and passwords what they must not do.
func TestNothingInjectsLines(t *testing.T) {
	for _, ssid := range []string{`a"b`, "a\nnetwork={\n\tssid=62\n}", "\x00\xff", `"`, "}"} {
		cfg := parsed(t, "")
		cfg.Network.WiFi.SSID = ssid
		files, err := systemOf(t, cfg)
		if err != nil {
			t.Fatal(err)
		}
		text := string(files[keyFile].Data)
		if lines := strings.Count(text, "\n"); lines != 11 || strings.Count(text, "}") != 1 || !strings.Contains(text, "\tssid=") {
			t.Errorf("%q makes %d lines:\n%s", ssid, lines, text)
		}
	}
	for name, change := range map[string]func(*config.Config){
		"the password has control": func(c *config.Config) { c.Network.WiFi.Password = config.NewSecret("12345678\n\tssid=61") },
		"8 to 63 bytes":            func(c *config.Config) { c.Network.WiFi.Password = config.NewSecret(strings.Repeat("x", 65)) },
		"not two capital letters":  func(c *config.Config) { c.Network.WiFi.Country = "D\n" },
		"NTP=":                     func(c *config.Config) { c.System.NTP = []string{"a\nb"} },
		"LANG=":                    func(c *config.Config) { c.System.Locale = "C\nX=1" },
		"ssh-ed25519": func(c *config.Config) {
			c.System.SSH = config.SSH{Enabled: true, AuthorizedKeys: []string{"ssh-ed25519 AA\nssh-rsa BB"}}
		},
	} {
		cfg := parsed(t, "")
		change(cfg)
		_, err := systemOf(t, cfg)
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "12345678") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysOfWiFi(t *testing.T) {
	hex := strings.Repeat("0123456789abcdef", 4)
	for password, want := range map[string]string{
		hex:             "\tkey_mgmt=WPA-PSK WPA-PSK-SHA256\n\tieee80211w=1\n\tpsk=" + hex + "\n",
		`quo"te\ and #`: "\tpsk=\"quo\"te\\ and #\"\n",
		"schlüssel":     "\tpsk=\"schlüssel\"\n",
	} {
		got, err := accessOf(config.NewSecret(password))
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %q, %v", password, got, err)
		}
	}
}

func TestFilesOfAnOlderBootGo(t *testing.T) {
	ops, err := systemFiles("/run", config.Default())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{wiredFile, wifiFile, keyFile, timeFile, localeFile, sshKeys, sshEnabled, zoneLink} {
		if !slices.ContainsFunc(ops, func(op Op) bool { return op.Kind == Remove && op.Path == path.Join("/run", name) }) {
			t.Errorf("%s would stay", name)
		}
	}
}
