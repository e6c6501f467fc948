package hawkbit

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const packaging = "../../packaging/hawkbit/"

// knownKeys are the keys of group client that rauc-hawkbit-updater 1.4 reads:
// load_config_file in src/config-file.c of its tag v1.4. It ignores others
// silently. The keys of group device are free.
var knownKeys = []string{
	"auth_token", "bundle_download_location", "connect_timeout", "gateway_token", "hawkbit_server",
	"log_level", "low_speed_rate", "low_speed_time", "post_update_reboot", "resume_downloads", "retry_wait",
	"send_download_authentication", "ssl", "ssl_cert", "ssl_engine", "ssl_key", "ssl_verify", "stream_bundle",
	"target_name", "tenant_id", "timeout",
}

// readConfig returns the settings of a key file as "group.key". Groups of the
// same name are one, and the last of two equal keys counts (GKeyFile).
func readConfig(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	settings, group := map[string]string{}, ""
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		name, value, isKey := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			group = strings.Trim(line, "[]")
		case isKey && group != "":
			settings[group+"."+strings.TrimSpace(name)] = strings.TrimSpace(value)
		default:
			t.Errorf("%s: %q is neither a comment nor a group nor a key", path, line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return settings
}

func TestShippedConfiguration(t *testing.T) {
	settings := readConfig(t, packaging+"config.conf")
	for key := range settings {
		if name, ok := strings.CutPrefix(key, "client."); ok && !slices.Contains(knownKeys, name) {
			t.Errorf("version 1.4 does not know %s", key)
		}
	}
	for key, want := range map[string]string{
		"client.ssl": "true", "client.ssl_verify": "true", "client.post_update_reboot": "false",
		"client.stream_bundle": "true", "client.log_level": "message",
	} {
		if settings[key] != want {
			t.Errorf("%s = %q, want %q", key, settings[key], want)
		}
	}
	for _, key := range []string{"client.auth_token", "client.gateway_token", "client.hawkbit_server", "client.target_name"} {
		if value, given := settings[key]; given {
			t.Errorf("%s = %q is shipped to every device", key, value)
		}
	}
}

// TestDropIn checks what keeps the updater off without a token and from
// restarting the device.
func TestDropIn(t *testing.T) {
	text, err := os.ReadFile(packaging + "rauc-hawkbit-updater.service.d/intercom.conf")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, want := range []string{
		"ConditionPathExists=|/data/hawkbit/target-token",
		"ConditionPathExists=|/data/hawkbit/gateway-token",
		"LoadCredential=hawkbit:/data/hawkbit",
		"User=intercom",
		"AmbientCapabilities=",
		"CapabilityBoundingSet=",
		"ExecStart=",
		"RuntimeDirectoryMode=0700",
		"UMask=0077",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the drop-in lacks %q", want)
		}
	}
}

// device is a folder with what hawkbit-config reads.
type device struct{ dir string }

