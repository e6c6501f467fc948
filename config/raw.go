package config

import (
	"reflect"
	"strings"
	"time"
)

// raw is the configuration as it is written; it is the list of all keys and
// their types. What is a pointer has no default that is a value of its own.
type raw struct {
	Version int64 `mapstructure:"version"`
	Device  struct {
		Name     string `mapstructure:"name"`
		StateDir string `mapstructure:"state_dir"`
	} `mapstructure:"device"`
	XMPP struct {
		Domain        string `mapstructure:"domain"`
		Address       string `mapstructure:"address"`
		TLS           string `mapstructure:"tls"`
		AllowInsecure bool   `mapstructure:"allow_insecure"`
		CAFile        string `mapstructure:"ca_file"`
		Resource      string `mapstructure:"resource"`
	} `mapstructure:"xmpp"`
	QuickBlox struct {
		AppID        int64  `mapstructure:"app_id"`
		UserID       int64  `mapstructure:"user_id"`
		Password     secret `mapstructure:"password"`
		PasswordFile string `mapstructure:"password_file"`
	} `mapstructure:"quickblox"`
	LAN struct {
		Enabled bool   `mapstructure:"enabled"`
		Listen  string `mapstructure:"listen"`
		TLSCert string `mapstructure:"tls_cert"`
		TLSKey  string `mapstructure:"tls_key"`
	} `mapstructure:"lan"`
	Contacts   []rawContact `mapstructure:"contacts"`
	Buttons    []rawButton  `mapstructure:"buttons"`
	AutoAccept struct {
		Enabled bool     `mapstructure:"enabled"`
		Callers []string `mapstructure:"callers"`
	} `mapstructure:"auto_accept"`
	WebRTC struct {
		AnswerTimeInterval      time.Duration  `mapstructure:"answer_time_interval"`
		DialingTimeInterval     time.Duration  `mapstructure:"dialing_time_interval"`
		DisconnectTimeInterval  time.Duration  `mapstructure:"disconnect_time_interval"`
		StatsReportTimeInterval time.Duration  `mapstructure:"stats_report_time_interval"`
		AutoReject              bool           `mapstructure:"auto_reject"`
		IncomingLimit           int64          `mapstructure:"incoming_limit"`
		ICEServers              []rawICEServer `mapstructure:"ice_servers"`
	} `mapstructure:"webrtc"`
	Camera struct {
		Source             string `mapstructure:"source"`
		Width              int64  `mapstructure:"width"`
		Height             int64  `mapstructure:"height"`
		FPS                int64  `mapstructure:"fps"`
		Bitrate            int64  `mapstructure:"bitrate"`
		Rotation           int64  `mapstructure:"rotation"`
		Mirror             bool   `mapstructure:"mirror"`
		Exposure           *int64 `mapstructure:"exposure"`
		Brightness         *int64 `mapstructure:"brightness"`
		PowerLineFrequency word   `mapstructure:"power_line_frequency"`
	} `mapstructure:"camera"`
	Audio struct {
		Capture        string        `mapstructure:"capture"`
		Playback       string        `mapstructure:"playback"`
		CaptureVolume  *int64        `mapstructure:"capture_volume"`
		PlaybackVolume *int64        `mapstructure:"playback_volume"`
		Period         time.Duration `mapstructure:"period"`
		Tones          bool          `mapstructure:"tones"`
		Announce       bool          `mapstructure:"announce"`
	} `mapstructure:"audio"`
	Lamps    []rawLamp  `mapstructure:"lamps"`
	Relays   []rawRelay `mapstructure:"relays"`
	Watchdog struct {
		Device  string        `mapstructure:"device"`
		Timeout time.Duration `mapstructure:"timeout"`
	} `mapstructure:"watchdog"`
	Control struct {
		Socket string `mapstructure:"socket"`
		Group  string `mapstructure:"group"`
	} `mapstructure:"control"`
	Log struct {
		Level  string `mapstructure:"level"`
		Format string `mapstructure:"format"`
	} `mapstructure:"log"`
	Network rawNetwork `mapstructure:"network"`
	System  rawSystem  `mapstructure:"system"`
	Update  rawUpdate  `mapstructure:"update"`
}

type rawNetwork struct {
	Hostname string `mapstructure:"hostname"`
	WiFi     struct {
		SSID     verbatim `mapstructure:"ssid"`
		Password secret   `mapstructure:"password"`
		Country  string   `mapstructure:"country"`
		Hidden   bool     `mapstructure:"hidden"`
	} `mapstructure:"wifi"`
	Address string   `mapstructure:"address"`
	Gateway string   `mapstructure:"gateway"`
	DNS     []string `mapstructure:"dns"`
}

type rawSystem struct {
	Timezone string   `mapstructure:"timezone"`
	Locale   string   `mapstructure:"locale"`
	NTP      []string `mapstructure:"ntp"`
	SSH      struct {
		Enabled        bool     `mapstructure:"enabled"`
		AuthorizedKeys []string `mapstructure:"authorized_keys"`
	} `mapstructure:"ssh"`
	ButtonSetup bool `mapstructure:"button_setup"`
}

type rawUpdate struct {
	Manifest      string        `mapstructure:"manifest"`
	Channel       string        `mapstructure:"channel"`
	CheckInterval time.Duration `mapstructure:"check_interval"`
	Window        string        `mapstructure:"window"`
	CAFile        string        `mapstructure:"ca_file"`
	Keyring       string        `mapstructure:"keyring"`
}

