//go:build e2e

package quickblox

import (
	"context"
	"strings"
	"time"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// faultScenarios are about what breaks.
func faultScenarios() []scenario {
	return []scenario{
		{"client-vanishes", clientVanishes},
		{"device-shuts-down-in-a-call", deviceShutsDown},
		{"wrong-password", func(s *scene) {
			offline(s, "authentication failed", func(c *rig.DeviceConfig) { c.Password = "wrong" })
		}},
		{"unreachable-server", func(s *scene) {
			offline(s, "refused", func(c *rig.DeviceConfig) { c.XMPP.Address = "10.99.0.1:5999" })
		}},
		{"wrong-authority", func(s *scene) {
			offline(s, "unknown authority", func(c *rig.DeviceConfig) { c.OtherCA = true })
		}},
	}
}

// Nothing is heard of the client any more, not even a hangUp.
func clientVanishes(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	s.connect(d, "front", a)
	s.all(talk(d, a)...)
	s.do(func(ctx context.Context) error { return s.lab.SetLink(ctx, "anna", false) })
	cut := time.Now()
	defer s.do(func(ctx context.Context) error { return s.lab.SetLink(ctx, "anna", true) })
	s.door(d, "onReconnect", anna)
	closed := s.door(d, "onSessionClose", 0)
	// The connection counts as lost some seconds after the last packet.
	took, interval := closed.Time.Sub(cut), d.Config.WebRTC.DisconnectTimeInterval
	s.Logf("the device ended the call %v after the cut", took.Round(time.Millisecond))
	if took < interval || took > interval+10*time.Second {
		s.Errorf("the call ended %v after the cut, want %v after the loss was noticed", took, interval)
	}
	if d.Had("onStopCall", anna) {
		s.Error("a hangUp arrived: the client was not cut off")
	}
	s.idle(d)
}

// The device is told to end, as at a restart: the client must not be left with
// a frozen picture.
func deviceShutsDown(s *scene) {
	d, a := s.device(), s.client("anna", anna)
	s.connect(d, "front", a)
	s.all(talk(d, a)...)
	if err := d.Close(); err != nil {
		s.Errorf("the device did not end cleanly: %v", err)
	}
	s.at(a, "onStopCallListener", device)
	s.at(a, "onSessionCloseListener", 0)
}

// offline starts a device that cannot get online and expects its status to say
// why.
func offline(s *scene, reason string, change func(*rig.DeviceConfig)) {
	d := s.start(change)
	status := get(s, func(ctx context.Context) (rig.DeviceStatus, error) {
		return d.AwaitStatus(ctx, "an error in the status", func(st rig.DeviceStatus) bool { return st.XMPP.Error != "" })
	})
	s.Logf("status: %s: %s", status.XMPP.State, status.XMPP.Error)
	if status.XMPP.State == "online" || !strings.Contains(status.XMPP.Error, reason) {
		s.Errorf("status says %s: %q, want an error with %q", status.XMPP.State, status.XMPP.Error, reason)
	}
	if strings.Contains(status.XMPP.Error, rig.Password(device)) {
		s.Error("the status shows the password")
	}
}
