package config

const (
	passwordText   = "the password itself, instead of password_file; others must not be able to read the file then"
	passwordFile   = "a file with the password in one line; a name without / is looked up among the systemd credentials first"
	chipText       = "the GPIO chip: auto for the one of the board's header, or its name, label or path"
	lineText       = "the number or the name of the line"
	maxID          = 1<<53 - 1
	anyName        = "1 to 100 characters"
	activeLowText  = "whether the line is low when it is on"
	someContacts   = "names of contacts"
	addressAllowed = "an IPv4 or IPv6 address"
)

// docs describes every key.
func docs() []doc {
	var all []doc
	for _, part := range [][]doc{accountDocs(), peopleDocs(), callDocs(), hardwareDocs(), processDocs(), imageDocs()} {
		all = append(all, part...)
	}
	return all
}

func accountDocs() []doc {
	return []doc{
		{path: "version", text: "the format of the file; keys that this program does not know are left alone in a file of a later version, and are mistakes otherwise", allowed: "1 and more"},
		{path: "device", text: "the intercom itself"},
		{path: "device.name", text: "what people see who are called", allowed: anyName},
		{path: "device.state_dir", text: "the folder of what the program remembers: the id of the device and updates"},
		{path: "xmpp", text: "the XMPP server; a QuickBlox account has chat.quickblox.com"},
		{path: "xmpp.domain", text: "the domain of the XMPP server; intercom.local by default in LAN mode"},
		{path: "xmpp.address", text: "where the server is; without it DNS is asked for the SRV records of the domain", allowed: "HOST:PORT"},
		{path: "xmpp.tls", text: "how the connection is encrypted", words: words(TLSStart, TLSDirect, TLSNone)},
		{path: "xmpp.allow_insecure", text: "must be true for tls: none, which sends the calls unprotected"},
		{path: "xmpp.ca_file", text: "a file of PEM certificates to trust instead of the system's"},
		{path: "xmpp.resource", text: "tells this device from others of the same account", allowed: "1 to 1023 bytes"},
		{path: "quickblox", text: "the account of the device"},
		{path: "quickblox.app_id", text: "the id of the QuickBlox application; 1 by default in LAN mode", low: 1, high: maxID},
		{path: "quickblox.user_id", text: "the id of the device's user, a number; 1 by default in LAN mode", low: 1, high: maxID},
		{path: "quickblox.password", text: passwordText},
		{path: "quickblox.password_file", text: passwordFile + "; the credential quickblox.password is the default"},
		{path: "lan", text: "LAN mode: the server is inside the program, and http://<listen>/ is the page of the handset"},
		{path: "lan.enabled", text: "whether the server inside the program replaces one of its own"},
		{path: "lan.listen", text: "where the server listens; if others can reach it, every contact needs a password", allowed: "HOST:PORT"},
		{path: "lan.tls_cert", text: "a PEM file with the certificate of the page, together with tls_key"},
		{path: "lan.tls_key", text: "a PEM file with the key of the certificate"},
	}
}

func peopleDocs() []doc {
	return []doc{
		{path: "contacts", text: "who can be called and who may call; nobody else is ever heard or seen"},
		{path: "contacts[].name", text: "what the contact is called in this file and on the device; not a number", allowed: anyName},
		{path: "contacts[].user_id", text: "the id of the contact's user, a number", low: 1, high: maxID},
		{path: "contacts[].password", text: "in LAN mode: " + passwordText},
		{path: "contacts[].password_file", text: "in LAN mode: " + passwordFile},
		{path: "buttons", text: "what a press does"},
		{path: "buttons[].name", text: "what the button is called", allowed: anyName},
		{path: "buttons[].source", text: "where presses come from: intercomd press, Enter in the terminal, a line of a GPIO chip, a key of an input device", words: words(ButtonControl, ButtonStdin, ButtonGPIO, ButtonEvdev), preset: string(ButtonControl)},
		{path: "buttons[].action", text: "call rings, accepts or ends what is going on; hangup only ends it", words: words(ButtonCall, ButtonHangUp), preset: string(ButtonCall)},
		{path: "buttons[].contacts", text: "whom it rings", allowed: someContacts + ", at most 3 with mode: conference"},
		{path: "buttons[].mode", text: "whether who accepts first gets the call, or all of them together", words: words(FirstAnswer, Conference), preset: string(FirstAnswer)},
		{path: "buttons[].call_type", text: "with a picture or without", words: words(VideoCall, AudioCall), preset: string(VideoCall)},
		{path: "buttons[].chip", text: "of source: gpio: " + chipText, preset: ChipAuto},
		{path: "buttons[].line", text: "of source: gpio: " + lineText, allowed: "0 to 65535, or a name"},
		{path: "buttons[].active_low", text: "of source: gpio: whether the line is low when the button is pressed", preset: "true"},
		{path: "buttons[].bias", text: "of source: gpio: what the line is pulled to when the button is not pressed", words: words(PullUp, PullDown, NoBias), preset: string(PullUp)},
		{path: "buttons[].debounce", text: "of source: gpio and evdev: shorter pulses are no press", allowed: "1ms to 300ms", preset: "20ms"},
		{path: "buttons[].kernel_debounce", text: "of source: gpio: whether the kernel filters pulses, which may miss short presses on a busy board", preset: "false"},
		{path: "buttons[].device", text: "of source: evdev: the input device, or a part of its name; without it the first that has the key", allowed: "/dev/input/NAME or a text"},
		{path: "buttons[].key", text: "of source: evdev: the name or the number of the key, such as KEY_ENTER"},
		{path: "buttons[].long_press", text: "of source: gpio and evdev: the button whose press holding this one for a second is", allowed: "the name of another button"},
		{path: "auto_accept", text: "whose calls are answered without a press"},
		{path: "auto_accept.enabled", text: "whether the calls of callers are answered at once", preset: "false"},
		{path: "auto_accept.callers", text: "whose calls are answered", allowed: someContacts},
	}
}

