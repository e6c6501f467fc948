//go:build e2e

package card

// keys are keys that do not exist, stand in a wrong place or twice.
func keys() []wrongCard {
	return []wrongCard{
		{folder: "key-twice", names: []string{"intercom.yaml:10", "quickblox.user_id", "line 9"}, serves: true},
		{folder: "table-twice", names: []string{"intercom.yaml:29", "network", "line 21"}},
		{folder: "key-unknown", names: []string{"intercom.yaml:23", "network.colour"}},
		{folder: "key-misspelt", names: []string{"intercom.yaml:9", "quickblox.userid", "user_id"}},
		{folder: "key-upper-case", names: []string{"intercom.yaml:24", "SSID", "ssid"}},
		{folder: "key-wrong-level", names: []string{"intercom.yaml:21", "wifi", "network"}},
		{folder: "key-in-wrong-table", names: []string{"intercom.yaml:5", "device.hostname", "network"}},
		{folder: "contacts-missing", names: []string{"intercom.yaml:15", "contacts"}},
		{folder: "version-text", names: []string{"intercom.yaml:2", "version"}},
	}
}

// passwords are secrets that are missing or cannot be meant.
func passwords() []wrongCard {
	return []wrongCard{
		{folder: "secret-missing", names: []string{"intercom.yaml:7", "quickblox.password"}, serves: true},
		{folder: "secret-empty", names: []string{"intercom.yaml:10", "quickblox.password"}},
		{folder: "secret-with-hash", names: []string{"intercom.yaml:10", "quickblox.password", "#"}},
		{folder: "secret-stored-but-nothing-is", names: []string{"intercom.yaml:10", "quickblox.password", "(stored)"}},
		{folder: "secret-twice", names: []string{"intercom.yaml:10", "quickblox.password", "password_file"}},
		{folder: "secret-file-missing", names: []string{"intercom.yaml:10", "quickblox.password_file", "password.txt"}},
		{folder: "change-me", names: []string{"intercom.yaml:10", "quickblox.password", "CHANGE-ME"}, serves: true},
		{folder: "wifi-password-short", names: []string{"intercom.yaml:25", "network.wifi.password", "8 to 63"}, serves: true},
		{folder: "wifi-password-long", names: []string{"intercom.yaml:25", "network.wifi.password", "8 to 63"}},
		{folder: "ssh-key-bad", names: []string{"intercom.yaml:30", "system.ssh.authorized_keys"}},
		{folder: "ssh-without-key", names: []string{"intercom.yaml:28", "system.ssh.authorized_keys"}},
	}
}

// values are values that no key takes, or not this one.
func values() []wrongCard {
	return []wrongCard{
		{folder: "wifi-password-missing-name", names: []string{"intercom.yaml:23", "network.wifi.ssid"}},
		{folder: "wifi-name-long", names: []string{"intercom.yaml:24", "network.wifi.ssid", "1 to 32"}},
		{folder: "wifi-country-missing", names: []string{"intercom.yaml:23", "network.wifi.country", "DE"}},
		{folder: "wifi-country-name", names: []string{"intercom.yaml:26", "network.wifi.country", "Germany", "DE"}},
		{folder: "wifi-country-unknown", names: []string{"intercom.yaml:26", "network.wifi.country", "UK", "GB"}, serves: true},
		{folder: "wifi-country-lower-case", names: []string{"intercom.yaml:26", "network.wifi.country", "DE"}},
		{folder: "user-id-email", names: []string{"intercom.yaml:9", "quickblox.user_id", "number"}},
		{folder: "user-id-quoted", names: []string{"intercom.yaml:9", "quickblox.user_id", "number"}},
		{folder: "user-id-zero", names: []string{"intercom.yaml:9", "quickblox.user_id", "0104"}},
		{folder: "user-id-missing", names: []string{"intercom.yaml:7", "quickblox.user_id", "missing"}},
		{folder: "contact-is-device", names: []string{"intercom.yaml:13", "contacts[0].user_id"}},
		{folder: "contact-unknown", names: []string{"intercom.yaml:20", "buttons[0].contacts[1]", "Bob", "Anna, Ben"}},
		{folder: "yes-no", names: []string{"intercom.yaml:30", "lan.enabled", "true or false"}},
		{folder: "yes-no-german", names: []string{"intercom.yaml:30", "auto_accept.enabled", "true or false"}},
		{folder: "number-with-unit", names: []string{"intercom.yaml:30", "camera.bitrate", "whole number"}},
		{folder: "duration-without-unit", names: []string{"intercom.yaml:30", "webrtc.answer_time_interval", "30s"}},
		{folder: "gpio-line-name-number", names: []string{"intercom.yaml:19", "buttons[0].line", "170000"}},
		{folder: "button-source", names: []string{"intercom.yaml:18", "buttons[0].source", "gpio"}},
		{folder: "line-twice", names: []string{"intercom.yaml:31", "lamps[0].line", "buttons[0]"}},
		{folder: "hostname-with-space", names: []string{"intercom.yaml:22", "network.hostname", "front door"}},
		{folder: "domain-is-url", names: []string{"intercom.yaml:6", "xmpp.domain", "https://chat.quickblox.com"}},
		{folder: "timezone-unknown", names: []string{"intercom.yaml:28", "system.timezone", "Europe/Bonn"}},
		{folder: "address-without-mask", names: []string{"intercom.yaml:23", "network.address", "192.168.1.50"}},
		{folder: "address-out-of-range", names: []string{"intercom.yaml:23", "network.address", "192.168.1.350/24"}},
		{folder: "gateway-elsewhere", names: []string{"intercom.yaml:24", "network.gateway", "192.168.2.1"}},
		{folder: "manifest-http", names: []string{"intercom.yaml:30", "update.manifest", "https"}},
		{folder: "window-words", names: []string{"intercom.yaml:30", "update.window", "02:00-05:00"}},
	}
}