// newDevice writes the files of a good device, then those given; "" removes
// a file.
func newDevice(t *testing.T, files map[string]string) device {
	t.Helper()
	d := device{dir: t.TempDir()}
	good := map[string]string{
		"hawkbit_server":        "hawkbit.example.org:8443\n",
		"hawkbit_gateway-token": "c2VjcmV0/+token==\n",
		"os-release":            "NAME=intercomd\nIMAGE_ID=intercom-rpi4\nIMAGE_VERSION=\"1.2.0-rc.1\"\n",
		"device-id":             "00112233445566778899aabbccddeeff\n",
	}
	for name, text := range files {
		good[name] = text
	}
	for name, text := range good {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// configure runs hawkbit-config and returns the path of the configuration.
func (d device) configure() (path, message string, err error) {
	path = filepath.Join(d.dir, "config.conf")
	command := exec.Command(packaging+"hawkbit-config", packaging+"config.conf", path)
	command.Env = append(os.Environ(), "CREDENTIALS_DIRECTORY="+d.dir,
		"OS_RELEASE="+filepath.Join(d.dir, "os-release"), "DEVICE_ID="+filepath.Join(d.dir, "device-id"))
	output, err := command.CombinedOutput()
	return path, string(output), err
}

func TestConfigure(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  map[string]string
	}{
		{"gateway token", nil, map[string]string{
			"client.hawkbit_server": "hawkbit.example.org:8443", "client.gateway_token": "c2VjcmV0/+token==",
			"client.tenant_id": "DEFAULT", "client.target_name": "00112233445566778899aabbccddeeff",
			"client.ssl_verify": "true", "device.board": "rpi4", "device.version": "1.2.0-rc.1", "device.product": "intercomd",
		}},
		{"target token", map[string]string{"hawkbit_gateway-token": "", "hawkbit_target-token": "abc"},
			map[string]string{"client.auth_token": "abc"}},
		{"tenant and name of its own", map[string]string{"hawkbit_tenant": "north", "hawkbit_target": "door-7", "device-id": ""},
			map[string]string{"client.tenant_id": "north", "client.target_name": "door-7"}},
		{"Windows line ends", map[string]string{"hawkbit_server": "h.example.org\r\n"},
			map[string]string{"client.hawkbit_server": "h.example.org"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path, message, err := newDevice(t, test.files).configure()
			if err != nil {
				t.Fatalf("hawkbit-config: %v: %s", err, message)
			}
			settings := readConfig(t, path)
			for key, want := range test.want {
				if settings[key] != want {
					t.Errorf("%s = %q, want %q", key, settings[key], want)
				}
			}
			for key := range settings {
				if name, ok := strings.CutPrefix(key, "client."); ok && !slices.Contains(knownKeys, name) {
					t.Errorf("version 1.4 does not know %s", key)
				}
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode is %v (%v), want 0600: it holds the token", info.Mode(), err)
			}
		})
	}
}

func TestConfigureRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"no token", map[string]string{"hawkbit_gateway-token": ""}, "neither target-token nor gateway-token is there"},
		{"two tokens", map[string]string{"hawkbit_target-token": "abc"}, "target-token and gateway-token are both there"},
		{"no server", map[string]string{"hawkbit_server": ""}, "server: file hawkbit/server is missing"},
		{"address with a scheme", map[string]string{"hawkbit_server": "http://h.example.org"}, "server: file"},
		{"second line with a key", map[string]string{"hawkbit_server": "h.example.org\nssl = false\n"}, "has more than one line"},
		{"second line without its end", map[string]string{"hawkbit_server": "h.example.org\nssl = false"}, "has more than one line"},
		{"carriage return within", map[string]string{"hawkbit_server": "h.example.org\rssl = false\n"}, "holds a sign that is not allowed"},
		{"empty token", map[string]string{"hawkbit_gateway-token": "\n"}, "gateway-token: file"},
		{"token with a space", map[string]string{"hawkbit_gateway-token": "geheim nis"}, "gateway-token: file"},
		{"long server", map[string]string{"hawkbit_server": strings.Repeat("a", 257)}, "more than 256 characters"},
		{"no device id", map[string]string{"device-id": ""}, "intercomd makes it at its first start"},
		{"path as target", map[string]string{"hawkbit_target": "../other"}, "target: file"},
		{"no image", map[string]string{"os-release": "NAME=Debian\n"}, "has no IMAGE_ID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path, message, err := newDevice(t, test.files).configure()
			if err == nil {
				t.Fatal("hawkbit-config wrote a configuration")
			}
			if !strings.Contains(message, test.want) {
				t.Errorf("message %q, want %q", message, test.want)
			}
			if strings.Contains(message, "geheim") || strings.Contains(message, "c2VjcmV0") {
				t.Errorf("message %q shows the token", message)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a configuration was left behind")
			}
		})
	}
}
