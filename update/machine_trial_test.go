package update

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// pendingB is what was noted before the restart into slot B.
func pendingB() record {
	return record{Pending: &pending{
		From: "1.0.0", To: "1.1.0", Slot: "B", BootID: "boot-1", Online: true, Restarting: true,
		ReportURL: "https://updates.example.org/report",
	}}
}

func fine() health { return health{Health{Online: true, Camera: true, Sound: true, Fed: true}} }

// onTrial is a machine that has just started in slot B.
func onTrial(t *testing.T, rec record) *rig {
	r := newRigWith(t, testConfig(), "1.1.0", rec)
	r.want(lookJob{})
	r.tell(board("B", "A", "1.1.0"))
	r.wantState(StateTrial, "1.1.0 is on trial")
	return r
}

func TestTrialCommits(t *testing.T) {
	r := onTrial(t, pendingB())
	if p := r.rec.Pending; !p.Tried || !p.Restarting {
		t.Errorf("saved %+v", p)
	}
	if err := r.ask("", false); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "on trial") {
		t.Errorf("asked on trial: %v", err)
	}
	r.want(healthJob{})
	r.tell(health{Health{Camera: true, Sound: true, Fed: true, Problems: []string{"host chat.example.org not found"}}})
	r.wantState(StateTrial, "1.1.0 is on trial: the server is not reached; host chat.example.org not found")
	r.pass(time.Minute)
	r.want(healthJob{})
	begun := r.now
	r.tell(fine())
	for len(r.jobs) == 0 {
		r.pass(time.Minute)
		if _, ok := r.jobs[0].(healthJob); ok {
			r.want(healthJob{})
			r.tell(fine())
		}
	}
	r.want(markJob{})
	if d := r.now.Sub(begun); d < trialSteady {
		t.Errorf("committed after %v of health", d)
	}
	// RAUC stumbles once.
	r.tell(marked{errors.New("D-Bus went away")})
	r.wantState(StateTrial, "D-Bus went away")
	r.pass(time.Minute)
	r.want(healthJob{})
	r.tell(fine())
	r.want(markJob{})
	r.tell(marked{})
	r.wantState(StateIdle, "1.1.0 is installed and runs")
	if l := r.rec.Last; r.rec.Pending != nil || l == nil || l.Outcome != OutcomeOK || l.From != "1.0.0" || l.To != "1.1.0" || l.Time != r.now {
		t.Errorf("saved %+v, %+v", r.rec.Pending, l)
	}
	rep := r.want(reportJob{}).(reportJob).report
	if want := (report{"https://updates.example.org/report", testDevice, "1.0.0", "1.1.0", OutcomeOK, ""}); rep != want {
		t.Errorf("report %+v", rep)
	}
}

func TestHealthBreaksOff(t *testing.T) {
	r := onTrial(t, pendingB())
	for range 4 {
		r.want(healthJob{})
		r.tell(fine())
		r.pass(time.Minute)
	}
	r.want(healthJob{})
	r.tell(health{Health{Online: true, Sound: true, Fed: true}})
	r.wantState(StateTrial, "the camera does not open")
	r.pass(time.Minute)
	begun := r.now
	for r.m.status.State == StateTrial {
		if _, ok := r.jobs[0].(markJob); ok {
			break
		}
		r.want(healthJob{})
		r.tell(fine())
		if len(r.jobs) == 0 {
			r.pass(time.Minute)
		}
	}
	r.want(markJob{})
	if d := r.now.Sub(begun); d < trialSteady {
		t.Errorf("committed %v after the break", d)
	}
}

