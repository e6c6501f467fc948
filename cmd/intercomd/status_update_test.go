package main

import (
	"testing"
	"time"

	"github.com/intercomd/intercomd/intercom"
)

func TestUpdateCell(t *testing.T) {
	for _, c := range []struct {
		u    intercom.UpdateStatus
		want string
	}{
		{intercom.UpdateStatus{State: "unavailable", Message: "RAUC is not installed"}, "unavailable (RAUC is not installed)"},
		{intercom.UpdateStatus{State: "idle", Version: "1.2.0", Slot: "A", Available: "1.2.0", Checked: testNow.Add(-time.Minute)},
			"none, 1.2.0 runs, slot A, looked 1m0s ago"},
		{intercom.UpdateStatus{State: "installing", Version: "1.2.0", Available: "1.3.0", Progress: 40},
			"installing 40 % 1.3.0, 1.2.0 runs"},
		{intercom.UpdateStatus{State: "waiting", Version: "1.2.0", Available: "1.3.0", Message: "for the end of the call"},
			"waiting 1.3.0 (for the end of the call), 1.2.0 runs"},
		{intercom.UpdateStatus{State: "failed", Version: "1.2.0", Error: "no\x1b room"}, `failed, 1.2.0 runs: no\x1b room`},
	} {
		if got := updateCell(c.u, testNow); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

func TestResultCell(t *testing.T) {
	r := &intercom.UpdateResult{From: "1.2.0", To: "1.3.0", Outcome: "failed", Error: "not healthy", Time: testNow.Add(-time.Hour)}
	if got, want := resultCell(r, testNow), "last: 1.2.0 to 1.3.0, failed, 1h0m0s ago: not healthy"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := resultCell(nil, testNow); got != "" {
		t.Errorf("without an update: %q", got)
	}
}

func TestConfigCell(t *testing.T) {
	for want, c := range map[string]intercom.ConfigStatus{
		"changed; waits for the end of the call: camera, xmpp": {State: "waiting", Keys: []string{"camera", "xmpp"}},
		"changed, and refused: c.yaml:3: bogus: is unknown":    {State: "refused", Error: "c.yaml:3: bogus: is unknown"},
	} {
		if got := configCell(&c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
