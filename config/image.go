package config

import (
	"fmt"
	"net/netip"
	"time"
)

// Network says how the device of an image gets into the network. The program
// itself never sets it up; `intercomd setup` does at boot.
type Network struct {
	Hostname string       // one label of a name (RFC 1123); default "intercom", found as intercom.local
	WiFi     WiFi         // SSID "" is none: cable only
	Address  netip.Prefix // with the length of the network; the zero value asks DHCP
	Gateway  netip.Addr   // inside Address; the zero value is none
	DNS      []netip.Addr // servers that look up names; empty asks DHCP
}

// WiFi is a network without cable.
type WiFi struct {
	SSID     string // 1 to 32 bytes, any; "" is no Wi-Fi
	Password Secret // 8 to 63 bytes, or 64 hex digits that are the key itself; "" if the network has none
	Country  string // ISO 3166-1 alpha-2, in capitals; set if SSID is
	Hidden   bool   // whether the network does not tell its name
}

// System holds the settings of an image's operating system.
type System struct {
	Timezone string   // name in the tz database; default "UTC"
	Locale   string   // default "C.UTF-8"
	NTP      []string // hosts; empty is the image's own choice
	SSH      SSH
	// ButtonSetup says whether a button that is held at power-up leads to a QR
	// code or to a factory reset; default true. Without it only the card does.
	ButtonSetup bool
}

// SSH says whether somebody may log in for maintenance. There are no passwords.
type SSH struct {
	Enabled        bool
	AuthorizedKeys []string // lines as sshd(8) reads them, without options; not empty if Enabled
}

// Update says where new versions come from and when they may be installed.
type Update struct {
	Manifest      string        // https URL; "" is never polled
	Channel       string        // default "stable"
	CheckInterval time.Duration // at least 5 min; default 6 h
	Window        Window        // when the device may restart into a new version
	CAFile        string        // PEM certificates to trust instead of the system's
	Keyring       string        // PEM file that signers of manifests and bundles chain to; default "/etc/rauc/keyring.pem"
}

// Window is a time of day, local time, from Start until before End. It passes
// midnight if End is before Start. The zero value is any time.
type Window struct {
	Start, End time.Duration // since midnight, whole minutes below 24 h; unequal unless both are 0
}

// IsAny says whether the window is open at any time.
func (w Window) IsAny() bool { return w == Window{} }

// Contains says whether the window is open at the time, in the time's own zone.
func (w Window) Contains(t time.Time) bool {
	day := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	switch {
	case w.IsAny():
		return true
	case w.Start < w.End:
		return w.Start <= day && day < w.End
	}
	return w.Start <= day || day < w.End
}

// String returns the window as it is written in the file.
func (w Window) String() string {
	if w.IsAny() {
		return ""
	}
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60) }
	return clock(w.Start) + "-" + clock(w.End)
}
