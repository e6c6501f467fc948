package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"
)

// DeviceUser is the device's user id unless a test says otherwise.
const DeviceUser = 104

// DeviceConfig is the configuration file of the device: the part of it that
// tests vary. [DefaultConfig] fills it.
type DeviceConfig struct {
	Device struct {
		Name string `yaml:"name"`
	} `yaml:"device"`
	XMPP struct {
		Domain   string `yaml:"domain"`
		Address  string `yaml:"address"`
		TLS      string `yaml:"tls"`
		CAFile   string `yaml:"ca_file"`
		Resource string `yaml:"resource"`
	} `yaml:"xmpp"`
	QuickBlox struct {
		AppID        int    `yaml:"app_id"`
		UserID       int64  `yaml:"user_id"`
		PasswordFile string `yaml:"password_file"`
	} `yaml:"quickblox"`
	LAN struct {
		Enabled bool   `yaml:"enabled"`
		Listen  string `yaml:"listen"`
	} `yaml:"lan"`
	Contacts   []Contact `yaml:"contacts"`
	Buttons    []Button  `yaml:"buttons"`
	AutoAccept struct {
		Enabled bool     `yaml:"enabled"`
		Callers []string `yaml:"callers"`
	} `yaml:"auto_accept"`
	WebRTC struct {
		AnswerTimeInterval      time.Duration `yaml:"answer_time_interval"`
		DisconnectTimeInterval  time.Duration `yaml:"disconnect_time_interval"`
		StatsReportTimeInterval time.Duration `yaml:"stats_report_time_interval"`
	} `yaml:"webrtc"`
	Camera struct {
		Source  string `yaml:"source"`
		Width   int    `yaml:"width"`
		Height  int    `yaml:"height"`
		FPS     int    `yaml:"fps"`
		Bitrate int    `yaml:"bitrate"`
	} `yaml:"camera"`
	Audio struct {
		Capture  string `yaml:"capture"`
		Playback string `yaml:"playback"`
	} `yaml:"audio"`
	Control struct {
		Socket string `yaml:"socket"`
	} `yaml:"control"`
	Log struct {
		Level string `yaml:"level"`
	} `yaml:"log"`

	// Party names the namespace the device runs in; "" is that of [Handset].
	Party string `yaml:"-"`
	// Password is what the password file holds.
	Password string `yaml:"-"`
	// OtherCA makes the device trust an authority that did not sign the
	// server's certificate.
	OtherCA bool `yaml:"-"`
}

// Contact is one person of the contact list.
type Contact struct {
	Name   string `yaml:"name"`
	UserID int64  `yaml:"user_id"`
}

// Button is one button and its ring plan.
type Button struct {
	Name     string   `yaml:"name"`
	Source   string   `yaml:"source"`
	Contacts []string `yaml:"contacts"`
	Mode     string   `yaml:"mode"`
	CallType string   `yaml:"call_type"`
}

// DefaultConfig returns the device most tests use: contacts Anna 101, Ben 102
// and Carl 103; the buttons front (Anna), pair (Anna and Ben, first answer),
// all (all three, conference) and voice (Anna, audio call); a small camera
// picture that leaves the processor to the browsers, and timers as short as
// they may be.
func DefaultConfig() DeviceConfig {
	var c DeviceConfig
	c.Device.Name = "Front door"
	c.XMPP.Domain, c.XMPP.Address = Domain, hubAddress+":5222"
	c.XMPP.TLS, c.XMPP.Resource = "starttls", "intercom-1"
	c.QuickBlox.AppID, c.QuickBlox.UserID = appID, DeviceUser
	c.LAN.Listen = "127.0.0.1:8080"
	c.Contacts = []Contact{{"Anna", 101}, {"Ben", 102}, {"Carl", 103}}
	c.Buttons = []Button{
		{"front", "control", []string{"Anna"}, "first-answer", "video"},
		{"pair", "control", []string{"Anna", "Ben"}, "first-answer", "video"},
		{"all", "control", []string{"Anna", "Ben", "Carl"}, "conference", "video"},
		{"voice", "control", []string{"Anna"}, "first-answer", "audio"},
	}
	c.WebRTC.AnswerTimeInterval = 30 * time.Second
	c.WebRTC.DisconnectTimeInterval = 10 * time.Second
	c.WebRTC.StatsReportTimeInterval = time.Second
	c.Camera.Source = "test"
	c.Camera.Width, c.Camera.Height, c.Camera.FPS, c.Camera.Bitrate = 640, 360, 15, 600_000
	c.Audio.Capture = "test"
	c.Log.Level = "debug"
	return c
}

// write puts the configuration and what it refers to into dir.
func (c DeviceConfig) write(dir string) error {
	if c.Password == "" {
		c.Password = Password(c.QuickBlox.UserID)
	}
	c.QuickBlox.PasswordFile = filepath.Join(dir, "password")
	c.Control.Socket = filepath.Join(dir, "control.sock")
	if c.Audio.Playback == "" {
		c.Audio.Playback = "file:" + filepath.Join(dir, "out.wav")
	}
	if err := os.WriteFile(c.QuickBlox.PasswordFile, []byte(c.Password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write password: %w", err)
	}
	file, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "intercomd.yaml"), file, 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}
