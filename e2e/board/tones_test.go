//go:build e2e

package board

import (
	"context"
	"time"

	"github.com/intercomd/intercomd/e2e/board/vm"
	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// toneScenarios are what people at the door hear and see before they talk.
func toneScenarios() []scenario {
	return []scenario{
		{"auto-accept-announces", autoAcceptAnnounces},
		{"auto-accept-quietly", autoAcceptQuietly},
		{"rung-and-pressed", rungAndPressed},
		{"pressed-offline", pressedOffline},
	}
}

// A note of each tone that no other tone has, in Hz. The ring changes its note
// so fast that its strongest line is beside it.
const (
	announceNote = 1047
	ringNote     = 790
	endNote      = 425
	offlineNote  = 1400
)

// listen returns ears at the speaker, while a tone sounds at the microphone.
func (s *scene) listen(browser string) *ears {
	s.Helper()
	e := s.air(announceNote, ringNote, endNote, offlineNote, rig.Tone(browser))
	get(s, func(ctx context.Context) (sound, error) {
		return e.all.Take(ctx, "the ears to be open", func(sound) bool { return true })
	})
	return e
}

// heard waits for a note since the ears were opened.
func (s *scene) heard(e *ears, what string, hertz int) {
	s.Helper()
	h := get(s, func(ctx context.Context) (sound, error) { return e.all.Take(ctx, what, note(hertz)) })
	s.says("%s: %d Hz at %.1f dBFS, %.1f dB above the rest", what, h.Hertz, h.Level, h.Above)
}

// never checks that a note was not heard so far.
func (s *scene) never(e *ears, what string, hertz int) {
	s.Helper()
	if n := e.all.Count(note(hertz)); n > 0 {
		s.Errorf("%s was heard %d times, want none", what, n)
	}
}

// silent waits until the door has closed its speaker.
func (s *scene) silent(d *door) {
	s.Helper()
	s.status(d, "a closed speaker", func(st doorStatus) bool { return st.Playback.State == "idle" })
}

func (s *scene) callIn(c *rig.Client) {
	s.Helper()
	get(s, func(ctx context.Context) (string, error) { return c.Call(ctx, rig.VideoCall, nil, doorUser) })
}

func autoAcceptAnnounces(s *scene) { s.announced(true) }
func autoAcceptQuietly(s *scene)   { s.announced(false) }

// announced calls a door that answers by itself: those in front of it are told,
// whether other tones are wanted or not.
func (s *scene) announced(tones bool) {
	s.Helper()
	a, d := s.client("anna", anna), s.door(func(c *config) {
		c.AutoAccept = map[string]any{"enabled": true, "callers": []string{"Anna"}}
		c.Audio.Tones = tones
	})
	air := s.listen("anna")
	s.callIn(a)
	s.at(a, "onAcceptCallListener")
	s.heard(air, "the announcement", announceNote)
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	s.do(a.Stop)
	s.idle(d)
	if tones {
		s.heard(air, "the end", endNote)
		return
	}
	s.silent(d)
	s.never(air, "the end", endNote)
}

// rungAndPressed calls a door that answers nobody by itself: it rings there,
// and a press is the answer.
func rungAndPressed(s *scene) {
	a, d := s.client("anna", anna), s.door(func(c *config) { c.Audio.Tones = true })
	air := s.listen("anna")
	s.callIn(a)
	s.event(d, "onCall")
	s.heard(air, "the ring", ringNote)
	s.shines("ringing", 0.3, 0.7)
	if a.Had("onAcceptCallListener") {
		s.Fatal("the call was accepted before the press")
	}
	s.press(vm.Doorbell)
	s.at(a, "onAcceptCallListener")
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	s.never(air, "the announcement", announceNote)
	s.press(vm.Doorbell)
	s.at(a, "onStopCallListener")
	s.heard(air, "the end", endNote)
	s.idle(d)
}

// pressedOffline presses while the cable is out: lamp and speaker say so, and
// Anna is rung when it is in again.
func pressedOffline(s *scene) {
	cable := func(in bool) { s.do(func(ctx context.Context) error { return s.board.SetLink(ctx, in) }) }
	cable(false)
	defer cable(true)
	a, d := s.client("anna", anna), s.start(func(c *config) { c.Audio.Tones = true })
	air := s.listen("anna")
	s.shines("offline", 0.01, 0.12)
	s.press(vm.Doorbell)
	s.heard(air, "the offline tone", offlineNote)
	s.shines("offline", 0.01, 0.12)
	if a.Had("onCallListener") {
		s.Fatal("Anna was rung by a door without a cable")
	}
	cable(true)
	back := time.Now()
	s.at(a, "onCallListener")
	s.says("Anna is rung %v after the cable is back", time.Since(back).Round(100*time.Millisecond))
	s.do(a.Accept)
	s.all(sees(a), hears(a), heardInTheAir(air, a))
	s.press(vm.Hangup)
	s.at(a, "onStopCallListener")
	s.idle(d)
}
