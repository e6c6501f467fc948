//go:build e2e

package quickblox

import (
	"context"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// incomingScenarios begin with a call to the door.
func incomingScenarios() []scenario {
	return []scenario{
		{"call-in-auto-accepted", callInAutoAccepted},
		{"call-in-rung-and-pressed", callInRungAndPressed},
		{"call-in-refused-stranger", callInRefusedStranger},
		{"busy-device", busyDevice},
		{"busy-client", busyClient},
	}
}

// callIn has a client call the device.
func (s *scene) callIn(c *rig.Client, callType int) {
	s.Helper()
	get(s, func(ctx context.Context) (string, error) {
		return c.Call(ctx, callType, map[string]string{"from": "the garden"}, device)
	})
}

func autoAccept(c *rig.DeviceConfig) {
	c.AutoAccept.Enabled, c.AutoAccept.Callers = true, []string{"Anna"}
}

func callInAutoAccepted(s *scene) {
	d, a := s.device(autoAccept), s.client("anna", anna)
	s.callIn(a, rig.VideoCall)
	if e := s.door(d, "onCall", anna); e.Extension["from"] != "the garden" || e.CallType != "video" {
		s.Errorf("the device was told %v", e)
	}
	s.at(a, "onAcceptCallListener", device)
	s.all(talk(d, a)...)
	s.do(a.Stop)
	s.door(d, "onStopCall", anna)
	s.idle(d)
}

func callInRungAndPressed(s *scene) {
	d, b := s.device(autoAccept), s.client("ben", ben)
	s.callIn(b, rig.VideoCall)
	s.door(d, "onCall", ben)
	if b.Had("onAcceptCallListener") {
		s.Error("a caller who is not listed was accepted by itself")
	}
	s.press(d, "front")
	s.at(b, "onAcceptCallListener", device)
	s.all(talk(d, b)...)
	s.press(d, "front")
	s.at(b, "onStopCallListener", device)
	s.idle(d)
}

func callInRefusedStranger(s *scene) {
	d, x := s.device(autoAccept), s.client("carl", stranger)
	s.callIn(x, rig.VideoCall)
	s.at(x, "onRejectCallListener", device)
	if e := s.door(d, "onInvalidEvents", stranger); e.Signal != "onCall" {
		s.Errorf("the device was told %v", e)
	}
	s.at(x, "onSessionCloseListener", 0)
	if x.Had("onRemoteStreamListener") || x.Had("onAcceptCallListener") || d.Had("onCall", stranger) {
		s.Error("the stranger got more than a reject")
	}
	s.idle(d)
}

func busyDevice(s *scene) {
	d, a, b := s.device(autoAccept), s.client("anna", anna), s.client("ben", ben)
	s.connect(d, "front", a)
	s.all(talk(d, a)...)
	s.callIn(b, rig.VideoCall)
	s.at(b, "onRejectCallListener", device)
	if e := s.door(d, "onInvalidEvents", ben); e.Signal != "onCall" {
		s.Errorf("the device was told %v", e)
	}
	s.all(talk(d, a)...)
}

func busyClient(s *scene) {
	d, a, b := s.device(), s.client("anna", anna), s.client("ben", ben)
	get(s, func(ctx context.Context) (string, error) { return a.Call(ctx, rig.AudioCall, nil, ben) })
	s.at(b, "onCallListener", anna)
	s.do(b.Accept)
	s.at(a, "onAcceptCallListener", ben)
	s.press(d, "front")
	s.door(d, "onRejectCall", anna)
	s.door(d, "onSessionClose", 0)
	s.at(a, "onInvalidEventsListener", device)
	s.idle(d)
}
