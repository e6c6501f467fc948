package rig

import "time"

// DeviceEvent is one line of `intercomd events`. The fields are declared here
// once more, apart from the product, so that a renamed one is noticed.
type DeviceEvent struct {
	Time      time.Time         `json:"time"`
	Event     string            `json:"event"`
	Session   string            `json:"session"`
	UserID    int64             `json:"user_id"`
	Extension map[string]string `json:"extension"`
	State     string            `json:"state"`
	CallType  string            `json:"call_type"`
	Button    string            `json:"button"`
	Signal    string            `json:"signal"`
	Kinds     []string          `json:"kinds"`
	Stats     *DeviceStats      `json:"stats"`
	Error     string            `json:"error"`
}

// DeviceStats is the part of a statistics report that tests look at.
type DeviceStats struct {
	Audio MediaStats `json:"audio"`
	Video MediaStats `json:"video"`
}

// MediaStats are the statistics of one kind of media.
type MediaStats struct {
	Codec           string `json:"codec"`
	SendBitrate     int    `json:"send_bitrate"` // bit/s
	PacketsReceived uint64 `json:"packets_received"`
	FramesSent      uint64 `json:"frames_sent"`
	FramesReceived  uint64 `json:"frames_received"`
	Width           int    `json:"width"`
	Height          int    `json:"height"`
}

// DeviceStatus is what `intercomd status --json` prints.
type DeviceStatus struct {
	UserID int64 `json:"user_id"`
	XMPP   struct {
		State string `json:"state"` // online, offline, connecting
		JID   string `json:"jid"`
		Error string `json:"error"`
	} `json:"xmpp"`
	Camera   SourceStatus      `json:"camera"`
	Audio    SourceStatus      `json:"audio"`
	Sessions []SessionStatus   `json:"sessions"`
	Media    map[string]uint64 `json:"media"`
}

// SourceStatus is the state of the camera or of the sound.
type SourceStatus struct {
	Source string `json:"source"`
	State  string `json:"state"` // idle, open, missing
	Error  string `json:"error"`
}

// SessionStatus is one live session.
type SessionStatus struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Peers []struct {
		UserID int64  `json:"user_id"`
		State  string `json:"state"`
	} `json:"peers"`
}
