package provision

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/intercomd/intercomd/config"
)

// Where the parts of the system look for their settings, below the folder run.
const (
	networkFolder = "systemd/network" // systemd.network(5)
	timeFolder    = "systemd/timesyncd.conf.d"
	ownFolder     = "intercom"

	wiredFile  = networkFolder + "/10-intercom-wired.network"
	wifiFile   = networkFolder + "/20-intercom-wifi.network"
	timeFile   = timeFolder + "/intercom.conf" // timesyncd.conf(5)
	keyFile    = ownFolder + "/wpa_supplicant-wlan0.conf"
	zoneLink   = ownFolder + "/localtime"
	localeFile = ownFolder + "/locale.conf"
	sshKeys    = ownFolder + "/authorized_keys"
	sshEnabled = ownFolder + "/ssh-enabled"
)

// zoneinfo is the tz database.
const zoneinfo = "/usr/share/zoneinfo"

// derive makes the settings of the system from the configuration, nil for none,
// in place of those that are there.
func (s *Setup) derive(cfg *config.Config) error {
	if cfg == nil {
		cfg = config.Default()
	}
	ops, err := systemFiles(s.paths.Run, cfg)
	err = errors.Join(err, doAll(s.disk, ops...))
	if nameErr := s.ports.Hostname(cfg.Network.Hostname); nameErr != nil {
		err = errors.Join(err, fmt.Errorf("set hostname %q: %w", cfg.Network.Hostname, nameErr))
	}
	return err
}

// systemFiles are the operations that leave the system's settings as the
// configuration says, whatever was there. A setting that cannot be written
// safely is left out and an error.
func systemFiles(run string, cfg *config.Config) ([]Op, error) {
	var ops []Op
	for _, folder := range []string{"systemd", networkFolder, timeFolder, ownFolder} {
		ops = append(ops, Op{Kind: MakeFolder, Path: path.Join(run, folder), Mode: 0o755})
	}
	var errs []error
	set := func(name, text string, err error, public bool) {
		op := Op{Kind: Write, Path: path.Join(run, name), Data: []byte(text), Mode: 0o644}
		if !public {
			op.Mode = 0o600
		}
		ops = append(ops, Op{Kind: Remove, Path: op.Path})
		errs = append(errs, err)
		if text != "" && err == nil {
			ops = append(ops, op)
		}
	}
	network, system := cfg.Network, cfg.System
	wireless := network.WiFi.SSID != ""
	set(wiredFile, networkFile("[Match]\nType=ether\nKind=!*\n", network, !wireless, 100), nil, true)
	wifi, err := "", error(nil)
	if wireless {
		set(wifiFile, networkFile("[Match]\nType=wlan\n", network, true, 600), nil, true)
		wifi, err = supplicant(network.WiFi)
	} else {
		set(wifiFile, "", nil, true)
	}
	set(keyFile, wifi, err, false)
	clock, err := timesync(system.NTP)
	set(timeFile, clock, err, true)
	locale, err := line("LANG=%s", system.Locale)
	set(localeFile, locale, err, true)
	keys, err := authorized(system.SSH)
	set(sshKeys, keys, err, false)
	enabled := ""
	if keys != "" {
		enabled = "yes\n"
	}
	set(sshEnabled, enabled, nil, true)
	zone, err := zoneOps(run, system.Timezone)
	return append(ops, zone...), errors.Join(append(errs, err)...)
}

// networkFile is a .network file. The static address belongs to one interface
// only: to Wi-Fi if there is one, else to the cable. Of two ways out the one with
// the lower metric is taken.
func networkFile(match string, n config.Network, static bool, metric int) string {
	var b strings.Builder
	b.WriteString(match + "\n[Network]\nMulticastDNS=yes\nLLMNR=no\n")
	if !static || !n.Address.IsValid() {
		b.WriteString("DHCP=yes\n")
	}
	for _, server := range n.DNS {
		fmt.Fprintf(&b, "DNS=%s\n", server)
	}
	if static && n.Address.IsValid() {
		fmt.Fprintf(&b, "\n[Address]\nAddress=%s\n", n.Address)
		if n.Gateway.IsValid() {
			fmt.Fprintf(&b, "\n[Route]\nGateway=%s\nMetric=%d\n", n.Gateway, metric)
		}
		return b.String()
	}
	for _, section := range []string{"DHCPv4", "IPv6AcceptRA"} {
		fmt.Fprintf(&b, "\n[%s]\nRouteMetric=%d\n", section, metric)
		if len(n.DNS) > 0 {
			b.WriteString("UseDNS=no\n")
		}
	}
	return b.String()
}

// timesync is the part of timesyncd.conf that names servers, "" to leave the
// image's.
func timesync(servers []string) (string, error) {
	if len(servers) == 0 {
		return "", nil
	}
	text, err := line("NTP=%s", strings.Join(servers, " "))
	return "[Time]\n" + text, err
}

// authorized is an authorized_keys file, "" while SSH is off.
func authorized(ssh config.SSH) (string, error) {
	if !ssh.Enabled {
		return "", nil
	}
	var b strings.Builder
	for _, key := range ssh.AuthorizedKeys {
		text, err := line("%s", key)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// zoneOps link the local time to a zone of the tz database.
func zoneOps(run, zone string) ([]Op, error) {
	at := path.Join(run, zoneLink)
	ops := []Op{{Kind: Remove, Path: at}}
	target := path.Join(zoneinfo, zone)
	if strings.Contains(zone, "..") || !strings.HasPrefix(target, zoneinfo+"/") || hasControl(zone) {
		return ops, fmt.Errorf("set timezone: %q is no name of the tz database", zone)
	}
	return append(ops, Op{Kind: Link, Path: at, To: target}), nil
}

// line is one line of a file of the system. A text that would make another line
// of it is an error.
func line(format, text string) (string, error) {
	if hasControl(text) {
		return "", fmt.Errorf("write setting %q: it has control characters", fmt.Sprintf(format, text))
	}
	return fmt.Sprintf(format, text) + "\n", nil
}

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }
