package update

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

func TestFromPollToRestart(t *testing.T) {
	r := newRig(t, record{}).settle().install()
	r.wantState(StateWaiting, "looking how the device is")
	r.want(healthJob{})
	r.tell(health{Health{Online: true}})
	if p := r.rec.Pending; p == nil || !p.Online || !p.Restarting || p.From != "1.0.0" || p.To != "1.1.0" || p.Slot != "B" || p.BootID != "boot-2" {
		t.Errorf("saved %+v", p)
	}
	r.want(restartJob{})
	r.tell(restarted{ran: true})
	r.wantState(StateRestarting, "restarting into 1.1.0")
	if !r.m.status.State.Final() {
		t.Error("restarting is not final")
	}
	// It does not happen: asked for again.
	r.pass(2 * time.Minute)
	r.want(healthJob{})
}

func TestFirstPollIsSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range 200 {
		m := newMachine(testConfig(), image{version: "1.0.0"}, fmt.Sprint(i), "b", record{}, rigStart)
		d := m.nextPoll.Sub(rigStart)
		if d < time.Minute || d > 10*time.Minute {
			t.Errorf("first poll after %v", d)
		}
		seen[d.Truncate(time.Minute)] = true
	}
	if len(seen) != 9 {
		t.Errorf("the polls of 200 devices fall into %d of 9 minutes", len(seen))
	}
}

func TestPollsHaveJitter(t *testing.T) {
	r := newRig(t, record{}).settle()
	seen := map[time.Duration]bool{}
	r.pass(11 * time.Minute)
	for range 20 {
		r.want(checkJob{})
		r.tell(checked{})
		at := r.now
		r.pass(8 * time.Hour)
		d := r.now.Sub(at)
		if d < 4*time.Hour+29*time.Minute || d > 7*time.Hour+31*time.Minute {
			t.Errorf("next poll after %v", d)
		}
		seen[d.Truncate(time.Minute)] = true
	}
	if len(seen) < 15 {
		t.Errorf("%d different times of 20", len(seen))
	}
}

func TestBackOff(t *testing.T) {
	r := newRig(t, record{}).settle()
	r.pass(11 * time.Minute)
	last := time.Duration(0)
	for i := range 12 {
		r.want(checkJob{})
		r.tell(checked{err: errors.New("no route to host")})
		r.wantState(StateFailed, "look for updates: no route to host")
		at := r.now
		r.pass(9 * time.Hour)
		d := r.now.Sub(at)
		if want := min(time.Minute<<i, 6*time.Hour); d < want*3/4 || d > want*5/4 {
			t.Errorf("after failure %d: %v, want about %v", i+1, d, want)
		}
		last = d
	}
	if last < 4*time.Hour {
		t.Errorf("the last pause is %v", last)
	}
	r.want(checkJob{})
	r.tell(checked{err: errors.New("busy"), retryAfter: 20 * time.Hour})
	at := r.now
	r.pass(30 * time.Hour)
	if d := r.now.Sub(at); d != 20*time.Hour {
		t.Errorf("the server asked for 20 h, and it was %v", d)
	}
}

func TestNothingWithoutManifest(t *testing.T) {
	config := testConfig()
	config.Manifest = ""
	r := newRigWith(t, config, "1.0.0", record{}).settle()
	r.pass(100 * time.Hour)
	r.wantNothing()
	if err := r.ask("", false); err == nil || !strings.Contains(err.Error(), "update.manifest") {
		t.Errorf("asked: %v", err)
	}
	// A new configuration has one.
	r.tell(reconfigured{testConfig()})
	r.pass(2 * time.Minute)
	r.want(checkJob{})
}

