package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The keys of the file, and of one of its tables.
const (
	topKeys    = "version, device, xmpp, quickblox, lan, contacts, buttons, auto_accept, webrtc, camera, audio, lamps, relays, watchdog, control, log, network, system, update"
	cameraKeys = "source, width, height, fps, bitrate, rotation, mirror, exposure, brightness, power_line_frequency"
)

// TestProblems gives the exact messages for wrong files. DIR stands for the
// folder of the file.
func TestProblems(t *testing.T) {
	for _, c := range []struct {
		name string
		file string // added to minimal; "!" at the beginning: instead of it
		want string // one problem a line
	}{
		{"empty file", "!", "DIR/c.yaml: holds no settings"},
		{"no YAML", "!a: [", "DIR/c.yaml:1: a: the bracket [ is opened and not closed"},
		{"tab", "!xmpp:\n\tdomain: x", "DIR/c.yaml:2: xmpp: begins with a tab; indent with spaces only"},
		{"two documents", "---\na: b\n", "DIR/c.yaml:5: begins a second document; there must be one only, without --- and ... lines"},
		{"a list", "![a]", "DIR/c.yaml: a list is not a table of keys, allowed are " + topKeys},
		{"unknown table", "sip: {}\n", "DIR/c.yaml:5: sip: is unknown, allowed are " + topKeys},
		{"unknown key", "camera: {framerate: 30}\n", "DIR/c.yaml:5: camera.framerate: is unknown, allowed are " + cameraKeys},
		{"key in capitals", "camera: {FPS: 30}\n", "DIR/c.yaml:5: camera.FPS: is unknown, did you mean fps?"},
		{"long key", "camera: {" + strings.Repeat("k", 101) + ": 1}\n", "DIR/c.yaml:5: camera.\"" + strings.Repeat("k", 100) + "\"…: is unknown, allowed are " + cameraKeys},
		{"key with a line end", "camera: {\"a\\nb\": 1}\n", "DIR/c.yaml:5: camera.\"a\\nb\": is unknown, allowed are " + cameraKeys},
		{"key that is no text", "camera: {[a]: 30}\n", "DIR/c.yaml:5: camera.: is unknown, allowed are " + cameraKeys},
		{"key given twice", "camera:\n  fps: 30\n  fps: 25\n", "DIR/c.yaml:7: camera.fps: is given twice, first in line 6"},
		{"table given twice", "xmpp: {}\n", "DIR/c.yaml:5: xmpp: is given twice, first in line 2"},
		{"table is a text", "camera: fast\n", `DIR/c.yaml:5: camera: "fast" is not a table of keys, allowed are ` + cameraKeys},
		{"text for a number", "camera: {fps: \"30\"}\n", `DIR/c.yaml:5: camera.fps: "30" is not a whole number, write it without quotes`},
		{"fraction for a number", "camera: {fps: 29.97}\n", "DIR/c.yaml:5: camera.fps: 29.97 is not a whole number"},
		{"huge number", "camera: {fps: 99999999999999999999}\n", "DIR/c.yaml:5: camera.fps: 99999999999999999999 is too big for a number"},
		{"list for a number", "camera: {fps: [1]}\n", "DIR/c.yaml:5: camera.fps: a list is not a whole number"},
		{"number for a text", "device: {name: 5}\n", "DIR/c.yaml:5: device.name: 5 is not a text, put it in quotes"},
		{"text for a bool", "webrtc: {auto_reject: maybe}\n", `DIR/c.yaml:5: webrtc.auto_reject: "maybe" is not true or false`},
		{"number for a duration", "webrtc: {answer_time_interval: 60}\n", "DIR/c.yaml:5: webrtc.answer_time_interval: 60 is not a duration such as 30s or 1m30s, write its unit too"},
		{"nonsense for a duration", "webrtc: {answer_time_interval: 60 s}\n", `DIR/c.yaml:5: webrtc.answer_time_interval: "60 s" is not a duration such as 30s or 1m30s`},
		{"text for a list", "auto_accept: {callers: Anna}\n", `DIR/c.yaml:5: auto_accept.callers: "Anna" is not a list of texts, write ["Anna"]`},
		{"number in a list", "auto_accept: {callers: [Anna, 7]}\n", "DIR/c.yaml:5: auto_accept.callers[1]: 7 is not a text, put it in quotes"},
		{"table for tables", "buttons: {name: x}\n", `DIR/c.yaml:5: buttons: is not a list: write "- " in front of the first key of each element`},
		{"empty element", "buttons:\n  - \n", "DIR/c.yaml:6: buttons[0]: is empty"},
		{"alias", "camera: &a {fps: 30}\n", "DIR/c.yaml:5: camera: anchors and aliases (& and *) are not supported; put a text that begins so in quotes"},
		{"device name", "device: {name: \" x\"}\n", `DIR/c.yaml:5: device.name: " x" is not a name, allowed are 1 to 100 characters without space around them`},
		{"device without name", "device: {name: \"\"}\n", "DIR/c.yaml:5: device.name: is missing, it must be a name"},

		{"domain", "!xmpp: {domain: a@b}\nquickblox: {app_id: 1, user_id: 1, password_file: password}", `DIR/c.yaml:1: xmpp.domain: "a@b" is not a domain, allowed is a name such as chat.example.org`},
		{"ids", "!xmpp: {domain: x}\nquickblox: {app_id: 0, user_id: -1, password_file: password}", `DIR/c.yaml:2: quickblox.app_id: 0 is out of range, allowed are 1 to 9007199254740991
DIR/c.yaml:2: quickblox.user_id: -1 is out of range, allowed are 1 to 9007199254740991`},
		{"no password file", "!xmpp: {domain: x}\nquickblox: {app_id: 1, user_id: 1, password_file: gone}", `DIR/c.yaml:2: quickblox.password_file: file "DIR/gone" does not exist`},
		{"empty password", "!xmpp: {domain: x}\nquickblox: {app_id: 1, user_id: 1, password_file: empty}", `DIR/c.yaml:2: quickblox.password_file: "DIR/empty" holds no password, allowed is one line of text`},
		{"password is a folder", "!xmpp: {domain: x}\nquickblox: {app_id: 1, user_id: 1, password_file: .}", `DIR/c.yaml:2: quickblox.password_file: file "DIR" cannot be used: DIR is not a regular file`},
		{"all of xmpp", "!xmpp: {domain: x, address: nowhere, tls: ssl, ca_file: password, resource: \"\"}\nquickblox: {app_id: 1, user_id: 1, password_file: password}",
			`DIR/c.yaml:1: xmpp.address: "nowhere" is not an address, allowed is HOST:PORT
DIR/c.yaml:1: xmpp.tls: "ssl" is unknown, allowed are starttls, direct, none
DIR/c.yaml:1: xmpp.resource: "" is not a resource, allowed are 1 to 1023 bytes of text
DIR/c.yaml:1: xmpp.ca_file: "DIR/password" holds no certificate, allowed are certificates in PEM form`},
		{"port 0", "!xmpp: {domain: x, address: \"h:0\"}\nquickblox: {app_id: 1, user_id: 1, password_file: password}", `DIR/c.yaml:1: xmpp.address: "h:0" is not an address, allowed is HOST:PORT`},
		{"tls none", "!xmpp: {domain: x, tls: none}\nquickblox: {app_id: 1, user_id: 1, password_file: password}", "DIR/c.yaml:1: xmpp.tls: none sends the calls unprotected, it needs xmpp.allow_insecure: true"},
		{"no CA file", "!xmpp: {domain: x, ca_file: gone.pem}\nquickblox: {app_id: 1, user_id: 1, password_file: password}", `DIR/c.yaml:1: xmpp.ca_file: file "DIR/gone.pem" does not exist`},

		{"lan address", "lan: {listen: 8080}\n", "DIR/c.yaml:5: lan.listen: 8080 is not a text, put it in quotes"},
		{"lan port", "lan: {listen: \"localhost:http\"}\n", `DIR/c.yaml:5: lan.listen: "localhost:http" is not an address, allowed is HOST:PORT`},
		{"lan without key", "lan: {tls_cert: password}\n", "DIR/c.yaml:5: lan.tls_key: is missing, it belongs to lan.tls_cert"},
		{"lan without certificate", "lan:\n  tls_key: gone\n", "DIR/c.yaml:5: lan.tls_cert: is missing, it belongs to lan.tls_key\nDIR/c.yaml:6: lan.tls_key: file \"DIR/gone\" does not exist"},
		{"lan without port", "lan: {enabled: true, listen: localhost}\n", `DIR/c.yaml:5: lan.listen: "localhost" is not an address, allowed is HOST:PORT`},
		{"lan open to all", "lan:\n  enabled: true\n  listen: \":8080\"\n", `DIR/c.yaml:4: contacts[0].password: is missing, every contact needs one when lan.listen is ":8080"
DIR/c.yaml:4: contacts[1].password: is missing, every contact needs one when lan.listen is ":8080"`},

		{"button", "buttons: [{source: bell, mode: all, call_type: fax}]\n", `DIR/c.yaml:5: buttons[0].name: is missing, it must be a name
DIR/c.yaml:5: buttons[0].source: "bell" is unknown, allowed are control, stdin, gpio, evdev
DIR/c.yaml:5: buttons[0].mode: "all" is unknown, allowed are first-answer, conference
DIR/c.yaml:5: buttons[0].call_type: "fax" is unknown, allowed are video, audio
DIR/c.yaml:5: buttons[0].contacts: is missing, it must name at least one contact`},
		{"two Enter keys", "buttons:\n  - {name: b, source: stdin, contacts: [Anna]}\n  - {name: c, source: stdin, contacts: [Ben]}\n", `DIR/c.yaml:7: buttons[1].source: stdin is already the source of buttons[0], there is one Enter key`},
		{"button twice", "buttons:\n  - {name: b, contacts: [Anna]}\n  - {name: b, contacts: [Ben]}\n", `DIR/c.yaml:7: buttons[1].name: "b" is already the name of buttons[0]`},
		{"unknown contact", "buttons: [{name: b, contacts: [Anna, Carl]}]\n", `DIR/c.yaml:5: buttons[0].contacts[1]: "Carl" is not in contacts, allowed are Anna, Ben`},
		{"contact twice", "buttons: [{name: b, contacts: [Anna, Anna]}]\n", `DIR/c.yaml:5: buttons[0].contacts[1]: "Anna" is named twice`},
		{"auto-accept of nobody", "auto_accept: {enabled: true}\n", "DIR/c.yaml:5: auto_accept.callers: is missing, it must name at least one contact when auto_accept.enabled is true"},
		{"auto-accept of a stranger", "auto_accept: {callers: [Zoe]}\n", `DIR/c.yaml:5: auto_accept.callers[0]: "Zoe" is not in contacts, allowed are Anna, Ben`},
		{"contacts", "!" + account + `contacts:
  - {name: Anna, user_id: 101}
  - {name: Anna, user_id: 102}
  - {name: Carl, user_id: 101}
  - {name: me, user_id: 104}
  - {name: "105", user_id: 105}
  - {user_id: 106}
  - {name: Dora}
  - {name: Emil, user_id: -3, password_file: gone}
buttons: [{name: b, contacts: [Nobody]}]
`, `DIR/c.yaml:5: contacts[1].name: "Anna" is already the name of contacts[0]
DIR/c.yaml:6: contacts[2].user_id: 101 is already the user of contacts[0]
DIR/c.yaml:7: contacts[3].user_id: 104 is the device itself (quickblox.user_id)
DIR/c.yaml:8: contacts[4].name: "105" is a number, which would be taken for a user id
DIR/c.yaml:9: contacts[5].name: is missing, it must be a name
DIR/c.yaml:10: contacts[6].user_id: is missing, it must be a positive number
DIR/c.yaml:11: contacts[7].user_id: -3 is out of range, allowed are 1 to 9007199254740991
DIR/c.yaml:11: contacts[7].password_file: file "DIR/gone" does not exist`},
		{"no contacts", "!" + account + "buttons: [{name: b, contacts: [Anna]}]\n", `DIR/c.yaml:3: buttons[0].contacts[0]: "Anna" is not in contacts, which is empty`},
		{"conference", "!" + account + `contacts: [{name: a, user_id: 1}, {name: b, user_id: 2}, {name: c, user_id: 3}, {name: d, user_id: 4}]
buttons: [{name: b, contacts: [a, b, c, d], mode: conference}]
`, "DIR/c.yaml:4: buttons[0].contacts: 4 contacts are too many, allowed are 3 with mode: conference"},

		{"intervals", `webrtc:
  answer_time_interval: 4s
  dialing_time_interval: 500ms
  disconnect_time_interval: 9s
  stats_report_time_interval: 999ms
  incoming_limit: 0
`, `DIR/c.yaml:7: webrtc.dialing_time_interval: 500ms is too short, allowed are 1s and more
DIR/c.yaml:8: webrtc.disconnect_time_interval: 9s is too short, allowed are 10s and more
DIR/c.yaml:9: webrtc.stats_report_time_interval: 999ms is not allowed, allowed are 0s (never) and 1s and more
DIR/c.yaml:10: webrtc.incoming_limit: 0 is out of range, allowed are 1 and more`},
		{"answer below dialing", "webrtc: {answer_time_interval: 4s}\n", "DIR/c.yaml:5: webrtc.answer_time_interval: 4s is too short, allowed are 5s (webrtc.dialing_time_interval) and more"},
		{"ICE servers", `webrtc:
  ice_servers:
    - urls: ["http://x", "stun:", "turn:h:99999", "stun:h?transport=udp"]
    - username: u
`, `DIR/c.yaml:7: webrtc.ice_servers[0].urls[0]: "http://x" is not a STUN or TURN URL, allowed are stun:, stuns:, turn: and turns: URLs
DIR/c.yaml:7: webrtc.ice_servers[0].urls[1]: "stun:" has no valid host, allowed is SCHEME:HOST[:PORT]
DIR/c.yaml:7: webrtc.ice_servers[0].urls[2]: "turn:h:99999" has no valid port, allowed are 1 to 65535
DIR/c.yaml:7: webrtc.ice_servers[0].urls[3]: "stun:h?transport=udp" has an unknown parameter, allowed are ?transport=udp and ?transport=tcp with turn: and turns: URLs
DIR/c.yaml:7: webrtc.ice_servers[0].username: is missing, a TURN server needs one
DIR/c.yaml:7: webrtc.ice_servers[0].password: is missing, a TURN server needs one
DIR/c.yaml:8: webrtc.ice_servers[1].urls: is missing, it must list at least one stun: or turn: URL`},

		{"camera", "camera: {source: v4l2, width: 1281, height: 1082, fps: 61, bitrate: 99999}\n", `DIR/c.yaml:5: camera.source: "v4l2" is unknown, allowed are test, none, file:PATH, auto, usb, csi, usb:NAME, csi:NAME, /dev/NAME
DIR/c.yaml:5: camera.width: 1281 is not a size, allowed are even numbers from 64 to 1920
DIR/c.yaml:5: camera.height: 1082 is not a size, allowed are even numbers from 64 to 1080
DIR/c.yaml:5: camera.fps: 61 is out of range, allowed are 1 to 60
DIR/c.yaml:5: camera.bitrate: 99999 is out of range, allowed are 100000 to 8000000`},
		{"camera file", "camera: {source: \"file:gone.h264\"}\n", `DIR/c.yaml:5: camera.source: file "DIR/gone.h264" does not exist`},
		{"camera folder", "camera: {source: \"file:.\"}\n", `DIR/c.yaml:5: camera.source: "DIR" is a folder, allowed is a file`},
		{"camera without path", "camera: {source: \"file:\"}\n", `DIR/c.yaml:5: camera.source: "file:" is unknown, allowed are test, none, file:PATH, auto, usb, csi, usb:NAME, csi:NAME, /dev/NAME`},
		{"audio", "audio: {capture: \"null\", playback: test}\n", `DIR/c.yaml:5: audio.capture: "null" is unknown, allowed are test, none, file:PATH, auto, hw:CARD,DEVICE, /dev/snd/NAME, the name of a card
DIR/c.yaml:5: audio.playback: "test" is unknown, allowed are null, file:PATH, auto, hw:CARD,DEVICE, /dev/snd/NAME, the name of a card`},
		{"playback folder", "audio: {playback: \"file:gone/out.wav\"}\n", `DIR/c.yaml:5: audio.playback: file "DIR/gone" does not exist`},
		{"playback in a file", "audio: {playback: \"file:password/out.wav\"}\n", `DIR/c.yaml:5: audio.playback: "DIR/password" is not a folder`},
		{"socket", "control: {socket: \"\"}\n", `DIR/c.yaml:5: control.socket: "" is not a path of a socket, allowed are 1 to 107 bytes`},
		{"group", "control: {group: no-such-group}\n", `DIR/c.yaml:5: control.group: "no-such-group" is no group of this machine`},
		{"log", "log: {level: loud, format: xml}\n", `DIR/c.yaml:5: log.level: "loud" is unknown, allowed are debug, info, warn, error
DIR/c.yaml:5: log.format: "xml" is unknown, allowed are text, json`},
		{"nothing but the first cause", "!xmpp: here\nquickblox: {app_id: x, user_id: 1, password_file: password}\ncontacts: 5\nbuttons: [{name: b, contacts: [Anna]}]",
			`DIR/c.yaml:1: xmpp: "here" is not a table of keys, allowed are domain, address, tls, allow_insecure, ca_file, resource
DIR/c.yaml:2: quickblox.app_id: "x" is not a whole number
DIR/c.yaml:3: contacts: a text is not a list of tables`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t)
			file, instead := strings.CutPrefix(c.file, "!")
			if !instead {
				file = minimal + c.file
			}
			cfg, _, err := load(t, dir, file, nil, nil)
			require.Error(t, err)
			assert.Nil(t, cfg)
			assert.Equal(t, c.want, strings.ReplaceAll(err.Error(), dir, "DIR"))
			var problems *Error
			require.ErrorAs(t, err, &problems)
			assert.Len(t, problems.Problems, strings.Count(c.want, "\n")+1)
		})
	}
}

