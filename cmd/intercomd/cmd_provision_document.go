package main

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// document is a configuration as provision writes it: as YAML into the file, as
// JSON into the QR code, whose beginning is its version, with the keys of config in the order of its sample.
type document struct {
	Version int `json:"-" yaml:"version"`
	Device  struct {
		Name string `json:"name,omitempty" yaml:"name,omitempty"`
	} `json:"device,omitzero" yaml:"device,omitempty"`
	XMPP struct {
		Domain string `json:"domain" yaml:"domain"`
	} `json:"xmpp" yaml:"xmpp"`
	QuickBlox docAccount   `json:"quickblox" yaml:"quickblox"`
	Contacts  []docContact `json:"contacts" yaml:"contacts"`
	Buttons   []docButton  `json:"buttons" yaml:"buttons"`
	Camera    docCamera    `json:"camera" yaml:"camera"`
	Audio     docAudio     `json:"audio" yaml:"audio"`
	Lamps     []docLamp    `json:"lamps,omitempty" yaml:"lamps,omitempty"`
	Relays    []docRelay   `json:"relays,omitempty" yaml:"relays,omitempty"`
	Network   *docNetwork  `json:"network,omitempty" yaml:"network,omitempty"`
	System    *docSystem   `json:"system,omitempty" yaml:"system,omitempty"`
	Update    *docUpdate   `json:"update,omitempty" yaml:"update,omitempty"`
}

type docAccount struct {
	AppID    int64  `json:"app_id" yaml:"app_id"`
	UserID   int64  `json:"user_id" yaml:"user_id"`
	Password string `json:"password" yaml:"password"`
}

type docContact struct {
	Name   string `json:"name" yaml:"name"`
	UserID int64  `json:"user_id" yaml:"user_id"`
}

type docButton struct {
	Name     string   `json:"name" yaml:"name"`
	Source   string   `json:"source" yaml:"source"`
	Line     string   `json:"line,omitempty" yaml:"line,omitempty"`
	Contacts []string `json:"contacts" yaml:"contacts,flow"`
}

type docCamera struct {
	Source             string `json:"source" yaml:"source"`
	PowerLineFrequency string `json:"power_line_frequency,omitempty" yaml:"power_line_frequency,omitempty"`
}

type docAudio struct {
	Capture  string `json:"capture" yaml:"capture"`
	Playback string `json:"playback" yaml:"playback"`
}

type docLamp struct {
	Name string `json:"name" yaml:"name"`
	Line string `json:"line" yaml:"line"`
}

type docRelay struct {
	Name    string   `json:"name" yaml:"name"`
	Line    string   `json:"line" yaml:"line"`
	Callers []string `json:"callers" yaml:"callers,flow"`
}

type docNetwork struct {
	Hostname string   `json:"hostname,omitempty" yaml:"hostname,omitempty"`
	WiFi     *docWiFi `json:"wifi,omitempty" yaml:"wifi,omitempty"`
	Address  string   `json:"address,omitempty" yaml:"address,omitempty"`
	Gateway  string   `json:"gateway,omitempty" yaml:"gateway,omitempty"`
	DNS      []string `json:"dns,omitempty" yaml:"dns,omitempty,flow"`
}

type docWiFi struct {
	SSID     string `json:"ssid" yaml:"ssid"`
	Password string `json:"password" yaml:"password"` // "" if the network has none
	Country  string `json:"country" yaml:"country"`
	Hidden   bool   `json:"hidden,omitempty" yaml:"hidden,omitempty"`
}

type docSystem struct {
	Timezone string   `json:"timezone,omitempty" yaml:"timezone,omitempty"`
	NTP      []string `json:"ntp,omitempty" yaml:"ntp,omitempty,flow"`
	SSH      *docSSH  `json:"ssh,omitempty" yaml:"ssh,omitempty"`
}

type docSSH struct {
	Enabled        bool     `json:"enabled" yaml:"enabled"`
	AuthorizedKeys []string `json:"authorized_keys" yaml:"authorized_keys"`
}

type docUpdate struct {
	Manifest string `json:"manifest" yaml:"manifest"`
}

const documentHead = `# Configuration of an intercom, written by "intercomd provision". All keys are
# described in intercomd.yaml(5). Once the device has taken this file over, its
# passwords here read (stored); whatever you change counts from the next start.
`

// yaml is the document as a file.
func (d document) yaml() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(documentHead)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return b.Bytes(), nil
}
