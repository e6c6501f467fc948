package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allSecrets has each kind of password, in each way to write one.
const allSecrets = "\ufeffxmpp: {domain: chat.example.org} # a \"comment\"\r\n" + `network:
  wifi: {country: DE, ssid: "Home", password: 'it''s #1: geheim' }
webrtc:
  ice_servers:
    - {"urls": ["turn:a"], "username": "u", "password":"t\"urn\u00e4"}
contacts:
- {name: "Änna", user_id: 0x65, password: plain word} # not "this"
- password:   12345678
  user_id: 102
  name: Ben
quickblox:
  app_id: 7
  password: "p\\"
  user_id: 104
`

func TestBlank(t *testing.T) {
	got, n, err := Blank([]byte(allSecrets))
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	want := allSecrets
	for _, secret := range []string{"it''s #1: geheim", `t\"urn\u00e4`, "plain word", "12345678", `p\\`} {
		require.Contains(t, want, secret)
		want = strings.Replace(want, secret, StoredMark, 1)
	}
	assert.Equal(t, want, string(got))

	again, n, err := Blank(got)
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Equal(t, want, string(again))

	restored, err := Restore(got, []byte(allSecrets))
	require.NoError(t, err)
	a, _, err := Read("a", []byte(allSecrets), "", nil, nil)
	require.NoError(t, err)
	b, _, err := Read("b", restored, "", nil, nil)
	require.NoError(t, err)
	assert.Equal(t, a, b)
	assert.Equal(t, "12345678", b.Contacts[1].Password.Reveal())
	assert.Equal(t, "t\"urnä", b.WebRTC.ICEServers[0].Password.Reveal())
}

func TestBlankRefuses(t *testing.T) {
	for file, want := range map[string]string{
		"quickblox: {password: [geheim]}":                  "blank passwords: line 1: quickblox.password: a list is not a text",
		"quickblox:\n  password: >\n    geheim\n":          "blank passwords: line 2: quickblox.password: must stand in one line, in quotes if need be",
		"quickblox:\n  password: geheim\n    geheim\n":     "blank passwords: line 2: quickblox.password: must stand in one line, in quotes if need be",
		"quickblox:\n  password: \"geheim\n    geheim\"\n": "blank passwords: line 2: quickblox.password: must stand in one line, in quotes if need be",
		"quickblox:\n  password: !!str geheim\n":           "blank passwords: line 2: quickblox.password: must stand in one line, in quotes if need be",
		"quickblox: {password: &a geheim}":                 "blank passwords: anchors and aliases are not supported",
		"quickblox: {password: \"geheim}":                  "blank passwords: the file cannot be read",
	} {
		got, n, err := Blank([]byte(file))
		assert.EqualError(t, err, want)
		assert.Nil(t, got)
		assert.Zero(t, n)
	}
}

func TestRestoreRefuses(t *testing.T) {
	data := `xmpp: {domain: other.example.org}
quickblox: {app_id: 7, user_id: 104, password: (stored)}
contacts:
  - {name: Carl, user_id: 103, password: (stored)}
webrtc: {ice_servers: [{urls: ["turn:a", "turn:b"], password: "(stored)"}]}
network: {wifi: {ssid: Office, password: (stored)}}
`
	got, err := Restore([]byte(data), []byte(allSecrets))
	assert.Nil(t, got)
	assert.EqualError(t, err, `line 2: quickblox.password: is (stored), but the device keeps no password of the account 104-7@other.example.org; write the password
line 4: contacts[0].password: is (stored), but the device keeps no password of the contact 103; write the password
line 5: webrtc.ice_servers[0].password: is (stored), but the device keeps no password of the server turn:a, turn:b; write the password
line 6: network.wifi.password: is (stored), but the device keeps no password of the Wi-Fi Office; write the password`)
	_, err = Restore([]byte(data), nil)
	require.Error(t, err)
	_, err = Restore([]byte(data), []byte(data))
	require.Error(t, err, "a mark is no password")
	for _, unchanged := range []string{"", "a: [", "device: {name: x}"} {
		got, err = Restore([]byte(unchanged), []byte(allSecrets))
		require.NoError(t, err)
		assert.Equal(t, unchanged, string(got))
	}
}

func TestChanged(t *testing.T) {
	dir := folder(t)
	load := func(file string) *Config {
		cfg, _, err := Read("c.yaml", []byte(file), dir, nil, nil)
		require.NoError(t, err)
		return cfg
	}
	a := load(minimal)
	assert.Empty(t, Changed(a, load(minimal+"version: 1\n")))
	assert.Equal(t, []string{"auto_accept", "camera", "network", "update"}, Changed(a, load(minimal+
		"update: {window: 02:00-05:00}\ncamera: {fps: 5}\nauto_accept: {callers: [Anna]}\nnetwork: {dns: [192.168.1.1]}\n")))
	write(t, dir+"/password", "another\n", 0o600)
	assert.Equal(t, []string{"quickblox"}, Changed(a, load(minimal)))

	write(t, dir+"/cert.pem", "one", 0o600)
	a = load(minimal + "lan: {tls_cert: cert.pem, tls_key: door.h264}\n")
	assert.Equal(t, []string{"cert.pem", "door.h264", "password"}, a.Files)
	assert.Empty(t, Changed(a, a))
	write(t, dir+"/cert.pem", "two", 0o600)
	assert.Equal(t, []string{"lan"}, Changed(a, load(minimal+"lan: {tls_cert: cert.pem, tls_key: door.h264}\n")))
}

// TestFilesOfAConfiguration checks which files come along with a configuration,
// and which secrets do not.
func TestFilesOfAConfiguration(t *testing.T) {
	dir := folder(t)
	for name, c := range map[string]struct {
		file           string
		files, outside []string
	}{
		"beside it":     {minimal + "update: {keyring: sub/keys.pem}\n", []string{"password", "sub/keys.pem"}, nil},
		"no secret":     {minimal + "update: {keyring: /etc/rauc/keyring.pem}\n", []string{"password"}, nil},
		"password":      {strings.Replace(minimal, "password_file: password", "password_file: "+dir+"/password", 1), nil, []string{"quickblox.password_file"}},
		"private key":   {minimal + "lan: {tls_cert: password, tls_key: " + dir + "/password}\n", []string{"password"}, []string{"lan.tls_key"}},
		"of a server":   {minimal + "webrtc: {ice_servers: [{urls: ['turn:a.example'], username: u, password_file: " + dir + "/password}]}\n", []string{"password"}, []string{"webrtc.ice_servers[0].password_file"}},
		"inside, as is": {minimal, []string{"password"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _, err := Read("c.yaml", []byte(c.file), dir, nil, nil)
			require.NoError(t, err)
			assert.Equal(t, c.files, cfg.Files)
			assert.Equal(t, c.outside, cfg.Outside)
		})
	}
}
