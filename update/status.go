package update

import "time"

// State says what the client is doing.
//
//	         ┌──────────── nothing newer ───────────┐
//	         ▼                                      │
//	idle ──poll, Check, Install──▶ checking ────────┤
//	 ▲                                │ newer       │ error
//	 │                                ▼             ▼
//	 │            a call is up:    waiting        failed (as idle)
//	 │                                │ idle
//	 │                                ▼
//	 │                 downloading ─▶ installing ─▶ waiting (idle, window)
//	 │                                                │
//	 └── committed ── trial ◀─── new version ─── restarting
//	                    └── not healthy: restarting ─▶ old version, failed
type State string

// The states. StateFailed is idle with an error to tell, StateWaiting either
// has an update that a call holds up or one that waits to be started.
const (
	StateIdle        State = "idle"
	StateChecking    State = "checking"
	StateWaiting     State = "waiting"
	StateDownloading State = "downloading"
	StateInstalling  State = "installing"
	StateRestarting  State = "restarting"
	StateTrial       State = "trial"
	StateFailed      State = "failed"
	StateUnavailable State = "unavailable" // no RAUC on this machine
)

// Final says whether a state is the end of what [Client.Install] or
// [Client.Check] began: nothing more follows, or the device goes down.
func (s State) Final() bool {
	return s == StateIdle || s == StateFailed || s == StateUnavailable || s == StateRestarting
}

// Status is a snapshot of the client.
type Status struct {
	State     State
	Version   string // that runs, from os-release; "" when unknown
	Slot      string // that runs, as the boot loader calls it; "" when unknown
	Available string // newest version offered to this device; "" when there is none
	Progress  int    // percent of the download or the installation, 0–100
	Message   string // what is going on or waited for, in plain words
	Error     string // why the last check or installation failed; "" when it did not
	Checked   time.Time
	Since     time.Time // when State began
	Last      *Result   // nil before the first update
}

// The outcomes of an update.
const (
	OutcomeOK     = "ok"     // it runs and is committed
	OutcomeFailed = "failed" // not installed, or the board fell back to the old version
)

// Result is how an update ended.
type Result struct {
	From    string    `json:"from"`
	To      string    `json:"to"`
	Outcome string    `json:"outcome"`
	Error   string    `json:"error,omitempty"`
	Time    time.Time `json:"time"`
}