func TestWhatMustBeHealthy(t *testing.T) {
	all := Health{Online: true, Camera: true, Sound: true, Fed: true}
	tests := []struct {
		name   string
		break1 func(*Health)
		online bool // before the update
		want   string
	}{
		{"all", func(*Health) {}, true, ""},
		{"offline as before", func(h *Health) { h.Online = false }, false, ""},
		{"offline now", func(h *Health) { h.Online = false }, true, "the server is not reached"},
		{"camera", func(h *Health) { h.Camera = false }, true, "the camera does not open"},
		{"sound", func(h *Health) { h.Sound = false }, true, "the sound card does not open"},
		{"watchdog", func(h *Health) { h.Fed = false }, true, "the watchdog is not fed"},
		{"problems alone", func(h *Health) { h.Problems = []string{"x"} }, true, ""},
		{"with reason", func(h *Health) { h.Camera, h.Problems = false, []string{"busy"} }, true, "the camera does not open; busy"},
	}
	for _, tt := range tests {
		h := all
		tt.break1(&h)
		if got := strings.Join(h.missing(tt.online), "; "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestTrialFails(t *testing.T) {
	r := onTrial(t, pendingB())
	begun := r.now
	sick := health{Health{Online: true, Sound: true, Fed: true, Problems: []string{"/dev/video0: no such device"}}}
	for r.m.phase == trial {
		r.want(healthJob{})
		r.tell(sick)
		r.pass(time.Minute)
	}
	if d := r.now.Sub(begun); d < trialTime || d > trialTime+trialPause {
		t.Errorf("given up after %v", d)
	}
	const reason = "it was not healthy for 10 s within 180 s: the camera does not open; /dev/video0: no such device"
	if r.rec.Pending.Reason != reason {
		t.Errorf("saved %q", r.rec.Pending.Reason)
	}
	r.want(restartJob{})
	r.tell(restarted{ran: false})
	r.tell(busy{true})
	r.pass(time.Minute)
	r.wantNothing()
	r.wantState(StateTrial, "going back to the old version after the call")
	r.tell(busy{false})
	r.want(restartJob{})
	r.tell(restarted{ran: true})
	r.wantState(StateRestarting, "restarting into the old version")
	if err := r.ask("", false); !errors.Is(err, ErrBusy) {
		t.Errorf("asked while falling back: %v", err)
	}
	r.pass(2 * time.Minute)
	r.want(restartJob{})

	// The old version runs again.
	old := newRig(t, r.rec)
	old.want(lookJob{})
	old.tell(board("A", "A", "1.1.0"))
	old.wantState(StateFailed, "update to 1.1.0: "+reason)
	if l := old.rec.Last; old.rec.Pending != nil || l.Outcome != OutcomeFailed || l.Error != reason {
		t.Errorf("saved %+v", l)
	}
	if _, held := old.rec.Failed["1.1.0"]; !held {
		t.Error("the version is not held back")
	}
	if rep := old.want(reportJob{}).(reportJob).report; rep.Error != reason {
		t.Errorf("report %+v", rep)
	}
}

// TestTrialOfMark fails because the commit does, however healthy the device is.
func TestTrialWithoutCommit(t *testing.T) {
	r := onTrial(t, pendingB())
	for r.m.phase == trial {
		switch r.jobs[0].(type) {
		case healthJob:
			r.want(healthJob{})
			r.tell(fine())
		case markJob:
			r.want(markJob{})
			r.tell(marked{errors.New("autoboot.txt is read-only")})
		}
		if len(r.jobs) == 0 {
			r.pass(time.Minute)
		}
	}
	if r.rec.Pending.Reason != "autoboot.txt is read-only" {
		t.Errorf("reason %q", r.rec.Pending.Reason)
	}
}

func TestWhereADeviceFindsItself(t *testing.T) {
	with := func(f func(*pending)) record {
		rec := pendingB()
		f(rec.Pending)
		return rec
	}
	tests := []struct {
		name    string
		rec     record
		version string
		ev      looked
		state   State
		text    string
		job     action
		last    string // outcome and error
	}{
		{"nothing going on", record{}, "1.0.0", board("A", "A", ""), StateIdle, "", nil, ""},
		{"never got as far", with(func(*pending) {}), "1.0.0", board("A", "A", "1.1.0"), StateFailed, "did not get as far as a health check, or the power was cut", reportJob{}, OutcomeFailed},
		{"crashed on trial", with(func(p *pending) { p.Tried = true }), "1.0.0", board("A", "A", "1.1.0"), StateFailed, "stopped before it was found healthy", reportJob{}, OutcomeFailed},
		{"committed, not noted", with(func(p *pending) { p.Tried = true }), "1.1.0", board("B", "B", "1.1.0"), StateIdle, "1.1.0 is installed and runs", reportJob{}, OutcomeOK},
		{"intercomd alone started again", with(func(p *pending) { p.BootID, p.Restarting = "boot-2", false }), "1.0.0", board("A", "B", "1.1.0"), StateWaiting, "1.1.0 is installed", healthJob{}, ""},
		{"another one was put into the slot", with(func(p *pending) { p.BootID, p.Restarting = "boot-2", false }), "1.0.0", board("A", "B", "1.2.0"), StateWaiting, "1.2.0 is installed", healthJob{}, ""},
		{"old slot chosen again", with(func(p *pending) { p.BootID, p.Restarting = "boot-2", false }), "1.0.0", board("A", "A", "1.1.0"), StateFailed, "somebody chose the old slot again", reportJob{}, OutcomeFailed},
		{"power cut while it waited", with(func(p *pending) { p.Restarting = false }), "1.0.0", board("A", "A", "1.1.0"), StateWaiting, "1.1.0 is installed", activateJob{}, ""},
		{"and overwritten", with(func(p *pending) { p.Restarting = false }), "1.0.0", board("A", "A", "1.2.0"), StateFailed, "the installed version is gone", reportJob{}, OutcomeFailed},
		{"and half overwritten", with(func(p *pending) { p.Restarting, p.To = false, "half" }), "1.0.0", board("A", "A", "half"), StateFailed, "the installed version is gone", reportJob{}, OutcomeFailed},
		{"restarted by hand", with(func(p *pending) { p.Restarting = false }), "1.1.0", board("B", "A", "1.1.0"), StateTrial, "1.1.0 is on trial", healthJob{}, ""},
		{"others installed", record{}, "1.0.0", board("A", "B", "1.1.0"), StateWaiting, "1.1.0 is installed", healthJob{}, ""},
		{"on trial for others", record{}, "1.1.0", board("B", "A", "1.1.0"), StateTrial, "1.1.0 is on trial", healthJob{}, ""},
		{"a boot loader without a word", record{}, "1.0.0", board("A", "", ""), StateIdle, "", nil, ""},
		{"RAUC at work", record{}, "1.0.0", looked{state: rauc.State{Compatible: testBoard, Operation: rauc.OperationInstalling}}, StateInstalling, "another program", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRigWith(t, testConfig(), tt.version, tt.rec)
			r.want(lookJob{})
			r.tell(tt.ev)
			r.wantState(tt.state, tt.text)
			if tt.job == nil {
				r.wantNothing()
			} else {
				i := slices.IndexFunc(r.jobs, func(a action) bool { return typeName(a) == typeName(tt.job) })
				if i < 0 {
					t.Fatalf("no %T in %v", tt.job, r.jobs)
				}
			}
			if tt.last != "" && (r.rec.Last == nil || r.rec.Last.Outcome != tt.last || r.rec.Pending != nil) {
				t.Errorf("saved %+v, pending %+v", r.rec.Last, r.rec.Pending)
			}
			if tt.last == "" && r.m.record.Last != nil {
				t.Errorf("a result: %+v", r.m.record.Last)
			}
		})
	}
}

func typeName(v any) string { return fmt.Sprintf("%T", v) }

func TestChosenAgainAfterPowerCut(t *testing.T) {
	rec := pendingB()
	rec.Pending.Restarting = false
	r := newRig(t, rec)
	r.want(lookJob{})
	r.tell(board("A", "A", "1.1.0"))
	if slot := r.want(activateJob{}).(activateJob).slot; slot != "rootfs.1" {
		t.Errorf("slot %s", slot)
	}
	r.tell(activated{})
	r.want(healthJob{})
	if p := r.rec.Pending; p.BootID != "boot-2" || p.Restarting {
		t.Errorf("saved %+v", p)
	}

	r = newRig(t, rec)
	r.want(lookJob{})
	r.tell(board("A", "A", "1.1.0"))
	r.want(activateJob{})
	r.tell(activated{errors.New("cannot write")})
	r.wantState(StateFailed, "cannot write")
}

func TestRAUCAwayDuringTrial(t *testing.T) {
	r := newRigWith(t, testConfig(), "1.1.0", pendingB())
	r.want(lookJob{})
	r.tell(looked{err: rauc.ErrUnavailable})
	r.wantState(StateUnavailable, "")
	at := r.now
	r.pass(time.Hour)
	r.want(lookJob{})
	if d := r.now.Sub(at); d != lookSoon {
		t.Errorf("RAUC is asked again after %v", d)
	}
	r.tell(board("B", "A", "1.1.0"))
	r.want(healthJob{})
}

func TestOthersInstall(t *testing.T) {
	r := newRig(t, record{}).settle()
	r.tell(activity{rauc.Activity{Installing: true}})
	r.wantState(StateInstalling, "another program installs an update")
	r.tell(activity{rauc.Activity{Progress: &rauc.Progress{Percent: 60}}})
	if r.m.status.Progress != 60 {
		t.Errorf("progress %d", r.m.status.Progress)
	}
	if err := r.ask("", false); !errors.Is(err, ErrBusy) {
		t.Errorf("asked meanwhile: %v", err)
	}
	r.tell(activity{rauc.Activity{Done: true, OK: true}})
	r.want(lookJob{})
	r.tell(board("A", "B", "1.1.0"))
	r.want(healthJob{})
	if p := r.rec.Pending; p == nil || p.To != "1.1.0" || p.From != "1.0.0" || p.Slot != "B" || p.ByHand {
		t.Errorf("saved %+v", p)
	}

	r = newRig(t, record{}).settle()
	r.tell(activity{rauc.Activity{Came: true}})
	r.wantNothing()
	r.tell(activity{rauc.Activity{Installing: true}})
	r.tell(activity{rauc.Activity{Done: true}})
	r.wantState(StateFailed, "another program could not install an update")
	r.want(lookJob{})
	r.tell(board("A", "A", ""))
	r.wantState(StateFailed, "another program could not install an update")

	// The end was missed.
	r = newRig(t, record{}).settle()
	r.tell(activity{rauc.Activity{Installing: true}})
	r.pass(time.Minute)
	r.want(lookJob{})
	r.tell(looked{state: rauc.State{Compatible: testBoard, Operation: rauc.OperationInstalling}})
	r.wantState(StateInstalling, "another program")
	r.pass(time.Minute)
	r.want(lookJob{})
	r.tell(board("A", "A", ""))
	r.wantState(StateIdle, "")
}

// TestOwnInstallationIsNoOthers: RAUC's signals tell of ours, too.
func TestOwnInstallationIsNoOthers(t *testing.T) {
	r := newRig(t, record{}).settle()
	if err := r.ask("/data/b.raucb", false); err != nil {
		t.Fatal(err)
	}
	r.want(installJob{})
	r.tell(activity{rauc.Activity{Installing: true}})
	r.wantState(StateInstalling, "installing /data/b.raucb")
	r.tell(installed{version: "1.1.0", slot: "B"})
	r.want(healthJob{})
	r.tell(activity{rauc.Activity{Done: true, OK: true}})
	r.wantNothing()
	r.tell(health{})
	r.want(restartJob{})
	r.tell(restarted{ran: false})
	r.want(lookJob{})
	r.tell(board("A", "B", "1.1.0"))
	r.wantState(StateWaiting, "1.1.0 is installed")
}

func TestReports(t *testing.T) {
	rec := record{}
	for i := range maxReports + 3 {
		rec.addReport(report{URL: "https://h/", To: fmt.Sprint(i)})
	}
	if len(rec.Reports) != maxReports || rec.Reports[0].To != "3" {
		t.Fatalf("%d reports, the first is of %s", len(rec.Reports), rec.Reports[0].To)
	}
	r := newRig(t, rec)
	if rep := r.want(reportJob{}).(reportJob).report; rep.To != "3" {
		t.Errorf("the first report is of %s", rep.To)
	}
	r.settle()
	r.tell(reported{err: errors.New("no network")})
	r.wantNothing()
	at := r.now
	r.pass(5 * time.Minute)
	r.want(reportJob{})
	if d := r.now.Sub(at); d < 45*time.Second || d > 75*time.Second {
		t.Errorf("again after %v", d)
	}
	// One that the server does not want is dropped, and the next follows.
	r.tell(reported{err: errors.New("404"), drop: true})
	if rep := r.want(reportJob{}).(reportJob).report; rep.To != "4" || len(r.rec.Reports) != maxReports-1 {
		t.Errorf("then %s, %d left", rep.To, len(r.rec.Reports))
	}
	// It is pushed out while it is on its way.
	for i := range maxReports {
		r.m.record.addReport(report{To: fmt.Sprint("new", i)})
	}
	r.tell(reported{})
	if len(r.rec.Reports) != maxReports || r.rec.Reports[0].To != "new0" {
		t.Errorf("a report that was not sent is gone: %v", r.rec.Reports[0])
	}
}
