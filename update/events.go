package update

import (
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// event is something the machine is told.
type event any

type (
	// looked is what RAUC says of the slots.
	looked struct {
		state rauc.State
		err   error
	}
	// request is what a person asks for; source is "" for the manifest.
	request struct {
		source    string
		checkOnly bool
		answer    func(error) // of the reply
	}
	// busy says whether a call rings or is up.
	busy struct{ on bool }
	// checked is the content of the manifest.
	checked struct {
		manifest   Manifest
		err        error
		retryAfter time.Duration // the server's wish; 0 is none
	}
	// fetched says where RAUC finds the bundle.
	fetched struct {
		source string // a path, or the URL when RAUC streams it
		err    error
	}
	// progressed tells how far a download or an installation is.
	progressed struct{ percent int }
	// installed is the end of an installation by this client.
	installed struct {
		version  string // of the bundle; "" when that was never known
		slot     string // boot name of the slot that starts next
		err      error
		noStream bool // RAUC cannot stream: the bundle has to be downloaded
		fault    bool // the bundle is to blame, so this version is left alone for a while
		unread   bool // or the way to the server, from which it was streamed
	}
	// activity is what RAUC does, perhaps for somebody else.
	activity struct{ rauc.Activity }
	// health is how the device is.
	health struct{ Health }
	// marked is the end of the attempt to commit the slot that runs.
	marked struct{ err error }
	// activated is the end of the attempt to choose an installed slot again.
	activated struct{ err error }
	// restarted says whether the restart was asked for.
	restarted struct {
		ran bool // false: a call came in between
		err error
	}
	// reported is the end of an attempt to report a result.
	reported struct {
		err  error
		drop bool // it makes no sense to try again
	}
	// reconfigured is a new configuration.
	reconfigured struct{ config Config }
)

// action is something the machine wants done. Those called jobs run one at a
// time, and each ends with an event.
type action any

type (
	save  struct{ record record } // before anything else is done
	reply struct {                // once the status that goes with it is known
		answer func(error)
		err    error // nil: accepted
	}
	cancel struct{} // end the job that runs

	lookJob     struct{}              // → looked
	checkJob    struct{}              // → checked
	fetchJob    struct{ what plan }   // → progressed…, fetched
	installJob  struct{ what plan }   // → progressed…, installed
	healthJob   struct{}              // → health
	markJob     struct{}              // → marked
	activateJob struct{ slot string } // → activated
	restartJob  struct{}              // → restarted

	reportJob struct{ report report } // beside the others → reported
)

// plan is an update on its way into the slot that does not run.
type plan struct {
	update   Update // zero but for the URL when a person named the source
	source   string // path or URL for RAUC; "" before it was fetched
	stream   bool   // RAUC may read from the web server
	byHand   bool
	manifest bool // it comes from the manifest
}

// name is what messages call it.
func (p plan) name() string {
	if p.update.Version != "" {
		return p.update.Version
	}
	if p.update.URL != "" {
		return redact(p.update.URL)
	}
	return p.source
}
