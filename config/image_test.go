package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImage(t *testing.T) {
	cfg, warnings, err := Read("F", []byte(imageFile), "/card", nil, nil)
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.Equal(t, Network{
		Hostname: "front-door",
		WiFi:     WiFi{SSID: "0815", Password: NewSecret("0123456789"), Country: "DE", Hidden: true},
		Address:  netip.MustParsePrefix("192.168.1.20/24"), Gateway: netip.MustParseAddr("192.168.1.1"),
		DNS: []netip.Addr{netip.MustParseAddr("192.168.1.1"), netip.MustParseAddr("2001:db8::1")},
	}, cfg.Network)
	assert.Equal(t, "Europe/Berlin", cfg.System.Timezone)
	assert.Equal(t, []string{"ptbtime1.ptb.de", "192.168.1.1"}, cfg.System.NTP)
	assert.True(t, cfg.System.SSH.Enabled)
	assert.Len(t, cfg.System.SSH.AuthorizedKeys, 1)
	assert.Equal(t, Update{
		Manifest: "https://updates.example.org/intercom.json", Channel: "beta", CheckInterval: 5 * time.Minute,
		Window:  Window{Start: 22*time.Hour + 30*time.Minute, End: 5 * time.Hour},
		Keyring: "/card/keyring.pem",
	}, cfg.Update)
	assert.Equal(t, "geheim-1", cfg.QuickBlox.Password.Reveal())
}

func TestOpenWiFi(t *testing.T) {
	file := strings.Replace(card, "password: geheim-1", `password: ""`, 1)
	cfg, warnings, err := Read("F", []byte(file), "", nil, nil)
	require.NoError(t, err)
	assert.False(t, cfg.Network.WiFi.Password.IsSet())
	require.Len(t, warnings, 1)
	assert.Equal(t, "network.wifi.password: is empty: everybody can join this Wi-Fi network and see who talks to whom", warnings[0].String())
}

func TestWindow(t *testing.T) {
	at := func(clock string) time.Time {
		day, err := time.Parse(time.TimeOnly, clock)
		require.NoError(t, err)
		return day
	}
	day, night := Window{Start: 2 * time.Hour, End: 5 * time.Hour}, Window{Start: 22*time.Hour + 30*time.Minute, End: 5 * time.Hour}
	for _, c := range []struct {
		w     Window
		clock string
		want  bool
	}{
		{Window{}, "12:00:00", true},
		{day, "01:59:59", false}, {day, "02:00:00", true}, {day, "04:59:59", true}, {day, "05:00:00", false},
		{night, "22:29:59", false}, {night, "22:30:00", true}, {night, "23:59:59", true}, {night, "00:00:00", true}, {night, "05:00:00", false},
	} {
		assert.Equal(t, c.want, c.w.Contains(at(c.clock)), "%v at %s", c.w, c.clock)
	}
	assert.Equal(t, "22:30-05:00", night.String())
	assert.Empty(t, Window{}.String())
}

// TestTimezone uses a tz database of its own: not every machine has one.
func TestTimezone(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "Europe"), 0o755))
	write(t, filepath.Join(folder, "Europe/Berlin"), "TZif2", 0o644)
	write(t, filepath.Join(folder, "Europe/README"), "text", 0o644)
	write(t, filepath.Join(folder, "UTC"), "TZif2", 0o644)
	for name, want := range map[string]bool{"Europe/Berlin": true, "UTC": true, "Europe": false, "Europe/README": false, "Europe/Bonn": false} {
		assert.Equal(t, want, isZone(folder, name), name)
	}
	for name, want := range map[string]string{"Berlin": "Europe/Berlin", "europe/berlin": "Europe/Berlin", "utc": "UTC", "Bonn": "", "README": ""} {
		assert.Equal(t, want, zoneLike(folder, name), name)
	}
}

func TestCountries(t *testing.T) {
	assert.Len(t, strings.Fields(countries), 249)
	for code, want := range map[string]bool{"DE": true, "GB": true, "UK": false, "D": false, "": false, "E B": false, "AD AE": false, "  ": false} {
		assert.Equal(t, want, isCountry(code), code)
	}
	for _, instead := range countryInstead() {
		assert.True(t, isCountry(instead.code), instead.name)
	}
}

