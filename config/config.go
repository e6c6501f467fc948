package config

import (
	"crypto/sha256"
	"log/slog"
	"time"
)

// Version is the format of the file that this program knows. Formats grow by
// keys only: a file of a higher version has the same meaning without the keys
// that this program does not know.
const Version = 1

// Config is a checked configuration.
type Config struct {
	Version    int // of the file; 1 by default
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
	Lamps      []Lamp  // names are unique
	Relays     []Relay // names are unique
	Watchdog   Watchdog
	Control    Control
	Log        Log
	Network    Network
	System     System
	Update     Update

	// Files are the files besides the configuration itself that it refers to by
	// paths relative to its folder, as they are written, sorted: passwords,
	// certificates and what a camera or a microphone plays. Whoever copies them
	// has to look whether they stay in the folder (filepath.IsLocal).
	Files []string

	// Outside are the keys that name a password or a private key by an absolute
	// path, sorted. Such a file does not come along with the configuration.
	Outside []string

	digests map[string][sha256.Size]byte // of certificates and keys, by key
}

// Device describes the intercom itself.
type Device struct {
	Name     string // shown to people; default "Intercom"
	StateDir string // folder of what the program remembers; default "/var/lib/intercomd"
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

// LogFormat is the form of log lines.
type LogFormat string

// The log formats.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)
