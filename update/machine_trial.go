package update

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// startTrial begins the time in which a new version has to prove itself.
func (m *machine) startTrial(now time.Time) {
	m.phase = trial
	m.deadline, m.wait, m.good = now.Add(trialTime), now, time.Time{}
	m.record.Pending.Tried = true
	m.record.Pending.Restarting = true // whatever ends it now leads back
	m.keep()
	m.asked = nil
	m.say(now, StateTrial, fmt.Sprintf("%s is on trial", m.running))
}

// stepTrial looks how the device is, until it is fine for long enough or the
// time is over.
func (m *machine) stepTrial(now time.Time) {
	switch {
	case !now.Before(m.deadline):
		m.trialFailed(now)
	case !now.Before(m.wait):
		m.work(healthJob{})
	}
}

func (m *machine) onHealth(now time.Time, ev health) {
	m.working = false
	switch m.phase {
	case toRestart:
		m.restartWith(now, ev.Health)
	case trial:
		m.judge(now, ev.Health)
	}
}

func (m *machine) judge(now time.Time, h Health) {
	m.wait = now.Add(trialPause)
	m.lookedAt = h
	missing := h.missing(m.record.Pending.Online)
	if len(missing) > 0 {
		m.good = time.Time{}
		m.say(now, StateTrial, fmt.Sprintf("%s is on trial: %s", m.running, strings.Join(missing, "; ")))
		return
	}
	if m.good.IsZero() {
		m.good = now
	}
	m.say(now, StateTrial, fmt.Sprintf("%s is on trial and healthy", m.running))
	if now.Sub(m.good) >= trialSteady && now.Before(m.deadline) {
		m.work(markJob{})
	}
}

// missing says in plain words what is not as it has to be. The link counts only
// if it was up before the update: a network that is away is no fault of ours.
func (h Health) missing(online bool) []string {
	var list []string
	for _, part := range []struct {
		ok   bool
		text string
	}{
		{h.Online || !online, "the server is not reached"},
		{h.Camera, "the camera does not open"},
		{h.Sound, "the sound card does not open"},
		{h.Fed, "the watchdog is not fed"},
	} {
		if !part.ok {
			list = append(list, part.text)
		}
	}
	if len(list) > 0 {
		list = append(list, h.Problems...)
	}
	return list
}

func (m *machine) onMarked(now time.Time, ev marked) {
	m.working = false
	if ev.err != nil {
		m.wait = now.Add(trialPause)
		m.status.Error = ev.err.Error()
		m.say(now, StateTrial, fmt.Sprintf("%s is healthy, but cannot be committed yet", m.running))
		return
	}
	m.finish(now, OutcomeOK, "")
}

// trialFailed gives the new version up. The boot loader was never told of it,
// so any restart leads back.
func (m *machine) trialFailed(now time.Time) {
	reason := "it was not healthy for 10 s within 180 s"
	if missing := m.lookedAt.missing(m.record.Pending.Online); len(missing) > 0 {
		reason += ": " + strings.Join(missing, "; ")
	} else if m.status.Error != "" {
		reason = m.status.Error
	}
	m.record.Pending.Reason = reason
	m.keep()
	m.status.Error = fmt.Sprintf("%s: %s", m.running, reason)
	m.phase, m.wait = toFallBack, now
	m.stepFallBack(now)
}

// stepFallBack restarts into the old version once nothing rings.
func (m *machine) stepFallBack(now time.Time) {
	switch {
	case m.busy:
		m.say(now, StateTrial, "going back to the old version after the call")
	case now.Before(m.wait):
	default:
		m.say(now, StateTrial, "going back to the old version")
		m.work(restartJob{})
	}
}

// sendReport has the oldest report delivered.
func (m *machine) sendReport(now time.Time) {
	if m.reporting || len(m.record.Reports) == 0 || now.Before(m.nextReport) {
		return
	}
	m.reporting, m.sending = true, m.record.Reports[0]
	m.todo = append(m.todo, reportJob{m.sending})
}

func (m *machine) onReported(now time.Time, ev reported) {
	m.reporting = false
	if ev.err == nil || ev.drop {
		// It may have made room for a newer one meanwhile.
		if i := slices.Index(m.record.Reports, m.sending); i >= 0 {
			m.record.Reports = slices.Delete(slices.Clone(m.record.Reports), i, i+1)
		}
		m.reportFail = 0
		m.nextReport = now
		m.keep()
		return
	}
	m.nextReport = now.Add(m.jitter(min(minBackoff<<min(m.reportFail, 16), time.Hour)))
	m.reportFail++
}