func TestCallHoldsInstallationUp(t *testing.T) {
	r := newRig(t, record{}).settle()
	r.tell(busy{true})
	r.pass(11 * time.Minute)
	r.want(checkJob{})
	r.tell(offered("1.1.0"))
	r.wantNothing()
	r.wantState(StateWaiting, "1.1.0 waits for the end of the call")
	r.tell(busy{false})
	r.want(fetchJob{})
	// A call takes the bandwidth; the download goes on after it.
	r.tell(busy{true})
	r.want(cancel{})
	r.tell(busy{true})
	r.tell(busy{false})
	r.tell(busy{true})
	r.wantNothing()
	r.tell(fetched{err: context.Canceled})
	r.wantState(StateWaiting, "waits for the end of the call")
	r.tell(busy{false})
	r.want(fetchJob{})
	r.tell(fetched{source: "/x"})
	r.want(installJob{})
	// RAUC cannot be stopped; the restart waits.
	r.tell(busy{true})
	r.tell(installed{version: "1.1.0", slot: "B"})
	r.wantNothing()
	r.wantState(StateWaiting, "1.1.0 is installed and waits for the end of the call")
	r.tell(busy{false})
	r.want(healthJob{})
	r.tell(busy{true})
	r.tell(health{})
	r.wantNothing()
	r.tell(busy{false})
	r.want(healthJob{})
	r.tell(health{})
	r.want(restartJob{})
	// A call came in at that very moment.
	r.tell(restarted{ran: false})
	if r.rec.Pending.Restarting {
		t.Error("the record says restarting")
	}
	r.wantState(StateWaiting, "waits for the restart")
	r.pass(10 * time.Second)
	r.want(healthJob{})
	r.tell(health{})
	r.want(restartJob{})
	r.tell(restarted{ran: true, err: errors.New("read-only file system")})
	r.wantState(StateWaiting, "restart: read-only file system")
	r.pass(2 * time.Minute)
	r.want(healthJob{})
}

func TestRestartWaitsForWindow(t *testing.T) {
	config := testConfig()
	config.Window = Window{From: 2 * time.Hour, To: 5 * time.Hour}
	r := newRigWith(t, config, "1.0.0", record{}).settle().install()
	r.wantNothing()
	r.wantState(StateWaiting, "1.1.0 is installed and waits for 02:00")
	r.pass(24 * time.Hour)
	r.want(healthJob{})
	if want := rigStart.Add(14 * time.Hour); !r.now.Equal(want) {
		t.Errorf("the restart comes at %v, want %v", r.now, want)
	}
}

func TestPersonDoesNotWaitForWindow(t *testing.T) {
	config := testConfig()
	config.Window = Window{From: 2 * time.Hour, To: 5 * time.Hour}
	r := newRigWith(t, config, "1.0.0", record{}).settle()
	if err := r.ask("/data/b.raucb", false); err != nil {
		t.Fatal(err)
	}
	r.wantState(StateInstalling, "installing /data/b.raucb")
	job := r.want(installJob{}).(installJob)
	if o := r.m.offer(job.what); o.version != "" || o.compatible != testBoard {
		t.Errorf("a bundle that a person chose has to be %+v", o)
	}
	if err := r.ask("", false); !errors.Is(err, ErrBusy) {
		t.Errorf("asked again: %v", err)
	}
	r.tell(installed{version: "1.1.0", slot: "B"})
	r.want(healthJob{})

	// The same for one that waits already.
	r = newRigWith(t, config, "1.0.0", record{}).settle().install()
	r.wantNothing()
	if err := r.ask("/data/b.raucb", false); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "waits for the restart") {
		t.Errorf("another bundle: %v", err)
	}
	if err := r.ask("", true); !errors.Is(err, ErrBusy) {
		t.Errorf("a look: %v", err)
	}
	if err := r.ask("", false); err != nil {
		t.Fatal(err)
	}
	r.want(healthJob{})
	if !r.rec.Pending.ByHand {
		t.Error("the record does not know that a person asked")
	}
}

