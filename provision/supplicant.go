package provision

import (
	"errors"
	"fmt"
	"strings"

	"github.com/intercomd/intercomd/config"
)

// supplicant is a wpa_supplicant.conf(5) for one network. Its name is written in
// hexadecimal, so it may have any bytes; a passphrase stands between quotes, of
// which wpa_supplicant takes the first and the last of the line, so it may have
// quotes and backslashes, but no control characters (IEEE 802.11i allows none
// either).
func supplicant(w config.WiFi) (string, error) {
	var b strings.Builder
	b.WriteString("ctrl_interface=/run/wpa_supplicant\nupdate_config=0\n")
	if len(w.Country) != 2 || strings.Trim(w.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", fmt.Errorf("set up Wi-Fi: country %q is not two capital letters", w.Country)
	}
	fmt.Fprintf(&b, "country=%s\n", w.Country)
	b.WriteString("sae_pwe=2\n\nnetwork={\n") // both ways of WPA3 to a password's element
	fmt.Fprintf(&b, "\tssid=%x\n", w.SSID)
	if w.Hidden {
		b.WriteString("\tscan_ssid=1\n")
	}
	access, err := accessOf(w.Password)
	if err != nil {
		return "", fmt.Errorf("set up Wi-Fi: %w", err)
	}
	b.WriteString(access + "}\n")
	return b.String(), nil
}

// accessOf is how the network lets one in: with a passphrase by WPA3 (SAE) where
// the access point can, else WPA2; with a key in hexadecimal by WPA2 only,
// because SAE needs the passphrase itself.
func accessOf(password config.Secret) (string, error) {
	secret := password.Reveal()
	switch {
	case secret == "":
		return "\tkey_mgmt=NONE\n", nil
	case isKey(secret):
		return "\tkey_mgmt=WPA-PSK WPA-PSK-SHA256\n\tieee80211w=1\n\tpsk=" + secret + "\n", nil
	case len(secret) < 8 || len(secret) > 63:
		return "", errors.New("the password must have 8 to 63 bytes")
	case hasControl(secret):
		return "", errors.New("the password has control characters")
	}
	return "\tkey_mgmt=SAE WPA-PSK WPA-PSK-SHA256\n\tieee80211w=1\n\tpsk=\"" + secret + "\"\n", nil
}

// isKey says whether a password is the 256-bit key itself.
func isKey(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
