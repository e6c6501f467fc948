package config

import (
	"log/slog"
	"time"
)

// Config is a checked configuration.
type Config struct {
	Device     Device
	XMPP       XMPP
	QuickBlox  QuickBlox
	LAN        LAN
	Contacts   []Contact // names and user ids are unique, none is the device itself
	Buttons    []Button  // names are unique
	AutoAccept AutoAccept
	WebRTC     WebRTC
	Camera     Camera
	Audio      Audio
	Control    Control
	Log        Log
}

// Device describes the intercom itself.
type Device struct {
	Name string // shown to people; default "Intercom"
}

// XMPP says how to reach the XMPP server.
type XMPP struct {
	Domain        string  // of the JIDs; "intercom.local" by default in LAN mode
	Address       string  // host:port; "" looks SRV records of Domain up
	TLS           TLSMode // default TLSStart
	AllowInsecure bool    // TLSNone is refused without it
	CAFile        string  // PEM certificates to trust instead of the system's; "" is the system's
	Resource      string  // default "intercom-1"
}

// QuickBlox is the device's account.
type QuickBlox struct {
	AppID    int64  // positive; 1 by default in LAN mode
	UserID   int64  // positive; 1 by default in LAN mode
	Password Secret // unset only in LAN mode
}

// LAN describes the XMPP server inside the process, which replaces a server of
// its own.
type LAN struct {
	Enabled bool
	Listen  string // host:port; default "127.0.0.1:8080"
	TLSCert string // PEM file; set together with TLSKey, or both ""
	TLSKey  string // PEM file
}

// Contact is somebody who may call and be called.
type Contact struct {
	Name     string // not a number
	UserID   int64  // positive
	Password Secret // of the account on the LAN server; set for all if it listens on more than loopback
}

// Button says whom a button rings.
type Button struct {
	Name     string
	Source   ButtonSource
	Contacts []Contact  // at least 1; at most 3 in a conference
	Mode     ButtonMode // default FirstAnswer
	CallType CallType   // default VideoCall
}

// AutoAccept says whose calls are answered without a press.
type AutoAccept struct {
	Enabled bool
	Callers []Contact // not empty if Enabled
}

// WebRTC holds the settings of the SDK's CONFIG.webrtc, with the SDK's
// defaults.
type WebRTC struct {
	AnswerTimeInterval      time.Duration // how long a call rings; default 60 s, at least DialingTimeInterval
	DialingTimeInterval     time.Duration // between repeats of a call; default 5 s, at least 1 s
	DisconnectTimeInterval  time.Duration // until a broken connection is given up; default 30 s, at least 10 s
	StatsReportTimeInterval time.Duration // between reports; default 0, which is never, or at least 1 s
	AutoReject              bool          // default true
	IncomingLimit           int           // at least 1; default 1
	ICEServers              []ICEServer
}

// ICEServer is one STUN or TURN server.
type ICEServer struct {
	URLs     []string // RFC 7064, RFC 7065
	Username string   // set if a URL is turn: or turns:
	Password Secret   // likewise
}

// Camera says what picture is sent.
type Camera struct {
	Source  Source // SourceTest (default), SourceFile or SourceNone
	Width   int    // pixels, even, 16 to 1920; default 1280
	Height  int    // pixels, even, 16 to 1080; default 720
	FPS     int    // frames per second, 1 to 60; default 30
	Bitrate int    // bit/s, 100000 to 8000000; default 1500000
}

// Audio says where sound comes from and goes to.
type Audio struct {
	Capture  Source // SourceTest (default), SourceFile (WAV) or SourceNone
	Playback Source // SourceNull (default) or SourceFile (WAV, written)
}

// Control describes the control socket.
type Control struct {
	Socket string // path of the Unix socket; default "/run/intercomd/control.sock"
	Group  string // whose members may use it as well; "" is the daemon's own user and root only
}

// Log says what is logged and how.
type Log struct {
	Level  slog.Level // default info
	Format LogFormat  // default LogText
}

// TLSMode says how the connection to the XMPP server is encrypted.
type TLSMode string

// The TLS modes.
const (
	TLSStart  TLSMode = "starttls" // RFC 6120 section 5
	TLSDirect TLSMode = "direct"   // XEP-0368
	TLSNone   TLSMode = "none"
)

// ButtonSource says where presses of a button come from.
type ButtonSource string

// The button sources.
const (
	ButtonControl ButtonSource = "control" // the control socket
	ButtonStdin   ButtonSource = "stdin"   // Enter in the terminal
)

// ButtonMode says how a button rings several contacts.
type ButtonMode string

// The button modes.
const (
	FirstAnswer ButtonMode = "first-answer" // one session each, the first to accept wins
	Conference  ButtonMode = "conference"   // one session with all
)

// CallType is the kind of call a button makes.
type CallType string

// The call types.
const (
	VideoCall CallType = "video"
	AudioCall CallType = "audio"
)

// LogFormat is the form of log lines.
type LogFormat string

// The log formats.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// SourceKind is the kind of a [Source].
type SourceKind string

// The kinds of sources and sinks.
const (
	SourceTest SourceKind = "test" // generated
	SourceFile SourceKind = "file" // Path
	SourceNone SourceKind = "none" // there is no such device
	SourceNull SourceKind = "null" // a sink that forgets
)

// Source is where media comes from or goes to.
type Source struct {
	Kind SourceKind
	Path string // of SourceFile
}

// String returns the source as it is written in the file.
func (s Source) String() string {
	if s.Kind == SourceFile {
		return "file:" + s.Path
	}
	return string(s.Kind)
}
