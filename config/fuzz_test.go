package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLoad shows that no file and no environment makes Load panic, and that it
// gives either a configuration or a list of problems that says something.
func FuzzLoad(f *testing.F) {
	sample, err := os.ReadFile("../packaging/intercomd.yaml")
	require.NoError(f, err)
	f.Add(string(sample), "CAMERA_FPS=30")
	f.Add(minimal, "XMPP_TLS=none")
	f.Add(minimal+"webrtc: {ice_servers: [{urls: [\"turn:[::1]:3478?transport=udp\"]}]}", "AUTO_ACCEPT_CALLERS=Anna,Ben")
	f.Add("lan: {enabled: true}\na: &a [*a]\n<<: *a", "WEBRTC_ANSWER_TIME_INTERVAL=1h")
	f.Add("contacts: [{name: !!binary aGk=, user_id: 0x10}]\n? [a]\n: b", "=")
	dir := folder(f)
	path := filepath.Join(dir, "c.yaml")
	f.Fuzz(func(t *testing.T, content, variable string) {
		write(t, path, content, 0o600)
		cfg, _, err := Load(path, []string{environmentPrefix + variable}, nil)
		var problems *Error
		switch {
		case err == nil:
			require.NotNil(t, cfg)
			require.NotEmpty(t, cfg.XMPP.Domain)
			require.Positive(t, cfg.QuickBlox.UserID)
		case errors.As(err, &problems):
			require.Nil(t, cfg)
			require.NotEmpty(t, problems.Problems)
			for _, p := range problems.Problems {
				require.NotEmpty(t, p.Text)
				require.False(t, strings.ContainsAny(p.Text, "\n\x00"), "%q", p.Text)
			}
		default:
			t.Fatalf("untyped error: %v", err)
		}
	})
}
