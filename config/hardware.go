package config

import "time"

// Camera says what picture is sent.
type Camera struct {
	Source   Source // SourceTest (default), SourceFile, SourceDevice or SourceNone
	Width    int    // pixels, even, 64 to 1920; default 1280
	Height   int    // pixels, even, 64 to 1080; default 720
	FPS      int    // frames per second, 1 to 60; default 30
	Bitrate  int    // bit/s, 100000 to 8000000; default 1500000
	Rotation int    // degrees clockwise: 0 (default), 90, 180 or 270
	Mirror   bool   // left and right change places

	Exposure   *int // in units of 100 µs, 0 for automatic; nil leaves it alone
	Brightness *int // in the camera's own unit; nil leaves it alone
	// PowerLine is the frequency of the lamps around: "" (default) leaves the
	// driver's choice, others are "off", "50", "60" and "auto".
	PowerLine string
}

// Audio says where sound comes from and goes to.
type Audio struct {
	Capture        Source        // SourceTest (default), SourceFile (WAV), SourceDevice or SourceNone
	Playback       Source        // SourceNull (default), SourceFile (WAV, written) or SourceDevice
	CaptureVolume  *int          // percent, 0 to 100; nil leaves the mixer alone
	PlaybackVolume *int          // likewise
	Period         time.Duration // of the sound card: 10 ms or 20 ms (default)
	Tones          bool          // whether people at the door hear how the call goes; default true
	Announce       bool          // whether a tone is heard when a call is answered by itself; true if AutoAccept is enabled
}

// Button says what a press does.
type Button struct {
	Name   string
	Source ButtonSource
	Action ButtonAction // default ButtonCall

	Contacts []Contact  // of ButtonCall: at least 1, at most 3 in a conference
	Mode     ButtonMode // of ButtonCall; default FirstAnswer
	CallType CallType   // of ButtonCall; default VideoCall

	Line     Line          // of ButtonGPIO; Line.ActiveLow is true by default
	Bias     Bias          // of ButtonGPIO; default PullUp
	Device   string        // of ButtonEvdev: path or a part of the name; "" is the first that has the key
	Key      string        // of ButtonEvdev: name or code of the key
	Debounce time.Duration // of both, 1 to 300 ms; default 20 ms
	// KernelDebounce has the kernel filter a line of ButtonGPIO where it can. That
	// spares work on a line with much noise, and misses short presses on a busy
	// board.
	KernelDebounce bool

	// LongPress names the button whose press a long press of this one is, ""
	// if it is a press like any other. That button has no LongPress itself.
	LongPress string
}

// Line is a line of a GPIO chip. No two users of lines share one.
type Line struct {
	Chip      string // name, label or path of the chip; ChipAuto is the board's header
	Name      string // name of the line, or its offset in decimal
	ActiveLow bool   // whether the line is low when it is on
}

// ChipAuto stands for the chip that has the pins of the board's header.
const ChipAuto = "auto"

// Lamp is a light that shows what the device is doing.
type Lamp struct {
	Name  string
	Line  Line
	Shows []Indication // not empty; all of them by default
}

// Relay opens a door.
type Relay struct {
	Name    string
	Line    Line
	Pulse   time.Duration // how long it is on, 100 ms to 10 s; default 3 s
	Callers []Contact     // who may trigger it during a call; may be empty
}

// Watchdog says how the hardware restarts a device that hangs.
type Watchdog struct {
	Device  string        // path; "" is none
	Timeout time.Duration // 5 s to 5 min; default 15 s
}

// ButtonSource says where presses of a button come from.
type ButtonSource string

// The button sources.
const (
	ButtonControl ButtonSource = "control" // the control socket
	ButtonStdin   ButtonSource = "stdin"   // Enter in the terminal
	ButtonGPIO    ButtonSource = "gpio"    // a line of a GPIO chip
	ButtonEvdev   ButtonSource = "evdev"   // a key of an input device
)

// ButtonAction says what a press of a button is for.
type ButtonAction string

// The button actions.
const (
	ButtonCall   ButtonAction = "call"   // rings; accepts or ends what is going on
	ButtonHangUp ButtonAction = "hangup" // ends what is going on, never rings
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

// Bias is what a line is pulled to while nothing drives it.
type Bias string

// The biases.
const (
	PullUp   Bias = "pull-up"
	PullDown Bias = "pull-down"
	NoBias   Bias = "none"
)

// Indication is a state of the device that a lamp can show.
type Indication string

// The indications.
const (
	ShowIdle     Indication = "idle"
	ShowOffline  Indication = "offline"
	ShowRinging  Indication = "ringing"
	ShowInCall   Indication = "in_call"
	ShowLive     Indication = "live"
	ShowUpdating Indication = "updating"
	ShowError    Indication = "error"
)

// Indications returns all indications.
func Indications() []Indication {
	return []Indication{ShowIdle, ShowOffline, ShowRinging, ShowInCall, ShowLive, ShowUpdating, ShowError}
}

// SourceKind is the kind of a [Source].
type SourceKind string

// The kinds of sources and sinks.
const (
	SourceTest   SourceKind = "test"   // generated
	SourceFile   SourceKind = "file"   // Path
	SourceDevice SourceKind = "device" // of the kernel, found by Name
	SourceNone   SourceKind = "none"   // there is no such device
	SourceNull   SourceKind = "null"   // a sink that forgets
)

// Source is where media comes from or goes to.
type Source struct {
	Kind SourceKind
	Path string // of SourceFile
	Name string // of SourceDevice, e.g. "auto", "usb:C920", "hw:1,0", "/dev/video0"
}

// String returns the source as it is written in the file.
func (s Source) String() string {
	switch s.Kind {
	case SourceFile:
		return "file:" + s.Path
	case SourceDevice:
		return s.Name
	}
	return string(s.Kind)
}
