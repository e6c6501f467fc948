package rig

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Call types as the SDK counts them.
const (
	VideoCall = 1
	AudioCall = 2
)

// Connection states as the SDK counts them (QB.webrtc.SessionConnectionState).
const (
	SDKConnected = "2"
	SDKClosed    = "5"
)

// ClientOptions says who a client is and what its browser can do.
type ClientOptions struct {
	Browser   string // whose browser and namespace; one of Browsers
	User      int64
	UserAgent string // replaces Chromium's, before the SDK looks at it
	H264Only  bool   // the browser knows no other video codec
	// Scripts are files that run in the page before the SDK. They may report
	// events with window.report, as client.js does.
	Scripts []string
	// FrameRate of the client's camera, in pictures a second; 0 is 10.
	FrameRate int
	// AnswerTime is the SDK's answerTimeInterval; 0 is its default of 60 s.
	AnswerTime time.Duration
	// DisconnectTime is the SDK's disconnectTimeInterval; 0 is its default of 30 s.
	DisconnectTime time.Duration
}

// Client is a user at the real SDK in a page of a browser. Its events are what
// the SDK's listeners were told.
type Client struct {
	*Page
	Options ClientOptions
	JID     string
}

// ClientEvent is one call of a listener of the SDK, under the listener's name,
// or "accepting", "first-frame", "picture-back", "console", "pageerror".
type ClientEvent struct {
	At        time.Time      `json:"-"`
	Name      string         `json:"-"`
	Session   ClientSession  `json:"session"`
	User      int64          `json:"user"`
	Extension map[string]any `json:"extension"`
	State     string         `json:"state"`
	Signal    string         `json:"signal"` // with onInvalidEventsListener
	Kinds     []string       `json:"kinds"`  // with onRemoteStreamListener
	Type      string         `json:"type"`   // with console
	Text      string         `json:"text"`   // with console and pageerror
	Gap       float64        `json:"gap"`    // with picture-back: ms since the picture before
	// Received is when that picture came from the network, in ms since 1970.
	Received float64 `json:"received"`
}

// ClientSession is a session as the SDK describes it.
type ClientSession struct {
	ID        string  `json:"id"`
	State     int     `json:"state"`
	Initiator int64   `json:"initiator"`
	Opponents []int64 `json:"opponents"`
	CallType  int     `json:"callType"`
}

// Signals counts the signals of a type (call, accept, …) that went over the
// WebSocket in a direction (sent, received).
func (c *Client) Signals(direction, signalType string) int {
	return c.Stanzas.Count(func(s Stanza) bool {
		return s.Direction == direction && strings.Contains(s.XML, "<signalType>"+signalType+"</signalType>")
	})
}

// Await takes the next event of a name; user 0 is any.
func (c *Client) Await(ctx context.Context, name string, user int64) (ClientEvent, error) {
	what := fmt.Sprintf("%s at %s", name, c.name)
	if user != 0 {
		what += fmt.Sprintf(" about %d", user)
	}
	return c.Events.Take(ctx, what, func(e ClientEvent) bool {
		return e.Name == name && (user == 0 || e.User == user)
	})
}

// Had says whether a listener was called at all.
func (c *Client) Had(name string) bool {
	return c.Events.Count(func(e ClientEvent) bool { return e.Name == name }) > 0
}

// Call starts a call and returns the session's id.
func (c *Client) Call(ctx context.Context, callType int, extension map[string]string, opponents ...int64) (string, error) {
	var id string
	err := c.call(ctx, &id, "call", opponents, callType, extension)
	return id, err
}

// Accept opens camera and microphone and accepts the newest session.
func (c *Client) Accept(ctx context.Context) error { return c.call(ctx, nil, "accept") }

// Prepare opens camera and microphone for [Client.AcceptAt].
func (c *Client) Prepare(ctx context.Context) error { return c.call(ctx, nil, "prepare") }

// AcceptAt accepts the newest session at a moment, or at once if that is over.
// It returns when that is done; the event "accepting" has the time.
func (c *Client) AcceptAt(ctx context.Context, at time.Time) error {
	return c.call(ctx, nil, "acceptAt", at.UnixMilli())
}

// Reject refuses the newest session.
func (c *Client) Reject(ctx context.Context, extension map[string]string) error {
	return c.call(ctx, nil, "reject", extension)
}

// Stop hangs up the newest session.
func (c *Client) Stop(ctx context.Context) error { return c.call(ctx, nil, "stop") }

// Update sends the app's own data to the newest session's peers.
func (c *Client) Update(ctx context.Context, extension map[string]string) error {
	return c.call(ctx, nil, "update", extension)
}

// Mute stops sending a kind of media, "audio" or "video".
func (c *Client) Mute(ctx context.Context, kind string) error { return c.call(ctx, nil, "mute", kind) }

// Unmute sends it again.
func (c *Client) Unmute(ctx context.Context, kind string) error {
	return c.call(ctx, nil, "unmute", kind)
}
