//go:build e2e

package board

import "time"

// doorUser is the board's user id, and the people who can be called.
const (
	doorUser = 104
	anna     = 101
	ben      = 102
)

// config is the part of intercomd.yaml that the scenarios vary. The names are
// written here once more, apart from the product's, so that a renamed key is
// noticed.
type config struct {
	Device     map[string]string `yaml:"device"`
	XMPP       map[string]string `yaml:"xmpp"`
	QuickBlox  map[string]any    `yaml:"quickblox"`
	Contacts   []contact         `yaml:"contacts"`
	Buttons    []button          `yaml:"buttons"`
	AutoAccept map[string]any    `yaml:"auto_accept,omitempty"`
	WebRTC     map[string]string `yaml:"webrtc"`
	Camera     camera            `yaml:"camera"`
	Audio      audio             `yaml:"audio"`
	Lamps      []lamp            `yaml:"lamps,omitempty"`
	Relays     []relay           `yaml:"relays,omitempty"`
	Watchdog   map[string]string `yaml:"watchdog,omitempty"`
	Log        map[string]string `yaml:"log"`
}

type contact struct {
	Name   string `yaml:"name"`
	UserID int64  `yaml:"user_id"`
}

type button struct {
	Name      string   `yaml:"name"`
	Source    string   `yaml:"source"`
	Action    string   `yaml:"action,omitempty"`
	Chip      string   `yaml:"chip,omitempty"`
	Line      int      `yaml:"line,omitempty"`
	Contacts  []string `yaml:"contacts,omitempty"`
	LongPress string   `yaml:"long_press,omitempty"`
}

type camera struct {
	Source  string `yaml:"source"`
	Width   int    `yaml:"width"`
	Height  int    `yaml:"height"`
	FPS     int    `yaml:"fps"`
	Bitrate int    `yaml:"bitrate"`
}

type audio struct {
	Capture  string `yaml:"capture"`
	Playback string `yaml:"playback"`
	Tones    bool   `yaml:"tones"`
}

type lamp struct {
	Name  string   `yaml:"name"`
	Line  int      `yaml:"line"`
	Shows []string `yaml:"shows,omitempty"`
}

type relay struct {
	Name    string   `yaml:"name"`
	Line    int      `yaml:"line"`
	Pulse   string   `yaml:"pulse"`
	Callers []string `yaml:"callers,omitempty"`
}

// Files on the board.
const (
	configFile   = "/etc/intercomd.yaml"
	passwordFile = "/etc/intercomd.password"
	authority    = "/etc/ca.pem"
	logFile      = "/tmp/intercomd.log"
)

// statsInterval is how often the door tells what a call does.
const statsInterval = time.Second

// boardConfig is a door with everything the board has: the picture goes from
// vivid through the hardware encoder, as large as a camera buffer the encoder
// takes without a copy.
func boardConfig(server, domain string) config {
	return config{
		Device:    map[string]string{"name": "Board door"},
		XMPP:      map[string]string{"domain": domain, "address": server + ":5222", "tls": "starttls", "ca_file": authority, "resource": "board"},
		QuickBlox: map[string]any{"app_id": 7, "user_id": doorUser, "password_file": passwordFile},
		Contacts:  []contact{{"Anna", anna}, {"Ben", ben}},
		Buttons: []button{
			{Name: "front", Source: "gpio", Line: 17, Contacts: []string{"Anna"}},
			{Name: "side", Source: "gpio", Line: 22, Contacts: []string{"Ben"}},
			{Name: "stop", Source: "gpio", Line: 27, Action: "hangup"},
			{Name: "voice", Source: "control", Contacts: []string{"Anna"}},
		},
		WebRTC: map[string]string{"answer_time_interval": "30s", "disconnect_time_interval": "10s", "stats_report_time_interval": statsInterval.String()},
		Camera: camera{Source: "auto", Width: 640, Height: 480, FPS: 15, Bitrate: 800_000},
		Audio:  audio{Capture: "Loopback", Playback: "Loopback"},
		Lamps:  []lamp{{Name: "status", Line: 23}},
		Relays: []relay{{Name: "door", Line: 24, Pulse: "1s", Callers: []string{"Anna"}}},
		Log:    map[string]string{"level": "debug"},
	}
}