func callDocs() []doc {
	return []doc{
		{path: "webrtc", text: "settings of calls, with the names and defaults of the QuickBlox SDK"},
		{path: "webrtc.answer_time_interval", text: "how long a call rings", allowed: "dialing_time_interval and more"},
		{path: "webrtc.dialing_time_interval", text: "the time between repeats of a call that rings", allowed: "1s and more"},
		{path: "webrtc.disconnect_time_interval", text: "the time until a broken connection is given up", allowed: "10s and more"},
		{path: "webrtc.stats_report_time_interval", text: "the time between onCallStatsReport events", allowed: "0s (never), 1s and more"},
		{path: "webrtc.auto_reject", text: "whether a call during another one is refused"},
		{path: "webrtc.incoming_limit", text: "how many calls may ring at once without auto_reject", allowed: "1 and more"},
		{path: "webrtc.ice_servers", text: "STUN and TURN servers"},
		{path: "webrtc.ice_servers[].urls", text: "where the server is", allowed: "stun:, stuns:, turn: and turns: URLs"},
		{path: "webrtc.ice_servers[].username", text: "the user of a TURN server"},
		{path: "webrtc.ice_servers[].password", text: "of a TURN server: " + passwordText},
		{path: "webrtc.ice_servers[].password_file", text: "of a TURN server: " + passwordFile},
	}
}

func hardwareDocs() []doc {
	return append([]doc{
		{path: "camera", text: "the picture that is sent"},
		{path: "camera.source", text: "where the picture comes from", allowed: "test, none, file:PATH (H.264 or IVF), " + cameraSpecs().spelling},
		{path: "camera.width", text: "in pixels, an even number", low: minSize, high: 1920},
		{path: "camera.height", text: "in pixels, an even number", low: minSize, high: 1080},
		{path: "camera.fps", text: "pictures a second", low: 1, high: 60},
		{path: "camera.bitrate", text: "in bit/s", low: 100_000, high: 8_000_000},
		{path: "camera.rotation", text: "in degrees clockwise", words: []string{"0", "90", "180", "270"}, preset: "0"},
		{path: "camera.mirror", text: "whether left and right change places", preset: "false"},
		{path: "camera.exposure", text: "in units of 100 µs, 0 for automatic; without it the driver's setting stays", low: 0, high: 1_000_000},
		{path: "camera.brightness", text: "in the camera's own unit; without it the driver's setting stays", low: -1_000_000, high: 1_000_000},
		{path: "camera.power_line_frequency", text: "against flicker of lamps; without it the driver decides", words: []string{"", "off", "50", "60", "auto"}},
		{path: "audio", text: "sound"},
		{path: "audio.capture", text: "where sound comes from", allowed: "test, none, file:PATH (WAV), " + captureSpecs().spelling},
		{path: "audio.playback", text: "where sound goes to", allowed: "null, file:PATH (WAV), " + playbackSpecs().spelling},
		{path: "audio.capture_volume", text: "in percent; without it the mixer's setting stays", low: 0, high: 100},
		{path: "audio.playback_volume", text: "in percent; without it the mixer's setting stays", low: 0, high: 100},
		{path: "audio.period", text: "the period of the sound card", allowed: "10ms, 20ms"},
		{path: "audio.tones", text: "whether ring-back, ring and end are heard at the door"},
		{path: "audio.announce", text: "whether a tone is heard when a call is answered by itself; auto_accept needs it"},
	}, lineDocs()...)
}

