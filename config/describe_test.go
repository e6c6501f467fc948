package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDescribe keeps descriptions complete: one for every key, none twice, none
// of a key that is gone.
func TestDescribe(t *testing.T) {
	paths := map[string]Key{}
	for _, key := range Describe() {
		assert.NotContains(t, paths, key.Path)
		paths[key.Path] = key
		assert.NotEmpty(t, key.Text, key.Path)
		assert.NotEmpty(t, key.Type, key.Path)
		assert.False(t, strings.HasSuffix(key.Text, "."), "%s: %s", key.Path, key.Text)
		assert.Equal(t, strings.HasSuffix(key.Path, ".password"), key.Secret, key.Path)
	}
	for _, d := range docs() {
		assert.Contains(t, paths, d.path)
	}
	assert.Len(t, docs(), len(paths))
	for _, key := range Keys() {
		assert.Contains(t, paths, key)
	}
	assert.Equal(t, Key{Path: "camera.fps", Type: "whole number", Default: "30", Allowed: "1 to 60", Text: "pictures a second"}, paths["camera.fps"])
	assert.Equal(t, "20ms", paths["buttons[].debounce"].Default)
	assert.Equal(t, "6h", paths["update.check_interval"].Default)
	assert.Equal(t, "list of tables", paths["webrtc.ice_servers"].Type)
	assert.Equal(t, "starttls, direct, none", paths["xmpp.tls"].Allowed)
	assert.True(t, paths["webrtc.ice_servers[].password"].Secret)
}

// TestDescribedDefaults compares the defaults of lists' keys, which stand in
// the code of the checks, with what is said of them.
func TestDescribedDefaults(t *testing.T) {
	cfg, _, err := Read("c", []byte(minimal+`
buttons: [{name: a, contacts: [Anna]}, {name: b, source: gpio, line: 1, contacts: [Anna]}]
lamps: [{name: l, line: 2}]
relays: [{name: r, line: 3}]
`), folder(t), nil, nil)
	require.NoError(t, err)
	for path, want := range map[string]any{
		"buttons[].source": cfg.Buttons[0].Source, "buttons[].action": cfg.Buttons[0].Action,
		"buttons[].mode": cfg.Buttons[0].Mode, "buttons[].call_type": cfg.Buttons[0].CallType,
		"buttons[].chip": cfg.Buttons[1].Line.Chip, "buttons[].active_low": cfg.Buttons[1].Line.ActiveLow,
		"buttons[].bias": cfg.Buttons[1].Bias, "buttons[].debounce": cfg.Buttons[1].Debounce,
		"buttons[].kernel_debounce": cfg.Buttons[1].KernelDebounce,
		"lamps[].chip":              cfg.Lamps[0].Line.Chip, "lamps[].active_low": cfg.Lamps[0].Line.ActiveLow,
		"relays[].chip": cfg.Relays[0].Line.Chip, "relays[].active_low": cfg.Relays[0].Line.ActiveLow, "relays[].pulse": cfg.Relays[0].Pulse,
	} {
		if d, ok := want.(time.Duration); ok {
			want = durationText(d)
		}
		assert.EqualValues(t, sprint(want), defaultText(path), path)
	}
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Minute: "1m", 90 * time.Second: "1m30s", 6 * time.Hour: "6h", 20 * time.Millisecond: "20ms",
		time.Hour + time.Second: "1h0m1s", 10 * time.Minute: "10m", 10 * time.Hour: "10h",
	} {
		assert.Equal(t, want, durationText(d))
	}
}