func TestURLByHand(t *testing.T) {
	r := newRig(t, record{}).settle()
	if err := r.ask("https://u:secret@host/b.raucb?token=secret", false); err != nil {
		t.Fatal(err)
	}
	r.wantState(StateDownloading, "fetching https://host/b.raucb")
	r.want(fetchJob{})
	r.tell(fetched{source: "https://u:secret@host/b.raucb?token=secret"})
	r.want(installJob{})
	r.tell(installed{err: errors.New("cannot"), noStream: true})
	if f := r.want(fetchJob{}).(fetchJob); f.what.stream {
		t.Error("streamed again")
	}
	r.tell(fetched{err: errors.New("404")})
	r.wantState(StateFailed, "fetch https://host/b.raucb: 404")
	if strings.Contains(fmt.Sprint(r.m.status), "secret") {
		t.Errorf("a secret in %+v", r.m.status)
	}
	r.wantNothing()
}

func TestCheckOnly(t *testing.T) {
	r := newRig(t, record{}).settle()
	if err := r.ask("", true); err != nil {
		t.Fatal(err)
	}
	r.want(checkJob{})
	r.tell(offered("1.1.0"))
	r.wantNothing()
	r.wantState(StateIdle, "1.1.0 is available")
	if r.m.status.Available != "1.1.0" || r.m.status.Checked != r.now {
		t.Errorf("%+v", r.m.status)
	}
	if err := r.ask("", true); err != nil {
		t.Fatal(err)
	}
	r.want(checkJob{})
	r.tell(offered("1.0.0"))
	r.wantState(StateIdle, "1.0.0 is the newest version in channel stable")
}

func TestAskedBeforeRAUCAnswers(t *testing.T) {
	r := newRig(t, record{})
	if err := r.ask("", false); err != nil {
		t.Fatal(err)
	}
	r.wantState(StateChecking, "")
	if err := r.ask("", false); !errors.Is(err, ErrBusy) {
		t.Errorf("asked twice: %v", err)
	}
	r.want(lookJob{})
	r.tell(board("A", "A", ""))
	r.want(checkJob{})
}

