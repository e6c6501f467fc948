package intercom

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

func TestRemovedContactIsHungUp(t *testing.T) {
	for _, c := range []struct {
		name  string
		stays []Contact
		ends  bool
	}{
		{"another is removed", []Contact{{"Anna", anna}}, false},
		{"renamed", []Contact{{"Anna of the first floor", anna}, {"Ben", ben}}, false},
		{"removed", []Contact{{"Ben", ben}}, true},
		{"nobody is left", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.online()
				r.callIn(anna, "in-1")
				r.press("front") // accepts
				synctest.Wait()
				cfg := *r.dev.config()
				cfg.Contacts, cfg.Self, cfg.Version = c.stays, 1, "other"
				r.dev.SetConfig(cfg)
				synctest.Wait()
				if ended := len(r.client.Sessions()) == 0; ended != c.ends {
					t.Errorf("the call ended: %t, want %t", ended, c.ends)
				}
				if st := r.dev.Status(); st.UserID != self || st.Version != "test" || len(st.Contacts) != len(c.stays) {
					t.Errorf("status %+v", st)
				}
				if r.dev.Allowed(anna) == c.ends {
					t.Errorf("allowed: %t", !c.ends)
				}
			})
		})
	}
}

// A button rings whom it names now.
func TestChangedButton(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.online()
		cfg := *r.dev.config()
		cfg.Buttons = []Button{{Name: "front", Contacts: []call.UserID{carl}, CallType: call.Video}}
		r.dev.SetConfig(cfg)
		time.Sleep(cfg.PressWindow)
		r.press("front")
		synctest.Wait()
		var rung []call.UserID
		for _, s := range r.client.Sessions() {
			for _, p := range s.Peers() {
				rung = append(rung, p.User)
			}
		}
		if !slices.Equal(rung, []call.UserID{carl}) {
			t.Errorf("rang %v, want %v", rung, carl)
		}
		if err := r.dev.Press(r.t.Context(), "all"); err == nil {
			t.Error("a button that is gone can be pressed")
		}
	})
}
