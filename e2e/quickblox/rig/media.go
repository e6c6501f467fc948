package rig

import (
	"context"
	"fmt"
)

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
		// Playout is the sender's time of the frame that is shown, ms since
		// 1900; 0 is not known.
		Playout float64 `json:"playout"`
	} `json:"video"`
	Audio struct {
		Codec   string               `json:"codec"`
		Playout float64              `json:"playout"` // as with video
		Tones   map[string]ToneLevel `json:"tones"`   // by frequency in Hz
	} `json:"audio"`
}

// ToneLevel is how loud a frequency is.
type ToneLevel struct {
	Level float64 `json:"level"` // dBFS
	Above float64 `json:"above"` // dB above the spectrum beside it
}

// Media returns the latest measurement of what comes from user.
func (p *Page) Media(user int64) Media { return p.media.Get(user) }

// Brightness below which a picture counts as black, on a scale to 255.
const black = 8

// Sees waits until pictures from user have been shown that are new since the
// call, differ from one another and are not black.
func (p *Page) Sees(ctx context.Context, user int64) (Media, error) {
	before := p.media.Get(user).Video
	what := fmt.Sprintf("moving pictures of %d at %s", user, p.name)
	return p.media.Await(ctx, what, user, func(m Media) bool {
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
func (p *Page) Hears(ctx context.Context, user int64, hertz int) (Media, error) {
	what := fmt.Sprintf("the %d Hz tone of %d at %s", hertz, user, p.name)
	return p.awaitTone(ctx, what, user, hertz, func(t ToneLevel) bool { return t.Level > heardLevel && t.Above > heardAbove })
}

// HearsNothing waits until the tone of a frequency does not come from user any
// more.
func (p *Page) HearsNothing(ctx context.Context, user int64, hertz int) (Media, error) {
	what := fmt.Sprintf("the %d Hz tone of %d to end at %s", hertz, user, p.name)
	return p.awaitTone(ctx, what, user, hertz, func(t ToneLevel) bool { return t.Level < heardLevel-20 })
}

func (p *Page) awaitTone(ctx context.Context, what string, user int64, hertz int, match func(ToneLevel) bool) (Media, error) {
	stale := true // the first one read may be from before the call
	return p.media.Await(ctx, what, user, func(m Media) bool {
		if stale {
			stale = false
			return false
		}
		t, known := m.Audio.Tones[fmt.Sprint(hertz)]
		return known && match(t)
	})
}