const account = "xmpp: {domain: x}\nquickblox: {app_id: 1, user_id: 104, password_file: password}\n"

// TestProblemsOutsideFile gives the messages for wrong flags and variables.
func TestProblemsOutsideFile(t *testing.T) {
	for _, c := range []struct {
		name      string
		environ   []string
		overrides map[string]string
		want      string
	}{
		{"unknown variable", []string{"INTERCOMD_CAMERA_FRAMERATE=5"}, nil, "INTERCOMD_CAMERA_FRAMERATE: is unknown; it names no key that can be set outside the file"},
		{"list of tables", []string{"INTERCOMD_CONTACTS=Anna"}, nil, "INTERCOMD_CONTACTS: is unknown; it names no key that can be set outside the file"},
		{"unknown flag", nil, map[string]string{"camera.zoom": "2"}, "--camera.zoom: is unknown; it names no key that can be set outside the file"},
		{"number", []string{"INTERCOMD_CAMERA_FPS=x"}, nil, `INTERCOMD_CAMERA_FPS: camera.fps: "x" is not a whole number`},
		{"bool", nil, map[string]string{"lan.enabled": "yes"}, `--lan.enabled: lan.enabled: "yes" is not true or false`},
		{"duration", []string{"INTERCOMD_WEBRTC_ANSWER_TIME_INTERVAL=60"}, nil, `INTERCOMD_WEBRTC_ANSWER_TIME_INTERVAL: webrtc.answer_time_interval: "60" is not a duration such as 30s or 1m30s`},
		{"range", []string{"INTERCOMD_CAMERA_FPS=0"}, nil, "INTERCOMD_CAMERA_FPS: camera.fps: 0 is out of range, allowed are 1 to 60"},
		{"element of a list", []string{"INTERCOMD_AUTO_ACCEPT_CALLERS=Anna, Zoe"}, nil, `INTERCOMD_AUTO_ACCEPT_CALLERS: auto_accept.callers[1]: "Zoe" is not in contacts, allowed are Anna, Ben`},
		{"file", nil, map[string]string{"quickblox.password_file": "/nonexistent/password"}, `--quickblox.password_file: quickblox.password_file: file "/nonexistent/password" does not exist`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := load(t, folder(t), minimal, c.environ, c.overrides)
			assert.EqualError(t, err, c.want)
		})
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	_, _, err := Load(filepath.Join(dir, "gone.yaml"), nil, nil)
	assert.EqualError(t, err, "read configuration: stat "+dir+"/gone.yaml: no such file or directory")
	_, _, err = Load(dir, nil, nil)
	assert.EqualError(t, err, "read configuration: "+dir+" is not a regular file")
	_, _, err = load(t, dir, strings.Repeat("#", maxFile+1), nil, nil)
	assert.EqualError(t, err, "read configuration: "+dir+"/c.yaml has 1048577 bytes, at most 1048576 allowed")
}
