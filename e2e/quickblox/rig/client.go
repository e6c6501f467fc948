package rig

import (
	"context"
	"encoding/json"
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
	// AnswerTime is the SDK's answerTimeInterval; 0 is its default of 60 s.
	AnswerTime time.Duration
	// DisconnectTime is the SDK's disconnectTimeInterval; 0 is its default of 30 s.
	DisconnectTime time.Duration
}

// Client is a user at the real SDK in a page of a browser.
type Client struct {
	Options ClientOptions
	JID     string
	// Events is what the SDK's listeners were told, and the page's errors.
	Events *Log[ClientEvent]
	// Stanzas is what went over the WebSocket.
	Stanzas *Log[Stanza]
	media   *Latest[int64, Media]
	page    string
	driver  *driver
}

// ClientEvent is one call of a listener of the SDK, under the listener's name,
// or "accepting", "first-frame", "console", "pageerror".
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
}

// ClientSession is a session as the SDK describes it.
type ClientSession struct {
	ID        string  `json:"id"`
	State     int     `json:"state"`
	Initiator int64   `json:"initiator"`
	Opponents []int64 `json:"opponents"`
	CallType  int     `json:"callType"`
}

// Stanza is one frame of the client's WebSocket.
type Stanza struct {
	At        time.Time `json:"-"`
	Direction string    `json:"direction"` // sent, received
	XML       string    `json:"xml"`
}

// Media is what a client sees and hears of one user; see measure.js.
type Media struct {
	User  int64 `json:"user"`
	Video struct {
		Presented  int    `json:"presented"` // frames shown
		Changes    int    `json:"changes"`   // how often the picture differed from the one before
		Brightness int    `json:"brightness"`
		Width      int    `json:"width"`
		Height     int    `json:"height"`
		Decoded    int    `json:"decoded"`
		Sent       int    `json:"sent"` // frames sent to the user
		Codec      string `json:"codec"`
	} `json:"video"`
	Audio struct {
		Codec string               `json:"codec"`
		Tones map[string]ToneLevel `json:"tones"` // by frequency in Hz
	} `json:"audio"`
}

// ToneLevel is how loud a frequency is.
type ToneLevel struct {
	Level float64 `json:"level"` // dBFS
	Above float64 `json:"above"` // dB above the spectrum beside it
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
	what := fmt.Sprintf("%s at %s", name, c.page)
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
	err := c.do(ctx, &id, "call", opponents, callType, extension)
	return id, err
}

// Accept opens camera and microphone and accepts the newest session.
func (c *Client) Accept(ctx context.Context) error { return c.do(ctx, nil, "accept") }

// Reject refuses the newest session.
func (c *Client) Reject(ctx context.Context, extension map[string]string) error {
	return c.do(ctx, nil, "reject", extension)
}

// Stop hangs up the newest session.
func (c *Client) Stop(ctx context.Context) error { return c.do(ctx, nil, "stop") }

// Update sends the app's own data to the newest session's peers.
func (c *Client) Update(ctx context.Context, extension map[string]string) error {
	return c.do(ctx, nil, "update", extension)
}

// Mute stops sending a kind of media, "audio" or "video".
func (c *Client) Mute(ctx context.Context, kind string) error { return c.do(ctx, nil, "mute", kind) }

// Unmute sends it again.
func (c *Client) Unmute(ctx context.Context, kind string) error {
	return c.do(ctx, nil, "unmute", kind)
}

func (c *Client) do(ctx context.Context, result any, method string, args ...any) error {
	err := c.driver.do(ctx, "call", map[string]any{"page": c.page, "method": method, "args": args}, result)
	if err != nil {
		return fmt.Errorf("%s at %s: %w", method, c.page, err)
	}
	return nil
}

// Media returns the latest measurement of what comes from user.
func (c *Client) Media(user int64) Media { return c.media.Get(user) }

// Brightness below which a picture counts as black, on a scale to 255.
const black = 8

// Sees waits until pictures from user have been shown that are new since the
// call, differ from one another and are not black.
func (c *Client) Sees(ctx context.Context, user int64) (Media, error) {
	before := c.media.Get(user).Video
	what := fmt.Sprintf("moving pictures of %d at %s", user, c.page)
	return c.media.Await(ctx, what, user, func(m Media) bool {
		v := m.Video
		return v.Decoded >= before.Decoded+5 && v.Changes >= before.Changes+3 && v.Brightness > black
	})
}

// A tone counts as heard when it is this loud and stands this far out of the
// spectrum beside it.
const (
	heardLevel = -50 // dBFS
	heardAbove = 25  // dB
)

// Hears waits until the tone of a frequency in Hz comes from user.
func (c *Client) Hears(ctx context.Context, user int64, hertz int) (Media, error) {
	what := fmt.Sprintf("the %d Hz tone of %d at %s", hertz, user, c.page)
	return c.awaitTone(ctx, what, user, hertz, func(t ToneLevel) bool { return t.Level > heardLevel && t.Above > heardAbove })
}

// HearsNothing waits until the tone of a frequency does not come from user any
// more.
func (c *Client) HearsNothing(ctx context.Context, user int64, hertz int) (Media, error) {
	what := fmt.Sprintf("the %d Hz tone of %d to end at %s", hertz, user, c.page)
	return c.awaitTone(ctx, what, user, hertz, func(t ToneLevel) bool { return t.Level < heardLevel-20 })
}

func (c *Client) awaitTone(ctx context.Context, what string, user int64, hertz int, match func(ToneLevel) bool) (Media, error) {
	stale := true // the first one read may be from before the call
	return c.media.Await(ctx, what, user, func(m Media) bool {
		if stale {
			stale = false
			return false
		}
		t, known := m.Audio.Tones[fmt.Sprint(hertz)]
		return known && match(t)
	})
}

// Close closes the page: the user is gone without a word.
func (c *Client) Close(ctx context.Context) error {
	c.driver.listen(c.page, nil)
	return c.driver.do(ctx, "close", map[string]any{"page": c.page}, nil)
}

// hear keeps what the page reports.
func (c *Client) hear(m driverMessage) {
	switch m.Event {
	case "stanza":
		s := Stanza{At: when(m.At)}
		if json.Unmarshal(m.Data, &s) == nil {
			c.Stanzas.Add(s)
		}
	case "media":
		var media Media
		if json.Unmarshal(m.Data, &media) == nil {
			c.media.Set(media.User, media)
		}
	default:
		e := ClientEvent{At: when(m.At), Name: m.Event}
		if err := json.Unmarshal(m.Data, &e); err != nil {
			e.Text = fmt.Sprintf("%s (%v)", m.Data, err)
		}
		c.Events.Add(e)
	}
}
