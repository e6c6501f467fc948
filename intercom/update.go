package intercom

import "time"

// UpdateStatus is how far the software's update is.
type UpdateStatus struct {
	State     string        `json:"state"`               // see below
	Version   string        `json:"version"`             // that runs
	Slot      string        `json:"slot,omitempty"`      // that was booted
	Available string        `json:"available,omitempty"` // newest version on offer
	Progress  int           `json:"progress,omitempty"`  // of what goes on, percent
	Message   string        `json:"message,omitempty"`   // what goes on, for people
	Error     string        `json:"error,omitempty"`     // why the last attempt failed
	Checked   time.Time     `json:"checked,omitzero"`    // when the manifest was read last
	Since     time.Time     `json:"since,omitzero"`      // of the state
	Last      *UpdateResult `json:"last,omitempty"`      // what became of the last update
}

// The states of an [UpdateStatus].
const (
	UpdateIdle        = "idle"        // nothing to do
	UpdateChecking    = "checking"    // the manifest is read
	UpdateWaiting     = "waiting"     // for the end of a call, or for the maintenance window
	UpdateDownloading = "downloading" // the bundle is fetched
	UpdateInstalling  = "installing"  // the other slot is written
	UpdateRestarting  = "restarting"  // the board is about to boot the other slot
	UpdateTrial       = "trial"       // a new version has to prove itself
	UpdateFailed      = "failed"      // the last attempt, see Error
	UpdateUnavailable = "unavailable" // nothing on this machine installs updates
)

// UpdateResult is what became of an update.
type UpdateResult struct {
	From    string    `json:"from"`
	To      string    `json:"to"`
	Outcome string    `json:"outcome"`
	Error   string    `json:"error,omitempty"`
	Time    time.Time `json:"time"`
}

// ConfigStatus is a changed configuration that is not, or not wholly, in force.
type ConfigStatus struct {
	State string    `json:"state"`          // waiting, refused
	Keys  []string  `json:"keys,omitempty"` // top-level keys that wait for the end of the call
	Error string    `json:"error,omitempty"`
	Since time.Time `json:"since"`
}

// The states of a changed configuration.
const (
	ConfigApplied = "applied" // all of it is in force
	ConfigWaiting = "waiting" // what would disturb the call that is up waits for its end
	ConfigRefused = "refused" // it is wrong: nothing has changed
)

// writes says whether the software is being replaced, so that the power must
// not be cut.
func (s *UpdateStatus) writes() bool {
	return s != nil && (s.State == UpdateInstalling || s.State == UpdateRestarting)
}

// UpdateChanged tells whoever follows, and the lamps, that [Ports.Update] has a
// new state or version. It returns at once.
func (d *Device) UpdateChanged(s UpdateStatus) {
	version := s.Available
	if version == "" {
		version = s.Version
	}
	d.publish(Event{Event: "update", State: s.State, Version: version, Error: s.Error})
	d.rouse()
}
