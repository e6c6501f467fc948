package config

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTemplate checks the file that is on a new card: it names what has to be
// filled in, and nothing else is wrong with it.
func TestTemplate(t *testing.T) {
	text, err := os.ReadFile("../packaging/intercom.yaml")
	require.NoError(t, err)
	_, _, err = Read("F", text, "", nil, nil)
	require.Error(t, err)
	var keys []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		key, isPlaceholder := strings.CutSuffix(line, ": still is CHANGE-ME; write the real value")
		assert.True(t, isPlaceholder, line)
		keys = append(keys, key[strings.LastIndex(key, " ")+1:])
	}
	assert.Equal(t, []string{
		"quickblox.app_id", "quickblox.user_id", "quickblox.password", "contacts[0].user_id",
		"network.wifi.ssid", "network.wifi.password", "network.wifi.country", "system.timezone",
	}, keys)

	filled := string(text)
	for _, value := range []string{"7", "104", `a \" # b`, "101", "Home", "geheim-1", "DE", "Europe/Berlin"} {
		at := strings.Index(filled, ": CHANGE-ME")
		if quoted := strings.Index(filled, `: "CHANGE-ME`); at < 0 || quoted >= 0 && quoted < at {
			at = quoted
		}
		require.GreaterOrEqual(t, at, 0)
		filled = filled[:at] + strings.Replace(filled[at:], "CHANGE-ME", value, 1)
	}
	cfg, warnings, err := Read("F", []byte(filled), "", nil, nil)
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, `a " # b`, cfg.QuickBlox.Password.Reveal())
	assert.Equal(t, "Europe/Berlin", cfg.System.Timezone)
	blanked, n, err := Blank([]byte(filled))
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	restored, err := Restore(blanked, []byte(filled))
	require.NoError(t, err)
	again, _, err := Read("F", restored, "", nil, nil)
	require.NoError(t, err)
	assert.Equal(t, cfg, again)
}
