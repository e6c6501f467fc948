package call

import (
	"context"
	"time"
)

// PeerKey names one PeerConnection: a peer of a session, and how many
// PeerConnections it had before (a reconnection makes a new one). Two of a peer
// may be open at once; the older is then one that went silent.
type PeerKey struct {
	Session    SessionID
	User       UserID
	Generation int
}

// MediaParams says what GetUserMedia is to open (SDK: getUserMedia params).
type MediaParams struct {
	Audio bool
	Video bool
	// Muted starts with a silent microphone (SDK: options.muted).
	Muted bool
	// Mirror flips the app's own preview of the picture, never what is sent
	// (SDK: options.mirror). Without a preview it has no effect.
	Mirror bool
}

// LocalStream is an opened camera and microphone, shared by every session that
// asked for them.
type LocalStream interface {
	// ID is the stream id that appears in the SDP's msid.
	ID() string
	// Kinds lists what the stream has, audio before video.
	Kinds() []Kind
	// Close releases it; the devices close with their last user. It is
	// idempotent.
	Close() error
}

// RemoteStream is what one peer sends. It ends with its PeerConnection.
type RemoteStream interface {
	Peer() PeerKey
	Kinds() []Kind
}

// Sink is where a remote stream goes: a loudspeaker or a recorder. The media
// package says which implementations it takes.
type Sink interface {
	// SinkName is for logs and errors.
	SinkName() string
}

// Media is the port to devices and PeerConnections.
type Media interface {
	// Do carries out a command without blocking; the outcome arrives at the
	// client as a [MediaEvent]. Commands for one peer are done in order. A
	// command for a peer that does not exist is ignored.
	Do(MediaCommand)
	// GetUserMedia opens the devices, or joins those already open. It blocks;
	// the error names the device and the reason.
	GetUserMedia(context.Context, SessionID, MediaParams) (LocalStream, error)
	// Attach connects a remote stream with a sink.
	Attach(RemoteStream, Sink) error
}

// MediaCommand is one of OpenPeer, CreateOffer, CreateAnswer, ApplyAnswer,
// AddCandidates, ClosePeer, SetMuted, Probe.
type MediaCommand interface{ mediaCommand() }

type (
	// OpenPeer makes a PeerConnection. It sends Stream (nil: receive only) and
	// receives audio, and video in a Video call.
	OpenPeer struct {
		Peer          PeerKey
		CallType      Type
		Stream        LocalStream
		Bandwidth     int           // limit of video in both directions, kbit/s; 0 is none
		StatsInterval time.Duration // period of PeerStats; 0 is never
	}
	// CreateOffer asks for a LocalDescription of type offer with the
	// candidates gathered within a short bound.
	CreateOffer struct{ Peer PeerKey }
	// CreateAnswer applies the remote offer and asks for a LocalDescription of
	// type answer.
	CreateAnswer struct {
		Peer  PeerKey
		Offer string
	}
	// ApplyAnswer applies the remote answer.
	ApplyAnswer struct {
		Peer   PeerKey
		Answer string
	}
	// AddCandidates adds remote candidates; those that come before the remote
	// description are kept until it is there.
	AddCandidates struct {
		Peer       PeerKey
		Candidates []Candidate
	}
	// ClosePeer closes the PeerConnection. No event follows.
	ClosePeer struct{ Peer PeerKey }
	// SetMuted stops or resumes sending one kind of media to every peer of the
	// session.
	SetMuted struct {
		Session SessionID
		Kind    Kind
		Muted   bool
	}
	// Probe looks at once whether the path to the peer works; PathProbed says
	// what came of it.
	Probe struct{ Peer PeerKey }
)

func (OpenPeer) mediaCommand()      {}
func (CreateOffer) mediaCommand()   {}
func (CreateAnswer) mediaCommand()  {}
func (ApplyAnswer) mediaCommand()   {}
func (AddCandidates) mediaCommand() {}
func (ClosePeer) mediaCommand()     {}
func (SetMuted) mediaCommand()      {}
func (Probe) mediaCommand()         {}

// MediaEvent is one of LocalDescription, LocalCandidates, PeerState,
// RemoteStreamReady, PeerStats, PeerError, PathProbed. Events of a PeerConnection that the
// session has replaced or closed are ignored.
type MediaEvent interface{ mediaEvent() }

type (
	// LocalDescription answers CreateOffer and CreateAnswer.
	LocalDescription struct {
		Peer       PeerKey
		Type       DescriptionType
		SDP        string
		Candidates []Candidate // those inside SDP
	}
	// LocalCandidates tells of candidates found after the LocalDescription;
	// SDP is the description with all candidates so far.
	LocalCandidates struct {
		Peer       PeerKey
		Candidates []Candidate // the new ones
		SDP        string
	}
	// PeerState tells of a new ICE connection state.
	PeerState struct {
		Peer  PeerKey
		State ConnectionState
	}
	// RemoteStreamReady comes once per PeerConnection, after the remote
	// description was applied and the connection is up.
	RemoteStreamReady struct {
		Peer   PeerKey
		Stream RemoteStream
	}
	// PeerStats carries a periodic report.
	PeerStats struct {
		Peer   PeerKey
		Report StatsReport
	}
	// PeerError tells that a command failed: a description that does not
	// parse, no common codec. The peer is still open.
	PeerError struct {
		Peer PeerKey
		Err  error
	}
	// PathProbed answers Probe: Alive as soon as anything authenticated came
	// from the peer after it, not alive if nothing did within a short bound of
	// less than a second.
	PathProbed struct {
		Peer  PeerKey
		Alive bool
	}
)

func (LocalDescription) mediaEvent()  {}
func (LocalCandidates) mediaEvent()   {}
func (PeerState) mediaEvent()         {}
func (RemoteStreamReady) mediaEvent() {}
func (PeerStats) mediaEvent()         {}
func (PeerError) mediaEvent()         {}
func (PathProbed) mediaEvent()        {}

// StatsReport describes the connection to one peer over the last interval
// (SDK: onCallStatsReport).
type StatsReport struct {
	LocalCandidate  string        `json:"local_candidate"`  // type: host, srflx, prflx, relay
	RemoteCandidate string        `json:"remote_candidate"` // type
	RoundTripTime   time.Duration `json:"round_trip_time"`  // ns
	Audio           MediaStats    `json:"audio"`
	Video           MediaStats    `json:"video"`
}

// MediaStats describes one kind of media of a peer.
type MediaStats struct {
	Codec           string        `json:"codec,omitempty"` // e.g. "H264", "VP8", "opus"
	SendBitrate     int           `json:"send_bitrate"`    // bit/s
	ReceiveBitrate  int           `json:"receive_bitrate"` // bit/s
	PacketsSent     uint64        `json:"packets_sent"`
	PacketsReceived uint64        `json:"packets_received"`
	PacketsLost     int64         `json:"packets_lost"`          // of those received from the peer
	FractionLost    float64       `json:"fraction_lost"`         // 0…1, of those sent, as the peer reports (RFC 3550 6.4.1)
	Jitter          time.Duration `json:"jitter"`                // ns, of received packets (RFC 3550 6.4.1)
	FramesSent      uint64        `json:"frames_sent,omitempty"` // video
	FramesReceived  uint64        `json:"frames_received,omitempty"`
	Width           int           `json:"width,omitempty"`  // of the video sent, pixels
	Height          int           `json:"height,omitempty"` // of the video sent, pixels
}
