package intercom

import (
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
)

func TestUpdateIsTold(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.online()
		r.updateIs(UpdateDownloading)
		synctest.Wait()
		e := <-r.events
		if e.Event != "update" || e.State != UpdateDownloading || e.Version != "1.1.0" {
			t.Errorf("event %+v", e)
		}
		want := &UpdateStatus{State: UpdateDownloading, Version: "1.0.0", Available: "1.1.0"}
		if got := r.dev.Status().Update; !reflect.DeepEqual(got, want) {
			t.Errorf("status %+v, want %+v", got, want)
		}
	})
}

func TestIfIdle(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.online()
		done := 0
		if !r.dev.IfIdle(r.t.Context(), func() { done++ }) || done != 1 {
			t.Errorf("an idle device did it %d times, want once", done)
		}
		r.press("front")
		if r.dev.IfIdle(r.t.Context(), func() { done++ }) || done != 1 {
			t.Error("a device that rings is not idle")
		}
	})
}

func TestRetire(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.online()
		r.press("front")
		if r.dev.Retire(r.t.Context()) {
			t.Fatal("a device that rings retired")
		}
		r.press("front") // hangs up
		synctest.Wait()
		if !r.dev.Retire(r.t.Context()) {
			t.Fatal("an idle device did not retire")
		}
		if err := r.dev.Press(r.t.Context(), "front"); !errors.Is(err, ErrStopped) {
			t.Errorf("press: %v, want %v", err, ErrStopped)
		}
		if r.dev.Retire(r.t.Context()) {
			t.Error("a retired device retired again")
		}
	})
}
