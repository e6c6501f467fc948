package intercom

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/call"
)

// withMoreButtons adds one that hangs up, and one that a long press of front is.
func withMoreButtons(c *Config) {
	c.Buttons = append(c.Buttons,
		Button{Name: "end", HangUp: true},
		Button{Name: "office", Contacts: []call.UserID{carl}, CallType: call.Audio})
	c.Buttons[0].LongPress = "office"
}

func TestHangUpButton(t *testing.T) {
	run(t, withMoreButtons, func(r *rig) {
		r.press("end")
		r.wantSaid("nothing to end")
		r.press("front")
		r.press("end")
		r.wantSaid("cancel", "call 101", "call 102", "hangUp 101", "hangUp 102")
		r.callIn(anna, "in-1")
		r.press("end")
		r.wantSaid("refuse", "reject 101")
		r.press("end")
		r.wantSaid("it never rings")
	})
}

func TestHangUpIsNeverTooSoon(t *testing.T) {
	run(t, withMoreButtons, func(r *rig) {
		for _, b := range []string{"front", "end", "end"} {
			if err := r.dev.Press(r.t.Context(), b); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		r.wantSaid("right after the press", "call 101", "call 102", "hangUp 101", "hangUp 102")
		if got := r.happened(); count(got, "press") != 2 {
			t.Errorf("events %v, want two presses", got)
		}
	})
}

// TestTwoButtonsAtOnce has one finger on two buttons: the first rings.
func TestTwoButtonsAtOnce(t *testing.T) {
	run(t, withMoreButtons, func(r *rig) {
		for _, b := range []string{"office", "front"} {
			if err := r.dev.Press(r.t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		r.wantSaid("one plan", "call 103")
		time.Sleep(300 * time.Millisecond)
		r.press("front")
		r.wantSaid("later it counts", "hangUp 103")
	})
}

func TestLongPress(t *testing.T) {
	run(t, withMoreButtons, func(r *rig) {
		ctx := r.t.Context()
		if err := r.dev.LongPress(ctx, "front"); err != nil {
			t.Fatal(err)
		}
		r.wantSaid("the plan of the other button", "call 103")
		e := <-r.events
		if e.Event != "press" || e.Button != "front" || e.State != pressLong {
			t.Errorf("event %+v", e)
		}
		time.Sleep(time.Second)
		if err := r.dev.LongPress(ctx, "office"); err != nil {
			t.Fatal(err)
		}
		r.wantSaid("a button without one is pressed", "hangUp 103")
		wantError(t, "unknown", r.dev.LongPress(ctx, "back"), `no button "back"`)
	})
}

func TestStuckButton(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.dev.Stuck("front", false)
		r.dev.Stuck("front", true)
		r.dev.Stuck("front", true)
		synctest.Wait()
		if got := r.dev.Status().Stuck; !slices.Equal(got, []string{"front"}) {
			t.Errorf("stuck %q", got)
		}
		r.dev.Stuck("front", false)
		if got := r.happened(); !slices.Equal(got, []string{"stuck", "released"}) {
			t.Errorf("events %v", got)
		}
		if got := r.dev.Status().Stuck; len(got) > 0 {
			t.Errorf("stuck %q", got)
		}
		r.wantSaid("it never rings")
	})
}

// TestPing asks a device that runs and one that does not; run asks one that
// has ended.
func TestPing(t *testing.T) {
	run(t, nil, func(r *rig) {
		if err := r.dev.Ping(r.t.Context()); err != nil {
			t.Errorf("while it runs: %v", err)
		}
		ctx, cancel := context.WithTimeout(r.t.Context(), time.Second)
		defer cancel()
		idle := New(Config{}, Ports{}, r.dev.log)
		if err := idle.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before Run: %v", err)
		}
	})
}

// TestDeviceChanged tells the people in a call, and nobody else.
func TestDeviceChanged(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.dev.DeviceChanged(PartCamera, PartLost, errors.New("no such device"))
		r.wantSaid("no call, no update")
		if e := <-r.events; e.Event != "device" || e.Device != PartCamera || e.State != PartLost || e.Error != "no such device" {
			t.Errorf("event %+v", e)
		}
		r.press("front")
		r.answer(r.lastSent(call.SignalCall, ben), call.SignalAccept)
		r.said()
		for _, device := range []string{PartCamera, PartMicrophone, PartSpeaker} {
			r.dev.DeviceChanged(device, PartBack, nil)
			if got := r.lastSent(call.SignalUpdate, ben).Extension; got[device] != PartBack {
				t.Errorf("update says %v", got)
			}
		}
		r.wantSaid("one each", "update 102", "update 102", "update 102")
		r.happened()
		r.dev.DeviceChanged("front", PartLost, nil)
		r.wantSaid("a line is nobody's business")
		if got := r.happened(); !slices.Equal(got, []string{"device"}) {
			t.Errorf("events %v", got)
		}
	})
}

func count(list []string, s string) int {
	n := 0
	for _, e := range list {
		if e == s {
			n++
		}
	}
	return n
}
