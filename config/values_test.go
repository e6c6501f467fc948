package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestLANMode(t *testing.T) {
	cfg, warnings, err := load(t, folder(t), "lan: {enabled: true}\ncontacts: [{name: Anna, user_id: 2}]\n", nil, nil)
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, "intercom.local", cfg.XMPP.Domain)
	assert.Equal(t, QuickBlox{AppID: 1, UserID: 1}, cfg.QuickBlox)
	assert.Equal(t, LAN{Enabled: true, Listen: "127.0.0.1:8080"}, cfg.LAN)

	cfg, _, err = Load("", nil, map[string]string{"lan.enabled": "true", "quickblox.user_id": "9", "webrtc.auto_reject": "false"})
	require.NoError(t, err, "no file is needed")
	assert.Equal(t, int64(9), cfg.QuickBlox.UserID)
	assert.False(t, cfg.WebRTC.AutoReject)
}

func TestLANModeOpen(t *testing.T) {
	dir := folder(t)
	file := "lan: {enabled: true, listen: \"0.0.0.0:8080\", tls_cert: password, tls_key: public}\ncontacts: [{name: Anna, user_id: 2, password_file: password}]\n"
	cfg, _, err := load(t, dir, file, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, "s3cret", cfg.Contacts[0].Password.Reveal())
	assert.Equal(t, filepath.Join(dir, "password"), cfg.LAN.TLSCert)
	assert.Equal(t, filepath.Join(dir, "public"), cfg.LAN.TLSKey)
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "192.168.1.5:1": false, "localhost.evil:1": false,
	} {
		assert.Equal(t, want, isLoopback(address), address)
	}
}

func TestAllValues(t *testing.T) {
	dir := folder(t)
	cfg, warnings, err := load(t, dir, minimal+`
buttons: [{name: b, source: stdin, contacts: [Ben], mode: conference, call_type: audio}]
auto_accept: {enabled: true, callers: [Ben]}
webrtc: {stats_report_time_interval: 0, auto_reject: false, incoming_limit: 0x2, ice_servers: [{urls: ["turn:[2001:db8::1]:3478?transport=tcp"], username: u, password_file: public}]}
camera: {source: "file:door.h264"}
audio: {capture: none, playback: "file:out.wav"}
control: {socket: run/control.sock, group: root}
log: {level: warn, format: json}
`, nil, map[string]string{"xmpp.tls": "none", "xmpp.allow_insecure": "true", "xmpp.address": "[::1]:5222"})
	require.NoError(t, err)
	ben := Contact{Name: "Ben", UserID: 102}
	assert.Equal(t, []Button{{Name: "b", Source: ButtonStdin, Action: ButtonCall, Contacts: []Contact{ben}, Mode: Conference, CallType: AudioCall}}, cfg.Buttons)
	assert.Equal(t, AutoAccept{Enabled: true, Callers: []Contact{ben}}, cfg.AutoAccept)
	assert.Equal(t, time.Duration(0), cfg.WebRTC.StatsReportTimeInterval)
	assert.False(t, cfg.WebRTC.AutoReject)
	assert.Equal(t, 2, cfg.WebRTC.IncomingLimit)
	assert.Equal(t, []ICEServer{{URLs: []string{"turn:[2001:db8::1]:3478?transport=tcp"}, Username: "u", Password: NewSecret("s3cret")}}, cfg.WebRTC.ICEServers)
	assert.Equal(t, "file:"+filepath.Join(dir, "door.h264"), cfg.Camera.Source.String())
	assert.Equal(t, "none", cfg.Audio.Capture.String())
	assert.Equal(t, Source{Kind: SourceFile, Path: filepath.Join(dir, "out.wav")}, cfg.Audio.Playback)
	assert.Equal(t, Control{Socket: filepath.Join(dir, "run/control.sock"), Group: "root"}, cfg.Control)
	assert.Equal(t, Log{Level: slog.LevelWarn, Format: LogJSON}, cfg.Log)
	assert.Equal(t, TLSNone, cfg.XMPP.TLS)
	require.Len(t, warnings, 1)
	assert.Equal(t, fmt.Sprintf(`webrtc.ice_servers[0].password_file: "%s/public" can be read or changed by every user (mode 0644), better is 0600 or 0640`, dir), warnings[0].String())
}

