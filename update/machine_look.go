package update

import (
	"errors"
	"fmt"
	"time"

	"github.com/intercomd/intercomd/update/rauc"
)

// onLooked finds out where the device stands: nothing going on, an update that
// waits for its restart, a new version on trial, or an old one to which the
// board came back.
func (m *machine) onLooked(now time.Time, ev looked) {
	m.working = false
	if err := m.usable(ev); err != nil {
		m.noRAUC(now, err)
		return
	}
	m.board = ev.state.Compatible
	if ev.state.Operation == rauc.OperationInstalling {
		m.foreign = true
		m.othersInstall(now)
		return
	}
	m.foreign = false
	m.slots = ev.state
	booted, _ := ev.state.Booted()
	m.status.Slot = booted.Boot
	m.reconcile(now, booted)
}

// usable says why updates are impossible here.
func (m *machine) usable(ev looked) error {
	switch {
	case errors.Is(ev.err, rauc.ErrUnavailable):
		return errors.New("this installation is updated by its package manager: RAUC is not installed")
	case ev.err != nil:
		return ev.err
	case m.running.text == "":
		return fmt.Errorf("the version that runs is unknown: IMAGE_VERSION in %s is %q", m.config.OSRelease, m.image.version)
	}
	if ev.state.Operation == rauc.OperationInstalling {
		return nil
	}
	if _, ok := ev.state.Booted(); !ok {
		return errors.New("RAUC does not know which slot is running")
	}
	return nil
}

// noRAUC waits for RAUC to appear. While an update hangs on it, that is soon.
func (m *machine) noRAUC(now time.Time, err error) {
	m.phase, m.asked = unavailable, nil
	pause := lookLater
	if p := m.record.Pending; p != nil && p.BootID != m.bootID {
		pause = lookSoon
	}
	m.wait = now.Add(pause)
	m.say(now, StateUnavailable, err.Error())
}

func (m *machine) reconcile(now time.Time, booted rauc.Slot) {
	p, primary := m.record.Pending, m.slots.Primary
	switch {
	case p == nil && primary != "" && primary != booted.Boot:
		m.adopt(now, booted)
	case p == nil:
		m.settle(now)
	case p.BootID == m.bootID && m.bootID != "":
		m.notRestarted(now, booted)
	case p.Slot == booted.Boot && primary == booted.Boot:
		// The boot loader was told already; the record was not written in time.
		m.finish(now, OutcomeOK, "")
	case p.Slot == booted.Boot:
		m.startTrial(now)
	case p.Restarting:
		m.finish(now, OutcomeFailed, p.whyBack())
	default:
		m.reactivate(now, booted)
	}
}

// settle is the end of a look that found nothing going on.
func (m *machine) settle(now time.Time) {
	m.phase = ready
	if m.asked == nil && (m.status.State != StateFailed && m.status.State != StateIdle || m.status.Message == "starting") {
		m.say(now, StateIdle, "")
	}
}

// adopt takes up an update that somebody else installed. Before the restart the
// other slot is the newer one, on trial it is the one that runs.
func (m *machine) adopt(now time.Time, booted rauc.Slot) {
	other, _ := m.slots.Slot(m.slots.Primary)
	if booted.Installed.After(other.Installed) {
		m.record.Pending = &pending{From: other.Version, To: m.running.String(), Slot: booted.Boot, Restarting: true, Installed: booted.Installed}
		m.startTrial(now)
		return
	}
	m.record.Pending = &pending{
		From: m.running.String(), To: other.Version, Slot: other.Boot, BootID: m.bootID, Installed: now,
	}
	m.keep()
	m.toRestart(now)
}

// notRestarted is a look while an installed update waits, e.g. after intercomd
// alone was started again.
func (m *machine) notRestarted(now time.Time, booted rauc.Slot) {
	p := m.record.Pending
	switch m.slots.Primary {
	case p.Slot, "":
		if slot, ok := m.slots.Slot(p.Slot); ok && slot.Version != "" {
			p.To = slot.Version // somebody may have installed another one since
		}
		m.toRestart(now)
	default:
		m.finish(now, OutcomeFailed, "somebody chose the old slot again before the restart")
	}
}

// reactivate chooses an installed slot again that a power cut took the restart
// from: the choice does not outlive one.
func (m *machine) reactivate(now time.Time, booted rauc.Slot) {
	p := m.record.Pending
	slot, ok := m.slots.Slot(p.Slot)
	if !ok || !slot.Good || slot.Version != p.To {
		m.finish(now, OutcomeFailed, "the installed version is gone")
		return
	}
	m.phase = starting
	m.say(now, StateWaiting, fmt.Sprintf("%s is installed", p.To))
	m.work(activateJob{slot.Name})
}

func (m *machine) onActivated(now time.Time, ev activated) {
	m.working = false
	if ev.err != nil {
		m.finish(now, OutcomeFailed, ev.err.Error())
		return
	}
	m.record.Pending.BootID = m.bootID
	m.record.Pending.Restarting = false
	m.keep()
	m.toRestart(now)
}

// installedByOthers is the message while RAUC works for somebody else.
const installedByOthers = "another program installs an update"

// othersInstall waits for the end of an installation by others; a look at RAUC
// tells what became of it, and of an update that was installed before.
func (m *machine) othersInstall(now time.Time) {
	m.phase, m.wait = ready, now.Add(foreignWait)
	m.say(now, StateInstalling, installedByOthers)
}

// onActivity follows what RAUC does for others, e.g. for a hawkBit client. The
// end of an installation of ours is told here as well, and only makes the
// machine look once more.
func (m *machine) onActivity(now time.Time, ev activity) {
	switch {
	case m.phase == unavailable:
		if soon := now.Add(lookSoon); soon.Before(m.wait) {
			m.wait = soon
		}
	case ev.Done:
		if m.foreign && !ev.OK {
			m.fail(now, errors.New("another program could not install an update"))
		}
		m.foreign, m.again = false, true
	case ev.Installing && m.phase == toRestart:
		m.foreign = true // step sees to it once no job runs
	case ev.Installing && m.phase == ready && !m.working:
		m.foreign = true
		m.othersInstall(now)
	}
	if m.foreign && ev.Progress != nil {
		m.status.Progress = ev.Progress.Percent
	}
}

// whyBack says why the old version runs again.
func (p *pending) whyBack() string {
	switch {
	case p.Reason != "":
		return p.Reason
	case p.Tried:
		return "the new version stopped before it was found healthy"
	}
	return "the new version did not get as far as a health check, or the power was cut"
}

// finish ends an update for good and remembers how.
func (m *machine) finish(now time.Time, outcome, reason string) {
	p := m.record.Pending
	result := Result{From: p.From, To: p.To, Outcome: outcome, Error: reason, Time: now}
	m.record.Pending = nil
	m.conclude(result, p.ReportURL)
	if outcome == OutcomeOK {
		m.rest(now, p.To+" is installed and runs")
		m.status.Available = ""
		return
	}
	m.fail(now, fmt.Errorf("update to %s: %s", p.To, reason))
}

// conclude writes a result down and has it reported.
func (m *machine) conclude(r Result, reportURL string) {
	m.record.Last = &r
	m.status.Last = &r
	if r.Outcome == OutcomeFailed && r.To != "" {
		m.record.noteFailure(normal(r.To), r.Time)
	}
	if r.Outcome == OutcomeOK {
		delete(m.record.Failed, normal(r.To))
	}
	if reportURL != "" {
		m.record.addReport(report{URL: reportURL, Device: m.device, From: r.From, To: r.To, Outcome: r.Outcome, Error: r.Error})
	}
	m.keep()
}