// word is a text that may be written as a whole number without quotes too.
type word string

// verbatim is a text that is taken as it is written, quotes or not: a name of
// a Wi-Fi network may well be 0815.
type verbatim string

// secret is a verbatim text that no message shows.
type secret string

type rawContact struct {
	Name         string `mapstructure:"name"`
	UserID       int64  `mapstructure:"user_id"`
	Password     secret `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"`
}

type rawButton struct {
	Name           string         `mapstructure:"name"`
	Source         string         `mapstructure:"source"`
	Action         string         `mapstructure:"action"`
	Contacts       []string       `mapstructure:"contacts"`
	Mode           string         `mapstructure:"mode"`
	CallType       string         `mapstructure:"call_type"`
	Chip           string         `mapstructure:"chip"`
	Line           word           `mapstructure:"line"`
	ActiveLow      *bool          `mapstructure:"active_low"`
	Bias           string         `mapstructure:"bias"`
	Debounce       *time.Duration `mapstructure:"debounce"`
	KernelDebounce bool           `mapstructure:"kernel_debounce"`
	Device         string         `mapstructure:"device"`
	Key            word           `mapstructure:"key"`
	LongPress      string         `mapstructure:"long_press"`
}

type rawLamp struct {
	Name      string   `mapstructure:"name"`
	Chip      string   `mapstructure:"chip"`
	Line      word     `mapstructure:"line"`
	ActiveLow bool     `mapstructure:"active_low"`
	Shows     []string `mapstructure:"shows"`
}

type rawRelay struct {
	Name      string         `mapstructure:"name"`
	Chip      string         `mapstructure:"chip"`
	Line      word           `mapstructure:"line"`
	ActiveLow bool           `mapstructure:"active_low"`
	Pulse     *time.Duration `mapstructure:"pulse"`
	Callers   []string       `mapstructure:"callers"`
}

type rawICEServer struct {
	URLs         []string `mapstructure:"urls"`
	Username     string   `mapstructure:"username"`
	Password     secret   `mapstructure:"password"`
	PasswordFile string   `mapstructure:"password_file"`
}

// defaults returns the values of the keys that have one; those of
// [inLANMode] come on top.
func defaults() map[string]any {
	return map[string]any{
		"device.name":                       "Intercom",
		"xmpp.tls":                          string(TLSStart),
		"xmpp.resource":                     "intercom-1",
		"lan.listen":                        "127.0.0.1:8080",
		"webrtc.answer_time_interval":       60 * time.Second,
		"webrtc.dialing_time_interval":      5 * time.Second,
		"webrtc.disconnect_time_interval":   30 * time.Second,
		"webrtc.stats_report_time_interval": time.Duration(0),
		"webrtc.auto_reject":                true,
		"webrtc.incoming_limit":             int64(1),
		"camera.source":                     string(SourceTest),
		"camera.width":                      int64(1280),
		"camera.height":                     int64(720),
		"camera.fps":                        int64(30),
		"camera.bitrate":                    int64(1_500_000),
		"audio.capture":                     string(SourceTest),
		"audio.playback":                    string(SourceNull),
		"audio.period":                      20 * time.Millisecond,
		"audio.tones":                       true,
		"audio.announce":                    true,
		"watchdog.timeout":                  15 * time.Second,
		"control.socket":                    "/run/intercomd/control.sock",
		"log.level":                         "info",
		"log.format":                        string(LogText),
		"version":                           int64(Version),
		"device.state_dir":                  "/var/lib/intercomd",
		"network.hostname":                  "intercom",
		"system.timezone":                   "UTC",
		"system.locale":                     "C.UTF-8",
		"system.button_setup":               true,
		"update.channel":                    "stable",
		"update.check_interval":             6 * time.Hour,
		"update.keyring":                    "/etc/rauc/keyring.pem",
	}
}

// lanDefaults returns the values that have a default in LAN mode only.
func lanDefaults() map[string]any {
	return map[string]any{
		"xmpp.domain":       "intercom.local",
		"quickblox.app_id":  int64(1),
		"quickblox.user_id": int64(1),
	}
}

// versionKey is the format of the file, which nothing outside it can set.
const versionKey = "version"

// isSecretKey says whether a key holds a password itself.
func isSecretKey(key string) bool { return strings.HasSuffix(key, ".password") }

// leaf is a key with a single value or a list of texts.
type leaf struct {
	key string
	typ reflect.Type
}

// leaves returns the keys that can be given outside the file, in the order of
// raw.
func leaves() []leaf {
	var all []leaf
	var add func(t reflect.Type, prefix string)
	add = func(t reflect.Type, prefix string) {
		for field := range t.Fields() {
			key := prefix + fieldKey(field)
			switch {
			case key == versionKey: // of the file itself
			case field.Type.Kind() == reflect.Struct:
				add(field.Type, key+".")
			case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			default:
				all = append(all, leaf{key: key, typ: field.Type})
			}
		}
	}
	add(reflect.TypeFor[raw](), "")
	return all
}

// Keys returns the keys that overrides and the environment may set, e.g.
// "camera.fps".
func Keys() []string {
	var keys []string
	for _, l := range leaves() {
		keys = append(keys, l.key)
	}
	return keys
}

// EnvironmentName returns the name of the environment variable of a key.
func EnvironmentName(key string) string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func fieldKey(f reflect.StructField) string { return f.Tag.Get("mapstructure") }