func TestEnvironmentReplacesList(t *testing.T) {
	cfg, _, err := load(t, folder(t), minimal+"auto_accept: {callers: [Zoe]}\n", []string{"INTERCOMD_AUTO_ACCEPT_CALLERS=Anna,Ben"}, nil)
	require.NoError(t, err)
	assert.Len(t, cfg.AutoAccept.Callers, 2)
}

func TestCACertificate(t *testing.T) {
	dir := folder(t)
	certificate, err := os.ReadFile("testdata/ca.pem")
	require.NoError(t, err)
	write(t, filepath.Join(dir, "ca.pem"), string(certificate), 0o644)
	cfg, _, err := load(t, dir, minimal, nil, map[string]string{"xmpp.ca_file": filepath.Join(dir, "ca.pem")})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "ca.pem"), cfg.XMPP.CAFile)
}

func TestCredentials(t *testing.T) {
	dir, credentials := folder(t), t.TempDir()
	write(t, filepath.Join(credentials, "quickblox.password"), "by default", 0o400)
	write(t, filepath.Join(credentials, "password"), "named\r\n", 0o400)
	environ := []string{"CREDENTIALS_DIRECTORY=" + credentials}

	cfg, _, err := load(t, dir, minimal, environ, nil)
	require.NoError(t, err)
	assert.Equal(t, "named", cfg.QuickBlox.Password.Reveal(), "before the file of the same name")

	cfg, _, err = load(t, dir, minimal, environ, map[string]string{"quickblox.password_file": ""})
	require.NoError(t, err)
	assert.Equal(t, "by default", cfg.QuickBlox.Password.Reveal())

	for _, path := range []string{filepath.Join(dir, "password"), dir + "/../" + filepath.Base(dir) + "/password"} {
		cfg, _, err = load(t, dir, minimal, environ, map[string]string{"quickblox.password_file": path})
		require.NoError(t, err)
		assert.Equal(t, "s3cret", cfg.QuickBlox.Password.Reveal())
	}

	_, _, err = load(t, dir, minimal, environ, map[string]string{"quickblox.password_file": "unknown"})
	assert.EqualError(t, err, `--quickblox.password_file: quickblox.password_file: file "unknown" does not exist`)
}

func TestSecretIsHidden(t *testing.T) {
	cfg, _, err := load(t, folder(t), minimal+`
network: {wifi: {ssid: x, country: DE, password: s3cret-of-wifi}}
webrtc: {ice_servers: [{urls: ["turn:h"], username: u, password: s3cret-of-turn}]}
`, nil, nil)
	require.NoError(t, err)
	require.Equal(t, "s3cret", cfg.QuickBlox.Password.Reveal())

	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, format, cfg.QuickBlox.Password)
		fmt.Fprintf(&out, format, cfg.QuickBlox)
		fmt.Fprintf(&out, format, *cfg)
		fmt.Fprintf(&out, format, struct{ hidden Secret }{cfg.QuickBlox.Password})
	}
	asJSON, err := json.Marshal(cfg)
	require.NoError(t, err)
	out.Write(asJSON)
	asYAML, err := yaml.Marshal(cfg)
	require.NoError(t, err)
	out.Write(asYAML)
	text, err := cfg.QuickBlox.Password.MarshalText()
	require.NoError(t, err)
	out.Write(text)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "password", cfg.QuickBlox.Password, "all", cfg)
	}
	assert.NotContains(t, out.String(), "s3cret")
	assert.NotContains(t, out.String(), fmt.Sprintf("%x", "s3cret"))
	assert.Contains(t, out.String(), redacted)
	assert.Empty(t, Secret{}.Reveal())
}