func TestUnavailable(t *testing.T) {
	r := newRig(t, record{})
	r.want(lookJob{})
	r.tell(looked{err: fmt.Errorf("x: %w", rauc.ErrUnavailable)})
	r.wantState(StateUnavailable, "this installation is updated by its package manager")
	r.pass(4 * time.Minute)
	r.wantNothing()
	if err := r.ask("", false); err != nil {
		t.Fatal(err)
	}
	r.want(lookJob{})
	r.tell(looked{err: errors.New("RAUC says no")})
	r.wantState(StateUnavailable, "RAUC says no")
	r.pass(time.Minute)
	// RAUC shows up.
	r.tell(activity{rauc.Activity{Done: true}})
	r.pass(6 * time.Second)
	r.want(lookJob{})
	r.tell(board("A", "A", ""))
	r.want(checkJob{}) // its time has come meanwhile

	for name, tt := range map[string]struct {
		version, text string
		ev            looked
	}{
		"no version":       {"", "the version that runs is unknown", board("A", "A", "")},
		"nothing booted":   {"1.0.0", "RAUC does not know which slot is running", board("", "A", "")},
		"no version, busy": {"", "the version that runs is unknown", looked{state: rauc.State{Operation: rauc.OperationInstalling}}},
	} {
		r := newRigWith(t, testConfig(), tt.version, record{})
		r.want(lookJob{})
		r.tell(tt.ev)
		if s := r.m.status; s.State != StateUnavailable || !strings.Contains(s.Message, tt.text) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestFailures(t *testing.T) {
	begin := func(t *testing.T) *rig {
		r := newRig(t, record{}).settle()
		r.pass(11 * time.Minute)
		r.want(checkJob{})
		return r
	}
	t.Run("the manifest makes no sense", func(t *testing.T) {
		r := begin(t)
		ev := offered("1.1.0")
		ev.manifest.Updates[0].SHA256 = "x"
		r.tell(ev)
		r.wantState(StateFailed, `look for updates: the manifest's update "1.1.0": sha256: want 64`)
	})
	t.Run("the download fails", func(t *testing.T) {
		r := begin(t)
		r.tell(offered("1.1.0"))
		r.want(fetchJob{})
		r.tell(fetched{err: errors.New("no space left")})
		r.wantState(StateFailed, "fetch 1.1.0: no space left")
		if len(r.m.record.Failed) > 0 {
			t.Error("the version is held back for that")
		}
		r.pass(2 * time.Minute)
		r.want(checkJob{})
	})
	t.Run("the bundle is bad", func(t *testing.T) {
		r := begin(t)
		r.tell(offered("1.1.0"))
		r.want(fetchJob{})
		r.tell(fetched{source: "/x"})
		r.want(installJob{})
		r.tell(installed{err: errors.New("wrong board"), fault: true})
		r.wantState(StateFailed, "install 1.1.0: wrong board")
		r.want(reportJob{})
		if l := r.rec.Last; l == nil || l.Outcome != OutcomeFailed || l.To != "1.1.0" || l.Error != "wrong board" {
			t.Errorf("last %+v", l)
		}
		r.tell(reported{})
		r.pass(2 * time.Minute)
		r.want(checkJob{})
		r.tell(offered("1.1.0"))
		r.wantState(StateIdle, "1.1.0 failed on")
		// A person may.
		if err := r.ask("", false); err != nil {
			t.Fatal(err)
		}
		r.want(checkJob{})
		r.tell(offered("1.1.0"))
		r.want(fetchJob{})
	})
	t.Run("the connection breaks while RAUC reads", func(t *testing.T) {
		r := begin(t)
		for range maxUnread + 1 {
			if r.m.record.Last != nil {
				t.Fatal("the bundle was blamed too early")
			}
			r.tell(offered("1.1.0"))
			r.want(fetchJob{})
			r.tell(fetched{source: "https://h/b"})
			r.want(installJob{})
			r.tell(installed{err: errors.New("broke off"), fault: true, unread: true})
			r.wantState(StateFailed, "install 1.1.0: broke off")
			if r.m.record.Last != nil {
				r.want(reportJob{})
				r.tell(reported{})
			}
			r.pass(30 * time.Minute)
			r.want(checkJob{})
		}
		r.tell(offered("1.1.0"))
		r.wantState(StateIdle, "1.1.0 failed on")
	})
	t.Run("RAUC is not there", func(t *testing.T) {
		r := begin(t)
		r.tell(offered("1.1.0"))
		r.want(fetchJob{})
		r.tell(fetched{source: "/x"})
		r.want(installJob{})
		r.tell(installed{err: rauc.ErrUnavailable})
		r.wantState(StateFailed, "install 1.1.0: RAUC is not installed")
		if r.m.record.Last != nil {
			t.Error("that is no result of an update")
		}
	})
}

func TestReconfigure(t *testing.T) {
	r := newRig(t, record{}).settle()
	r.pass(11 * time.Minute)
	r.want(checkJob{})
	r.tell(checked{})
	next := r.m.nextPoll
	config := testConfig()
	config.Interval = time.Second
	r.tell(reconfigured{config})
	if r.m.nextPoll != next || r.m.config.Interval != minInterval {
		t.Errorf("poll at %v, interval %v", r.m.nextPoll, r.m.config.Interval)
	}
	config.Channel = "beta"
	r.tell(reconfigured{config})
	r.pass(2 * time.Minute)
	r.want(checkJob{})
}

func TestStatesAreFinal(t *testing.T) {
	for state, want := range map[State]bool{
		StateIdle: true, StateFailed: true, StateUnavailable: true, StateRestarting: true,
		StateChecking: false, StateWaiting: false, StateDownloading: false, StateInstalling: false, StateTrial: false,
	} {
		if state.Final() != want {
			t.Errorf("%s.Final() is %t", state, !want)
		}
	}
}
