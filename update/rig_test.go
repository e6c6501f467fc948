package update

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// rig drives a machine by hand: events go in, and the job that comes out is
// compared with the one that is expected.
type rig struct {
	*testing.T
	m    *machine
	now  time.Time
	jobs []action // but for saves and replies
	said []error  // replies
	rec  record   // saved last
	kept int      // saves
}

var rigStart = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const (
	testBoard  = "intercom-rpi4"
	testDevice = "00112233445566778899aabbccddeeff"
)

func testConfig() Config {
	return Config{Manifest: "https://updates.example.org/stable.json", Channel: "stable", Interval: 6 * time.Hour}
}

func newRig(t *testing.T, rec record) *rig {
	return newRigWith(t, testConfig(), "1.0.0", rec)
}

func newRigWith(t *testing.T, config Config, version string, rec record) *rig {
	t.Helper()
	r := &rig{T: t, now: rigStart, rec: rec}
	r.m = newMachine(config, image{id: testBoard, version: version}, testDevice, "boot-2", rec, r.now)
	r.take(r.m.advance(r.now))
	return r
}

func (r *rig) take(todo []action) {
	for _, a := range todo {
		switch a := a.(type) {
		case save:
			r.rec = a.record
			r.kept++
		case reply:
			r.said = append(r.said, a.err)
		default:
			r.jobs = append(r.jobs, a)
		}
	}
}

func (r *rig) tell(ev event) {
	r.Helper()
	r.take(r.m.handle(r.now, ev))
}

// pass lets time go by, waking the machine whenever it wants.
func (r *rig) pass(d time.Duration) {
	end := r.now.Add(d)
	for {
		next := r.m.timeout(r.now)
		if next.After(end) {
			r.now = end
			return
		}
		if !next.After(r.now) {
			r.Fatalf("the machine wants to be woken at %v, and it is %v", next, r.now)
		}
		r.now = next
		r.take(r.m.advance(r.now))
		if len(r.jobs) > 0 {
			return
		}
	}
}

// want takes the job that was begun and compares its type.
func (r *rig) want(job action) action {
	r.Helper()
	if len(r.jobs) == 0 {
		r.Fatalf("want %T, and nothing was begun; %+v", job, r.m.status)
	}
	got := r.jobs[0]
	r.jobs = r.jobs[1:]
	if reflect.TypeOf(got) != reflect.TypeOf(job) {
		r.Fatalf("want %T, got %T; %+v", job, got, r.m.status)
	}
	return got
}

func (r *rig) wantNothing() {
	r.Helper()
	if len(r.jobs) > 0 {
		r.Fatalf("%T was begun; %+v", r.jobs[0], r.m.status)
	}
}

// wantState compares the state and a part of its message or error.
func (r *rig) wantState(state State, text string) {
	r.Helper()
	s := r.m.status
	if s.State != state || !strings.Contains(s.Message+"|"+s.Error, text) {
		r.Fatalf("want %s with %q, got %s: %q, %q", state, text, s.State, s.Message, s.Error)
	}
}

func (r *rig) ask(source string, checkOnly bool) error {
	r.Helper()
	r.said = nil
	r.tell(request{source: source, checkOnly: checkOnly, answer: func(error) {}})
	if len(r.said) != 1 {
		r.Fatalf("%d replies to one request", len(r.said))
	}
	return r.said[0]
}

// board is what RAUC says: the slot that runs, the one that starts next, and
// what was installed into B, later than into A.
func board(booted, primary, versionB string) looked {
	s := rauc.State{Compatible: testBoard, Operation: rauc.OperationIdle, Primary: primary, Slots: []rauc.Slot{
		{Name: "rootfs.0", Boot: "A", Booted: booted == "A", Good: true, Version: "1.0.0", Installed: rigStart.Add(-100 * time.Hour)},
		{Name: "rootfs.1", Boot: "B", Booted: booted == "B", Good: versionB != "half", Version: versionB, Installed: rigStart.Add(-time.Hour)},
	}}
	return looked{state: s}
}

// settle brings a fresh machine to rest.
func (r *rig) settle() *rig {
	r.Helper()
	r.want(lookJob{})
	r.tell(board("A", "A", ""))
	r.wantNothing()
	r.wantState(StateIdle, "")
	return r
}

func offered(version string) checked {
	return checked{manifest: Manifest{Updates: []Update{{
		Channel: "stable", Version: version, Compatible: testBoard, URL: "https://updates.example.org/b.raucb",
		SHA256: strings.Repeat("ab", 32), Size: 1000, ManifestHash: strings.Repeat("cd", 32), ReportURL: "https://updates.example.org/report",
	}}}}
}

// install brings a machine from rest to a bundle that is installed.
func (r *rig) install() *rig {
	r.Helper()
	r.pass(11 * time.Minute)
	r.want(checkJob{})
	r.wantState(StateChecking, "looking for updates")
	r.tell(offered("1.1.0"))
	r.wantState(StateDownloading, "fetching 1.1.0")
	if f := r.want(fetchJob{}).(fetchJob); !f.what.stream {
		r.Errorf("a bundle with a manifest hash is not streamed: %+v", f)
	}
	r.tell(progressed{40})
	if r.m.status.Progress != 40 {
		r.Errorf("progress %d", r.m.status.Progress)
	}
	r.tell(fetched{source: "https://updates.example.org/b.raucb"})
	r.wantState(StateInstalling, "installing 1.1.0")
	r.want(installJob{})
	r.tell(installed{version: "1.1.0", slot: "B"})
	return r
}
