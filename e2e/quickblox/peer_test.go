//go:build e2e

package quickblox

import (
	"context"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// safari is a user agent by which the SDK takes itself to be in Safari: it then
// drops H.264 from what it can do.
const safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"

// peerScenarios are about what the other side can do.
func peerScenarios() []scenario {
	return []scenario{
		{"safari-gets-vp8", safariGetsVP8},
		{"h264-only-peer", h264OnlyPeer},
		{"two-resources-of-one-user", twoResources},
	}
}

func safariGetsVP8(s *scene) {
	d := s.device()
	a := s.client("anna", anna, func(o *rig.ClientOptions) { o.UserAgent = safari })
	s.connect(d, "front", a)
	s.all(talk(d, a)...)
	if codec := a.Media(device).Video.Codec; codec != "VP8" {
		s.Errorf("the picture comes as %s, want VP8", codec)
	}
	s.press(d, "front")
	s.at(a, "onStopCallListener", device)
	s.idle(d)
}

func h264OnlyPeer(s *scene) {
	d := s.device()
	a := s.client("anna", anna, func(o *rig.ClientOptions) { o.H264Only = true })
	s.connect(d, "front", a)
	s.all(talk(d, a)...)
	if codec := a.Media(device).Video.Codec; codec != "H264" {
		s.Errorf("the picture comes as %s, want H264", codec)
	}
	s.press(d, "front")
	s.at(a, "onStopCallListener", device)
	s.callFromH264(d, a)
}

// callFromH264 is the other direction: the device has to answer an offer
// without VP8.
func (s *scene) callFromH264(d *rig.Device, a *rig.Client) {
	s.idle(d)
	get(s, func(ctx context.Context) (string, error) { return a.Call(ctx, rig.VideoCall, nil, device) })
	s.door(d, "onCall", anna)
	s.run(d, "accept")
	s.at(a, "onAcceptCallListener", device)
	s.all(talk(d, a)...)
}

// Both telephones of a user ring and one is answered. The SDK leaves the other
// ringing; what it says afterwards must not disturb the call.
func twoResources(s *scene) {
	d, first, second := s.device(), s.client("anna", anna), s.client("ben", anna)
	s.press(d, "front")
	s.at(first, "onCallListener", device)
	s.at(second, "onCallListener", device)
	s.do(first.Accept)
	s.door(d, "onAcceptCall", anna)
	s.all(talk(d, first)...)
	s.do(func(ctx context.Context) error { return second.Reject(ctx, nil) })
	// What is sent after the reject arrives after it.
	s.do(func(ctx context.Context) error { return first.Update(ctx, map[string]string{"still": "here"}) })
	s.door(d, "onUpdateCall", anna)
	if d.Had("onRejectCall", anna) || d.Had("onSessionClose", 0) {
		s.Error("the second telephone's reject reached the call of the first")
	}
	s.all(talk(d, first)...)
	s.press(d, "front")
	s.at(first, "onStopCallListener", device)
	s.idle(d)
}
