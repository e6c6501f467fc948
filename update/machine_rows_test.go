package update

import (
	"errors"
	"testing"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// TestFailingBundleIsNotFetchedForEver: that the manifest was read is no reason
// to try sooner.
func TestFailingBundleIsNotFetchedForEver(t *testing.T) {
	r := newRig(t, record{}).settle()
	r.pass(11 * time.Minute)
	fail := func() {
		r.want(checkJob{})
		r.tell(offered("1.1.0"))
		r.want(fetchJob{})
		r.tell(fetched{err: errors.New("its sha256 is another")})
		r.wantState(StateFailed, "fetch 1.1.0: its sha256 is another")
	}
	pause := func() time.Duration {
		at := r.now
		r.pass(9 * time.Hour)
		return r.now.Sub(at)
	}
	for i := range 12 {
		fail()
		if d, want := pause(), min(time.Minute<<i, 6*time.Hour); d < want*3/4 || d > want*5/4 {
			t.Errorf("after failure %d: %v, want about %v", i+1, d, want)
		}
	}
	r.want(checkJob{})
	r.tell(checked{}) // it was taken back
	pause()
	fail()
	if d := pause(); d > 2*time.Minute {
		t.Errorf("after the first failure of a new row: %v", d)
	}
}

// TestOthersInstallOverAnUpdate: an installed update is not started while another
// program writes into its slot.
func TestOthersInstallOverAnUpdate(t *testing.T) {
	begin := func() *rig {
		config := testConfig()
		config.Window = Window{From: 2 * time.Hour, To: 4 * time.Hour}
		r := newRigWith(t, config, "1.0.0", record{}).settle().install()
		r.wantState(StateWaiting, "waits for 02:00")
		r.tell(activity{rauc.Activity{Installing: true}})
		r.wantState(StateInstalling, "another program")
		if err := r.ask("", false); !errors.Is(err, ErrBusy) {
			t.Errorf("asked meanwhile: %v", err)
		}
		r.tell(activity{rauc.Activity{Done: true, OK: true}})
		r.want(lookJob{})
		return r
	}
	r := begin()
	r.tell(board("A", "B", "1.2.0"))
	r.wantState(StateWaiting, "1.2.0 is installed and waits for 02:00")

	r = begin()
	r.tell(board("A", "A", "half"))
	r.wantState(StateFailed, "somebody chose the old slot again")

	// It begins while the device is looked at before the restart.
	r = newRig(t, record{}).settle().install()
	r.want(healthJob{})
	r.tell(activity{rauc.Activity{Installing: true}})
	r.tell(health{})
	r.wantNothing()
	r.wantState(StateInstalling, "another program")
}
