package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intercomd/intercomd/config"
	"github.com/intercomd/intercomd/control"
	"github.com/intercomd/intercomd/intercom"
	"github.com/intercomd/intercomd/update"
)

// fakeUpdates is an update client that is told what state it is in.
type fakeUpdates struct {
	asked   []string
	refuses error
	status  update.Status
}

func (f *fakeUpdates) Install(_ context.Context, source string) error {
	f.asked = append(f.asked, "install "+source)
	return f.refuses
}

func (f *fakeUpdates) Check(context.Context) error {
	f.asked = append(f.asked, "check")
	return f.refuses
}

func (f *fakeUpdates) Status() update.Status { return f.status }

func TestUpdatesAreFollowedToTheirEnd(t *testing.T) {
	for _, c := range []struct {
		name  string
		req   control.UpdateRequest
		then  []update.State // after the one it begins with
		asked string
		want  []string
	}{
		{"from a file", control.UpdateRequest{Source: "/a.raucb"}, []update.State{"waiting", "installing", "restarting"},
			"install /a.raucb", []string{"checking", "waiting", "installing", "restarting"}},
		{"nothing newer", control.UpdateRequest{}, []update.State{"idle"}, "install ", []string{"checking", "idle"}},
		{"a look", control.UpdateRequest{Check: true}, []update.State{"failed"}, "check", []string{"checking", "failed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told, reported []string
				fake := &fakeUpdates{status: update.Status{State: update.StateChecking}}
				u := newUpdates(func(s intercom.UpdateStatus) { told = append(told, s.State) })
				u.client = fake
				done := make(chan error, 1)
				go func() {
					done <- u.ask(t.Context(), c.req, func(s intercom.UpdateStatus) { reported = append(reported, s.State) })
				}()
				synctest.Wait()
				for _, s := range c.then {
					u.changed(update.Status{State: s})
					u.changed(update.Status{State: s, Progress: 50}) // no news for who follows events
					synctest.Wait()
				}
				if err := <-done; err != nil {
					t.Errorf("ask: %v", err)
				}
				if got := slices.Compact(reported); !slices.Equal(got, c.want) {
					t.Errorf("reported %q, want %q", got, c.want)
				}
				if want := c.want[1:]; !slices.Equal(told, want) {
					t.Errorf("told %q, want %q", told, want)
				}
				if got := strings.Join(fake.asked, ";"); got != c.asked {
					t.Errorf("asked to %q, want %q", got, c.asked)
				}
			})
		})
	}
}

func TestRefusedUpdate(t *testing.T) {
	u := newUpdates(func(intercom.UpdateStatus) {})
	u.client = &fakeUpdates{refuses: update.ErrBusy}
	var conflict *intercom.ConflictError
	err := u.ask(t.Context(), control.UpdateRequest{}, func(intercom.UpdateStatus) { t.Error("a status is reported") })
	if !errors.As(err, &conflict) || conflict.Reason != update.ErrBusy.Error() {
		t.Errorf("error %v (%d is its code)", err, http.StatusConflict)
	}
}

func TestAbandonedUpdate(t *testing.T) {
	u := newUpdates(func(intercom.UpdateStatus) {})
	u.client = &fakeUpdates{status: update.Status{State: update.StateWaiting}}
	ctx, cancel := context.WithCancel(t.Context())
	err := u.ask(ctx, control.UpdateRequest{}, func(intercom.UpdateStatus) { cancel() })
	if !errors.Is(err, context.Canceled) || len(u.follows) > 0 {
		t.Errorf("error %v, %d still follow", err, len(u.follows))
	}
}

func TestUpdateStatus(t *testing.T) {
	now := time.Now()
	got := updateStatus(update.Status{
		State: update.StateTrial, Version: "2", Slot: "B", Available: "3", Progress: 7, Message: "m", Error: "e",
		Checked: now, Since: now, Last: &update.Result{From: "1", To: "2", Outcome: update.OutcomeOK, Error: "f", Time: now},
	})
	want := intercom.UpdateStatus{
		State: intercom.UpdateTrial, Version: "2", Slot: "B", Available: "3", Progress: 7, Message: "m", Error: "e",
		Checked: now, Since: now, Last: &intercom.UpdateResult{From: "1", To: "2", Outcome: "ok", Error: "f", Time: now},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for ours, theirs := range map[string]update.State{
		intercom.UpdateIdle: update.StateIdle, intercom.UpdateChecking: update.StateChecking, intercom.UpdateWaiting: update.StateWaiting,
		intercom.UpdateDownloading: update.StateDownloading, intercom.UpdateInstalling: update.StateInstalling,
		intercom.UpdateRestarting: update.StateRestarting, intercom.UpdateTrial: update.StateTrial,
		intercom.UpdateFailed: update.StateFailed, intercom.UpdateUnavailable: update.StateUnavailable,
	} {
		if ours != string(theirs) {
			t.Errorf("%s is told as %s", theirs, ours)
		}
	}
}

func TestUpdateConfig(t *testing.T) {
	c := config.Default()
	c.Device.StateDir = "/state"
	c.Update = config.Update{
		Manifest: "https://u", Channel: "beta", CheckInterval: time.Hour, CAFile: "/ca", Keyring: "/keys",
		Window: config.Window{Start: 2 * time.Hour, End: 5 * time.Hour},
	}
	want := update.Config{
		Manifest: "https://u", Channel: "beta", Interval: time.Hour, CAFile: "/ca", Keyring: "/keys", StateDir: "/state",
		Window: update.Window{From: 2 * time.Hour, To: 5 * time.Hour},
	}
	if got := updateConfig(c); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestRequestReboot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reboot")
	for range 2 { // the second time it is there
		if err := requestReboot(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if err := requestReboot(path + "/x"); err == nil || !strings.HasPrefix(err.Error(), "request reboot: ") {
		t.Errorf("where no file can be: %v", err)
	}
}
