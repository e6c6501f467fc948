//go:build e2e

package quickblox

import (
	"context"
	"fmt"
	"slices"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// lowDevice is an id of the device below all others: in a mesh the higher id
// calls the lower, so it is called by everybody, and with rig.DeviceUser calls
// everybody.
const lowDevice = 100

// conferenceScenarios are meshes of the device and three SDK clients. A low
// device accepting late and a high one accepting early each wait for the other
// side's repeated call.
func conferenceScenarios() []scenario {
	calls := []scenario{
		{"conference-device-calls", func(s *scene) { conferenceByDevice(s, []string{"anna", "ben", "carl"}) }},
		{"conference-device-calls-reverse", func(s *scene) { conferenceByDevice(s, []string{"carl", "ben", "anna"}) }},
	}
	for _, id := range []int64{lowDevice, device} {
		for _, first := range []bool{true, false} {
			name := fmt.Sprintf("conference-device-%s-accepts-%s", map[bool]string{true: "low", false: "high"}[id == lowDevice],
				map[bool]string{true: "first", false: "last"}[first])
			calls = append(calls, scenario{name, func(s *scene) { conferenceToDevice(s, id, first) }})
		}
	}
	return calls
}

// mesh lists the checks of all twelve directions.
func mesh(d *rig.Device, a, b, c *rig.Client) []check {
	return slices.Concat(talk(d, a), talk(d, b), talk(d, c), meet(a, b), meet(a, c), meet(b, c))
}

func conferenceByDevice(s *scene, order []string) {
	d := s.device()
	clients := map[string]*rig.Client{"anna": s.client("anna", anna), "ben": s.client("ben", ben), "carl": s.client("carl", carl)}
	s.press(d, "all")
	for _, name := range order {
		c := clients[name]
		if rung := s.at(c, "onCallListener", device); !slices.Equal(rung.Session.Opponents, []int64{anna, ben, carl}) {
			s.Errorf("%s is called with the opponents %v", name, rung.Session.Opponents)
		}
		s.do(c.Accept)
		s.door(d, "onAcceptCall", c.Options.User)
	}
	a, b, c := clients["anna"], clients["ben"], clients["carl"]
	s.all(mesh(d, a, b, c)...)
	if media := get(s, d.Status).Media; media["encoders_h264"] != 1 || media["encoders_vp8"] != 0 {
		s.Errorf("with three peers the encoders are %v, want one of H.264", media)
	}
	s.do(c.Stop)
	s.door(d, "onStopCall", carl)
	s.at(a, "onStopCallListener", carl)
	s.press(d, "all") // the caller leaves, the others stay
	s.at(a, "onStopCallListener", device)
	s.at(b, "onStopCallListener", device)
	s.idle(d)
	s.all(meet(a, b)...)
}

func conferenceToDevice(s *scene, id int64, deviceFirst bool) {
	d := s.device(func(c *rig.DeviceConfig) { c.QuickBlox.UserID = id })
	a, b, c := s.client("anna", anna), s.client("ben", ben), s.client("carl", carl)
	get(s, func(ctx context.Context) (string, error) { return a.Call(ctx, rig.VideoCall, nil, ben, carl, id) })
	s.door(d, "onCall", anna)
	s.at(b, "onCallListener", anna)
	s.at(c, "onCallListener", anna)
	if deviceFirst {
		s.press(d, "front")
		s.at(a, "onAcceptCallListener", id)
	}
	for _, client := range []*rig.Client{b, c} {
		s.do(client.Accept)
		s.at(a, "onAcceptCallListener", client.Options.User)
	}
	if !deviceFirst {
		s.press(d, "front")
		s.at(a, "onAcceptCallListener", id)
	}
	s.all(mesh(d, a, b, c)...)
	s.do(a.Stop) // the caller leaves, the others stay
	s.door(d, "onStopCall", anna)
	s.at(b, "onStopCallListener", anna)
	s.all(slices.Concat(talk(d, b), talk(d, c), meet(b, c))...)
	s.do(b.Stop)
	s.do(c.Stop)
	s.door(d, "onSessionClose", 0)
	s.idle(d)
}