// TestLaterVersion proves that an older program reads the file of a later one.
func TestLaterVersion(t *testing.T) {
	later := strings.Replace(card, "version: 1", "version: 2", 1)
	later = strings.Replace(later, "    user_id: 101", "    user_id: 101\n    nickname: A", 1)
	later = strings.Replace(later, "system:", "doorbell: {chime: [1, 2]}\nsystem:\n  turbo: on", 1)
	cfg, warnings, err := Read("F", []byte(later), "", nil, nil)
	require.NoError(t, err)
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	assert.Equal(t, []string{
		"doorbell: is unknown to this version of the program and left alone (line 10)",
		"system.turbo: is unknown to this version of the program and left alone (line 12)",
		"contacts[0].nickname: is unknown to this version of the program and left alone (line 23)",
	}, got)
	assert.Equal(t, 2, cfg.Version)

	_, _, err = Read("F", []byte(strings.Replace(later, "version: 2", "version: 1", 1)), "", nil, nil)
	require.Error(t, err, "in a file of this version they are mistakes")
	_, _, err = Read("F", []byte(strings.Replace(later, "version: 2\n", "", 1)+"version: 2\n"), "", nil, nil)
	require.NoError(t, err, "wherever the version stands")
	_, _, err = Read("F", []byte(strings.Replace(later, "doorbell: ", "doorbell: &x ", 1)), "", nil, nil)
	require.EqualError(t, err, "F:10: doorbell: anchors and aliases (& and *) are not supported; put a text that begins so in quotes", "nor can it be blanked")
	_, _, err = Read("F", []byte(strings.Replace(later, "country: DE", "country: XX", 1)), "", nil, nil)
	require.Error(t, err, "known keys are checked as ever")

	blanked, n, err := Blank([]byte(later))
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	restored, err := Restore(blanked, []byte(later))
	require.NoError(t, err)
	assert.Equal(t, strings.NewReplacer("geheim-1", `"geheim-1"`, "geheim-2", `"geheim-2"`).Replace(later), string(restored))
}

// TestPasswordInPublicFile checks that Load, and only Load, looks at the mode.
func TestPasswordInPublicFile(t *testing.T) {
	for _, c := range []struct {
		file string
		mode os.FileMode
		want int
	}{{card, 0o644, 1}, {card, 0o640, 0}, {minimal, 0o644, 0}} {
		path := filepath.Join(folder(t), "c.yaml")
		write(t, path, c.file, c.mode)
		_, warnings, err := Load(path, nil, nil)
		require.NoError(t, err)
		require.Len(t, warnings, c.want)
		if c.want > 0 {
			assert.Equal(t, "network.wifi.password: stands in a file that every user can read or change (mode 0644), better is 0600 or 0640", warnings[0].String())
		}
	}
}

func TestPasswordOutsideFile(t *testing.T) {
	cfg, _, err := Read("F", []byte(card), "", []string{"INTERCOMD_QUICKBLOX_PASSWORD=other"}, nil)
	require.NoError(t, err)
	assert.Equal(t, "other", cfg.QuickBlox.Password.Reveal())
	_, _, err = Read("F", []byte(card), "", nil, map[string]string{"quickblox.password": "other"})
	assert.EqualError(t, err, "--quickblox.password: must not stand in a command line, which every user of the machine can read; write it into the file")
}

// TestHostileFile checks that size is no weapon.
func TestHostileFile(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want string // the last line
	}{
		"many contacts":     {"contacts: [" + strings.Repeat("{},", 200_000) + "]", "F:1: contacts: has 200000 elements, at most 1000 allowed"},
		"many unknown keys": {"a0: 1\n" + manyKeys(50_000), "F: has 49905 more problems"},
		"deep":              {strings.Repeat("[", 1<<20), "F:1: the bracket [ is opened and not closed"},
		"long line":         {"device: {name: \"" + strings.Repeat("x", 1<<19) + "\"}", ""},
		"long word":         {strings.Repeat("x", 1<<19), ""},
	} {
		_, _, err := Read("F", []byte(c.file), "", nil, nil)
		require.Error(t, err, name)
		assert.Less(t, len(err.Error()), 40_000, name)
		if c.want != "" {
			lines := strings.Split(err.Error(), "\n")
			assert.Contains(t, lines, c.want, name)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("key")
		b.WriteString(strings.Repeat("x", i%7))
		b.WriteString(time.Duration(i).String())
		b.WriteString(": 1\n")
	}
	return b.String()
}
