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

// FuzzBlank shows what [Blank] and [Restore] promise: no password stays, what
// means something else stays as it is, and a file of which the device keeps a
// copy can be put together again.
func FuzzBlank(f *testing.F) {
	for _, name := range []string{"intercomd", "rpi", "intercom"} {
		sample, err := os.ReadFile("../packaging/" + name + ".yaml")
		require.NoError(f, err)
		f.Add(string(sample))
	}
	for _, file := range []string{
		allSecrets, card, imageFile, everything, minimal,
		strings.Replace(card, "geheim-1", ">-\n     geheim-1", 1), strings.Replace(card, "geheim-2", "geheim\n   geheim", 1),
		strings.Replace(card, "version: 1", "version: 2\na: &b", 1), "quickblox: {password: \"a\\\"b\"}\r", "quickblox:\n  \"password\":'x'", "quickblox:\n  password: ab cd # ef\n",
		"contacts: [{password: \u2028x}, {password: ü}]", "network: {wifi: {password: (stored), ssid: x}, wifi: {password: y}}",
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		data := []byte(file)
		blanked, n, err := Blank(data)
		require.Equal(t, file, string(data), "the input is not touched")
		if err != nil {
			require.Nil(t, blanked)
			_, _, errRead := Read("F", data, "/nowhere", nil, nil)
			require.Error(t, errRead, "what was read can be blanked")
			_, err = Restore(data, data)
			require.NoError(t, orRefused(err))
			return
		}
		before, err := secretPlaces(data)
		require.NoError(t, err)
		after, err := secretPlaces(blanked)
		require.NoError(t, err)
		require.Len(t, after, len(before))
		require.LessOrEqual(t, n, len(before))
		requireOnlySecretsDiffer(t, data, blanked, before, after)
		requireRestored(t, data, blanked)
	})
}

// orRefused lets an error pass that names what is not stored.
func orRefused(err error) error {
	var problems *Error
	if errors.As(err, &problems) {
		return nil
	}
	return err
}

func requireOnlySecretsDiffer(t *testing.T, data, blanked []byte, before, after []*secretPlace) {
	t.Helper()
	atOld, atNew := 0, 0
	for i, p := range after {
		require.Equal(t, StoredMark, p.node.Value)
		require.Equal(t, data[atOld:before[i].from], blanked[atNew:p.from])
		require.Equal(t, before[i].key, p.key)
		atOld, atNew = before[i].to, p.to
	}
	require.Equal(t, data[atOld:], blanked[atNew:])
}

// requireRestored checks a file that [Read] accepts: contacts, for example, that
// share a user id share a password too.
func requireRestored(t *testing.T, data, blanked []byte) {
	t.Helper()
	want, _, err := Read("F", data, "/nowhere", nil, nil)
	if err != nil {
		return
	}
	if servers := want.WebRTC.ICEServers; len(servers) > 1 {
		return // two may have the same URLs
	}
	restored, err := Restore(blanked, data)
	require.NoError(t, err)
	got, _, err := Read("F", restored, "/nowhere", nil, nil)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// FuzzRead shows that a file from a card is either taken or refused in words
// that fit on a screen and do not show passwords.
func FuzzRead(f *testing.F) {
	for _, file := range []string{
		card, imageFile, everything, allSecrets, "quickblox:\n  password:geheimnis", "quickblox: {password:geheimnis}", "quickblox: geheimnis",
		"a:\n\tb: 1", "contacts:\n- geheimnis", "network:\n  wifi: [geheimnis]", "quickblox:\n  password: [geheimnis", "quickblox:\n  password: \"geheimnis",
		"- geheimnis: x\n -b", "quickblox: {password: 'geheimnis' x}", "a: |\n  x\n b: 1", "password=geheimnis",
	} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		cfg, warnings, err := Read("F", []byte(file), "/nowhere", nil, nil)
		require.LessOrEqual(t, len(warnings), maxProblems)
		if err == nil {
			require.NotNil(t, cfg)
			return
		}
		var problems *Error
		require.ErrorAs(t, err, &problems)
		require.LessOrEqual(t, len(problems.Problems), maxProblems+2)
		for _, p := range problems.Problems {
			require.NotEmpty(t, p.Text)
			require.NotContains(t, p.Text, "yaml:")
			require.False(t, strings.ContainsAny(p.String(), "\n\x00\x1b"), "%q", p.String())
		}
	})
}
