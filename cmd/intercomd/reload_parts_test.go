package main

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/intercomd/intercomd/config"
)

var anna, ben, carl = config.Contact{Name: "Anna", UserID: 101}, config.Contact{Name: "Ben", UserID: 102}, config.Contact{Name: "Carl", UserID: 103}

// runningConfig is a configuration with something of everything.
func runningConfig() *config.Config {
	c := config.Default()
	c.Contacts = []config.Contact{anna, ben}
	c.Buttons = []config.Button{{Name: "front", Contacts: []config.Contact{anna, ben}}, {Name: "side", Contacts: []config.Contact{ben}}}
	c.Relays = []config.Relay{{Name: "door", Callers: []config.Contact{anna}}}
	return c
}

// What waits, and whether what is live is in force, for each kind of change.
func TestLiveAndPending(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*config.Config)
		waits   []string
		inForce func(*config.Config) bool
	}{
		{"nothing", func(*config.Config) {}, nil, nil},
		{"contacts", func(c *config.Config) { c.Contacts = append(c.Contacts, carl) }, nil,
			func(c *config.Config) bool { return len(c.Contacts) == 3 }},
		{"a button's plan", func(c *config.Config) {
			c.Buttons[0].Contacts, c.Buttons[0].Mode = []config.Contact{ben}, config.Conference
		}, nil,
			func(c *config.Config) bool {
				return len(c.Buttons[0].Contacts) == 1 && c.Buttons[0].Mode == config.Conference
			}},
		{"a button's line", func(c *config.Config) { c.Buttons[0].Line.Name = "17" }, []string{"buttons"},
			func(c *config.Config) bool { return c.Buttons[0].Line.Name == "" }},
		{"a button less, and its contact", func(c *config.Config) {
			c.Buttons, c.Contacts = c.Buttons[:1], c.Contacts[:1]
			c.Buttons[0].Contacts = c.Contacts
		}, []string{"buttons"},
			func(c *config.Config) bool { return len(c.Buttons) == 2 && len(c.Buttons[1].Contacts) == 0 }},
		{"a relay less", func(c *config.Config) { c.Relays = nil }, []string{"relays"},
			func(c *config.Config) bool { return len(c.Relays) == 1 && len(c.Relays[0].Callers) == 0 }},
		{"a relay's callers", func(c *config.Config) { c.Relays[0].Callers = []config.Contact{ben} }, nil,
			func(c *config.Config) bool { return c.Relays[0].Callers[0] == ben }},
		{"auto-accept", func(c *config.Config) {
			c.AutoAccept = config.AutoAccept{Enabled: true, Callers: []config.Contact{anna}}
		}, nil,
			func(c *config.Config) bool { return c.AutoAccept.Enabled }},
		{"intervals and ICE servers", func(c *config.Config) {
			c.WebRTC.AnswerTimeInterval, c.WebRTC.ICEServers = time.Minute/2, []config.ICEServer{{URLs: []string{"stun:s"}}}
		}, []string{"webrtc"}, func(c *config.Config) bool {
			return c.WebRTC.AnswerTimeInterval == time.Minute/2 && len(c.WebRTC.ICEServers) == 0
		}},
		{"log", func(c *config.Config) { c.Log.Level = slog.LevelDebug }, nil,
			func(c *config.Config) bool { return c.Log.Level == slog.LevelDebug }},
		{"watchdog, update, network, system", func(c *config.Config) {
			c.Watchdog.Timeout, c.Update.Channel, c.Network.Hostname, c.System.Timezone = time.Minute, "beta", "door", "Europe/Vienna"
		}, nil, func(c *config.Config) bool { return c.Update.Channel == "beta" }},
		{"account, camera, control", func(c *config.Config) { c.QuickBlox.UserID, c.Camera.FPS, c.Control.Group = 9, 7, "door" },
			[]string{"quickblox", "camera", "control"}, func(c *config.Config) bool { return c.QuickBlox.UserID != 9 && c.Camera.FPS != 7 }},
		{"contacts in LAN mode", func(c *config.Config) { c.LAN.Enabled, c.Contacts = true, append(c.Contacts, carl) }, []string{"lan", "contacts"},
			func(c *config.Config) bool { return len(c.Contacts) == 3 && !c.LAN.Enabled }},
	} {
		t.Run(c.name, func(t *testing.T) {
			running, next := runningConfig(), runningConfig()
			c.change(next)
			live := livePart(running, next)
			if waits := pending(running, live, next); !slices.Equal(waits, c.waits) {
				t.Errorf("%v wait, want %v", waits, c.waits)
			}
			if c.inForce != nil && !c.inForce(live) {
				t.Errorf("in force is\n%+v", live)
			}
			if changed := config.Changed(running, runningConfig()); len(changed) > 0 {
				t.Errorf("what runs was changed: %v", changed)
			}
		})
	}
}

func TestBooting(t *testing.T) {
	if got := booting([]string{"contacts", "network", "camera", "system"}); !slices.Equal(got, []string{"network", "system"}) {
		t.Errorf("got %v", got)
	}
}
