package sdk

import "time"

// Outcome is what became of a call.
type Outcome struct {
	Plan
	Seconds float64        `json:"seconds"` // length of the cut
	Began   time.Time      `json:"began"`   // when it began
	Round   int            `json:"round"`   // for whoever plays a plan several times
	Parties []PartyOutcome `json:"parties"` // the one cut off first
}

// PartyOutcome is what one end of the call was told and saw.
type PartyOutcome struct {
	Role   string  `json:"role"` // device, client, client cut off, client that stays
	User   int64   `json:"user"`
	States []State `json:"states"` // since the cut
	// Picture is when the first new picture came, in ms after the link was
	// back (with a move: after the move began). At a client it is the first
	// that was shown, at a device the first packet. Nil is never.
	Picture *float64 `json:"picture_ms"`
	// Pauses are later pauses of the client's picture of 500 ms or more, in ms.
	Pauses []float64 `json:"pauses_ms,omitempty"`
}

// State is something a listener was told: RECONNECTING, RECONNECTED or FAILED;
// "connection WORD" with the state of the connection, "session closed", "xmpp
// WORD".
type State struct {
	At   float64 `json:"at"` // seconds since the cut
	Name string  `json:"name"`
}

func (p *pair) outcome(cut time.Time) Outcome {
	o := Outcome{Plan: p.plan, Seconds: p.plan.Length.Seconds(), Began: cut}
	for _, end := range p.parties() {
		told := PartyOutcome{Role: end.role, User: end.user, States: end.states(cut), Pauses: end.pauses(p.healed)}
		if at := end.picture(p.healed); !at.IsZero() {
			ms := float64(at.Sub(p.up).Microseconds()) / 1000
			told.Picture = &ms
		}
		o.Parties = append(o.Parties, told)
	}
	return o
}

// Viewer is the client whose picture is compared: the one that stays if the
// device's link is cut, the one cut off if its own is. A reference has both.
func (o Outcome) Viewer(cutOff bool) PartyOutcome {
	i := 1
	if cutOff {
		i = 0
	}
	return o.Parties[i]
}

// At returns when a state was told for the first time, in seconds since the
// cut.
func (p PartyOutcome) At(name string) (seconds float64, told bool) {
	for _, s := range p.States {
		if s.Name == name {
			return s.At, true
		}
	}
	return 0, false
}

// chatBack returns when the party's chat was back, in seconds after the link
// was: no SDK can renew a call before. 0 is a chat that was never gone, or back
// before the link.
func (o Outcome) chatBack(p PartyOutcome) float64 {
	for _, s := range p.States {
		if s.Name == chatOnline && s.At > o.Seconds {
			return s.At - o.Seconds
		}
	}
	return 0
}