func lineDocs() []doc {
	return []doc{
		{path: "lamps", text: "lights that show what the device is doing"},
		{path: "lamps[].name", text: "what the lamp is called", allowed: anyName},
		{path: "lamps[].chip", text: chipText, preset: ChipAuto},
		{path: "lamps[].line", text: lineText, allowed: "0 to 65535, or a name"},
		{path: "lamps[].active_low", text: activeLowText, preset: "false"},
		{path: "lamps[].shows", text: "what it shows; without it everything", words: words(Indications()...)},
		{path: "relays", text: "relays that open doors"},
		{path: "relays[].name", text: "what the relay is called", allowed: anyName},
		{path: "relays[].chip", text: chipText, preset: ChipAuto},
		{path: "relays[].line", text: lineText, allowed: "0 to 65535, or a name"},
		{path: "relays[].active_low", text: activeLowText, preset: "false"},
		{path: "relays[].pulse", text: "how long it is on", allowed: "100ms to 10s", preset: "3s"},
		{path: "relays[].callers", text: "who may trigger it during a call; intercomd relay always may", allowed: someContacts},
	}
}

func processDocs() []doc {
	return []doc{
		{path: "watchdog", text: "what restarts the board when the program hangs"},
		{path: "watchdog.device", text: "the watchdog; without it there is none but that of systemd", allowed: "/dev/NAME"},
		{path: "watchdog.timeout", text: "how long the program may be silent", allowed: "5s to 5m"},
		{path: "control", text: "how the commands of intercomd reach the program that runs"},
		{path: "control.socket", text: "the path of a Unix socket", allowed: "1 to 107 bytes"},
		{path: "control.group", text: "the group whose members may use the socket too; without it only root and the program's user may"},
		{path: "log", text: "what is logged and how"},
		{path: "log.level", text: "the least level that is logged", words: []string{"debug", "info", "warn", "error"}},
		{path: "log.format", text: "the form of log lines", words: words(LogText, LogJSON)},
	}
}

func imageDocs() []doc {
	return []doc{
		{path: "network", text: "how a device of the image gets into the network; the Debian package leaves it alone"},
		{path: "network.hostname", text: "the name of the device; intercom is found as intercom.local", allowed: "1 to 63 letters, digits and - inside"},
		{path: "network.wifi", text: "a network without cable; a cable works beside it"},
		{path: "network.wifi.ssid", text: "the name of the Wi-Fi network; without it only the cable is used", allowed: "1 to 32 bytes"},
		{path: "network.wifi.password", text: `the password of the Wi-Fi network; "" if it has none`, allowed: "8 to 63 characters or 64 hex digits"},
		{path: "network.wifi.country", text: "the country the device stands in, for the rules of radio", allowed: "a code of ISO 3166-1, such as DE, GB or US"},
		{path: "network.wifi.hidden", text: "whether the network does not tell its name", preset: "false"},
		{path: "network.address", text: "a fixed address with the length of its network, such as 192.168.1.20/24; without it DHCP is asked"},
		{path: "network.gateway", text: "the router, in the network of address", allowed: addressAllowed},
		{path: "network.dns", text: "servers that look up names; without it those that DHCP names", allowed: addressAllowed + " each"},
		{path: "system", text: "settings of a device of the image; the Debian package leaves them alone"},
		{path: "system.timezone", text: "the time zone of update.window and of the log", allowed: "a name of the tz database, such as Europe/Berlin"},
		{path: "system.locale", text: "the language of the system's own messages", allowed: "such as de_DE.UTF-8"},
		{path: "system.ntp", text: "time servers; without it those of the image", allowed: "names of hosts or addresses"},
		{path: "system.ssh", text: "maintenance over the network; nobody logs in with a password"},
		{path: "system.ssh.enabled", text: "whether somebody may log in", preset: "false"},
		{path: "system.ssh.authorized_keys", text: "the public keys of those who may, as root", allowed: "lines such as ssh-ed25519 AAAA… name"},
		{path: "system.button_setup", text: "whether a button held at power-up leads to a QR code or a factory reset; with false only the card does"},
		{path: "update", text: "new versions of the program and the image: signed, installed where RAUC is"},
		{path: "update.manifest", text: "where the signed list of versions is; without it nobody is asked", allowed: "an https URL"},
		{path: "update.channel", text: "which versions of the list are meant", allowed: "small letters, digits, . _ and -"},
		{path: "update.check_interval", text: "how often the list is asked for", allowed: "5m and more"},
		{path: "update.window", text: "when the device may restart into a new version, local time, such as 02:00-05:00; without it at any time", allowed: "HH:MM-HH:MM"},
		{path: "update.ca_file", text: "a file of PEM certificates to trust for the list instead of the system's"},
		{path: "update.keyring", text: "a file of PEM certificates that signers of lists and bundles chain to"},
	}
}
