package intercom

import (
	"testing"
	"time"

	"github.com/intercomd/intercomd/call"
)

// TestIndication gives what the lamps show; the first reason wins.
func TestIndication(t *testing.T) {
	all := situation{updating: true, ringingOut: true, ringingIn: true, talking: true, live: true, broken: true, online: true}
	for _, c := range []struct {
		name   string
		change func(*situation)
		want   Indication
	}{
		{"everything at once", func(*situation) {}, ShowLive},
		{"nobody sees or hears", func(s *situation) { s.talking = false }, ShowUpdating},
		{"no update", func(s *situation) { s.updating = false }, ShowRinging},
		{"rings in only", func(s *situation) { s.ringingOut = false }, ShowRinging},
		{"rings in, offline", func(s *situation) { s.online = false }, ShowRinging},
		{"rings out, offline", func(s *situation) { s.ringingIn, s.ringingOut = false, true }, ShowOffline},
		{"rings out only", func(s *situation) { s.online = true }, ShowRinging},
		{"does not ring", func(s *situation) { s.ringingOut = false }, ShowLive},
		{"call without devices", func(s *situation) { s.talking, s.live = true, false }, ShowInCall},
		{"no call, offline", func(s *situation) { s.talking, s.online = false, false }, ShowOffline},
		{"online, something missing", func(s *situation) { s.online = true }, ShowError},
		{"all well", func(s *situation) { s.broken = false }, ShowIdle},
		{"camera open without a call", func(s *situation) { s.live = true }, ShowLive},
	} {
		c.change(&all) // one after another
		if got := all.indication(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHum(t *testing.T) {
	for _, c := range []struct {
		name string
		s    situation
		want Tone
	}{
		{"idle", situation{online: true}, NoTone},
		{"rings out", situation{online: true, ringingOut: true}, RingBack},
		{"rings out, but nobody can hear it", situation{ringingOut: true}, NoTone},
		{"rings in", situation{ringingIn: true}, Ring},
		{"rings in during a call", situation{online: true, ringingIn: true, talking: true}, NoTone},
		{"call", situation{online: true, talking: true, live: true}, NoTone},
	} {
		if got := c.s.hum(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLampAndTonesOfACallOut(t *testing.T) {
	run(t, withTones, func(r *rig) {
		r.wantTold("at first", "lamp offline")
		r.dev.SetXMPP(XMPPStatus{State: xmppOnline})
		r.wantTold("link up", "lamp idle")
		r.press("front")
		r.wantTold("press", "lamp ringing", "tone ring_back")
		r.setCamera(DeviceOpen)
		r.wantTold("the camera opens while it rings")
		r.answer(r.lastSent(call.SignalCall, ben), call.SignalAccept)
		r.wantTold("answer", "lamp live", "tone ", "tone connect")
		r.setCamera(DeviceMissing)
		r.wantTold("camera gone", "lamp in_call")
		r.press("front")
		r.wantTold("end", "lamp error", "tone end")
		r.setCamera(DeviceIdle)
		r.wantTold("camera back", "lamp idle")
	})
}

func TestTonesOfACallThatFails(t *testing.T) {
	run(t, withTones, func(r *rig) {
		r.wantTold("at first", "lamp offline")
		r.press("front")
		r.wantTold("nobody can hear it, the lamp stays", "tone offline")
		r.dev.SetXMPP(XMPPStatus{State: xmppOnline})
		r.wantTold("the link comes in time", "lamp ringing", "tone ring_back")
		r.happened()
		r.press("front")
		r.wantTold("cancel", "lamp idle", "tone ", "tone end")
		r.press("front")
		time.Sleep(61 * time.Second)
		r.wantTold("nobody answers", "lamp ringing", "tone ring_back", "lamp idle", "tone ", "tone end")
	})
}

func TestTonesOfACallIn(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		caller call.UserID
		rings  []string
		press  []string
		ends   []string
	}{
		{"rings", func(*Config) {}, anna,
			[]string{"lamp ringing", "tone ring"}, []string{"lamp in_call", "tone ", "tone connect"}, []string{"lamp idle", "tone end"}},
		{"answered by itself", func(c *Config) { c.AutoAccept = []call.UserID{anna} }, anna,
			[]string{"lamp in_call", "tone announce"}, []string{"lamp idle", "tone end"}, nil},
		{"silent", func(c *Config) { c.Tones = false }, anna,
			[]string{"lamp ringing"}, []string{"lamp in_call"}, []string{"lamp idle"}},
		{"silent, answered by itself", func(c *Config) { c.Tones, c.AutoAccept = false, []call.UserID{anna} }, anna,
			[]string{"lamp in_call", "tone announce"}, []string{"lamp idle"}, nil},
		{"stranger", func(*Config) {}, stranger, nil,
			[]string{"lamp ringing", "tone ring_back"}, []string{"lamp idle", "tone ", "tone end"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, func(cfg *Config) { withTones(cfg); c.change(cfg) }, func(r *rig) {
				r.online()
				r.callIn(c.caller, "in-1")
				r.wantTold("call", c.rings...)
				r.press("front")
				r.wantTold("press", c.press...)
				r.press("front")
				if c.ends != nil {
					r.wantTold("second press", c.ends...)
				}
			})
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	run(t, withTones, func(r *rig) {
		r.online()
		r.callIn(anna, "in-1")
		r.client.Receive(call.Signal{Type: call.SignalHangUp, Peer: call.Address{User: anna, Resource: "phone"}, Session: "in-1", CallType: call.Video, Initiator: anna, Opponents: []call.UserID{self}})
		r.wantTold("no end of what never was", "lamp ringing", "tone ring", "lamp idle", "tone ")
	})
}

func TestUpdatingIsShown(t *testing.T) {
	run(t, withTones, func(r *rig) {
		r.online()
		r.updateIs(UpdateInstalling)
		r.press("front")
		r.wantTold("ringing does not hide it", "lamp updating", "tone ring_back")
		r.updateIs(UpdateIdle)
		r.wantTold("over", "lamp ringing")
	})
}

func TestMissingLineIsShown(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.online()
		r.mu.Lock()
		r.gpio = []DeviceStatus{{Name: "front", Source: "auto:17", State: DeviceMissing}}
		r.mu.Unlock()
		time.Sleep(lookInterval)
		r.wantTold("error", "lamp error")
		st := r.dev.Status()
		if len(st.GPIO) != 1 || st.GPIO[0].Name != "front" || st.Process.Goroutines != 9 {
			t.Errorf("status %+v", st)
		}
	})
}

func withTones(c *Config) { c.Tones, c.Announce = true, true }
