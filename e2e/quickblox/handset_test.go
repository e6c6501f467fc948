//go:build e2e

package quickblox

import (
	"context"
	"os"
	"path/filepath"

	"github.com/intercomd/intercomd/e2e/quickblox/rig"
)

// handsetScenarios use the page of LAN mode as a person does. The device is
// the XMPP server as well; Prosody has no part.
func handsetScenarios() []scenario {
	return []scenario{
		{"handset-page", handsetPage},
		{"handset-page-on-a-telephone", handsetOnTelephone},
	}
}

func lanMode(c *rig.DeviceConfig) { c.LAN.Enabled = true }

// handset opens the page as Anna and waits until it is ready.
func (s *scene) handset(d *rig.Device, width, height int, mobile bool) *rig.Page {
	s.Helper()
	p := get(s, func(ctx context.Context) (*rig.Page, error) {
		return s.lab.Page(ctx, "http://localhost:8080/?user=101", width, height, mobile)
	})
	s.shows(p, "ready")
	return p
}

// shows waits until the page is in a state.
func (s *scene) shows(p *rig.Page, state string) {
	s.Helper()
	s.do(func(ctx context.Context) error { return p.Wait(ctx, "body[data-state="+state+"]") })
}

func (s *scene) click(p *rig.Page, selector string) {
	s.Helper()
	s.do(func(ctx context.Context) error { return p.Click(ctx, selector) })
}

// picture updates an image of the documentation if that is asked for.
func (s *scene) picture(p *rig.Page, name string) {
	s.Helper()
	if os.Getenv("UPDATE_SCREENSHOTS") != "1" {
		return
	}
	s.do(func(ctx context.Context) error {
		return p.Screenshot(ctx, filepath.Join("..", "..", "docs", "images", name))
	})
}

// conversation checks that handset and device see and hear each other.
func (s *scene) conversation(d *rig.Device, p *rig.Page) {
	s.Helper()
	s.shows(p, "in-call")
	s.do(func(ctx context.Context) error { return p.Wait(ctx, "body[data-picture=yes]") })
	s.do(func(ctx context.Context) error { return p.WatchRemote(ctx, device) })
	s.all(sees(p, device), hears(p, device, rig.DeviceTone), doorHears(d, rig.Handset))
}

func handsetPage(s *scene) {
	d := s.device(lanMode)
	p := s.handset(d, 1000, 760, false)

	s.press(d, "front")
	s.shows(p, "ringing")
	s.picture(p, "handset-ringing.png")
	s.click(p, "#answer")
	s.door(d, "onAcceptCall", anna)
	s.conversation(d, p)
	s.picture(p, "handset-incall.png")
	s.click(p, "#hangup")
	s.door(d, "onStopCall", anna)
	s.shows(p, "ready")
	s.idle(d)

	s.click(p, "#call")
	s.door(d, "onCall", anna)
	s.run(d, "accept")
	s.conversation(d, p)
	s.run(d, "stop")
	s.shows(p, "ready")
	s.idle(d)

	s.press(d, "front")
	s.shows(p, "ringing")
	s.click(p, "#reject")
	s.door(d, "onRejectCall", anna)
	s.shows(p, "ready")
	s.noPageErrors(p)
}

func handsetOnTelephone(s *scene) {
	d := s.device(lanMode)
	p := s.handset(d, 390, 844, true)
	s.press(d, "front")
	s.shows(p, "ringing")
	s.click(p, "#answer")
	s.conversation(d, p)
	s.picture(p, "handset-phone.png")
	s.click(p, "#mute")
	s.do(func(ctx context.Context) error { return p.Wait(ctx, "#mute[aria-pressed=true]") })
	s.click(p, "#hangup")
	s.door(d, "onStopCall", anna)
	s.shows(p, "ready")
	s.noPageErrors(p)
}

// noPageErrors checks that no script of the page failed.
func (s *scene) noPageErrors(p *rig.Page) {
	s.Helper()
	for _, e := range p.Events.All() {
		if e.Name == "pageerror" || (e.Name == "console" && e.Type == "error") {
			s.Errorf("the page reports an error: %s", e.Text)
		}
	}
}