// TestMessagesHideSecrets spoils the lines of passwords in ways that make keys,
// tables and lists of them.
func TestMessagesHideSecrets(t *testing.T) {
	for _, file := range []string{
		"quickblox:\n  password:geheimnis", "quickblox: {password:geheimnis}", "quickblox: {pasword:geheimnis}", "quickblox: geheimnis",
		"quickblox: {password=geheimnis}", "quickblox: {password geheimnis}", "quickblox: password geheimnis", "quickblox: password = geheimnis",
		"quickblox: [password, geheimnis]", "quickblox: {password: {geheimnis}}", "quickblox: {password: {geheimnis: x}}", "contacts: geheimnis",
		"contacts:\n- geheimnis", "network: geheimnis", "network: {wifi: geheimnis}", "network: {wifi: {ssid: x, password: geheim}}",
		"quickblox:\n  password: \"geheimnis", "quickblox:\n  password: 'geheimnis' geheimnis", "quickblox:\n  password: \"\\geheimnis\"",
		"quickblox:\n  password: geheimnis: x\n", "quickblox:\n  password: geheimnis # x: y\n z", "quickblox:\n  password geheimnis\na: b",
		"quickblox: {password: \"x\"\n \"geheimnis\"}", "quickblox: {password: &geheimnis x}", "quickblox: {password: !geheimnis x}",
		"quickblox: {password: |\n geheimnis}", "quickblox:\n  password: CHANGE-ME geheimnis", "webrtc: {ice_servers: geheimnis}",
	} {
		_, _, err := Read("F", []byte(file), "", nil, nil)
		require.Error(t, err, file)
		assert.NotContains(t, err.Error(), "geheim", file)
	}
}

func TestKeys(t *testing.T) {
	keys := Keys()
	assert.Contains(t, keys, "xmpp.domain")
	assert.NotContains(t, keys, "contacts")
	names := map[string]string{}
	for _, key := range keys {
		name := EnvironmentName(key)
		assert.NotContains(t, names, name)
		names[name] = key
	}
	assert.Equal(t, "quickblox.password_file", names["INTERCOMD_QUICKBLOX_PASSWORD_FILE"])
	for key := range defaults() {
		if key != versionKey {
			assert.Contains(t, keys, key)
		}
	}
	for key := range lanDefaults() {
		assert.Contains(t, keys, key)
	}
}

func TestICEURL(t *testing.T) {
	for url, want := range map[string]error{
		"stun:stun.example.org":                    nil,
		"stuns:stun.example.org:5349":              nil,
		"turn:192.0.2.1":                           nil,
		"turn:turn.example.org:3478?transport=udp": nil,
		"turns:[2001:db8::1]:5349?transport=tcp":   nil,
		"stun:[2001:db8::1]":                       nil,
		"":                                         errICEScheme,
		"stun.example.org":                         errICEScheme,
		"STUN:h":                                   errICEScheme,
		"stun://h":                                 errICEHost,
		"stun:u@h":                                 errICEHost,
		"stun::3478":                               errICEHost,
		"stun:[::1":                                errICEHost,
		"stun:[::1]x":                              errICEHost,
		"stun:[192.0.2.1]":                         errICEHost,
		"stun:2001:db8::1":                         errICEPort,
		"stun:h:":                                  errICEPort,
		"stun:h:0":                                 errICEPort,
		"stun:h:+1":                                errICEPort,
		"turn:h?transport=sctp":                    errICETransport,
		"turn:h?":                                  errICETransport,
		"stun:" + strings.Repeat("a", 256):         errICEHost,
		"turn:turn.example.org:65536?transport=udp":   errICEPort,
		"turns:turn.example.org?transport=udp&ttl=86": errICETransport,
	} {
		assert.Equal(t, want, checkICEURL(url), url)
	}
}
