package update

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func (m *machine) onChecked(now time.Time, ev checked) {
	m.working = false
	if ev.err != nil {
		m.backOff(now, ev.retryAfter)
		m.fail(now, fmt.Errorf("look for updates: %w", ev.err))
		return
	}
	c, err := choose(ev.manifest, m.view(), now)
	if err != nil {
		m.backOff(now, 0)
		m.fail(now, fmt.Errorf("look for updates: %w", err))
		m.status.Available = c.available
		return
	}
	m.pollLater(now)
	m.status.Checked, m.status.Available = now, c.available
	switch {
	case c.update == nil:
		m.failures, m.unread = 0, 0
		m.rest(now, c.message)
	case m.only:
		m.rest(now, fmt.Sprintf("%s is available", c.available))
	default:
		m.plan = plan{update: *c.update, stream: c.update.ManifestHash != "", byHand: m.hand, manifest: true}
		m.phase = toFetch
		m.stepInstall(now)
	}
}

func (m *machine) view() view {
	return view{
		running: m.running, compatible: m.board, channel: m.config.Channel, device: m.device,
		failed: m.record.Failed, byHand: m.hand,
	}
}

// stepInstall fetches or installs, unless a call is up.
func (m *machine) stepInstall(now time.Time) {
	switch {
	case m.working:
	case m.busy:
		m.say(now, StateWaiting, fmt.Sprintf("%s waits for the end of the call", m.plan.name()))
	case m.phase == toFetch:
		m.say(now, StateDownloading, fmt.Sprintf("fetching %s", m.plan.name()))
		m.work(fetchJob{m.plan})
	default:
		m.say(now, StateInstalling, fmt.Sprintf("installing %s", m.plan.name()))
		m.keep() // as a test: what follows has to be remembered
		m.work(installJob{m.plan})
	}
}

func (m *machine) onFetched(now time.Time, ev fetched) {
	m.working = false
	switch {
	case ev.err != nil && m.canceled && errors.Is(ev.err, context.Canceled):
		m.stepInstall(now)
	case ev.err != nil:
		if m.plan.manifest {
			m.backOff(now, 0)
		}
		m.fail(now, fmt.Errorf("fetch %s: %w", m.plan.name(), ev.err))
	default:
		m.plan.source = ev.source
		m.phase = toInstall
		m.stepInstall(now)
	}
}

func (m *machine) onInstalled(now time.Time, ev installed) {
	m.working = false
	switch {
	case ev.noStream && m.plan.stream:
		m.plan.stream = false
		m.phase = toFetch
		m.stepInstall(now)
	case ev.err != nil:
		m.installFailed(now, ev)
	default:
		m.failures, m.unread = 0, 0
		m.record.Pending = &pending{
			From: m.running.String(), To: ev.version, Slot: ev.slot, BootID: m.bootID,
			ByHand: m.plan.byHand, ReportURL: m.plan.update.ReportURL, Installed: now,
		}
		m.keep()
		m.plan = plan{}
		m.toRestart(now)
	}
}

func (m *machine) installFailed(now time.Time, ev installed) {
	p := m.plan
	version := ev.version
	if version == "" {
		version = p.update.Version
	}
	err := fmt.Errorf("install %s: %w", p.name(), ev.err)
	fault := ev.fault
	if ev.unread && p.manifest {
		m.unread++
		fault = m.unread > maxUnread
	}
	if fault && p.manifest {
		m.unread = 0
		m.conclude(Result{From: m.running.String(), To: version, Outcome: OutcomeFailed, Error: ev.err.Error(), Time: now}, p.update.ReportURL)
	}
	if p.manifest {
		m.backOff(now, 0)
	}
	m.fail(now, err)
}

// toRestart lets an installed update wait for the right moment.
func (m *machine) toRestart(now time.Time) {
	m.phase, m.wait = toRestart, now
	if r := m.asked; r != nil && r.source == "" && !r.checkOnly {
		m.record.Pending.ByHand = true
	}
	m.asked = nil
	if m.status.Available == "" {
		m.status.Available = m.record.Pending.To
	}
	if !m.working {
		m.stepRestart(now)
	}
}

// stepRestart restarts into the installed update when nobody is disturbed.
func (m *machine) stepRestart(now time.Time) {
	p := m.record.Pending
	at := m.restartAt(now)
	switch {
	case m.foreign:
		m.othersInstall(now) // into the slot that the restart would start
	case m.busy:
		m.say(now, StateWaiting, fmt.Sprintf("%s is installed and waits for the end of the call", p.To))
	case now.Before(at) && at.After(m.wait):
		m.say(now, StateWaiting, fmt.Sprintf("%s is installed and waits for %s", p.To, at.Format("15:04")))
	case now.Before(at):
		m.say(now, StateWaiting, fmt.Sprintf("%s is installed and waits for the restart", p.To))
	default:
		m.say(now, StateWaiting, fmt.Sprintf("%s is installed; looking how the device is before the restart", p.To))
		m.work(healthJob{})
	}
}

// restartAt is when the next restart may be tried.
func (m *machine) restartAt(now time.Time) time.Time {
	at := m.wait
	if p := m.record.Pending; m.phase == toRestart && p != nil && !p.ByHand {
		if opens := m.config.Window.Opens(now); opens.After(at) {
			at = opens
		}
	}
	return at
}

// restartWith notes how the device was and asks for the restart.
func (m *machine) restartWith(now time.Time, h Health) {
	if m.busy || m.foreign {
		m.stepRestart(now)
		return
	}
	m.record.Pending.Online = h.Online
	m.record.Pending.Restarting = true
	m.keep()
	m.say(now, StateWaiting, fmt.Sprintf("%s is installed; asking for the restart", m.record.Pending.To))
	m.work(restartJob{})
}

func (m *machine) onRestarted(now time.Time, ev restarted) {
	m.working = false
	if ev.ran && ev.err == nil {
		m.wait = now.Add(restartWait)
		if m.phase == toRestart {
			m.phase = goingDown
		}
		m.say(now, StateRestarting, m.whereTo())
		return
	}
	m.wait = now.Add(restartRetry)
	if ev.err != nil {
		m.wait = now.Add(restartWait)
		m.status.Error = fmt.Sprintf("restart: %v", ev.err)
	}
	if m.phase == toRestart {
		m.record.Pending.Restarting = false
		m.keep()
		m.stepRestart(now)
	}
}

// whereTo says what the restart is for.
func (m *machine) whereTo() string {
	if m.phase == toFallBack {
		return "restarting into the old version"
	}
	return fmt.Sprintf("restarting into %s", m.record.Pending.To)
}

// offer is what the bundle of a plan has to be.
func (m *machine) offer(p plan) offer {
	o := offer{compatible: m.board, running: m.running}
	if p.manifest {
		o.version, o.hash = p.update.Version, p.update.ManifestHash
	}
	return o
}
