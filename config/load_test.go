package config

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// minimal is the shortest complete file; password is in its folder.
const minimal = `
xmpp: {domain: chat.example.org}
quickblox: {app_id: 7, user_id: 104, password_file: password}
contacts: [{name: Anna, user_id: 101}, {name: Ben, user_id: 102}]
`

// folder holds the files that the tests' configurations name.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "password"), "s3cret\n", 0o600)
	write(t, filepath.Join(dir, "public"), "s3cret\n", 0o644)
	write(t, filepath.Join(dir, "empty"), "\n", 0o600)
	write(t, filepath.Join(dir, "door.h264"), "x", 0o600)
	return dir
}

func write(t testing.TB, path, content string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
	require.NoError(t, os.Chmod(path, mode)) // whatever the umask
}

// load writes a configuration into the folder and loads it.
func load(t testing.TB, dir, content string, environ []string, overrides map[string]string) (*Config, []Warning, error) {
	t.Helper()
	path := filepath.Join(dir, "c.yaml")
	write(t, path, content, 0o600)
	return Load(path, environ, overrides)
}

func TestSample(t *testing.T) {
	dir := folder(t)
	cfg, warnings, err := Load("../packaging/intercomd.yaml", nil, map[string]string{
		"quickblox.password_file": filepath.Join(dir, "password"), // a flag: not relative to the file
	})
	require.NoError(t, err)
	assert.Empty(t, warnings)
	anna, ben := Contact{Name: "Anna", UserID: 101}, Contact{Name: "Ben", UserID: 102}
	want := Default()
	want.Device.Name = "Front door"
	want.XMPP.Domain = "chat.example.org"
	want.QuickBlox = QuickBlox{AppID: 7, UserID: 104, Password: NewSecret("s3cret")}
	want.Contacts = []Contact{anna, ben}
	want.Buttons = []Button{{Name: "front", Source: ButtonControl, Action: ButtonCall, Contacts: []Contact{anna, ben}, Mode: FirstAnswer, CallType: VideoCall}}
	want.AutoAccept = AutoAccept{Callers: []Contact{anna}}
	want.Outside = []string{"quickblox.password_file"}
	assert.Equal(t, want, cfg)
}

// TestBoardSample checks the example for a real board, and that it uses what a
// board has.
func TestBoardSample(t *testing.T) {
	credentials := t.TempDir() // as systemd hands them to the service's user
	require.NoError(t, os.WriteFile(filepath.Join(credentials, "quickblox.password"), []byte("of the service"), 0o400))
	cfg, warnings, err := Load("../packaging/rpi.yaml", []string{"CREDENTIALS_DIRECTORY=" + credentials}, nil)
	require.NoError(t, err)
	assert.Equal(t, "of the service", cfg.QuickBlox.Password.Reveal())
	assert.Empty(t, warnings)
	assert.Equal(t, Source{Kind: SourceDevice, Name: "auto"}, cfg.Camera.Source)
	assert.Equal(t, Source{Kind: SourceDevice, Name: "auto"}, cfg.Audio.Capture)
	assert.Equal(t, Source{Kind: SourceDevice, Name: "auto"}, cfg.Audio.Playback)
	assert.Equal(t, Line{Chip: ChipAuto, Name: "17", ActiveLow: true}, cfg.Buttons[0].Line)
	assert.Equal(t, []Lamp{{Name: "status", Line: Line{Chip: ChipAuto, Name: "23"}, Shows: Indications()}}, cfg.Lamps)
	anna := Contact{Name: "Anna", UserID: 101}
	assert.Equal(t, []Relay{{Name: "door", Line: Line{Chip: ChipAuto, Name: "24"}, Pulse: 3 * time.Second, Callers: []Contact{anna}}}, cfg.Relays)
}

// TestSampleIsComplete keeps a key from being missing in the sample.
func TestSampleIsComplete(t *testing.T) {
	data, err := os.ReadFile("../packaging/intercomd.yaml")
	require.NoError(t, err)
	for _, key := range Keys() {
		if !strings.Contains(string(data), " "+key[strings.LastIndex(key, ".")+1:]+":") {
			t.Errorf("%s is missing", key)
		}
	}
	for _, list := range []reflect.Type{
		reflect.TypeFor[rawContact](), reflect.TypeFor[rawButton](), reflect.TypeFor[rawICEServer](),
		reflect.TypeFor[rawLamp](), reflect.TypeFor[rawRelay](),
	} {
		for field := range list.Fields() {
			if !strings.Contains(string(data), fieldKey(field)+":") {
				t.Errorf("%s of %s is missing", fieldKey(field), list)
			}
		}
	}
}

func TestDefault(t *testing.T) {
	assert.Equal(t, &Config{
		Version:    1,
		Device:     Device{Name: "Intercom", StateDir: "/var/lib/intercomd"},
		XMPP:       XMPP{TLS: TLSStart, Resource: "intercom-1"},
		LAN:        LAN{Listen: "127.0.0.1:8080"},
		Contacts:   []Contact{},
		Buttons:    []Button{},
		AutoAccept: AutoAccept{Callers: []Contact{}},
		WebRTC: WebRTC{AnswerTimeInterval: time.Minute, DialingTimeInterval: 5 * time.Second, DisconnectTimeInterval: 30 * time.Second,
			AutoReject: true, IncomingLimit: 1, ICEServers: []ICEServer{}},
		Camera: Camera{Source: Source{Kind: SourceTest}, Width: 1280, Height: 720, FPS: 30, Bitrate: 1_500_000},
		Audio: Audio{Capture: Source{Kind: SourceTest}, Playback: Source{Kind: SourceNull},
			Period: 20 * time.Millisecond, Tones: true, Announce: true},
		Lamps: []Lamp{}, Relays: []Relay{}, Watchdog: Watchdog{Timeout: 15 * time.Second},
		Control: Control{Socket: "/run/intercomd/control.sock"},
		Log:     Log{Level: slog.LevelInfo, Format: LogText},
		Network: Network{Hostname: "intercom", DNS: []netip.Addr{}},
		System:  System{Timezone: "UTC", Locale: "C.UTF-8", ButtonSetup: true},
		Update:  Update{Channel: "stable", CheckInterval: 6 * time.Hour, Keyring: "/etc/rauc/keyring.pem"},
	}, Default())
}

func TestPrecedence(t *testing.T) {
	dir := folder(t)
	file := minimal + "camera: {fps: 10, width: 320, height: 240}\n"
	environ := []string{"INTERCOMD_CAMERA_FPS=20", "INTERCOMD_CAMERA_WIDTH=640", "INTERCOMD_CONFIG=elsewhere", "OTHER=1"}
	cfg, _, err := load(t, dir, file, environ, map[string]string{"camera.fps": "25"})
	require.NoError(t, err)
	assert.Equal(t, 25, cfg.Camera.FPS, "flag")
	assert.Equal(t, 640, cfg.Camera.Width, "environment")
	assert.Equal(t, 240, cfg.Camera.Height, "file")
	assert.Equal(t, 1_500_000, cfg.Camera.Bitrate, "default")
}
