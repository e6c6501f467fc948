package media

import (
	"errors"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/call"
	"github.com/intercomd/intercomd/media/playout"
	transportnet "github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"
)

// Config holds the settings of an [Engine]. The zero value of a field means
// the default given.
type Config struct {
	// VideoDevice and AudioDevice name drivers registered with mediadevices,
	// by id or by label; "" is none.
	VideoDevice string
	AudioDevice string

	Width, Height int // pixels wanted of the camera; default 1280×720
	FPS           int // frames a second, 1…120; default 30
	Bitrate       int // of encoded video, bit/s, at least 50000; default 1500000

	ICEServers    []ICEServer
	Speaker       PCMSink       // where remote sound goes; nil throws it away
	GatherTimeout time.Duration // how long a description waits for candidates; default 300 ms

	// OnDevice, when set, is told when the camera or microphone is lost while
	// it is in use ([DeviceLost], with the reason) and when it yields again
	// ([DeviceBack]), in turns. It must not block.
	OnDevice func(kind call.Kind, state string, err error)

	// IncludeLoopback offers loopback candidates as well. They are always
	// offered when there is no other interface.
	IncludeLoopback bool

	// Net, when set, stands for the machine's network; tests put a virtual one
	// there.
	Net transportnet.Net

	// Settings, when set, has the last word on pion's settings for each
	// PeerConnection. It may be called from several goroutines.
	Settings func(*webrtc.SettingEngine)
}

// ICEServer is a STUN or TURN server (W3C RTCIceServer).
type ICEServer struct {
	URLs     []string // e.g. "turn:turn.example.org:3478"
	Username string
	Password string
}

// PCMSink takes the sound of all peers: 960 samples each 20 ms, 48 kHz mono,
// signed 16 bit. WritePCM may block for as long as the hardware needs.
type PCMSink = playout.Sink

// What Config.OnDevice is told.
const (
	DeviceLost = "lost"
	DeviceBack = "back"
)

// Tone is a sound that tells people at the device how a call stands.
type Tone = playout.Tone

// The tones; package playout says how they sound. Ring-back and ring go on
// until another tone or StopTone, the others end by themselves. Announce tells
// that the microphone was opened by auto-accept: nothing cuts it short.
const (
	RingBack = playout.RingBack
	Ring     = playout.Ring
	Connect  = playout.Connect
	End      = playout.End
	Announce = playout.Announce
	Offline  = playout.Offline
)

// The defaults of [Config].
const (
	defaultWidth         = 1280
	defaultHeight        = 720
	defaultFPS           = 30
	defaultBitrate       = 1500000
	defaultGatherTimeout = 300 * time.Millisecond
	minBitrate           = 50000
)

// withDefaults fills in what is missing and checks the rest.
func (c Config) withDefaults() (Config, error) {
	if c.Width == 0 && c.Height == 0 {
		c.Width, c.Height = defaultWidth, defaultHeight
	}
	if c.FPS == 0 {
		c.FPS = defaultFPS
	}
	if c.Bitrate == 0 {
		c.Bitrate = defaultBitrate
	}
	if c.GatherTimeout == 0 {
		c.GatherTimeout = defaultGatherTimeout
	}
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case c.Width < 16 || c.Height < 16 || c.Width > 4096 || c.Height > 4096 || c.Width%2 != 0 || c.Height%2 != 0:
		return fmt.Errorf("picture of %dx%d: sides must be even, 16 to 4096", c.Width, c.Height)
	case c.FPS < 1 || c.FPS > 120:
		return fmt.Errorf("%d frames a second: must be 1 to 120", c.FPS)
	case c.Bitrate < minBitrate:
		return fmt.Errorf("video of %d bit/s: must be at least %d", c.Bitrate, minBitrate)
	case c.GatherTimeout < 0:
		return errors.New("negative gather timeout")
	}
	return nil
}

func (c Config) iceServers() []webrtc.ICEServer {
	var out []webrtc.ICEServer
	for _, s := range c.ICEServers {
		server := webrtc.ICEServer{URLs: s.URLs, Username: s.Username}
		if s.Password != "" {
			server.Credential = s.Password
			server.CredentialType = webrtc.ICECredentialTypePassword
		}
		out = append(out, server)
	}
	return out
}
