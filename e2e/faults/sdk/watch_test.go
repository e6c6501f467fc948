package sdk

import (
	"testing"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

func TestPictureIsBackWhenItStays(t *testing.T) {
	up := time.Unix(1000, 0)
	shown := func(at, received, gap float64) rig.ClientEvent {
		moment := func(s float64) time.Time { return up.Add(time.Duration(s * float64(time.Second))) }
		return rig.ClientEvent{Name: pictureBack, At: moment(at), Received: float64(moment(received).UnixMicro()) / 1000, Gap: gap}
	}
	for _, tt := range []struct {
		name   string
		events []rig.ClientEvent
		want   float64 // seconds; less than 0 is never
	}{
		{"never", nil, -1},
		{"at once", []rig.ClientEvent{shown(0.1, 0.05, 5000)}, 0.1},
		{"received before the link was back", []rig.ClientEvent{shown(0.1, -0.1, 5000), shown(4, 3.9, 3900)}, 4},
		{"with short pauses afterwards", []rig.ClientEvent{shown(0.1, 0.05, 5000), shown(2, 1.9, 1900)}, 0.1},
		{"not to stay", []rig.ClientEvent{shown(0.6, 0.5, 400), shown(12, 11.9, 11400)}, 12},
		{"something else", []rig.ClientEvent{{Name: "first-frame", At: up.Add(time.Second), Received: 1e15}}, -1},
	} {
		events := rig.NewLog[rig.ClientEvent]()
		for _, ev := range tt.events {
			events.Add(ev)
		}
		p := &party{client: &rig.Client{Page: &rig.Page{Events: events}}}
		got := -1.0
		if at := p.picture(up); !at.IsZero() {
			got = at.Sub(up).Seconds()
		}
		if got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
