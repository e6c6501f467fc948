package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLintFindsNothing keeps the search for a mistake from blaming a line that
// is right: it would be blamed for one that is wrong further down.
func TestLintFindsNothing(t *testing.T) {
	files := map[string]string{
		"card": card, "minimal": minimal, "secrets": allSecrets, "image": imageFile, "everything": everything,
		"texts over lines": "device:\n  name: >-\n    Front\n     door: here\n  state_dir: |\n   a: b\n   \"\nxmpp: {domain: x}\n",
		"long lists":       "contacts: [\n  {name: Anna,\n   user_id: 101},\n  {name: Ben, user_id: 102},\n]\nbuttons: []\n",
		"lists in place":   "contacts:\n- name: Anna\n  user_id: 101\n-\n  name: Ben\n  user_id: 102\nauto_accept:\n  callers:\n  - Anna\n  - 'B # \"en'\n",
		"JSON":             "{\"device\": {\"name\": \"a, b: {c}\"},\n \"contacts\": [{\"name\":\"Anna\",\"user_id\":101}, {\"name\": \"it's\"}]}\n",
		"odd but right":    "--- # the only one\nxmpp : {domain: x} \n\"device\": { 'name': \"x\" } # y\n...\n",
		"urls":             "update: {manifest: https://a.example.org/x#z}\nwebrtc:\n  ice_servers:\n    - urls: [\"turn:h:1?transport=udp\", stun:h]\n",
	}
	samples, err := filepath.Glob("../packaging/*.yaml")
	require.NoError(t, err)
	for _, name := range samples {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		files[name] = string(text)
	}
	for name, text := range files {
		_, err := parseDocument([]byte(text))
		require.NoError(t, err, name)
		f := lint([]byte(text), 1)
		assert.True(t, strings.HasPrefix(f.text, "cannot be read"), "%s:%d: %s", name, f.line, f.text)
		f = lint([]byte(strings.ReplaceAll(text, "\n", "\r\n")), 1)
		assert.True(t, strings.HasPrefix(f.text, "cannot be read"), "%s with CRLF:%d: %s", name, f.line, f.text)
	}
}

// TestLintPath checks the keys that go with findings.
func TestLintPath(t *testing.T) {
	l := linter{known: fieldsAnywhere()}
	var got []string
	for i, line := range strings.Split(strings.TrimSpace(card), "\n") {
		require.Empty(t, l.line(i+1, line))
		got = append(got, l.path())
	}
	assert.Equal(t, []string{
		"version", "device", "device.name", "network", "network.hostname", "network.wifi", "network.wifi.ssid", "network.wifi.password",
		"network.wifi.country", "system", "system.timezone", "xmpp", "xmpp.domain", "quickblox", "quickblox.app_id", "quickblox.user_id",
		"quickblox.password", "contacts", "contacts[0].name", "contacts[0].user_id", "contacts[1].name", "contacts[1].user_id",
		"buttons", "buttons[0].name", "buttons[0].source", "buttons[0].line", "buttons[0].contacts",
	}, got)
}

// TestDeepNesting gives it what a stranger may write to make a device busy: it
// is told at once, and in a few words.
func TestDeepNesting(t *testing.T) {
	for name, text := range map[string]string{
		"lists":    strings.Repeat("- ", maxFile/2),
		"tables":   strings.Repeat("a: {", maxFile/4),
		"brackets": strings.Repeat("[", maxFile),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Read("F", []byte(text), "", nil, nil)
			require.Error(t, err)
			assert.Less(t, len(err.Error()), 1000)
		})
	}
}
